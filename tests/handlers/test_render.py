"""Each kind of reply in each language against a golden file, and what no reply may ever contain."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html
from reports import comparison, file, page, policy, report, settled

from handlers.ageing import bar
from handlers.answers import take, understand
from handlers.decide import Decision, older_than_held, still_waiting
from handlers.language import Voice, languages
from handlers.pages import assemble
from handlers.policy import InvoiceRules
from handlers.render import WIDTH, Rendered, aligned, render
from handlers.report import Answer, Report, SettledAccounts, SettledInvoices, SettledTransactions
from handlers.rules import IMPLAUSIBLE, Evidence, ask
from handlers.tables import Table
from parsers.records import Finding
from store.own_records import (
    BatchChanges,
    InvoiceChanges,
    OwnSummary,
    OwnTotals,
    Recognised,
    Repeated,
    TrackedChange,
    TrackedGroup,
    TrackedSummary,
)
from store.records import AccountChange, Ageing, CardChanges, CreditCrossing, CurrencyTotal, Subledger

ASKED_AT = datetime(2025, 11, 20, 8, 3, tzinfo=UTC)
CREDITORS = Subledger("nl01", "payable")
CREDITORS_FILE = file("APs_1.xml", page("payable"), index=1)
NEW = (
    AccountChange("10042", "Bakker & Zn. Expeditie B.V.", None, 0, 121_000, True),
    AccountChange(None, "Hafen Spedition GmbH", "0f0c7a5e-8d57-4f0c-9c55-1f0e3f5d7a10", 0, 41_050, True),
)
STALE = Finding("stale", values={"ref": "3HXW-9T", "ordered_at": "2025-11-20T08:00:00+00:00"})
EMPTY = Finding("nothing-open", values={"total": 1_234_567})
WARNED = file(
    warnings=(
        *(
            Finding(
                "open-above-invoice", "ARs_1.xml", line, values={"account": "10042", "number": str(line), "count": 12}
            )
            for line in (12, 26)
        ),
        Finding(
            "amounts-differ",
            "ARs_1.xml",
            40,
            values={"account": "10007", "number": "20250117", "fc": 41_050, "dc": 40_150, "count": 1},
        ),
    )
)
FIRST = comparison(
    last=None,
    items_before=0,
    accounts_before=0,
    total_before=0,
    gross_before=0,
    zeroed=0,
    created=13,
    largest=NEW,
    largest_created=NEW,
    largest_zeroed=(),
)
GONE = comparison(
    items=0, accounts=0, total_after=0, gross_after=0, created=0, largest=(), largest_created=(), currencies=()
)
DOLLARS = comparison(
    currencies=(
        CurrencyTotal("EUR", 40, 1_250_000, 1_250_000),
        CurrencyTotal("USD", 1, 54_500, 50_000),
        CurrencyTotal("JPY", 1, 8_100, 5_000),
    )
)
SAME = comparison(
    items=40,
    accounts=12,
    total_after=1_234_567,
    changed=0,
    created=0,
    zeroed=0,
    largest=(),
    largest_created=(),
    largest_zeroed=(),
)

RELATIONS = file(
    "relations.xml",
    format="accounts",
    warnings=(Finding("account-nameless", "relations.xml", 20, "Zonder code", {"count": 1}),),
)
CHANGES = CardChanges(
    cards=1240,
    created=3,
    changed=27,
    renamed=4,
    limits=24,
    over=12,
    largest_over=(
        CreditCrossing("10042", "Bakker & Zn. Expeditie B.V.", 100_000, 121_000, 121_000),
        CreditCrossing(None, "Hafen Spedition GmbH", 0, 41_050, 41_050),
    ),
)

INVOICES = file("facturen.csv", format="own-invoices")
TAKEN_OVER = InvoiceChanges(
    read=1240,
    created=30,
    updated=4,
    unchanged=1204,
    stale=2,
    seen=1180,
    handed_over=3,
    ambiguous=1,
    unmatched=tuple((f"K-{number}", f"Klant {number}") for number in range(70, 77)),
    repeated=(Repeated("K-70", "F-2025-0070", 3, 9),),
    totals=(OwnTotals("receivable", 121_000, 450_050, 75_000, 75_000), OwnTotals("payable", 0, -12_100, 0, 0)),
)
OWN = OwnSummary(
    recognised=12,
    recognised_dc=345_600,
    largest=tuple(
        Recognised(f"F-2025-{number}", "K-42", "10042", "Bakker & Zn. Expeditie B.V.", 90_000 - number)
        for number in range(7)
    ),
    open=30,
    open_dc=121_000,
    in_transit=3,
    in_transit_dc=75_000,
    ambiguous=(Recognised("F-2025-0099", "K-7", None, "Visser", 5_000),),
    ambiguous_count=1,
    overdue=tuple(
        Recognised(f"F-2025-00{number}", "K-7", "10007", "Hafen Spedition GmbH", 5_000, 31 - number)
        for number in range(11)
    ),
    overdue_count=13,
    unmatched=tuple((f"K-{number}", f"Klant {number}") for number in range(70, 80)),
    unmatched_count=11,
)
TRACKED = TrackedSummary(
    new=TrackedGroup(5, 90_000, (TrackedChange("10042", "Bakker", "20250117", 0, 50_000),)),
    part_paid=TrackedGroup(1, 20_000, (TrackedChange("10007", "Hafen Spedition GmbH", "20250101", 50_000, 30_000),)),
    paid=TrackedGroup(
        7, 150_000, tuple(TrackedChange("10011", "Cool Port", f"2025010{n}", 25_000, 0) for n in range(5))
    ),
    reopened=TrackedGroup(1, 12_100, (TrackedChange(None, "Visser", "20240999", 0, 12_100),)),
)


def incomplete() -> Report:
    pages = assemble("receivable", [file("ARs_2.xml", page(), number=2)])
    return report(settled(Decision("held", pages.reason, pages.findings), files=pages.files))


def answered(answer: Answer, decision: Decision, **changes: Any) -> Report:
    files = (file(),) if changes.get("comparison", ...) else ()  # nothing is read again for a no, or when it is late
    side = settled(decision, import_id=57, files=files, **changes)
    return report(take(side, answer, "3HXW-9T", ASKED_AT), subject="Re: Nog niet verwerkt")


FILTERED = tuple(
    finding
    for finding in ask(
        IMPLAUSIBLE,
        Evidence(
            assemble("receivable", [file()]),
            comparison(
                accounts=7,
                accounts_before=12,
                vanished=5,
                gross_after=600_000,
                not_due_before=17,
                not_due_gone=17,
                later_gone=9,
                latest_invoice_date="2025-10-31",
            ),
            policy(),
        ),
    )
)
MISDIRECTED = tuple(
    finding
    for finding in ask(
        IMPLAUSIBLE,
        Evidence(
            assemble("receivable", [file(pages=(page(ts_d="0x10"),), warnings=(Finding("export-error-message"),))]),
            comparison(
                elsewhere="be02",
                id_conflicts=9,
                applied_before="Q2LD-4W",
                ts_d_before="0x11",
                reopened=4,
                on_two_pages=2,
                vanished=500,
                accounts_before=1800,
                matched=30,
                sign_changed=29,
            ),
            policy(),
        ),
    )
)
FIRST_TIME = (Finding("first-negative", values={"total": -1_234_567}),)


REPLIES: dict[str, Callable[[], Report]] = {
    "applied": lambda: report(settled()),
    "applied-first": lambda: report(
        settled(
            Decision("applied", findings=(Finding("first-import"),)),
            comparison=FIRST,
        )
    ),
    "applied-warnings": lambda: report(settled(files=(WARNED,), comparison=DOLLARS)),
    "unchanged": lambda: report(
        settled(Decision("unchanged", "same-again", (replace(STALE, code="same-again"),)), comparison=SAME)
    ),
    "held-empty": lambda: report(settled(Decision("held", "nothing-open", (EMPTY,), approvable=True), comparison=GONE)),
    "held-page-missing": incomplete,
    "held-page-full": lambda: report(
        settled(Decision("held", "pages-last-full", (Finding("pages-last-full", "ARs_3.xml"),), approvable=True))
    ),
    "held-filtered": lambda: report(settled(Decision("held", FILTERED[0].code, FILTERED, True), import_id=57)),
    "held-misdirected": lambda: report(settled(Decision("held", MISDIRECTED[0].code, MISDIRECTED, True))),
    "held-first": lambda: report(settled(Decision("held", "first-negative", FIRST_TIME, True), comparison=FIRST)),
    "held-both-sides": lambda: report(
        settled(Decision("held", "nothing-open", (EMPTY,), True), comparison=GONE, import_id=57),
        settled(
            Decision("held", "nameless-accounts", (Finding("nameless-accounts", values={"accounts": 2}),)),
            subledger=CREDITORS,
            files=(CREDITORS_FILE,),
            comparison=None,
            import_id=58,
        ),
    ),
    "held-still-waiting": lambda: report(
        settled(
            still_waiting(Decision("held", "nothing-open", (EMPTY,), True), "3HXW-9T", ASKED_AT),
            comparison=GONE,
            import_id=57,
        )
    ),
    "answer-approved": lambda: answered("approved", Decision("applied")),
    "answer-rejected": lambda: answered("rejected", Decision("rejected"), comparison=None),
    "answer-unclear": lambda: answered("unclear", Decision("held", "x", (EMPTY,), True), comparison=GONE),
    "answer-blocked": lambda: answered(
        "blocked", Decision("held", "pages-missing", incomplete().settled[0].decision.findings), comparison=None
    ),
    "answer-outdated": lambda: answered("outdated", Decision("held", "x", (EMPTY,), True), comparison=GONE),
    "answer-closed-applied": lambda: answered("closed", Decision("applied"), comparison=None),
    "answer-closed-rejected": lambda: answered("closed", Decision("rejected"), comparison=None),
    "answer-closed-superseded": lambda: answered("closed", Decision("superseded"), comparison=None),
    "answer-closed-undone": lambda: answered("closed", Decision("undone"), comparison=None),
    "applied-ageing-and-credit": lambda: report(
        settled(
            comparison=comparison(
                reopened_accounts=12, largest_reopened=(AccountChange("10077", "Visser", None, 0, 74_350, False),)
            ),
            ageing=Ageing(812_000, 310_250, 0, 102_750, 75_000),
            crossed=(
                CreditCrossing("10042", "Bakker & Zn. Expeditie B.V.", 100_000, 0, 121_000),
                CreditCrossing("10007", "Hafen Spedition GmbH", 50_000, 80_000, 41_050),
            ),
        )
    ),
    "refused-older-than-held": lambda: report(settled(older_than_held("3HXW-9T", ASKED_AT))),
    "refused-stale": lambda: report(settled(Decision("refused", "stale", (STALE,)))),
    "refused-spreadsheet": lambda: report(refused=(Finding("not-spreadsheet", "openstaande posten.xlsx"),)),
    "refused-amount": lambda: report(
        refused=(Finding("amount-comma", "ARs_1.xml", 812, "410,5", {"element": "OutstandingAmtDC"}),)
    ),
    "accounts-applied": lambda: report(others=(SettledAccounts((RELATIONS,), CHANGES),)),
    "accounts-unchanged": lambda: report(
        others=(SettledAccounts((file("relaties.csv", format="accounts"),), CardChanges(42, 0, 0, 0, 0, 0)),)
    ),
    "accounts-ambiguous": lambda: report(
        others=(
            SettledAccounts(
                (file("relaties.csv", format="accounts"),),
                CardChanges(42, 0, 0, 0, 0, 0, ambiguous=("10042", "10043")),
            ),
        )
    ),
    "accounts-refused": lambda: report(
        refused=(Finding("limit-invalid", "relaties.csv", 12, "vijfduizend", {"account": "10042"}),)
    ),
    "accounts-with-export": lambda: report(settled(), others=(SettledAccounts((RELATIONS,), CHANGES),)),
    "invoices-applied": lambda: report(others=(SettledInvoices((INVOICES,), TAKEN_OVER),)),
    "invoices-unchanged": lambda: report(
        others=(
            SettledInvoices((INVOICES,), InvoiceChanges(3, unchanged=3, totals=(OwnTotals("payable", 5, 5, 0, 0),))),
        )
    ),
    "invoices-unmatched": lambda: report(
        others=(SettledInvoices((INVOICES,), InvoiceChanges(3, unchanged=3, unmatched=(("K-7", "Visser"),))),)
    ),
    "invoices-unfindable": lambda: report(
        others=(SettledInvoices((INVOICES,), InvoiceChanges(3, created=3), unfindable=("F2026-0001", "CONCEPT")),)
    ),
    "invoices-too-large": lambda: report(refused=(Finding("invoices-too-large", "facturen.csv"),)),
    "invoices-older": lambda: report(
        others=(SettledInvoices((file("F-1.xml", format="own-invoices"),), InvoiceChanges(1, stale=1), ("F-1.xml",)),)
    ),
    "invoices-refused-lines": lambda: report(
        refused=(
            Finding("invoice-field-missing", "facturen.csv", 3, "10042;;;", {"field": "number"}),
            Finding("invoice-date-invalid", "facturen.csv", 7, "31-02-2026", {"field": "due_date"}),
            Finding("invoice-field-missing", "facturen.csv", 12, "10043;;;", {"field": "number"}),
            Finding("more-mistakes", "facturen.csv", values={"count": 231}),
        )
    ),
    "invoices-refused-customers": lambda: report(
        settled(),
        refused=(
            Finding("customer-unknown", "facturen.csv", 3, values={"customer": "K-77 Visser"}),
            Finding("customer-unknown", "facturen.csv", 4, values={"customer": "K-78 De Wit"}),
            Finding("customers-collide", "F-1.xml", 1, values={"code": "K-1", "other_code": "K-01", "exact_code": "1"}),
        ),
    ),
    "transactions-applied": lambda: report(
        others=(
            SettledTransactions(
                (file("transactions.xml", format="transactions"),),
                BatchChanges(12, 2, ("20260099", "", "20260098"), ("20260050",), 345_600, "7KQ2-M4"),
                alone=True,
            ),
        )
    ),
    "transactions-unchanged": lambda: report(
        others=(
            SettledTransactions((file("transactions.xml", format="transactions"),), BatchChanges(0, 14), alone=True),
        )
    ),
    "transactions-remembered": lambda: report(
        others=(
            SettledTransactions(
                (file("transactions.xml", format="transactions"),),
                BatchChanges(unknown=("20260099", "20260098"), remembered=2),
                alone=True,
            ),
        )
    ),
    "transactions-refused": lambda: report(
        others=(
            SettledTransactions(
                (file("transactions.xml", format="transactions"),),
                BatchChanges(unknown=("1", "2", "3", "4", "5", "6")),
                alone=True,
            ),
        )
    ),
    "applied-own-invoices": lambda: report(
        settled(own=OWN, tracked=TRACKED),
        others=(
            SettledInvoices((INVOICES,), TAKEN_OVER),
            SettledTransactions(
                (file("transactions.xml", format="transactions"),), BatchChanges(unknown=("8",)), alone=False
            ),
        ),
        policy=policy(invoices=InvoiceRules(in_transit="add")),
    ),
    "refused-nothing": lambda: report(refused=(Finding("nothing-attached"),), subject=""),
    "mixed": lambda: report(
        settled(),
        settled(
            Decision("held", "nothing-open", (EMPTY,), True),
            subledger=CREDITORS,
            files=(CREDITORS_FILE,),
            comparison=replace(GONE, subledger=CREDITORS),
        ),
        refused=(Finding("not-pdf", "brief.pdf"), Finding("xml-truncated", "ARs_2.xml", 1044, "<Outstanding")),
    ),
}


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("kind", REPLIES)
def test_a_reply_reads_as_its_golden_file(kind: str, language: Any, matches_golden: Callable[[str, str], None]) -> None:
    told = REPLIES[kind]()
    rendered = render(replace(told, policy=replace(told.policy, language=language)))
    matches_golden(f"{kind}.{language}.txt", f"{rendered.subject}\n\n{rendered.text}")
    matches_golden(f"{kind}.{language}.html", rendered.html)


@pytest.mark.parametrize("kind", REPLIES)
def test_the_first_line_and_the_subject_are_the_verdict(kind: str) -> None:
    rendered = render(replace(REPLIES[kind](), policy=policy(language="en")))
    verdict = rendered.subject.split(":")[0]
    assert rendered.text.startswith(verdict)
    assert lxml_html.fromstring(rendered.html).findtext(".//h1").startswith(verdict)


@pytest.mark.parametrize("kind", REPLIES)
def test_html_and_text_say_the_same(kind: str) -> None:
    rendered = render(REPLIES[kind]())
    words = lxml_html.fromstring(rendered.html).xpath("string(//body)").split()
    decoration = {"=", "-", "→", ">", "--", "–"}
    cut = {word.rstrip("…").strip("()") for word in rendered.text.split() if not set(word) <= decoration}
    assert [word for word in cut if not any(word in shown for shown in words) and not word.rstrip(".").isdigit()] == []


@pytest.mark.parametrize("kind", REPLIES)
def test_a_line_of_text_fits_on_a_screen_and_the_reference_is_in_it(kind: str) -> None:
    text = render(REPLIES[kind]()).text
    assert max(len(line) for line in text.splitlines()) <= WIDTH
    assert "7KQ2-M4" in text


def test_figures_stand_under_each_other() -> None:
    table = Table("", ("", "Now"), (("a" * 100, "1,00"), ("b", "-1.000,00")))
    first, second, third = aligned(table).splitlines()
    assert len(first) == len(second) == len(third) == WIDTH
    assert second.startswith("aaa")
    assert "…  " in second


hostile = st.text(st.characters() | st.sampled_from("<>&\"'%{}\r\n\x00\u2028\u202e"), max_size=60)


def hostile_reply(text: str) -> Rendered:
    change = AccountChange(text, text, text, 0, 100, True)
    changes = {"largest": (change,), "largest_created": (change,), "largest_zeroed": (change,)}
    return render(
        report(
            settled(
                files=(file(text, warnings=(Finding("unknown-element", text, 3, text, {"element": text}),)),),
                comparison=comparison(**changes, currencies=(CurrencyTotal(f"?{text}", 1, 1, 1),)),
                crossed=(CreditCrossing(text, text, 50, 0, 100),),
                own=OwnSummary(1, 1, (Recognised(text, text, text, text, 1),), ambiguous=(), overdue_count=1),
                tracked=TrackedSummary(paid=TrackedGroup(1, 1, (TrackedChange(text, text, text, 1, 0),))),
            ),
            others=(
                SettledInvoices((file(text),), InvoiceChanges(1, 1, unmatched=((text, text),)), (text,)),
                SettledTransactions((file(text),), BatchChanges(1, unknown=(text,), ambiguous=(text,)), alone=True),
            ),
            refused=(Finding("not-other-xml", text, 1, text, {"root": text}),),
            subject=text,
            policy=policy(name=text),
        )
    )


@given(hostile)
def test_nothing_that_a_sender_writes_becomes_markup(text: str) -> None:
    def elements(rendered: Rendered) -> list[Any]:
        return [element.tag for element in lxml_html.fromstring(rendered.html).iter()]

    harmless = hostile_reply("a" if text.strip() else text)
    given_text = hostile_reply(text)
    optional = {"div"}  # an empty name or fragment has no line
    assert [tag for tag in elements(given_text) if tag not in optional] == [
        tag for tag in elements(harmless) if tag not in optional
    ]
    assert len(given_text.subject.splitlines()) == 1


def test_markup_in_a_name_is_shown_as_it_is() -> None:
    rendered = hostile_reply("<script>alert(1)</script>")
    assert "<script" not in rendered.html
    assert "&lt;script&gt;" in rendered.html
    assert "<script>" in rendered.text


@pytest.mark.parametrize("kind", REPLIES)
def test_a_reply_fetches_nothing_and_runs_nothing(kind: str) -> None:
    tree = lxml_html.fromstring(render(REPLIES[kind]()).html)
    assert tree.xpath("//script | //img | //link | //iframe | //@src | //@href | //@onclick") == []
    assert "url(" not in render(REPLIES[kind]()).html


@given(st.tuples(*[st.integers(-(10**6), 10**6)] * 5))
def test_the_bar_shows_all_that_is_owed_and_nothing_else(amounts: tuple[int, ...]) -> None:
    shown = bar(Ageing(*amounts), Voice.of(policy()))
    assert [part.width > 0 for part in shown.slices] == [amount > 0 for amount in amounts]
    assert sum(part.width for part in shown.drawn) <= 104
    assert all(part in shown.slices for part in shown.drawn)


def test_a_held_report_tells_how_to_say_yes_and_no_in_the_readers_language() -> None:
    words = {"nl": ("ja", "nee"), "en": ("yes", "no"), "de": ("ja", "nein"), "fr": ("oui", "non")}
    for language, (yes, no) in words.items():
        text = render(replace(REPLIES["held-empty"](), policy=policy(language=language))).text
        said = re.findall(r"[“„«]\s?(\w+)\s?[”“»]", text)
        assert said == [yes, no]
        assert (understand(yes), understand(no)) == ("yes", "no")


def test_what_cannot_be_approved_is_not_asked_for_a_yes() -> None:
    text = render(replace(incomplete(), policy=policy(language="en"))).text
    assert "only the word" not in text
    assert "missing page alone" in " ".join(text.split())
