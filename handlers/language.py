"""One language and one administration's way to write figures and moments: catalogues and formats by Babel.

The source language is English; each other language is one file `locale/LANGUAGE.po`, read at run time.
"""

import gettext
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Context, Decimal
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import Self

from babel import Locale
from babel.dates import format_date, format_datetime, get_timezone
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_precision

from handlers.policy import Policy

SOURCE = "en"
LOCALES = {"en": "en_GB"}  # whose way to write dates and figures, where the language alone would be another's
EXACTLY = Context(prec=100)  # 64-bit amounts do not fit Decimal's usual 28 digits once they are scaled and grouped


def N_(message: str) -> str:
    """Marks a message for the catalogues where it stands in a table and is translated later."""
    return message


def languages() -> tuple[str, ...]:
    """All languages that a reply can be in."""
    catalogues = (entry.name for entry in files("handlers").joinpath("locale").iterdir())
    return (SOURCE, *sorted(name.removesuffix(".po") for name in catalogues if name.endswith(".po")))


@cache
def translations(language: str) -> gettext.NullTranslations:
    """The catalogue of `language`. Raises FileNotFoundError for one that has none."""
    if language == SOURCE:
        return gettext.NullTranslations()
    with files("handlers").joinpath("locale", f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


@dataclass(frozen=True, slots=True)
class Voice:
    """Speaks one language, with one currency for all amounts that name none."""

    words: gettext.NullTranslations
    locale: Locale
    currency: str
    time_zone: str

    @classmethod
    def of(cls, policy: Policy) -> Self:
        """The voice in which an administration is spoken to."""
        locale = Locale.parse(LOCALES.get(policy.language, policy.language))
        return cls(translations(policy.language), locale, policy.currency, policy.time_zone)

    def say(self, message: str, values: Mapping[str, object] | None = None) -> str:
        """`message` in this language, its `%(name)s` filled in from `values`."""
        return self.words.gettext(message) % (values or {})

    def count(self, one: str, many: str, number: int) -> str:
        """`one` or `many` as the language's rule for `number` says, with `%(number)s` in the language's figures."""
        return self.words.ngettext(one, many, number) % {"number": self.number(number)}

    def others(self, number: int) -> str:
        """How many more there are than a list shows; nothing if it shows all."""
        return self.count("and %(number)s other", "and %(number)s others", number) if number > 0 else ""

    def number(self, value: int) -> str:
        """A whole number, grouped."""
        return str(format_decimal(value, locale=self.locale))

    def change(self, value: int) -> str:
        """A difference between whole numbers: always with its sign, nothing for nothing."""
        return self._signed(value, self.number(abs(value)))

    def money(self, minor: int, currency: str | None = None) -> str:
        """An amount in minor units with its currency, for sentences: `€ 1.234,56`."""
        code = currency or self.currency
        with_symbol = format_currency(_major(minor, code), code, locale=self.locale, decimal_quantization=False)
        return str(with_symbol)

    def amount(self, minor: int, currency: str | None = None) -> str:
        """An amount in minor units without its currency, for tables: `1.234,56`."""
        code = currency or self.currency
        digits = get_currency_precision(code)
        pattern = f"#,##0.{'0' * digits}" if digits else "#,##0"
        return str(format_decimal(_major(minor, code), pattern, locale=self.locale, decimal_quantization=False))

    def difference(self, minor: int) -> str:
        """A difference between amounts, for tables: `+234,56`."""
        return self._signed(minor, self.amount(abs(minor)))

    def size(self, count: int) -> str:
        """A number of bytes in the largest unit that leaves it whole enough: `50 MB`."""
        for unit, of_bytes in (("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)):
            if count >= of_bytes:
                return f"{format_decimal(round(count / of_bytes, 1), locale=self.locale)} {unit}"
        return f"{self.number(count)} B"

    def moment(self, when: datetime) -> str:
        """A moment in the administration's time zone, to the minute."""
        zone = get_timezone(self.time_zone)
        clock = format_datetime(when, "HH:mm", tzinfo=zone, locale=self.locale)
        return f"{self.day(when.astimezone(zone).date())} {clock}"

    def day(self, day: date) -> str:
        """A calendar date in full."""
        return str(format_date(day, "long", locale=self.locale))

    def percent(self, hundredths: int) -> str:
        """A share as the language writes it: `40%`, `40 %`."""
        return str(format_percent(Decimal(hundredths).scaleb(-2), locale=self.locale))

    def listed(self, things: Sequence[str]) -> str:
        """Some things as one phrase: `a, b and c`."""
        return str(format_list(things, locale=self.locale))

    def _signed(self, value: int, figure: str) -> str:
        if not value:
            return "–"
        return f"+{figure}" if value > 0 else f"-{figure}"


def clean(text: str, limit: int = 120) -> str:
    """The sender's own text, fit to be shown: no control, direction or line characters, at most `limit` long."""
    start = text[: limit * 4]
    if not start.isprintable():
        start = "".join(" " if _is_hidden(character) else character for character in start)
    shown = " ".join(start.split())
    return shown if len(shown) <= limit else f"{shown[: limit - 1].rstrip()}…"


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def _major(minor: int, currency: str) -> Decimal:
    return Decimal(minor).scaleb(-get_currency_precision(currency), EXACTLY)
