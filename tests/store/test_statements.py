"""SQL handed to the driver as it stands: named values, and what it gives, on both databases."""

import pytest

from store.database import Store
from store.statements import Statement


def test_values_stand_where_they_are_named(store: Store) -> None:
    statement = Statement("SELECT CAST(:text AS TEXT), CAST(:number AS BIGINT) WHERE CAST(:text AS TEXT) LIKE 'a%x'")
    with store.read() as tx:
        assert statement.run(tx, {"text": "a:x", "number": 7, "of no account": 1}).one() == ("a:x", 7)
        assert statement.run(tx, {"text": "b:x", "number": 7}).first() is None


def test_what_it_gives_is_read_as_one_wants(store: Store) -> None:
    three = Statement("SELECT 1 UNION SELECT 2 UNION SELECT 3 ORDER BY 1")
    none = Statement("SELECT 1 WHERE 1 = 2")
    with store.read() as tx:
        assert three.run(tx).all() == [(1,), (2,), (3,)]
        assert list(three.run(tx)) == [(1,), (2,), (3,)]
        assert (three.run(tx).first(), three.run(tx).scalar()) == ((1,), 1)
        assert (none.run(tx).all(), none.run(tx).scalar()) == ([], None)
        rows = none.run(tx)
        with pytest.raises(LookupError):
            rows.one()


def test_it_counts_what_it_writes_in_the_transaction_it_is_given(store: Store) -> None:
    write = Statement("INSERT INTO currency (code, digits) VALUES (:code, 2)")
    count = Statement("SELECT count(*) FROM currency WHERE code = :code")
    with store.write() as tx:
        assert write.run(tx, {"code": "XTS"}).count == 1
        assert count.run(tx, {"code": "XTS"}).scalar() == 1
        tx.rollback()
    with store.read() as tx:
        assert count.run(tx, {"code": "XTS"}).scalar() == 0
