"""Histories that the model found to end wrongly once, each told in a few lines."""

from datetime import timedelta

import pytest
from audit import balances
from desk import Desk, write_file
from reports import policy
from world import Block, Item

from handlers.policy import Rules
from store.database import Store
from store.imports import list_imports
from store.messages import list_messages

FULL = 1  # accounts: a page with one of them is full


def debtor(number: int, *cents: int, code: str | None = None) -> Block:
    items = tuple(
        Item(f"{number}{place}", "2026-02-01", "2026-02-20", amount) for place, amount in enumerate(cents or (10_000,))
    )
    return Block(None, code or f"1000{number}", f"Debtor {number}", items)


def known_as(number: int) -> Block:
    return debtor(1)._replace(exact_id=f"00000000-0000-0000-0000-{number:012d}")


def page(number: int, *blocks: Block, pagesize: int = 500, ts_d: int = 100) -> tuple[str, bytes]:
    name = f"ARs_{number}.xml"
    return name, write_file(name, {"receivable": blocks}, pagesize=pagesize, ts_d=ts_d)[0]


def both_sides(number: int, debtors: list[Block], creditors: list[Block], pagesize: int) -> tuple[str, bytes]:
    name = f"export_ARs_{number}.xml"
    return name, write_file(name, {"receivable": debtors, "payable": creditors}, pagesize=pagesize)[0]


def total(store: Store, side: str = "receivable") -> int:
    return sum(row[-1] for row in balances(store) if row[1] == side)


def states(store: Store) -> list[tuple[str, str]]:
    with store.read() as tx:
        return [(one.state, one.reason) for one in reversed(list_imports(tx))]


def mail_states(store: Store) -> list[str | None]:
    with store.read() as tx:
        return [one.state for one in reversed(list_messages(tx))]


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


def test_a_second_writer_may_write_while_the_report_is_rendered(desk: Desk) -> None:
    """Nothing that was read for the report may keep the store locked."""
    desk.send(page(1, debtor(1)))
    desk.pass_time()
    raw = desk.write(page(1, debtor(1, 20_000)))
    desk.receive(desk.register(), raw, between=lambda: desk.send(page(1, debtor(1, 30_000))))
    assert total(desk.store) == 30_000
    assert states(desk.store)[-1] == ("refused", "stale")


def test_a_newer_export_that_is_asked_about_meanwhile_is_not_pushed_aside(desk: Desk) -> None:
    desk.send(page(1, debtor(1), debtor(2)))
    desk.pass_time()
    older = desk.write(page(1, debtor(1), debtor(2), debtor(3)))
    desk.receive(desk.register(), older, between=lambda: desk.send(page(1)))
    assert states(desk.store) == [("applied", ""), ("held", "nothing-open"), ("refused", "older-than-held")]


def test_a_question_that_is_put_anew_meanwhile_is_not_pushed_aside_unseen(desk: Desk) -> None:
    desk.policies["nl01"] = policy(negate=("receivable",))
    desk.send(page(1, debtor(1)))
    desk.policies["nl01"] = policy()
    desk.pass_time()
    again = desk.write(page(1, debtor(1)))
    report = desk.receive(desk.register(), again, between=lambda: desk.approve(1))
    assert (report.reason, states(desk.store)) == ("still-waiting", [("held", "first-negative")])


def test_old_bytes_from_the_very_same_mail_can_be_approved(desk: Desk) -> None:
    """A mail without a date counts as of its arrival: dragged back, it is newer than what came since."""
    raw = desk.write(page(1, debtor(1), debtor(2))).replace(b"Date:", b"X-Date:")
    desk.receive(desk.register(), raw)
    desk.send(page(1, debtor(1), debtor(3)))
    desk.pass_time()
    assert desk.receive(desk.register(), raw).reason == "applied-before"
    assert desk.approve(3).answer == "approved"
    assert [row[3] for row in balances(desk.store) if row[-1]] == ["10001", "10002"]


def test_the_same_mail_is_planned_anew_under_other_settings(desk: Desk) -> None:
    raw = desk.write(page(1, debtor(1)))
    message = desk.register()
    desk.receive(message, raw)
    desk.policies["nl01"] = policy(negate=("receivable",))
    desk.receive(desk.register(message.arrived_at), raw)
    assert (total(desk.store), states(desk.store)) == (-10_000, [("applied", ""), ("applied", "")])


def test_a_page_that_is_a_copy_of_another_leaves_a_gap_that_no_yes_closes(desk: Desk) -> None:
    name, first = page(1, debtor(1), pagesize=FULL)
    assert desk.send((name, first), ("ARs_2.xml", first)).reason == "pages-missing"
    assert desk.approve(1).answer == "blocked"
    assert balances(desk.store) == []


def test_a_set_sent_again_in_two_mails_leaves_no_question_open(desk: Desk) -> None:
    first, second = page(1, debtor(1), pagesize=FULL), page(2, pagesize=FULL)
    desk.send(first, second)
    desk.send(first)
    assert desk.send(second).reason == "same-again"
    assert [state for state, _ in states(desk.store)] == ["applied", "superseded", "unchanged"]
    assert mail_states(desk.store) == ["applied", "unchanged", "unchanged"]


def test_the_same_again_is_nothing_new_though_a_newer_export_waits(desk: Desk) -> None:
    files = page(1, debtor(1), debtor(2))
    desk.send(files)
    date = desk.now
    desk.send(page(1))
    again = desk.write(files, date=date)
    assert desk.receive(desk.register(), again).reason == "same-again"
    assert [state for state, _ in states(desk.store)] == ["applied", "held", "unchanged"]


def test_the_name_of_a_copy_tells_of_a_missing_page_beside_joined_ones_too(desk: Desk) -> None:
    last = page(2, pagesize=FULL)
    desk.send(page(1, debtor(1), pagesize=FULL))
    assert desk.send(last, ("ARs_3.xml", last[1])).reason == "pages-missing"


def test_both_sides_over_two_mails_count_once(desk: Desk) -> None:
    """Pages that hold debtors and creditors: the first is read again for each side."""
    desk.send(both_sides(1, [debtor(1)], [debtor(5)], FULL))
    desk.send(both_sides(2, [], [], FULL))
    assert (total(desk.store), total(desk.store, "payable")) == (10_000, 10_000)
    assert states(desk.store)[-2:] == [("applied", ""), ("applied", "")]


def test_a_page_read_again_for_one_side_brings_nothing_to_the_other(desk: Desk) -> None:
    """Debtors wait for their second page; the creditors of that first mail were applied, and are out of date."""
    desk.send(both_sides(1, [debtor(1), debtor(2)], [debtor(5)], 2))
    creditors = write_file("APs_1.xml", {"payable": [debtor(6), debtor(5, 4_000)]})[0]
    desk.send(page(2, pagesize=2), ("APs_1.xml", creditors))
    assert (total(desk.store), total(desk.store, "payable")) == (20_000, 14_000)


def test_an_older_file_is_noticed_after_everything_was_paid(desk: Desk) -> None:
    desk.send(page(1, debtor(1), ts_d=100))
    desk.send(page(1, ts_d=101))
    desk.approve(2)
    assert desk.send(page(1, debtor(1), debtor(2), ts_d=99)).reason == "older-file"


def test_one_yes_to_both_sides_reads_each_in_full(desk: Desk) -> None:
    """Both held imports are read again into one staging area, one after the other."""
    desk.policies["nl01"] = policy(rules=Rules(first_import="hold"))
    creditors = write_file("APs_1.xml", {"payable": [debtor(5, 1_000, 2_000, 3_000)]})[0]
    desk.send(page(1, debtor(1, 100, 200), debtor(2, 300)), ("APs_1.xml", creditors))
    assert [state for state, _ in states(desk.store)] == ["held", "held"]
    assert desk.approve(1, 2).answer == "approved"
    assert (total(desk.store), total(desk.store, "payable")) == (600, 6_000)


def test_days_are_counted_from_the_newest_page(desk: Desk) -> None:
    """Pages over two mails are as new as the newest, whichever comes first."""
    due_soon = tuple(Item(f"9{n}", "2026-01-01", "2026-03-03", 100) for n in range(3))
    first = Block(None, "10001", "Debtor 1", (Item("1", "2026-01-01", "2026-01-20", 90_000), *due_soon))
    desk.send(page(1, first))
    desk.pass_time(72)
    left = Block(None, "10001", "Debtor 1", (Item("1", "2026-01-01", "2026-01-20", 90_000),))
    desk.send(page(1, left, pagesize=FULL))
    late = desk.write(page(2, pagesize=FULL), date=desk.now - timedelta(hours=72))
    assert desk.receive(desk.register(), late).state == "applied"


def test_accounts_that_both_sides_held_on_to_are_gone_when_both_are_taken_back(desk: Desk) -> None:
    """An export of other books, mailed here by mistake, leaves nothing that the right one could conflict with."""
    creditors = write_file("APs_1.xml", {"payable": [known_as(1)]})[0]
    desk.send(page(1, known_as(1)), ("APs_1.xml", creditors))
    desk.undo(1)
    desk.undo(2)
    assert desk.send(page(1, known_as(2))).state == "applied"


def test_accounts_that_the_other_side_makes_known_meanwhile_are_seen(desk: Desk) -> None:
    """Two exports of different books, one for each side: whichever is second is asked about."""
    desk.pass_time()
    creditors = desk.write(("APs_1.xml", write_file("APs_1.xml", {"payable": [known_as(2)]})[0]))
    report = desk.receive(desk.register(), creditors, between=lambda: desk.send(page(1, known_as(1))))
    assert (report.reason, total(desk.store), total(desk.store, "payable")) == ("foreign-accounts", 10_000, 0)
