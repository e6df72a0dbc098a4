"""A report as a mail that people read: subject, plain text and HTML."""

from dataclasses import dataclass
from functools import cache
from textwrap import fill
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from handlers.ageing import Bar
from handlers.codes.numbers import spell
from handlers.language import Voice
from handlers.report import Report
from handlers.tables import Table
from handlers.view import view

if TYPE_CHECKING:  # two megabytes of XlsxWriter that only the daemon needs
    from handlers.spreadsheet import Attachment

WIDTH = 76  # columns of the plain text


@dataclass(frozen=True, slots=True)
class Rendered:
    """A reply in words: one line of subject, and twice the same content."""

    subject: str
    text: str
    html: str
    state: str = ""  # of the mail
    codes: tuple[str, ...] = ()  # of all that is said, such as SP-204
    attachment: "Attachment | None" = None


def render(report: Report, attachment: "Attachment | None" = None) -> Rendered:
    """The reply to one mail, in the language and the time zone of its administration."""
    shown = view(report, Voice.of(report.policy), attachment)
    return Rendered(
        subject=shown.subject,
        text=_templates().get_template("reply.txt.j2").render(view=shown),
        html=_templates().get_template("reply.html.j2").render(view=shown),
        state=report.state,
        codes=tuple(dict.fromkeys((spell(report.state), *shown.codes))),
        attachment=attachment,
    )


def aligned(table: Table) -> str:
    """`table` in columns of plain text, figures to the right, names cut so that a line fits."""
    rows = (table.head, *table.rows)
    widths = [max(len(row[column]) for row in rows) for column in range(len(table.head))]
    widths[0] = max(12, min(widths[0], WIDTH - sum(widths[1:]) - 2 * len(widths[1:])))
    return "\n".join(_line(row, widths) for row in rows)


def aligned_bar(bar: Bar) -> str:
    """The slices of `bar` in columns of plain text."""
    first, *rest = ((part.label, part.amount, part.share) for part in bar.slices)
    return aligned(Table("", first, tuple(rest)))


def wrapped(text: str, indent: str = "") -> str:
    """`text` broken into lines of the plain text, all after the first behind `indent`."""
    return fill(text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    name = row[0] if len(row[0]) <= widths[0] else f"{row[0][: widths[0] - 1]}…"
    figures = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
    return "  ".join((name.ljust(widths[0]), *figures)).rstrip()


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("handlers"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,  # else the disk is asked about each template for each reply
    )
    environment.filters["aligned"] = aligned
    environment.filters["aligned_bar"] = aligned_bar
    environment.filters["wrapped"] = wrapped
    return environment
