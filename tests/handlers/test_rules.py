"""One example for each rule, as it would happen, and the edge of each threshold."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reports import comparison, file, page, policy

from handlers.pages import assemble
from handlers.policy import Rules
from handlers.rules import IMPLAUSIBLE, Evidence, Rule, accounts_vanished, ask
from parsers.records import File, Finding
from store.records import Comparison

ERROR = Finding("export-error-message", "ARs_1.xml", 9, "Time-out", {"type": "0", "count": 1})
FILES = (file("ARs_1.xml", page(count=13, pagesize=500, ts_d="0x0000000000A1B2C3")),)


def asked(against: Comparison, files: tuple[File, ...] = FILES, **thresholds: Any) -> list[Finding]:
    under = policy(rules=replace(Rules(), **thresholds))
    return list(ask(IMPLAUSIBLE, Evidence(assemble("receivable", files), against, under)))


def codes(against: Comparison, files: tuple[File, ...] = FILES, **thresholds: Any) -> list[str]:
    return [finding.code for finding in asked(against, files, **thresholds)]


def test_an_ordinary_day_raises_no_doubt() -> None:
    assert codes(comparison(vanished=1, not_due_before=20, not_due_gone=6, matched=30, reopened=1)) == []


def test_an_export_without_any_item_is_doubted_once_not_five_times() -> None:
    empty = comparison(items=0, accounts=0, total_after=0, gross_after=0, vanished=12, not_due_before=9, not_due_gone=9)
    assert asked(empty) == [Finding("nothing-open", values={"total": 1_234_567})]


def test_as_many_accounts_as_fit_on_a_page_are_gone() -> None:
    found = asked(comparison(vanished=500, accounts_before=1800))
    assert found == [Finding("page-vanished", values={"vanished": 500, "before": 1800, "pagesize": 500})]


def test_five_of_twelve_accounts_are_gone() -> None:
    assert asked(comparison(vanished=5, accounts_before=12)) == [
        Finding("accounts-vanished", values={"vanished": 5, "before": 12})
    ]


def test_four_accounts_are_too_few_to_ask_even_if_it_is_all_but_one() -> None:
    assert codes(comparison(vanished=4, accounts_before=5)) == []


def test_without_a_pagesize_only_the_share_of_accounts_counts() -> None:
    bare = (file("ar.xml", page(count=None, pagesize=None)),)
    assert codes(comparison(vanished=500, accounts_before=1800), bare) == []


def test_half_of_the_amount_is_gone_though_the_balance_hardly_moved() -> None:
    hidden = comparison(gross_before=2_000_000, gross_after=1_000_000, total_before=100_000, total_after=90_000)
    assert asked(hidden) == [Finding("amount-vanished", values={"before": 2_000_000, "after": 1_000_000, "share": 50})]


def test_a_filter_on_overdue_leaves_nothing_that_is_not_due() -> None:
    assert asked(comparison(not_due_before=17, not_due_gone=17)) == [Finding("not-due-gone", values={"items": 17})]
    assert codes(comparison(not_due_before=17, not_due_gone=16)) == []
    assert codes(comparison(not_due_before=2, not_due_gone=2)) == []


def test_a_filter_on_the_reference_date_ends_the_export_on_a_day() -> None:
    assert asked(comparison(later_gone=9, latest_invoice_date="2025-10-31")) == [
        Finding("later-gone", values={"items": 9, "date": "2025-10-31"})
    ]


def test_what_was_plus_is_minus() -> None:
    assert asked(comparison(matched=30, sign_changed=29)) == [
        Finding("signs-changed", values={"changed": 29, "matched": 30})
    ]
    assert codes(comparison(matched=2, sign_changed=2)) == []


def test_the_codes_belong_to_other_accounts_here() -> None:
    assert asked(comparison(accounts=10, id_conflicts=3)) == [
        Finding("foreign-accounts", values={"conflicts": 3, "accounts": 10})
    ]
    assert codes(comparison(accounts=10, id_conflicts=2)) == []


def test_the_files_were_applied_to_another_administration() -> None:
    assert asked(comparison(elsewhere="be02")) == [Finding("other-administration", values={"administration": "be02"})]


def test_the_files_were_applied_once_and_replaced_since() -> None:
    assert asked(comparison(applied_before="Q2LD-4W")) == [Finding("applied-before", values={"ref": "Q2LD-4W"})]


def test_an_older_file_opens_again_what_was_paid() -> None:
    older = comparison(ts_d_before="0x0000000000A1B2C4", reopened=4)
    assert asked(older) == [Finding("older-file", values={"items": 4})]


@pytest.mark.parametrize(
    ("before", "reopened"),
    [("0x0000000000A1B2C4", 0), ("0x0000000000A1B2C3", 4), ("A1B2C2", 4), (None, 4), ("not hexadecimal", 4)],
)
def test_a_lower_row_version_or_a_reopened_item_alone_proves_nothing(before: str | None, reopened: int) -> None:
    assert codes(comparison(ts_d_before=before, reopened=reopened)) == []


def test_the_newest_page_says_how_new_the_export_is() -> None:
    pages = (
        file("ARs_1.xml", page(count=500, ts_d="0x01"), number=1),
        file("ARs_2.xml", page(count=3, ts_d="0x10"), number=2),
    )
    assert codes(comparison(ts_d_before="0x0F", reopened=4), pages) == []
    assert codes(comparison(ts_d_before="0x11", reopened=4), pages) == ["older-file"]


def test_an_item_stands_on_two_pages() -> None:
    assert asked(comparison(on_two_pages=2)) == [Finding("items-on-two-pages", values={"items": 2})]


def test_exact_says_in_the_file_that_something_failed() -> None:
    told = (replace(FILES[0], warnings=(ERROR,)),)
    assert asked(comparison(), told) == [Finding("export-errors", file="ARs_1.xml", values={"files": 1})]


def test_a_first_total_below_zero_looks_inverted() -> None:
    first = comparison(last=None, total_after=-1)
    assert asked(first) == [Finding("first-negative", values={"total": -1})]
    assert codes(comparison(total_after=-1)) == []


def test_what_is_about_the_books_is_told_before_what_is_about_a_filter() -> None:
    everything = comparison(
        elsewhere="be02", accounts=10, id_conflicts=9, vanished=9, accounts_before=10, gross_after=1, on_two_pages=1
    )
    assert codes(everything) == [
        "other-administration",
        "foreign-accounts",
        "items-on-two-pages",
        "accounts-vanished",
        "amount-vanished",
    ]


OFF: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"nothing_open": "apply"}, {"gross_after": 0}),
    ({"vanished_page": "apply"}, {"vanished": 500, "accounts_before": 1800}),
    ({"vanished_accounts_percent": 0}, {"vanished": 12, "accounts_before": 12}),
    ({"vanished_amount_percent": 0}, {"gross_after": 1}),
    ({"not_due_gone_least": 0}, {"not_due_before": 9, "not_due_gone": 9}),
    ({"later_gone_least": 0}, {"later_gone": 9, "latest_invoice_date": "2025-10-31"}),
    ({"sign_changed_percent": 0}, {"matched": 9, "sign_changed": 9}),
    ({"id_conflicts_percent": 0}, {"accounts": 9, "id_conflicts": 9}),
    ({"other_administration": "apply"}, {"elsewhere": "be02"}),
    ({"applied_before": "apply"}, {"applied_before": "Q2LD-4W"}),
    ({"older_file": "apply"}, {"ts_d_before": "0xFFFFFFFF", "reopened": 4}),
    ({"on_two_pages": "apply"}, {"on_two_pages": 2}),
    ({"first_negative": "apply"}, {"last": None, "total_after": -1}),
    ({"first_import": "apply"}, {"last": None}),
]


@pytest.mark.parametrize(("switched", "facts"), OFF, ids=[next(iter(switched)) for switched, _ in OFF])
def test_each_rule_can_be_switched_off(switched: dict[str, Any], facts: dict[str, Any]) -> None:
    on = {"first_import": "hold"} if "first_import" in switched else {}
    assert codes(comparison(**facts), **on)
    assert codes(comparison(**facts), **switched) == []


def test_messages_of_errors_can_be_let_through() -> None:
    told = (replace(FILES[0], warnings=(ERROR,)),)
    assert codes(comparison(), told, export_errors="apply") == []


def test_every_threshold_is_switched_off_somewhere_above() -> None:
    least = {"vanished_accounts_least", "sign_changed_least", "export_errors", "page_wait_minutes"}
    assert {key for switched, _ in OFF for key in switched} | least == set(Rules.__dataclass_fields__)


shares = st.integers(1, 100)
counts = st.integers(0, 1000)


@given(counts, counts, shares, st.integers(1, 20))
def test_the_share_of_vanished_accounts_is_exact(vanished: int, before: int, percent: int, least: int) -> None:
    against = comparison(vanished=vanished, accounts_before=before)
    found = codes(against, vanished_accounts_percent=percent, vanished_accounts_least=least, vanished_page="apply")
    enough = vanished >= least and (before == 0 or vanished / before >= percent / 100 - 1e-12)
    assert found == (["accounts-vanished"] if enough else [])


@given(st.integers(0, 10**12), st.integers(1, 10**12), shares)
def test_the_share_of_the_vanished_amount_is_exact(after: int, before: int, percent: int) -> None:
    found = asked(comparison(gross_before=before, gross_after=after), vanished_amount_percent=percent)
    if after == 0:
        assert [finding.code for finding in found] == ["nothing-open"]
    elif (before - after) * 100 >= percent * before:
        assert [finding.code for finding in found] == ["amount-vanished"]
        assert percent <= int(found[0].values["share"]) < 100
    else:
        assert found == []


@given(counts, counts, shares, st.integers(1, 20))
def test_the_share_of_changed_signs_is_exact(changed: int, others: int, percent: int, least: int) -> None:
    matched = changed + others
    found = codes(
        comparison(matched=matched, sign_changed=changed), sign_changed_percent=percent, sign_changed_least=least
    )
    assert found == (["signs-changed"] if changed >= least and changed * 100 >= percent * matched else [])


@given(counts, counts, shares)
def test_the_share_of_conflicting_accounts_must_be_passed(conflicts: int, others: int, percent: int) -> None:
    against = comparison(accounts=conflicts + others, id_conflicts=conflicts)
    passed = conflicts * 100 > percent * (conflicts + others)
    assert codes(against, id_conflicts_percent=percent) == (["foreign-accounts"] if passed else [])


@given(counts, counts, st.integers(1, 50))
def test_all_that_is_not_due_must_be_gone(gone: int, left: int, least: int) -> None:
    against = comparison(not_due_before=gone + left, not_due_gone=gone)
    assert codes(against, not_due_gone_least=least) == (["not-due-gone"] if not left and gone >= least else [])


@given(counts, st.integers(0, 50))
def test_later_items_are_counted(gone: int, least: int) -> None:
    against = comparison(later_gone=gone, latest_invoice_date="2025-10-31")
    assert codes(against, later_gone_least=least) == (["later-gone"] if least and gone >= least else [])


@given(st.integers(1, 2000), st.integers(1, 1000))
def test_a_page_is_missing_from_its_own_size_on(vanished: int, pagesize: int) -> None:
    pages = assemble("receivable", [file("ARs_1.xml", page(count=pagesize - 1, pagesize=pagesize))])
    evidence = Evidence(pages, comparison(vanished=vanished, accounts_before=10**6), policy())
    found = accounts_vanished(evidence)
    assert (found is not None and found.code == "page-vanished") == (vanished >= pagesize)


@pytest.mark.parametrize("rule", IMPLAUSIBLE, ids=lambda rule: rule.__name__)
def test_every_rule_says_what_it_is_a_sign_of(rule: Rule) -> None:
    assert rule.__doc__
