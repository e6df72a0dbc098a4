"""Each kind of reply in each language against a golden file, and what no reply may ever contain."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html
from reports import comparison, file, page, policy, report, settled

from handlers.decide import Decision
from handlers.language import languages
from handlers.pages import assemble
from handlers.render import WIDTH, Rendered, aligned, render
from handlers.report import Report
from handlers.tables import Table
from parsers.records import Finding
from store.records import AccountChange, CurrencyTotal, Subledger

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


def incomplete() -> Report:
    pages = assemble("receivable", [file("ARs_2.xml", page(), number=2)])
    return report(settled(Decision("held", pages.reason, pages.findings), files=pages.files))


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
    "refused-stale": lambda: report(settled(Decision("refused", "stale", (STALE,)))),
    "refused-spreadsheet": lambda: report(refused=(Finding("not-spreadsheet", "openstaande posten.xlsx"),)),
    "refused-amount": lambda: report(
        refused=(Finding("amount-comma", "ARs_1.xml", 812, "410,5", {"element": "OutstandingAmtDC"}),)
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
    rendered = render(replace(REPLIES[kind](), policy=policy(language=language)))
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
