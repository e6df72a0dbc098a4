"""Builds the records that a reply is made of, with everything a test does not care about filled in."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from handlers.decide import Decision
from handlers.policy import Policy
from handlers.report import Report, Settled
from parsers.records import Envelope, File, Finding, Page, Side
from store.records import AccountChange, Comparison, CurrencyTotal, LastImport, Subledger

RECEIVED = datetime(2025, 11, 21, 21, 57, tzinfo=UTC)

ENVELOPE = Envelope(
    message_id="<1@bakker.example>",
    sender="boekhouding@bakker.example",
    recipients=("saldo@example.com",),
    delivered_to=("saldo@example.com",),
    subject="Openstaande posten",
    date=RECEIVED,
    in_reply_to=(),
    references=(),
    automatic=None,
    loop=(),
)


def policy(**changes: Any) -> Policy:
    return replace(Policy(code="nl01", name="Bakker Expeditie B.V.", currency="EUR"), **changes)


def envelope(**changes: Any) -> Envelope:
    return replace(ENVELOPE, **changes)


def page(side: Side = "receivable", count: int | None = 3, pagesize: int | None = 500, **changes: Any) -> Page:
    blocks = changes.pop("blocks", count or 0)
    ts_d = changes.pop("ts_d", None)
    return Page(side=side, blocks=blocks, items=blocks * 2, count=count, pagesize=pagesize, ts_d=ts_d, **changes)


def file(name: str = "ARs_1.xml", *pages: Page, **changes: Any) -> File:
    given: dict[str, Any] = {
        "index": 0,
        "name": name,
        "part": "2",
        "sha256": f"sha256 of {name}",
        "size": 1000,
        "format": "open-items",
        "number": None,
        "pages": pages or (page(),),
    }
    return File(**given | changes)


def last_import(**changes: Any) -> LastImport:
    given: dict[str, Any] = {
        "id": 7,
        "ordered_at": datetime(2025, 11, 20, 8, 0, tzinfo=UTC),
        "arrived_at": datetime(2025, 11, 20, 8, 1, tzinfo=UTC),
        "uid": 40,
        "files": ("sha256 of yesterday's ARs_1.xml",),
        "planned_under": "EUR balances negate=none",
        "ref": "3HXW-9T",
    }
    return LastImport(**given | changes)


def comparison(**changes: Any) -> Comparison:
    """A day's change in a small ledger."""
    given: dict[str, Any] = {
        "subledger": Subledger("nl01", "receivable"),
        "last": last_import(),
        "items": 42,
        "items_before": 40,
        "opened": 5,
        "closed": 3,
        "accounts": 13,
        "accounts_before": 12,
        "total_before": 1_234_567,
        "total_after": 1_300_000,
        "gross_before": 1_300_000,
        "gross_after": 1_310_000,
        "changed": 4,
        "created": 1,
        "zeroed": 1,
        "largest": (
            AccountChange("10042", "Bakker & Zn. Expeditie B.V.", None, 0, 121_000, True),
            AccountChange("10007", "Hafen Spedition GmbH", None, 80_000, 41_050, False),
            AccountChange(
                "10011", "Cool Port Rotterdam Koel- en Vriesveem Beheermaatschappij B.V.", None, 22_936, 0, False
            ),
            AccountChange("10013", "Transports Lefèvre & Fils", None, -25_000, -18_681, False),
        ),
        "largest_created": (AccountChange("10042", "Bakker & Zn. Expeditie B.V.", None, 0, 121_000, True),),
        "largest_zeroed": (
            AccountChange(
                "10011", "Cool Port Rotterdam Koel- en Vriesveem Beheermaatschappij B.V.", None, 22_936, 0, False
            ),
        ),
        "currencies": (CurrencyTotal("EUR", 42, 1_300_000, 1_300_000),),
        "nameless": 0,
    }
    return Comparison(**given | changes)


def settled(decision: Decision | None = None, **changes: Any) -> Settled:
    given: dict[str, Any] = {
        "subledger": Subledger("nl01", "receivable"),
        "files": (file(),),
        "decision": decision or Decision("applied"),
        "comparison": comparison(),
    }
    return Settled(**given | changes)


def report(*sides: Settled, refused: tuple[Finding, ...] = (), **changes: Any) -> Report:
    given: dict[str, Any] = {
        "ref": "7KQ2-M4",
        "policy": policy(),
        "received_at": RECEIVED,
        "subject": "Openstaande posten",
        "settled": sides,
        "refused": refused,
    }
    return Report(**given | changes)
