"""Who stands on an invoice: which of the two parties we are, and what the other one is called."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from lxml import etree

from parsers.records import Side
from parsers.ubl_document import CAC, CBC, LONGEST_KEY, Document, read_text

SUPPLIER, CUSTOMER = "AccountingSupplierParty", "AccountingCustomerParty"
_IDENTIFIERS = (
    f"{CAC}PartyIdentification/{CBC}ID",
    f"{CBC}EndpointID",
    f"{CAC}PartyLegalEntity/{CBC}CompanyID",
    f"{CAC}PartyTaxScheme/{CBC}CompanyID",
)
_NAMES = (f"{CAC}PartyName/{CBC}Name", f"{CAC}PartyLegalEntity/{CBC}RegistrationName")
# The code that the one party has in the other's books.
_ASSIGNED = {SUPPLIER: f"{CBC}CustomerAssignedAccountID", CUSTOMER: f"{CBC}SupplierAssignedAccountID"}


class Party(NamedTuple):
    """One of the two. Its identifiers are as in `normal`, each also behind its scheme: `0106:12345678`."""

    code: str  # what we call it; else the first of its identifiers; "" if it has none
    name: str
    identifiers: frozenset[str]


def read_party(document: Document, role: str) -> Party:
    """The party in `AccountingSupplierParty` or `AccountingCustomerParty`."""
    element = document.one(role, required=True)
    party = None if element is None else element.find(f"{CAC}Party")
    if element is None or party is None:
        return Party("", "", frozenset())
    # The only scheme of an identifier that is no name for a party: its mandate for direct debits (BT-90).
    given = [one for path in _IDENTIFIERS for one in party.findall(path) if one.get("schemeID") != "SEPA"]
    codes = (read_text(one, 10 * LONGEST_KEY) for one in (*element.findall(_ASSIGNED[role]), *given))
    names = (read_text(one) for path in _NAMES for one in party.findall(path))
    return Party(next(filter(None, codes), ""), next(filter(None, names), ""), frozenset(_spellings(given)))


def choose_side(document: Document, supplier: Party, customer: Party, own: Iterable[str]) -> Side | None:
    """Whether it is an invoice that we sent or one that we got, by the identifiers that are ours.

    None if none are known: it is taken for one that we sent, and others say so. Neither party, or both, is a mistake.
    """
    ours = {normal(identifier) for identifier in own}
    if not ours:
        return None
    is_ours = not ours.isdisjoint(supplier.identifiers), not ours.isdisjoint(customer.identifiers)
    if is_ours == (True, False):
        return "receivable"
    if is_ours == (False, True):
        return "payable"
    code = "invoice-both-ours" if all(is_ours) else "invoice-not-ours"
    names = {"supplier": supplier.name or supplier.code, "customer": customer.name or customer.code}
    document.refuse(code, next(iter(document.all(SUPPLIER)), None), **names)
    return None


def normal(identifier: str) -> str:
    """An identifier without the marks that people put into it: `NL 1234.56.789.B01` is `NL123456789B01`."""
    return re.sub(r"[\s.-]", "", identifier).upper()


def _spellings(identifiers: Iterable[etree._Element]) -> Iterable[str]:
    for element in identifiers:
        text = normal(read_text(element))
        if text:
            yield text
            yield f"{normal(element.get('schemeID') or '')}:{text}"
