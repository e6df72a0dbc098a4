"""What time it is, by the clock of the database: the machines that share one need not agree on it."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

from store.database import Store


def read_clock(tx: Connection) -> datetime:
    """Now, in UTC. SQLite has no clock but that of its machine."""
    if tx.dialect.name == "postgresql":
        moment: datetime = tx.execute(text("SELECT clock_timestamp()")).scalar_one()
        return moment.astimezone(UTC)
    return datetime.now(UTC)


class Clock:
    """The machine's clock, put right by that of the database at each `set`. Any thread may ask."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def set(self, store: Store) -> None:
        """Raises StoreUnavailable or StoreBroken."""
        with store.read() as tx:
            self._ahead = read_clock(tx) - datetime.now(UTC)

    def __call__(self) -> datetime:
        """Now, in UTC."""
        return datetime.now(UTC) + self._ahead
