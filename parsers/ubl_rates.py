"""The exchange rate that a UBL document gives between its own currency and that of the administration."""

import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from lxml import etree

from parsers.amounts import LARGEST_SUM, currency_digits
from parsers.ubl_document import CBC, Document, read_text

RATES = ("TaxExchangeRate", "PricingExchangeRate", "PaymentExchangeRate", "PaymentAlternativeExchangeRate")
_RATE = re.compile(r"[0-9]{1,12}(\.[0-9]{1,20})?", re.ASCII)
_BASES = ("SourceCurrencyBaseRate", "TargetCurrencyBaseRate")


def convert(document: Document, amount: int, currency: str, own: str) -> int | None:
    """`amount` in minor units of `own`, rounded half up; None, and a mistake noted, where no rate says how.

    Several rates must agree: there is no telling which of them the books were kept by.
    """
    if currency == own:
        return amount
    found = [(element, rate) for name in RATES for element, rate in _rates(document, name, currency, own)]
    if not found:
        document.refuse("invoice-rate-missing", None, currency, currency=currency, own=own)
        return None
    place, rate = found[0]
    if rate is None or len({other for _, other in found}) > 1:
        document.refuse(
            "invoice-rate-unclear", place, read_text(place.find(f"{CBC}CalculationRate")), currency=currency
        )
        return None
    exact = abs(amount) * rate * Fraction(10) ** (currency_digits(own) - currency_digits(currency))
    converted = (exact + Fraction(1, 2)).__floor__()
    if converted > LARGEST_SUM:
        document.refuse("invoice-rate-unclear", place, currency=currency)
        return None
    return -converted if amount < 0 else converted


def _rates(document: Document, name: str, currency: str, own: str) -> Iterator[tuple[etree._Element, Fraction | None]]:
    """What one unit of `currency` is worth in `own`, by each rate between the two; None for one that is unclear.

    `CalculationRate` is what the source currency is multiplied with, or divided by, to get the target currency.
    """
    for element in document.all(name):
        source, target = (read_text(element.find(f"{CBC}{end}CurrencyCode")).upper() for end in ("Source", "Target"))
        if {source, target} != {currency, own}:
            continue
        rate = _factor(element)
        yield element, rate if rate is None or source == currency else 1 / rate


def _factor(element: etree._Element) -> Fraction | None:
    text = read_text(element.find(f"{CBC}CalculationRate"))
    operator = read_text(element.find(f"{CBC}MathematicOperatorCode")).lower()
    bases = [read_text(element.find(f"{CBC}{base}")) for base in _BASES]
    if not _RATE.fullmatch(text) or operator not in ("", "multiply", "divide"):
        return None
    if any(base and not (_RATE.fullmatch(base) and Decimal(base) == 1) for base in bases):
        return None
    rate = Fraction(text)
    if not rate:
        return None
    return 1 / rate if operator == "divide" else rate
