"""The balance of every account as a spreadsheet, attached to the reply: numbers to reckon with, never formulas."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from io import BytesIO
from itertools import chain, islice
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from handlers.language import N_, Voice, clean
from handlers.report import Report, Settled
from parsers.records import Side
from store.records import AccountChange, Comparison, Subledger

FEW = 5_000  # accounts: of more than that only those that changed are listed
MOST_ROWS = 50_000  # on one sheet: more would make a mail that servers refuse
SHEETS: dict[Side, str] = {"receivable": N_("receivables"), "payable": N_("payables")}
WIDTHS = (14, 40, 15, 15, 15, 15, 15, 15, 12, 12, 9, 38)

# The accounts of a side by code: all that were compared, or, if the second is false, those that changed.
Rows = Callable[[Subledger, bool], Iterable[AccountChange]]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A spreadsheet that goes with the reply."""

    name: str
    content: bytes
    is_whole: bool  # lists all accounts; else only those that changed


def attach(report: Report, rows: Rows) -> Attachment | None:
    """The spreadsheet that belongs to `report`; None where no balance changed or would change.

    Takes seconds for a large side: to be called outside of any lock. What `rows` raises comes through.
    """
    sides = [side for side in report.settled if _is_listed(side)]
    filled = ((side, _peek(rows(side.subledger, _is_small(side.comparison)))) for side in sides)
    listed = [(side, of) for side, of in filled if of is not None]
    if not listed:
        return None
    name = f"saldopost-{_plain(report.policy.code)}-{_plain(report.ref)}.xlsx"
    return Attachment(name, build(report, listed), all(_is_small(side.comparison) for side, _ in listed))


def keep_rows(side: Settled, rows: Rows) -> tuple[AccountChange, ...]:
    """What `attach` will ask `rows` for about this side, for where `rows` cannot tell any more by then."""
    return tuple(rows(side.subledger, _is_small(side.comparison))) if _is_listed(side) else ()


def build(report: Report, sides: Iterable[tuple[Settled, Iterable[AccountChange]]]) -> bytes:
    """The file: a sheet per side, a row per account. Amounts are numbers with the digits of the currency."""
    voice, file, sides = Voice.of(report.policy), BytesIO(), list(sides)
    few = all(_is_small(side.comparison) for side, _ in sides)  # then no file is written on the way
    never = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with Workbook(file, {"in_memory": few, "constant_memory": not few, **never}) as book:
        book.set_properties(
            {
                "title": clean(report.policy.name, 60),
                "comments": report.ref,
                "created": report.received_at.replace(tzinfo=None),
            }
        )
        for side, rows in sides:
            _fill(book, side, rows, report, voice)
    return file.getvalue()


def _is_listed(side: Settled) -> bool:
    """Whether a balance changes, or would change by a yes."""
    return side.comparison is not None and (side.state == "applied" or side.decision.approvable)


def _is_small(comparison: Comparison | None) -> bool:
    return comparison is not None and comparison.accounts + comparison.vanished <= FEW


def _peek(rows: Iterable[AccountChange]) -> Iterator[AccountChange] | None:
    iterator = iter(rows)
    first = next(iterator, None)
    return None if first is None else chain([first], iterator)


def _fill(book: Workbook, side: Settled, rows: Iterable[AccountChange], report: Report, voice: Voice) -> None:
    sheet = book.add_worksheet(voice.say(SHEETS[side.subledger.side]))
    _lay_out(sheet, book.add_format({"bold": True, "bottom": 1}), side.state == "applied", voice)
    currency = report.policy.currency
    digits = get_currency_precision(currency)
    plain = f"#,##0.{'0' * digits}" if digits else "#,##0"
    figure = book.add_format({"num_format": f"{plain};[Red]-{plain}"})
    day = book.add_format({"num_format": 14})  # as the reader's own settings write a date
    received = report.received_at.astimezone(ZoneInfo(report.policy.time_zone)).replace(tzinfo=None)
    iterator, last = iter(rows), 0
    for last, row in enumerate(islice(iterator, MOST_ROWS), start=1):
        for column, text in ((0, row.code), (1, row.name), (11, row.exact_id)):
            if shown := clean(text or "", 200):
                sheet.write_string(last, column, shown)
        amounts = (row.before, row.after, row.after - row.before, row.credit_limit, row.credit_room)
        for column, minor in enumerate(amounts, start=2):
            if minor is not None:
                sheet.write_number(last, column, Decimal(minor).scaleb(-digits), figure)
        if due := _day(row.oldest_due):
            sheet.write_datetime(last, 7, due, day)
        sheet.write_string(last, 8, voice.say(_happened(row)))
        sheet.write_datetime(last, 9, received.date(), day)
        sheet.write_string(last, 10, currency)
    sheet.autofilter(0, 0, last, len(WIDTHS) - 1)
    sheet.ignore_errors({"number_stored_as_text": f"A1:B{last + 1}"})
    if left := sum(1 for _ in iterator):
        sheet.write_string(last + 1, 1, voice.others(left))


def _lay_out(sheet: Worksheet, bold: Format, applied: bool, voice: Voice) -> None:
    then, now = (N_("Before"), N_("Now")) if applied else (N_("Now"), N_("In the export"))
    figures = (then, now, N_("Difference"), N_("Credit limit"), N_("Room left"), N_("Oldest due date"))
    facts = (N_("What happened"), N_("Received"), N_("Currency"), N_("Exact ID"))
    words = (N_("Code"), N_("Name"), *figures, *facts)
    for column, (word, width) in enumerate(zip(words, WIDTHS, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, voice.say(word), bold)
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def _day(text: str) -> date | None:
    """A calendar date that a spreadsheet can hold: none before 1900."""
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        return None
    return day if day.year >= 1900 else None


def _happened(row: AccountChange) -> str:
    if row.is_new:
        return N_("new")
    if row.before == row.after:
        return N_("as before")
    return N_("changed") if row.after else N_("at zero")


def _plain(text: str) -> str:
    """A part of a file name that every system takes."""
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")[:40] or "x"
