from sqlalchemy import create_engine, text

from store import indexes, schema  # noqa: F401 - the indexes belong to the tables
from store.database import Store
from store.upgrade import MIGRATIONS


def test_the_revision_at_hand_is_the_last_migration():
    newest = max((MIGRATIONS / "versions").glob("r*.py"))
    assert f'revision = "{schema.REVISION}"' in newest.read_text()


def test_the_migrations_and_the_tables_in_code_agree(store: Store, empty_url: str):
    with store.read() as tx:
        migrated = describe_schema(tx)
    engine = create_engine(empty_url)
    with engine.begin() as tx:
        if engine.dialect.name == "sqlite":  # both fixtures name one file
            for view in tx.execute(text("SELECT name FROM sqlite_master WHERE type = 'view'")).scalars().all():
                tx.execute(text(f"DROP VIEW {view}"))
            for table in schema.metadata.sorted_tables[::-1]:
                tx.execute(text(f'DROP TABLE "{table.name}"'))
        schema.metadata.create_all(tx)
        made = describe_schema(tx)
    engine.dispose()
    assert made == migrated
    assert len(migrated) > 50


SQLITE = (
    'SELECT t.name, c.cid, c.name, c.type, c."notnull", c.dflt_value, c.pk FROM sqlite_master AS t '
    "JOIN pragma_table_info(t.name) AS c WHERE t.type = 'table'",
    "SELECT t.name, f.* FROM sqlite_master AS t JOIN pragma_foreign_key_list(t.name) AS f WHERE t.type = 'table'",
    "SELECT name, sql FROM sqlite_master WHERE type IN ('index', 'view') AND sql IS NOT NULL",
    "SELECT name, sql LIKE '%WITHOUT ROWID%', sql LIKE '%AUTOINCREMENT%' FROM sqlite_master WHERE type = 'table'",
)
POSTGRESQL = (
    "SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name "
    "FROM information_schema.columns WHERE table_schema = 'public'",
    "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE connamespace = 'public'::regnamespace",
    "SELECT viewname, definition FROM pg_views WHERE schemaname = 'public'",
)


def describe_schema(tx) -> list[tuple[object, ...]]:
    """Every table, column, constraint, index and view, as the database itself describes them."""
    queries = SQLITE if tx.dialect.name == "sqlite" else POSTGRESQL
    rows = [tuple(row) for query in queries for row in tx.execute(text(query)) if row[0] != "alembic_version"]
    return sorted(rows, key=str)
