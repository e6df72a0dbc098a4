"""Exports of invented books, of any size, today's and tomorrow's. The same seed gives the same bytes."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

LATER = 10_000_000  # invoice numbers of the second day begin here


@dataclass(frozen=True)
class Books:
    """`accounts` debtors with `items` open invoices each: 200,000 by 5 make a file of 470 MB."""

    accounts: int
    items: int = 5
    seed: int = 1


def write_export(out: TextIO, books: Books, *, gone: float = 0, new: float = 0, ts: int = 0x1A2B3C4D) -> int:
    """The A/R export of the books; `gone` and `new` are the shares of items paid and come since. Returns the items."""
    number, written, items = 70_000, 0, 0
    dice, day = random.Random(books.seed), random.Random(books.seed + ts)
    out.write(
        '<?xml version="1.0" encoding="utf-8"?>\n<eExact xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:noNamespaceSchemaLocation="eExact-XML.xsd">\n <ARs>\n'
    )
    for account in range(1, books.accounts + 1):
        guid = _guid(dice)
        rows = []
        for _ in range(books.items):
            number += 1
            row = _item(number, dice)
            if day.random() >= gone:
                rows.append(row)
            if day.random() < new:
                rows.append(_item(LATER + number, day))
        if rows:
            written, items = written + 1, items + len(rows)
            out.write(
                f'  <AR>\n   <Account code="{account:>18}" searchcode="K{account}" status="C" ID="{guid}">\n'
                f"    <Name>Klant &amp; Zoon {account} B.V.</Name>\n   </Account>\n   <OutstandingItems>\n"
                f"{''.join(rows)}   </OutstandingItems>\n  </AR>\n"
            )
    out.write(
        f' </ARs>\n <Topics><Topic code="ARs" ts_d="0x{ts:016X}" count="{written}" pagesize="{written + 1}"/>'
        "</Topics>\n <Messages/>\n</eExact>\n"
    )
    return items


def days(books: Books, count: int) -> Iterator[dict[str, float]]:
    """What to give `write_export` for day after day: each differs from the first by 5 % gone and 5 % new."""
    for day in range(count):
        yield {"gone": 0.05, "new": 0.05, "ts": books.seed + day} if day else {"ts": books.seed}


def _guid(dice: random.Random) -> str:
    digits = f"{dice.getrandbits(128):032x}"
    return "{" + "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])) + "}"


def _item(number: int, dice: random.Random) -> str:
    cents = dice.randint(-50_000, 500_000)
    invoiced, due = dice.randint(1, 9), dice.randint(10, 12)
    amount = f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"
    return (
        f'    <OutstandingItem number="{number}">\n'
        f"     <Description>Zeevracht Rotterdam – Sjanghaï {number}</Description>\n"
        f"     <InvoiceDate>2026-{invoiced:02d}-{dice.randint(10, 28)}</InvoiceDate>\n"
        f"     <DueDate>2026-{due}-{dice.randint(10, 28)}</DueDate>\n"
        '     <Currency code="EUR"/>\n'
        f"     <InvoiceAmtFC>{amount}</InvoiceAmtFC>\n     <OutstandingAmtFC>{amount}</OutstandingAmtFC>\n"
        f"     <InvoiceAmtDC>{amount}</InvoiceAmtDC>\n     <OutstandingAmtDC>{amount}</OutstandingAmtDC>\n"
        "    </OutstandingItem>\n"
    )
