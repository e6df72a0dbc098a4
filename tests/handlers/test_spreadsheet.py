"""The attached spreadsheet, read back by another library."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from email import message_from_bytes
from email.policy import default
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from reports import RECEIVED, comparison, envelope, policy, report, settled

from handlers import spreadsheet
from handlers.decide import Decision
from handlers.language import languages
from handlers.policy import InvoiceRules
from handlers.render import render
from handlers.reply import compose
from handlers.report import Report
from handlers.spreadsheet import FEW, Attachment, attach
from store.own_records import OwnSummary
from store.records import AccountChange, Subledger

ACCOUNTS = (
    AccountChange("0010042", "Bakker & Zn.", "0f0c7a5e-8d57-4f0c-9c55-1f0e3f5d7a10", 0, 121_000, True),
    AccountChange("10007", "=1+1", None, 80_000, 41_050, False, 40_000, -1_050, "2025-10-31"),
    AccountChange("10011", "Cool Port", None, 22_936, 0, False),
    AccountChange("10013", "Lefèvre", None, -25_000, -25_000, False),
)

NOTHING = (None, None, None)  # no limit, no room, nothing due


def all_of(*accounts: AccountChange) -> Callable[[Subledger, bool], Iterable[AccountChange]]:
    return lambda _subledger, _everything: iter(accounts)


def attached(given: Report, accounts: Sequence[AccountChange] = ACCOUNTS) -> Attachment:
    made = attach(given, all_of(*accounts))
    assert made is not None
    return made


def read(attachment: Attachment) -> Workbook:
    return load_workbook(BytesIO(attachment.content))


def rows(attachment: Attachment) -> list[tuple[Any, ...]]:
    return list(read(attachment).worksheets[0].values)


def test_each_account_is_a_row_of_numbers_dates_and_text() -> None:
    made = attached(report(settled(), policy=policy(language="en")))
    assert made.name == "saldopost-nl01-7KQ2-M4.xlsx"
    day, due = datetime(2025, 11, 21), datetime(2025, 10, 31)  # noqa: DTZ001 - calendar dates
    assert rows(made) == [
        (
            *("Code", "Name", "Before", "Now", "Difference", "Credit limit", "Room left", "Oldest due date"),
            *("What happened", "Received", "Currency", "Exact ID"),
        ),
        ("0010042", "Bakker & Zn.", 0, 1210, 1210, *NOTHING, "new", day, "EUR", "0f0c7a5e-8d57-4f0c-9c55-1f0e3f5d7a10"),
        ("10007", "=1+1", 800, 410.5, -389.5, 400, -10.5, due, "changed", day, "EUR", None),
        ("10011", "Cool Port", 229.36, 0, -229.36, *NOTHING, "at zero", day, "EUR", None),
        ("10013", "Lefèvre", -250, -250, 0, *NOTHING, "as before", day, "EUR", None),
    ]


@pytest.mark.parametrize(("setting", "total"), [("report", 1360), ("add", 1365)])
def test_what_waits_beside_the_export_has_columns_where_anything_does(setting: Any, total: float) -> None:
    waits = settled(own=OwnSummary(open=2, open_dc=15_000, in_transit=1, in_transit_dc=500))
    rules = InvoiceRules(in_transit=setting)
    change = ACCOUNTS[0]._replace(open_invoices=15_000, in_transit=500)
    given = report(waits, policy=policy(language="en", invoices=rules))
    head, row = rows(attached(given, [change]))
    assert head[5:9] == ("Not handed to Exact yet", "In transit", "Total", "Credit limit")
    assert row[5:8] == (150, 5, total)
    without = report(settled(own=OwnSummary(recognised=1)))
    assert len(rows(attached(without, [change]))[0]) == 12


@pytest.mark.parametrize("due", ["", "1899-12-31", "0001-01-01", "2025-02-30", "soon"])
def test_a_day_that_no_spreadsheet_knows_is_left_out(due: str) -> None:
    change = AccountChange("1", "A", None, 0, 100, True, oldest_due=due)
    assert rows(attached(report(settled()), [change]))[1][7] is None


def test_the_header_is_frozen_and_every_column_has_a_filter() -> None:
    sheet = read(attached(report(settled()))).worksheets[0]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:L5"


def test_there_is_a_sheet_for_each_side_in_the_readers_language() -> None:
    creditors = settled(subledger=Subledger("nl01", "payable"))
    assert read(attached(report(settled(), creditors))).sheetnames == ["debiteuren", "crediteuren"]


@pytest.mark.parametrize(("currency", "written"), [("EUR", "#,##0.00"), ("JPY", "#,##0"), ("KWD", "#,##0.000")])
def test_amounts_have_the_digits_of_the_currency(currency: str, written: str) -> None:
    cell = read(attached(report(settled(), policy=policy(currency=currency)))).worksheets[0]["D2"]
    assert cell.number_format.split(";")[0] == written
    assert Decimal(str(cell.value)).scaleb(written.partition(".")[2].count("0")) == 121_000


def test_a_held_export_is_shown_as_what_a_yes_would_do() -> None:
    held = settled(Decision("held", "nothing-open", (), approvable=True))
    assert rows(attached(report(held, policy=policy(language="en"))))[0][2:4] == ("Now", "In the export")


@pytest.mark.parametrize(
    "side",
    [
        settled(Decision("unchanged", "same-again")),
        settled(Decision("refused", "stale")),
        settled(Decision("held", "pages-missing")),
        settled(Decision("applied"), comparison=None),
    ],
)
def test_where_no_balance_would_change_nothing_is_attached(side: Any) -> None:
    assert attach(report(side), all_of(*ACCOUNTS)) is None


@pytest.mark.parametrize(("accounts", "everything"), [(FEW, True), (FEW + 1, False)])
def test_of_many_accounts_only_those_that_changed_are_asked_for(accounts: int, everything: bool) -> None:
    asked = []

    def changes(_subledger: Subledger, whole: bool) -> Iterable[AccountChange]:
        asked.append(whole)
        return ACCOUNTS

    made = attach(report(settled(comparison=comparison(accounts=accounts - 7, vanished=7))), changes)
    assert made is not None
    assert (asked, made.is_whole) == ([everything], everything)


def test_what_does_not_fit_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "MOST_ROWS", 2)
    cells = rows(attached(report(settled(), policy=policy(language="en"))))
    assert [row[1] for row in cells] == ["Name", "Bakker & Zn.", "=1+1", "and 2 others"]


def test_a_side_without_rows_has_no_sheet() -> None:
    assert attach(report(settled()), all_of()) is None


@given(st.text(st.characters() | st.sampled_from("=+-@<>&\r\n\x00\t'\"{}"), max_size=60))
@settings(max_examples=40)
def test_nothing_that_a_sender_writes_becomes_a_formula_or_a_link(text: str) -> None:
    for hostile in (text, f"={text}", "{=1+1}", f"http://{text}", "mailto:a@b.example"):
        change = AccountChange(hostile, hostile, hostile, 0, 100, True)
        cells = next(iter(read(attached(report(settled(), policy=policy(name=hostile)), [change])).worksheets[0]["2"]))
        sheet = cells.parent
        texts = [cell for cell in sheet[2] if cell.column_letter in "ABL"]
        assert all(cell.data_type in ("s", "inlineStr", "n") for cell in texts)
        assert all(cell.value is None or isinstance(cell.value, str) for cell in texts)
        assert all(cell.hyperlink is None for cell in texts)


@pytest.mark.parametrize("language", languages())
def test_the_reply_carries_the_file_and_says_so(language: Any) -> None:
    given_report = report(settled(), policy=policy(language=language))
    made = attached(given_report)
    rendered = render(given_report, made)
    assert len(rendered.text) > len(render(given_report).text)
    mail = compose(
        rendered, "a@bakker.example", "S <s@example.com>", envelope(), "7KQ2-M4", RECEIVED, "s.example.com",
        lambda count: b"\x5a" * count,
    )  # fmt: skip
    message = message_from_bytes(mail.raw, policy=default)
    assert message.get_content_type() == "multipart/mixed"
    body, sheet = message.iter_parts()  # type: ignore[attr-defined]
    assert [part.get_content_type() for part in body.iter_parts()] == ["text/plain", "text/html"]
    assert (sheet.get_filename(), sheet.get_content()) == (made.name, made.content)
    assert message["X-Saldopost-State"] == "applied"
    assert message["X-Saldopost-Codes"] == "SP-101"
