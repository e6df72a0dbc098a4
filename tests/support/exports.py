"""Small builders of Exact Online's export XML, for every test that needs one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

GUID = "{{00000000-0000-0000-0000-{:012d}}}"


@dataclass(frozen=True)
class OpenItem:
    """One `OutstandingItem`; amounts and dates are written as they stand."""

    number: str | None = "20260001"
    dc: str = "100.00"
    fc: str | None = None  # as `dc` if None
    invoice_dc: str | None = None  # as `dc` if None
    invoice_fc: str | None = None  # as `fc` if that is given, else as `invoice_dc`
    currency: str = "EUR"
    invoice_date: str = "2026-01-15"
    due_date: str = "2026-02-14"
    description: str = ""
    your_ref: str = ""


@dataclass(frozen=True)
class Account:
    """One `AR` or `AP` block."""

    code: str | None = "10042"
    items: Sequence[OpenItem] = (OpenItem(),)
    name: str = "Bakker & Zn. Expeditie B.V."
    exact_id: str | None = None
    extra: str = field(default="", kw_only=True)  # raw XML inside Account


def item_xml(item: OpenItem) -> str:
    fc = item.dc if item.fc is None else item.fc
    invoice_dc = item.dc if item.invoice_dc is None else item.invoice_dc
    invoice_fc = (invoice_dc if item.fc is None else fc) if item.invoice_fc is None else item.invoice_fc
    number = "" if item.number is None else f' number="{item.number}"'
    your_ref = f"<YourRef>{_escape(item.your_ref)}</YourRef>" if item.your_ref else ""
    description = f"<Description>{_escape(item.description)}</Description>" if item.description else ""
    return (
        f"<OutstandingItem{number}>{your_ref}{description}<InvoiceDate>{item.invoice_date}</InvoiceDate>"
        f'<DueDate>{item.due_date}</DueDate><Currency code="{item.currency}"/><InvoiceAmtFC>{invoice_fc}</InvoiceAmtFC>'
        f"<OutstandingAmtFC>{fc}</OutstandingAmtFC><InvoiceAmtDC>{invoice_dc}</InvoiceAmtDC>"
        f"<OutstandingAmtDC>{item.dc}</OutstandingAmtDC></OutstandingItem>\n"
    )


def block_xml(tag: str, account: Account) -> str:
    """An `AR` or `AP` element; the code is padded as Exact pads it."""
    code = "" if account.code is None else f' code="{account.code:>18}"'
    exact_id = "" if account.exact_id is None else f' ID="{account.exact_id}"'
    items = "".join(item_xml(one) for one in account.items)
    return (
        f"<{tag}><Account{code}{exact_id}><Name>{_escape(account.name)}</Name>{account.extra}</Account>\n"
        f"<OutstandingItems>\n{items}</OutstandingItems></{tag}>\n"
    )


def side_xml(tag: str, accounts: Sequence[Account]) -> str:
    return f"<{tag}s>\n{''.join(block_xml(tag, one) for one in accounts)}</{tag}s>\n" if accounts else ""


def topic_xml(tag: str, count: int, pagesize: int = 500, ts_d: str = "0x000000018A976F80") -> str:
    return f'<Topic code="{tag}s" ts_d="{ts_d}" count="{count}" pagesize="{pagesize}"/>'


def export(
    receivable: Sequence[Account] | None = None,
    payable: Sequence[Account] | None = None,
    *,
    topics: bool = True,
    pagesize: int = 500,
    ts_d: str = "0x000000018A976F80",
    messages: str = "",
) -> bytes:
    """A whole document. An empty side that is given has a topic with count 0; one that is None is not mentioned."""
    sides = [(tag, accounts) for tag, accounts in (("AR", receivable), ("AP", payable)) if accounts is not None]
    inside = "".join(topic_xml(tag, len(accounts), pagesize, ts_d) for tag, accounts in sides)
    return document(
        "".join(side_xml(tag, accounts) for tag, accounts in sides)
        + (f"<Topics>{inside}</Topics>\n" if topics and inside else "")
        + f"<Messages>{messages}</Messages>\n"
    )


def document(inside: str, encoding: str = "utf-8") -> bytes:
    """An `eExact` around raw XML."""
    return (
        f'<?xml version="1.0" encoding="{encoding}"?>\n'
        '<eExact xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:noNamespaceSchemaLocation="eExact-XML.xsd">\n'
        f"{inside}</eExact>\n"
    ).encode(encoding)


def one_item(inside: str, tag: str = "AR") -> bytes:
    """A document with one account and one `OutstandingItem` of raw XML."""
    return document(
        f'<{tag}s><{tag}><Account code="1"><Name>A</Name></Account><OutstandingItems>\n'
        f"{inside}</OutstandingItems></{tag}></{tag}s>"
    )


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
