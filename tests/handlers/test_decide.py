from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reports import comparison, file, last_import, page, policy

from handlers.decide import Decision, Source, decide, decide_approved, fingerprint, order, still_waiting
from handlers.pages import PageSet, assemble
from handlers.policy import Policy, Rules
from parsers.records import File
from store.records import Comparison

EIGHT = datetime(2025, 11, 21, 8, 0, tzinfo=UTC)
TODAY = Source(EIGHT, EIGHT, 41)
WHOLE = assemble("receivable", [file()])
moments = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def decided(
    held_against: Comparison | None = None, pages: PageSet = WHOLE, source: Source = TODAY, **settings: Any
) -> Decision:
    under = policy(**settings)
    return decide(pages, held_against or comparison(), source, under, fingerprint(under))


def same_again(**changes: Any) -> Comparison:
    return comparison(last=last_import(files=WHOLE.hashes, planned_under=fingerprint(policy()), **changes))


def codes(decision: Decision) -> list[str]:
    return [finding.code for finding in decision.findings]


def test_a_newer_complete_plausible_export_is_applied() -> None:
    assert decided() == Decision("applied")


def test_the_same_bytes_again_are_unchanged() -> None:
    assert (decided(same_again()).state, decided(same_again()).reason) == ("unchanged", "same-again")


def test_the_same_bytes_in_an_older_mail_are_unchanged_not_stale() -> None:
    assert decided(same_again(ordered_at=EIGHT + timedelta(days=1))).state == "unchanged"


@pytest.mark.parametrize("settings", [{"negate": ("receivable",)}, {"mode": "invoices"}, {"currency": "USD"}])
def test_the_same_bytes_under_other_settings_are_news(settings: dict[str, Any]) -> None:
    assert decided(same_again(), **settings).state == "applied"


def test_settings_that_change_no_figure_do_not_change_the_fingerprint() -> None:
    assert fingerprint(policy()) == fingerprint(policy(language="en", name="Other", unknown_accounts="refuse"))


def test_an_older_export_is_refused_and_the_newer_one_named() -> None:
    decision = decided(comparison(last=last_import(ordered_at=EIGHT + timedelta(seconds=1))))
    assert (decision.state, decision.reason) == ("refused", "stale")
    assert decision.findings[0].values["ref"] == "3HXW-9T"


@pytest.mark.parametrize(
    ("arrived_later", "uid", "state"), [(1, 1, "applied"), (-1, 99, "refused"), (0, 42, "applied"), (0, 40, "refused")]
)
def test_equal_dates_go_by_arrival_and_then_by_uid(arrived_later: int, uid: int, state: str) -> None:
    last = last_import(ordered_at=EIGHT, arrived_at=EIGHT, uid=41)
    source = Source(EIGHT, EIGHT + timedelta(minutes=arrived_later), uid)
    assert decided(comparison(last=last), source=source).state == state


def test_a_stale_export_is_refused_before_its_pages_are_counted() -> None:
    incomplete = assemble("receivable", [file("ARs_2.xml", page(), number=2)])
    stale = comparison(last=last_import(ordered_at=EIGHT + timedelta(days=1)))
    assert decided(stale, incomplete).reason == "stale"


def test_an_incomplete_export_is_held_and_cannot_be_approved() -> None:
    decision = decided(pages=assemble("receivable", [file("ARs_2.xml", page(), number=2)]))
    assert (decision.state, decision.reason, decision.approvable) == ("held", "pages-missing", False)


def test_a_full_last_page_is_held_and_can_be_approved() -> None:
    decision = decided(pages=assemble("receivable", [file("ARs_1.xml", page(count=500))]))
    assert (decision.state, decision.reason, decision.approvable) == ("held", "pages-last-full", True)


def test_nothing_open_although_something_was_is_held() -> None:
    decision = decided(comparison(items=0, accounts=0, total_after=0, gross_after=0))
    assert (decision.state, decision.reason, decision.approvable) == ("held", "nothing-open", True)


def test_a_full_last_page_asks_all_that_looks_wrong_at_once() -> None:
    decision = decided(comparison(elsewhere="be02"), pages=assemble("receivable", [file("ARs_1.xml", page(count=500))]))
    assert codes(decision) == ["pages-last-full", "other-administration"]
    assert decision.approvable


def test_a_full_last_page_with_a_nameless_account_cannot_be_approved() -> None:
    decision = decided(comparison(nameless=1), pages=assemble("receivable", [file("ARs_1.xml", page(count=500))]))
    assert (decision.reason, decision.approvable) == ("nameless-accounts", False)


def test_a_known_gap_is_not_compared_any_further() -> None:
    gap = assemble("receivable", [file("ARs_2.xml", page(), number=2)])
    assert codes(decided(comparison(gross_after=0, elsewhere="be02"), gap)) == ["pages-missing"]


def test_the_same_again_goes_before_every_doubt() -> None:
    same = replace(same_again(), elsewhere="be02", applied_before="Q2LD-4W")
    assert decided(same).reason == "same-again"


def test_a_stale_export_goes_before_every_doubt() -> None:
    old = comparison(last=last_import(ordered_at=EIGHT + timedelta(days=1)), applied_before="Q2LD-4W")
    assert decided(old).reason == "stale"


def test_an_implausible_export_is_held_with_its_figures() -> None:
    decision = decided(comparison(vanished=6, accounts_before=12))
    assert (decision.state, decision.reason, decision.approvable) == ("held", "accounts-vanished", True)
    assert decision.findings[0].values == {"vanished": 6, "before": 12}


def approved(against: Comparison, pages: PageSet = WHOLE, **settings: Any) -> Decision:
    under = policy(**settings)
    return decide_approved(pages, against, TODAY, under, fingerprint(under))


@pytest.mark.parametrize(
    "facts",
    [
        {"gross_after": 0},
        {"vanished": 12},
        {"elsewhere": "be02"},
        {"applied_before": "Q2LD-4W"},
        {"on_two_pages": 2},
        {"accounts": 10, "id_conflicts": 9},
        {"last": None, "total_after": -1},
    ],
)
def test_a_yes_answers_every_doubt(facts: dict[str, Any]) -> None:
    assert decided(comparison(**facts)).approvable
    assert approved(comparison(**facts)).state == "applied"


def test_a_yes_says_that_a_full_last_page_is_the_last() -> None:
    assert approved(comparison(), assemble("receivable", [file("ARs_1.xml", page(count=500))])).state == "applied"


def test_a_yes_does_not_fill_a_known_gap() -> None:
    decision = approved(comparison(), assemble("receivable", [file("ARs_2.xml", page(), number=2)]))
    assert (decision.state, decision.reason, decision.approvable) == ("held", "pages-missing", False)


@pytest.mark.parametrize("facts", [{"nameless": 1}, {"ambiguous": ("A1",)}])
def test_a_yes_does_not_tell_accounts_apart(facts: dict[str, Any]) -> None:
    decision = approved(comparison(**facts))
    assert (decision.state, decision.approvable) == ("held", False)


def test_a_yes_does_not_make_accounts_known() -> None:
    assert approved(comparison(created=1), unknown_accounts="refuse").reason == "unknown-accounts"


def test_a_yes_comes_too_late_for_an_export_that_a_newer_one_replaced() -> None:
    assert approved(comparison(last=last_import(ordered_at=EIGHT + timedelta(days=1)))).reason == "stale"
    assert approved(same_again()).state == "unchanged"


def test_an_export_that_waits_already_is_answered_with_what_was_asked() -> None:
    held = decided(comparison(gross_after=0))
    waiting = still_waiting(held, "3HXW-9T", EIGHT)
    assert (waiting.state, waiting.reason, waiting.approvable) == ("held", "still-waiting", True)
    assert codes(waiting) == ["still-waiting", "nothing-open"]


def test_a_total_of_nil_is_not_nothing_open() -> None:
    assert decided(comparison(total_after=0)).state == "applied"


def test_an_empty_first_import_is_applied() -> None:
    first = comparison(last=None, items=0, items_before=0, gross_before=0, gross_after=0, total_before=0, total_after=0)
    assert decided(first).state == "applied"


def test_an_empty_export_after_an_empty_one_is_applied() -> None:
    assert decided(comparison(items=0, items_before=0, gross_before=0, gross_after=0)).state == "applied"


def test_a_first_import_is_applied_with_a_word_of_care() -> None:
    decision = decided(comparison(last=None))
    assert (decision.state, codes(decision)) == ("applied", ["first-import"])


def test_a_first_import_waits_where_the_administration_wants_so() -> None:
    decision = decided(comparison(last=None), rules=Rules(first_import="hold"))
    assert (decision.state, decision.reason, decision.approvable) == ("held", "first-import-held", True)


@pytest.mark.parametrize("first_import", ["apply", "hold"])
def test_a_first_import_is_asked_about_in_one_sentence(first_import: Any) -> None:
    inverted = comparison(last=None, total_after=-1)
    assert codes(decided(inverted, rules=Rules(first_import=first_import))) == ["first-negative"]


def test_accounts_with_neither_id_nor_code_are_held_and_no_yes_helps() -> None:
    decision = decided(comparison(nameless=2))
    assert (decision.state, decision.reason, decision.approvable) == ("held", "nameless-accounts", False)


def test_ambiguous_codes_are_held_and_named() -> None:
    decision = decided(comparison(ambiguous=("A1", "A2")))
    assert (decision.state, decision.reason, decision.approvable) == ("held", "ambiguous-codes", False)
    assert decision.findings[0].values == {"examples": "A1, A2"}


def test_all_doubts_are_told_not_only_the_first() -> None:
    assert codes(decided(comparison(nameless=1, gross_after=0)))[:2] == ["nameless-accounts", "nothing-open"]


def test_unknown_accounts_are_created_or_refused_as_the_setting_says() -> None:
    assert decided(comparison(created=1)).state == "applied"
    refused = decided(comparison(created=1), unknown_accounts="refuse")
    assert (refused.state, refused.reason) == ("refused", "unknown-accounts")
    assert refused.findings[0].values == {"accounts": 1, "examples": "10042"}
    assert decided(comparison(created=0), unknown_accounts="refuse").state == "applied"


def test_the_date_of_a_mail_orders_it_but_never_later_than_its_arrival() -> None:
    assert order(EIGHT - timedelta(hours=1), EIGHT) == EIGHT - timedelta(hours=1)
    assert order(EIGHT + timedelta(days=400), EIGHT) == EIGHT
    assert order(None, EIGHT) == EIGHT


@given(st.none() | moments, moments, st.integers(-12, 12))
def test_an_order_is_in_utc_and_not_after_the_arrival(date: datetime | None, arrived: datetime, zone: int) -> None:
    there = timezone(timedelta(hours=zone))
    found = order(date.astimezone(there) if date else None, arrived.astimezone(there))
    assert found <= arrived
    assert found.tzinfo is UTC


page_files = st.builds(
    lambda number, count, pagesize: file(f"ARs_{number}.xml", page(count=count, pagesize=pagesize), number=number),
    st.none() | st.integers(1, 4),
    st.none() | st.integers(0, 3),
    st.none() | st.integers(1, 3),
)
comparisons = st.builds(
    lambda gross, before, nameless, created, last, ambiguous, vanished, elsewhere: comparison(
        gross_after=gross,
        gross_before=before,
        nameless=nameless,
        created=created,
        last=last,
        ambiguous=ambiguous,
        vanished=vanished,
        elsewhere=elsewhere,
    ),
    st.integers(0, 2),
    st.integers(0, 2),
    st.integers(0, 1),
    st.integers(0, 1),
    st.none() | st.builds(lambda at: last_import(ordered_at=at), moments),
    st.sampled_from([(), ("A1",)]),
    st.integers(0, 12),
    st.sampled_from([None, "be02"]),
)
policies = st.builds(
    lambda unknown, first: policy(unknown_accounts=unknown, rules=Rules(first_import=first)),
    st.sampled_from(["create", "refuse"]),
    st.sampled_from(["apply", "hold"]),
)


@given(st.lists(page_files, min_size=1, max_size=4), comparisons, policies)
def test_nothing_that_must_be_asked_about_is_ever_applied(
    files: list[File], against: Comparison, under: Policy
) -> None:
    numbered = [replace(one, index=index, sha256=f"{index} {one.name}") for index, one in enumerate(files)]
    pages = assemble("receivable", numbered)
    decision = decide(pages, against, TODAY, under, fingerprint(under))
    if decision.state == "applied":
        assert pages.complete
        assert not against.nameless
        assert not against.ambiguous
        assert against.gross_after or not against.gross_before
        assert against.last is None or against.last.ordered_at <= TODAY.ordered_at
        assert against.last or under.rules.first_import == "apply"
        assert not against.created or under.unknown_accounts == "create"
        assert against.elsewhere is None
        assert against.vanished < 5
    else:
        assert decision.reason == decision.findings[0].code


@given(st.lists(page_files, min_size=1, max_size=4), comparisons, policies)
def test_a_yes_changes_what_can_be_approved_and_nothing_else(
    files: list[File], against: Comparison, under: Policy
) -> None:
    numbered = [replace(one, index=index, sha256=f"{index} {one.name}") for index, one in enumerate(files)]
    pages = assemble("receivable", numbered)
    asked = decide(pages, against, TODAY, under, fingerprint(under))
    answered = decide_approved(pages, against, TODAY, under, fingerprint(under))
    if asked.state == "held" and asked.approvable:
        assert answered.state == "applied"
    else:
        assert answered == asked
