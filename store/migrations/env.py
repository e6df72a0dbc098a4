"""Alembic runs this. The connection, with its transaction and lock, comes from `store.upgrade`."""

from alembic import context

from store import indexes  # noqa: F401 - its indexes belong to the tables
from store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
context.run_migrations()
