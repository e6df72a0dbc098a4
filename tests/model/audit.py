"""What must hold of a store at any moment, whoever wrote in it: figures against a replay of the imports that stand."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from books import SIDES, Books, Import, PageFile
from own_files import assert_own_sound
from sqlalchemy import Connection, select, text

from store.balances import iterate_balances
from store.database import Store
from store.schema import import_

CONTEXT = {"other-administration", "foreign-accounts"}  # also depend on what others had when it was applied


class Standing(NamedTuple):
    """An import that stands, as its row has it."""

    id: int
    administration: str
    side: str
    settings: tuple[str, ...]
    said_yes: bool
    order: tuple[object, object, int]
    files: tuple[PageFile, ...]


def balances(store: Store) -> list[tuple[str, str, str, str, str, int]]:
    """As the model lists them."""
    with store.read() as tx:
        return sorted(
            (row.administration, row.side, row.exact_id or "", row.code or "", row.name, row.open_import)
            for row in iterate_balances(tx)
        )


def assert_sound(store: Store, contents: Mapping[str, PageFile]) -> None:
    """All of it; `contents` are the files that were ever sent, by SHA-256."""
    with store.read() as tx:
        standing = read_standing(tx, contents)
        _assert_items_make_balances(tx)
        assert_own_sound(tx)
        _assert_one_question_at_a_time(tx)
        _assert_changes_join_up(tx, standing)
    assert balances(store) == replay(standing)
    for side in SIDES:
        for administration in {one.administration for one in standing}:
            _assert_believable([one for one in standing if (one.administration, one.side) == (administration, side)])


def read_standing(tx: Connection, contents: Mapping[str, PageFile]) -> list[Standing]:
    """The imports that stand, of each subledger in the order in which they were applied."""
    rows = {row.id: row for row in tx.execute(select(import_))}
    files: dict[int, list[PageFile]] = {}
    for import_id, digest in tx.execute(text("SELECT import_id, sha256 FROM import_file ORDER BY position")):
        files.setdefault(import_id, []).append(contents[digest])
    found: list[Standing] = []
    for of in tx.execute(text("SELECT * FROM subledger ORDER BY administration, side")).all():
        chain, at = [], of.last_import_id
        while at is not None:
            row = rows.pop(at)  # once: a chain has no circle
            assert (row.state, row.administration, row.side) == ("applied", of.administration, of.side)
            negated = row.planned_under.partition("negate=")[2]
            settings = () if negated == "none" else tuple(negated.split(","))
            order = (row.ordered_at, row.arrived_at, row.uid)
            said_yes = row.decided_by is not None
            chain.append(
                Standing(row.id, row.administration, row.side, settings, said_yes, order, tuple(files.get(row.id, ())))
            )
            at = row.previous_import_id
        found += reversed(chain)
    assert not [row.id for row in rows.values() if row.state == "applied"], "applied, but in no chain"
    return found


def replay(standing: list[Standing]) -> list[tuple[str, str, str, str, str, int]]:
    """The balances that these imports leave, one after the other; sides do not depend on each other."""
    books = Books()
    books.applied = [_as_import(one) for one in standing]
    administrations = sorted({one.administration for one in standing})
    return [row for administration in administrations for row in books.world(administration).balances(administration)]


def _as_import(one: Standing) -> Import:
    return Import(
        one.administration, one.side, one.files, one.order, one.settings, "applied", "", frozenset(),
        approvable=False, figures=(0, 0, 0, 0), base=None, said_yes=one.said_yes,
    )  # fmt: skip


def _assert_believable(chain: list[Standing]) -> None:
    """What had to be asked about was never applied without a yes."""
    books = Books()
    for one in chain:
        books.settings[one.administration] = one.settings
        decided = books.decide(one.administration, one.side, one.files, one.order, one.settings)
        assert one.said_yes or decided.codes <= CONTEXT, (one.id, decided.codes)
        assert decided.state in ("applied", "held"), (one.id, decided.reason)
        assert decided.state == "applied" or decided.approvable or decided.codes <= CONTEXT, (one.id, decided.reason)
        applied = _as_import(one)
        applied.base = books.last(one.administration, one.side)
        books.applied.append(applied)


def _assert_items_make_balances(tx: Connection) -> None:
    items: Counter[tuple[int, str]] = Counter()
    sums: Counter[tuple[int, str]] = Counter()
    open_items = text("SELECT account_id, side, open_dc FROM open_item WHERE closed_by IS NULL")
    for account_id, side, cents in tx.execute(open_items):
        items[account_id, side] += 1
        sums[account_id, side] += cents
    rows = tx.execute(text("SELECT account_id, side, items, open_import FROM balance")).all()
    assert {(row[0], row[1]): (row[2], row[3]) for row in rows if row[2]} == {
        key: (number, sums[key]) for key, number in items.items()
    }
    assert not [row for row in rows if not row[2] and row[3]], "a balance of no items"


def _assert_one_question_at_a_time(tx: Connection) -> None:
    rows = tx.execute(text("SELECT administration, side FROM import WHERE state = 'held'"))
    held = Counter((row.administration, row.side) for row in rows)
    assert all(number == 1 for number in held.values()), held


def _assert_changes_join_up(tx: Connection, standing: list[Standing]) -> None:
    """Each figure before is the figure after of the import before, and the last is the balance."""
    changes: dict[int, list[tuple[int, int, int]]] = {}
    rows = tx.execute(text("SELECT import_id, account_id, before, after FROM balance_change"))
    for import_id, account_id, before, after in rows:
        changes.setdefault(import_id, []).append((account_id, before, after))
    figures: dict[tuple[int, str], int] = {}
    for one in standing:
        for account_id, before, after in changes.get(one.id, ()):
            assert figures.get((account_id, one.side), 0) == before != after
            figures[account_id, one.side] = after
    now = tx.execute(text("SELECT account_id, side, open_import FROM balance WHERE open_import <> 0"))
    assert {(row[0], row[1]): row[2] for row in now} == {key: figure for key, figure in figures.items() if figure}
