"""The balance of every account as a spreadsheet, attached to the reply: numbers to reckon with, never formulas."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
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


@dataclass(frozen=True, slots=True)
class _Column:
    """What stands in one column: text, an amount in minor units, or a calendar date; None or "" for nothing."""

    head: str
    width: int
    of: Callable[[AccountChange], str | int | date | None]


def _columns(side: Settled, report: Report, voice: Voice) -> Iterator[_Column]:
    then, now = (N_("Before"), N_("Now")) if side.state == "applied" else (N_("Now"), N_("In the export"))
    received = report.received_at.astimezone(ZoneInfo(report.policy.time_zone)).date()
    yield _Column(N_("Code"), 14, lambda row: row.code)
    yield _Column(N_("Name"), 40, lambda row: row.name)
    yield _Column(then, 15, lambda row: row.before)
    yield _Column(now, 15, lambda row: row.after)
    yield _Column(N_("Difference"), 15, lambda row: row.after - row.before)
    if side.own is not None and (side.own.open or side.own.in_transit):
        adds_in_transit = report.policy.invoices.in_transit == "add"
        yield _Column(N_("Not handed to Exact yet"), 15, lambda row: row.open_invoices)
        yield _Column(N_("In transit"), 15, lambda row: row.in_transit)
        yield _Column(
            N_("Total"),
            15,
            lambda row: row.after + row.open_invoices + (row.in_transit if adds_in_transit else 0),
        )
    yield _Column(N_("Credit limit"), 15, lambda row: row.credit_limit)
    yield _Column(N_("Room left"), 15, lambda row: row.credit_room)
    yield _Column(N_("Oldest due date"), 15, lambda row: _day(row.oldest_due))
    yield _Column(N_("What happened"), 12, lambda row: voice.say(_happened(row)))
    yield _Column(N_("Received"), 12, lambda _row: received)
    yield _Column(N_("Currency"), 9, lambda _row: report.policy.currency)
    yield _Column(N_("Exact ID"), 38, lambda row: row.exact_id)


def _fill(book: Workbook, side: Settled, rows: Iterable[AccountChange], report: Report, voice: Voice) -> None:
    columns = tuple(_columns(side, report, voice))
    sheet = book.add_worksheet(voice.say(SHEETS[side.subledger.side]))
    _lay_out(sheet, book.add_format({"bold": True, "bottom": 1}), columns, voice)
    digits = get_currency_precision(report.policy.currency)
    plain = f"#,##0.{'0' * digits}" if digits else "#,##0"
    figure = book.add_format({"num_format": f"{plain};[Red]-{plain}"})
    day = book.add_format({"num_format": 14})  # as the reader's own settings write a date
    iterator, last = iter(rows), 0
    for last, row in enumerate(islice(iterator, MOST_ROWS), start=1):
        for number, column in enumerate(columns):
            match column.of(row):
                case int(minor):
                    sheet.write_number(last, number, minor / 10**digits, figure)  # such a file holds doubles
                case date() as found:
                    sheet.write_datetime(last, number, found, day)
                case str(text):
                    if shown := clean(text, 200):
                        sheet.write_string(last, number, shown)
    sheet.autofilter(0, 0, last, len(columns) - 1)
    sheet.ignore_errors({"number_stored_as_text": f"A1:B{last + 1}"})
    if left := sum(1 for _ in iterator):
        sheet.write_string(last + 1, 1, voice.others(left))


def _lay_out(sheet: Worksheet, bold: Format, columns: Iterable[_Column], voice: Voice) -> None:
    for number, column in enumerate(columns):
        sheet.set_column(number, number, column.width)
        sheet.write_string(0, number, voice.say(column.head), bold)
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
