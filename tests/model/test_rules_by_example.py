"""Each rule of docs/rules.md by an account, an item and a page: from the raw mail to the balances."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import pytest
from desk import Desk, write_file
from reports import policy
from world import Block, Item

from handlers.policy import Rules
from handlers.report import Report
from store.balances import iterate_balances
from store.database import Store

# The mails are of 2 March 2026.
PAST, LATER = "2026-02-20", "2026-03-20"
ID = "00000000-0000-0000-0000-{:012d}"

Files = list[tuple[str, bytes]]


def invoice(number: int | str, cents: int = 10_000, due: str = PAST, invoiced: str = "2026-01-20") -> Item:
    return Item(str(number), invoiced, due, cents)


def account(code: int | None, *items: Item, exact_id: int | None = None, name: str = "Bakker") -> Block:
    """With one invoice of 100.00 that bears the number of the account, if nothing else is said."""
    exact = None if exact_id is None else ID.format(exact_id)
    return Block(exact, None if code is None else str(code), name, items or (invoice(code or 0),))


def accounts(*codes: int) -> list[Block]:
    return [account(code) for code in codes]


def page(blocks: Sequence[Block], name: str = "ARs_1.xml", side: str = "receivable", **more: Any) -> tuple[str, bytes]:
    return name, write_file(name, {side: blocks}, **more)[0]


def export(*blocks: Block, **more: Any) -> Files:
    """A whole export on one page."""
    return [page(blocks, **more)]


def balances(store: Store, administration: str = "nl01", side: str = "receivable") -> dict[str | None, int]:
    """Cents by code, without those of zero; accounts of one code together."""
    cents: Counter[str | None] = Counter()
    with store.read() as tx:
        for row in iterate_balances(tx, administration=administration, side=side):  # type: ignore[arg-type]
            cents[row.code] += row.open_import
    return {code: amount for code, amount in cents.items() if amount}


def told(report: Report, side: int = 0) -> tuple[str, str]:
    decision = report.settled[side].decision
    return decision.state, decision.reason


def asked(report: Report) -> set[str]:
    return {finding.code for finding in report.settled[0].decision.findings} - {"first-import"}


def under(**thresholds: Any) -> dict[str, Any]:
    codes = ("nl01", "be02")
    return {code: policy(code=code, rules=replace(Rules(), **thresholds)) for code in codes}


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


@dataclass(frozen=True)
class Example:
    """An ordinary history, then an export that is asked about for one reason; `off` switches the rule off."""

    reason: str
    history: tuple[Files, ...]
    doubtful: Files
    off: dict[str, Any]
    on: dict[str, Any] = field(default_factory=dict)
    elsewhere: bool = False  # the history is that of another administration


TWELVE = [account(code, invoice(code, 1_000)) for code in range(1, 12)] + [account(12, invoice(12, 100_000))]
HALVED = [account(1, invoice("a", 6_000)), account(2, invoice("b", 7_000))]
DUE_LATER = [invoice(f"later{n}", 1_000, due=LATER) for n in range(3)]
SENT_LATER = [invoice(f"new{n}", 1_000, invoiced="2026-02-10") for n in range(3)]
OWN_IDS = [account(code, exact_id=code) for code in range(1, 5)]
THIRD_ON_TWO = [page(accounts(1, 2), pagesize=2), page(accounts(2), "ARs_2.xml", pagesize=2)]

EXAMPLES = [
    Example("nothing-open", (export(account(1)),), export(), {"nothing_open": "apply"}),
    Example(
        "page-vanished",
        (export(*accounts(1, 2, 3, 4, 5)),),
        [page(accounts(1, 2), pagesize=2), page(accounts(3), "ARs_2.xml", pagesize=2)],
        {"vanished_page": "apply"},
    ),
    Example("accounts-vanished", (export(*TWELVE),), export(*TWELVE[5:]), {"vanished_accounts_percent": 0}),
    Example("amount-vanished", (export(*HALVED),), export(HALVED[0]), {"vanished_amount_percent": 0}),
    Example(
        "not-due-gone",
        (export(account(1, invoice(1), *DUE_LATER)),),
        export(account(1, invoice(1))),
        {"not_due_gone_least": 0},
    ),
    Example(
        "later-gone",
        (export(account(1, invoice(1), *SENT_LATER)),),
        export(account(1, invoice(1))),
        {"later_gone_least": 0},
    ),
    Example(
        "signs-changed",
        (export(account(1, *(invoice(number, 100) for number in range(3)))),),
        export(account(1, *(invoice(number, -100) for number in range(3)))),
        {"sign_changed_percent": 0},
    ),
    Example(
        "foreign-accounts",
        (export(*OWN_IDS),),
        export(*OWN_IDS, account(1, exact_id=91), account(2, exact_id=92)),
        {"id_conflicts_percent": 0},
    ),
    Example(
        "other-administration",
        (export(*accounts(1, 2)),),
        export(*accounts(1, 2)),
        {"other_administration": "apply"},
        elsewhere=True,
    ),
    Example(
        "applied-before",
        (export(*accounts(1, 2)), export(*accounts(1, 2, 3))),
        export(*accounts(1, 2)),
        {"applied_before": "apply"},
    ),
    Example(
        "older-file",
        (export(*accounts(1, 2, 3), ts_d=100), export(*accounts(1, 2), ts_d=101)),
        export(*accounts(1, 2, 3), account(4), ts_d=99),
        {"older_file": "apply"},
    ),
    Example("items-on-two-pages", (), THIRD_ON_TWO, {"on_two_pages": "apply"}),
    Example("export-errors", (), export(account(1), failed=True), {"export_errors": "apply"}),
    Example("first-negative", (), export(account(1, invoice(1, -500))), {"first_negative": "apply"}),
    Example("first-import-held", (), export(account(1)), {"first_import": "apply"}, on={"first_import": "hold"}),
]


def said(files: Files) -> dict[str | None, int]:
    """What debtors owe by these files, read by other means than the program's."""
    cents: Counter[str | None] = Counter()
    for block in (block for _, content in files for block in ElementTree.fromstring(content).iter("AR")):
        code = block.find("Account").get("code").strip()
        amounts = [Decimal(amount.text) for amount in block.iter("OutstandingAmtDC")]
        cents[code] += int(sum(amounts) * 100)
    return {code: amount for code, amount in cents.items() if amount}


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.reason for example in EXAMPLES])
def test_a_sign_of_a_wrong_export_asks_and_changes_nothing_until_a_yes(desk: Desk, example: Example) -> None:
    desk.policies = under(**example.on)
    for files in example.history:
        assert told(desk.send(*files, administration="be02" if example.elsewhere else "nl01")) == ("applied", "")
    before = balances(desk.store)
    report = desk.send(*example.doubtful)
    assert told(report) == ("held", example.reason)
    assert asked(report) == {example.reason}
    assert balances(desk.store) == before

    desk.pass_time()
    assert desk.approve(len(example.history) + 1).answer == "approved"
    assert balances(desk.store) == said(example.doubtful)


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.reason for example in EXAMPLES])
def test_a_rule_that_is_switched_off_asks_nothing(desk: Desk, example: Example) -> None:
    desk.policies = under(**example.off)
    for files in example.history:
        desk.send(*files, administration="be02" if example.elsewhere else "nl01")
    assert told(desk.send(*example.doubtful)) == ("applied", "")
    assert balances(desk.store) == said(example.doubtful)


# The same again, and newer


def test_the_same_files_as_the_last_time_change_nothing(desk: Desk) -> None:
    desk.send(*export(account(1)))
    assert told(desk.send(*export(account(1)))) == ("unchanged", "same-again")
    assert balances(desk.store) == {"1": 10_000}


def test_the_same_files_under_another_sign_are_news(desk: Desk) -> None:
    desk.send(*export(account(1)))
    desk.policies = {"nl01": policy(negate=("receivable",))}
    assert told(desk.send(*export(account(1)))) == ("applied", "")
    assert balances(desk.store) == {"1": -10_000}


def test_what_is_not_in_the_export_is_paid(desk: Desk) -> None:
    desk.send(*export(account(1), account(2, invoice("x", 500))))
    assert told(desk.send(*export(account(1)))) == ("applied", "")
    assert balances(desk.store) == {"1": 10_000}


def test_an_export_that_was_mailed_before_the_last_one_is_not_processed(desk: Desk) -> None:
    desk.send(*export(account(1)))
    late = desk.write(*export(account(2)), date=desk.now - timedelta(minutes=1))
    assert told(desk.receive(desk.register(), late)) == ("refused", "stale")
    assert balances(desk.store) == {"1": 10_000}


def test_of_two_mails_of_one_moment_the_later_arrival_counts(desk: Desk) -> None:
    moment = desk.now
    for files in (export(account(1)), export(account(1), account(2))):
        desk.pass_time()
        assert desk.receive(desk.register(), desk.write(*files, date=moment)).state == "applied"
    assert balances(desk.store) == {"1": 10_000, "2": 10_000}


def test_a_mail_from_the_future_counts_as_of_its_arrival(desk: Desk) -> None:
    tomorrow = desk.write(*export(account(1)), date=desk.now + timedelta(days=1))
    desk.receive(desk.register(), tomorrow)
    assert told(desk.send(*export(account(1), account(2)))) == ("applied", "")


def test_an_older_export_waits_behind_a_newer_one_that_is_asked_about(desk: Desk) -> None:
    desk.send(*export(account(1)))
    desk.send(*export())
    older = desk.write(*export(account(1), account(2)), date=desk.now - timedelta(minutes=1))
    assert told(desk.receive(desk.register(), older)) == ("refused", "older-than-held")


# Complete


FIRST = page(accounts(1, 2), pagesize=2)
SECOND = page(accounts(3, 4), "ARs_2.xml", pagesize=2)
THIRD = page(accounts(5), "ARs_3.xml", pagesize=2)
WHOLE = {str(code): 10_000 for code in range(1, 6)}


@pytest.mark.parametrize("order", [(FIRST, SECOND, THIRD), (THIRD, FIRST, SECOND)])
def test_pages_in_one_mail_are_one_export_in_any_order(desk: Desk, order: Files) -> None:
    assert told(desk.send(*order)) == ("applied", "")
    assert balances(desk.store) == WHOLE


@pytest.mark.parametrize("order", [(FIRST, SECOND, THIRD), (THIRD, SECOND, FIRST), (SECOND, THIRD, FIRST)])
def test_pages_in_three_mails_are_one_export_in_any_order(desk: Desk, order: Files) -> None:
    states = [desk.send(file).state for file in order]
    assert states == ["held", "held", "applied"]
    assert balances(desk.store) == WHOLE


def test_a_missing_page_cannot_be_waved_through(desk: Desk) -> None:
    assert told(desk.send(FIRST, THIRD)) == ("held", "pages-missing")
    assert desk.approve(1).answer == "blocked"
    assert balances(desk.store) == {}


def test_a_second_page_alone_is_never_an_export(desk: Desk) -> None:
    alone = page(accounts(5), "ARs_2.xml", pagesize=2)
    assert told(desk.send(alone)) == ("held", "pages-missing")


def test_a_full_last_page_asks_whether_this_is_everything(desk: Desk) -> None:
    assert told(desk.send(FIRST, SECOND)) == ("held", "pages-last-full")
    assert desk.approve(1).answer == "approved"
    assert balances(desk.store) == dict.fromkeys(("1", "2", "3", "4"), 10000)


def test_an_empty_page_after_a_full_one_is_the_last(desk: Desk) -> None:
    assert told(desk.send(FIRST, page([], "ARs_2.xml", pagesize=2))) == ("applied", "")


def test_two_short_pages_are_of_two_exports(desk: Desk) -> None:
    other = page(accounts(7), "ARs_2.xml", pagesize=2)
    assert told(desk.send(page(accounts(1), pagesize=2), other)) == ("held", "pages-mixed")
    assert desk.approve(1).answer == "blocked"


def test_two_different_first_pages_are_of_two_exports(desk: Desk) -> None:
    other = page(accounts(7), "ARs_1 (1).xml", pagesize=2)
    assert told(desk.send(page(accounts(1, 2), pagesize=2), other)) == ("held", "pages-mixed")


def test_one_file_without_topics_is_an_export_and_two_are_asked_about(desk: Desk) -> None:
    bare = page([account(1)], "ar.xml", pagesize=None)
    assert told(desk.send(bare)) == ("applied", "")
    assert told(desk.send(bare, page([account(2)], "ar2.xml", pagesize=None))) == ("held", "pages-uncounted")


def test_the_same_page_twice_counts_once(desk: Desk) -> None:
    assert told(desk.send(THIRD_ON_TWO[0], page([], "ARs_2.xml", pagesize=2), THIRD_ON_TWO[0])) == ("applied", "")
    assert balances(desk.store) == {"1": 10_000, "2": 10_000}


def test_a_whole_export_does_not_mix_with_pages_of_an_earlier_mail(desk: Desk) -> None:
    desk.send(FIRST)
    assert told(desk.send(*export(account(9)))) == ("applied", "")
    assert balances(desk.store) == {"9": 10_000}


def test_both_sides_in_one_mail_are_judged_each_for_itself(desk: Desk) -> None:
    creditors = page(accounts(7, 8), "APs_1.xml", "payable", pagesize=2)
    report = desk.send(*export(account(1)), creditors)
    assert (told(report, 0), told(report, 1)) == (("applied", ""), ("held", "pages-last-full"))
    assert (balances(desk.store), balances(desk.store, side="payable")) == ({"1": 10_000}, {})


# Whose accounts


def test_an_account_with_neither_code_nor_id_must_be_mended_in_exact(desk: Desk) -> None:
    assert told(desk.send(*export(account(1), account(None, invoice("x"))))) == ("held", "nameless-accounts")
    assert desk.approve(1).answer == "blocked"


def test_a_code_that_fits_two_accounts_must_be_mended_in_exact(desk: Desk) -> None:
    twins = account(1, invoice("a"), exact_id=1), account(1, invoice("b"), exact_id=2)
    desk.send(*export(*twins))
    assert told(desk.send(*export(*twins, account(1)))) == ("held", "ambiguous-codes")
    assert desk.approve(2).answer == "blocked"


def test_an_unknown_account_refuses_the_file_where_accounts_are_made_elsewhere(desk: Desk) -> None:
    desk.policies = {"nl01": policy(unknown_accounts="refuse")}
    assert told(desk.send(*export(account(1)))) == ("refused", "unknown-accounts")
    assert balances(desk.store) == {}


def test_codes_swapped_between_two_ids_swap_no_balances(desk: Desk) -> None:
    desk.send(*export(account(1, invoice("a", 100), exact_id=1), account(2, invoice("b", 900), exact_id=2)))
    swapped = account(2, invoice("a", 100), exact_id=1), account(1, invoice("b", 900), exact_id=2)
    assert told(desk.send(*export(*swapped))) == ("applied", "")
    assert balances(desk.store) == {"2": 100, "1": 900}


def test_an_account_known_by_its_code_takes_the_id_that_comes_later(desk: Desk) -> None:
    desk.send(*export(account(1)))
    desk.send(*export(account(1, invoice(1, 9_000), exact_id=1)))
    desk.send(*export(account(77, invoice(1, 8_000), exact_id=1)))
    assert balances(desk.store) == {"77": 8_000}


# Yes, no and undo


def test_a_no_changes_nothing_and_a_yes_comes_too_late_then(desk: Desk) -> None:
    desk.send(*export(account(1)))
    desk.send(*export())
    assert desk.reject(2).answer == "rejected"
    assert desk.approve(2).answer == "closed"
    assert balances(desk.store) == {"1": 10_000}


def test_a_newer_export_takes_the_place_of_the_one_that_waits(desk: Desk) -> None:
    desk.send(*export(account(1)))
    desk.send(*export())
    desk.send(*export(account(1), account(2)))
    assert desk.approve(2).decision.state == "superseded"
    assert balances(desk.store) == {"1": 10_000, "2": 10_000}


def test_the_same_file_while_it_waits_is_the_same_question(desk: Desk) -> None:
    desk.send(*export(account(1)))
    desk.send(*export())
    assert told(desk.send(*export())) == ("held", "still-waiting")
    assert desk.approve(2).answer == "approved"
    assert balances(desk.store) == {}


def test_a_yes_to_figures_that_changed_since_is_asked_once_more(desk: Desk) -> None:
    desk.send(*export(account(1)))
    desk.send(*export(account(1), account(2)))
    desk.send(*export())
    desk.undo(2)
    again = desk.approve(3)
    assert (again.answer, balances(desk.store)) == ("outdated", {"1": 10_000})
    assert again.comparison is not None
    assert again.comparison.total_before == 10_000
    assert desk.approve(3).answer == "approved"
    assert balances(desk.store) == {}


def test_what_was_applied_is_taken_back_import_by_import(desk: Desk) -> None:
    for blocks in ((account(1),), (account(1, invoice(1, 6_000)), account(2)), (account(2),)):
        desk.send(*export(*blocks))
    assert balances(desk.store) == {"2": 10_000}
    desk.undo(3)
    assert balances(desk.store) == {"1": 6_000, "2": 10_000}
    desk.undo(2)
    assert balances(desk.store) == {"1": 10_000}
    desk.undo(1)
    assert balances(desk.store) == {}


def test_what_was_taken_back_can_be_sent_again(desk: Desk) -> None:
    files = export(account(1), account(2))
    desk.send(*export(account(1)))
    desk.send(*files)
    desk.undo(2)
    assert told(desk.send(*files)) == ("applied", "")
    assert balances(desk.store) == {"1": 10_000, "2": 10_000}
