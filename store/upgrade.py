"""Bring the schema up to date with Alembic. Loaded only when there is something to do."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from store.records import StoreBroken

MIGRATIONS = Path(__file__).with_name("migrations")


def upgrade(transaction: Connection, found: str | None, wanted: str = "head") -> None:
    """Apply the migrations that lead from the revision `found` (None: an empty database) to `wanted`, the newest.

    All of them in the transaction given. Raises `StoreBroken` for a revision that this version does not know.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = transaction
    if found is not None and not _is_known(found, config):
        store = transaction.engine.url.render_as_string(hide_password=True)
        raise StoreBroken(
            f"The store {store}: its schema {found!r} comes from a later version of Saldopost (or another program). "
            "Install that version again, or put back the back-up made before it."
        )
    command.upgrade(config, wanted)


def _is_known(revision: str, config: Config) -> bool:
    try:
        ScriptDirectory.from_config(config).get_revision(revision)
    except CommandError:
        return False
    return True
