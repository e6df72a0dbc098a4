"""What the parser accepts of UBL, an independent reading agrees with to the cent: a whole DOM, and Decimal."""

import re
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from xml.dom import minidom
from xml.parsers.expat import ExpatError

import pytest
from mutations import UBL_SEEDS
from readings import read_xml

NAMESPACE = "urn:oasis:names:specification:ubl:schema:xsd:"
BASIC, AGGREGATE = f"{NAMESPACE}CommonBasicComponents-2", f"{NAMESPACE}CommonAggregateComponents-2"

TEXT = re.compile(rb">[^<]+<")
WORDS = (
    *(b"1", b"0", b"-", b".", b"9", b" ", b"\n", b"<!--x-->", b"<?p i?>", b"&#49;", b"<![CDATA[1]]>", b"<!---->5"),
    *(b"e1", b"E-1", b"<x>1</x>", b"+", b"USD", b"EUR", b"381", b"F7"),
)


def garble(content: bytes, random: Random) -> bytes:
    """A document that is as well-formed as before, with other text in one to three places, mostly of the total."""
    for _ in range(random.randint(1, 3)):
        total = content.find(b"<cac:LegalMonetaryTotal>") if random.random() < 0.7 else 0
        places = [place for place in TEXT.finditer(content) if place.start() >= total]
        place = random.choice(places)
        at = random.randrange(place.start() + 1, place.end())
        until = min(place.end() - 1, at + random.choice((0, 0, 1, 3)))
        content = content[:at] + random.choice(WORDS) + content[until:]
    return content


def children(parent: minidom.Element, space: str, name: str) -> list[minidom.Element]:
    return [
        node
        for node in parent.childNodes
        if isinstance(node, minidom.Element) and (node.namespaceURI, node.localName) == (space, name)
    ]


def text(element: minidom.Element) -> str:
    # Comments and processing instructions stand in no amount.
    return "".join(node.data for node in element.childNodes if isinstance(node, minidom.Text)).strip()


def by_dom(content: bytes) -> tuple[str, str, Decimal]:
    """Number, currency, and what is to be paid, of a credit note as a negative amount."""
    root = minidom.parseString(content).documentElement
    assert root is not None
    (number,) = children(root, BASIC, "ID")
    (total,) = children(root, AGGREGATE, "LegalMonetaryTotal")
    (payable,) = children(total, BASIC, "PayableAmount")
    currencies = children(root, BASIC, "DocumentCurrencyCode")
    currency = text(currencies[0]) if currencies else payable.getAttribute("currencyID")
    codes = [text(one) for one in children(root, BASIC, "InvoiceTypeCode")[:1]]
    amount = Decimal(text(payable))
    is_credit = root.localName == "CreditNote" or codes == ["381"]
    return " ".join(text(number).split()), currency.strip().upper(), -abs(amount) if is_credit else amount


@pytest.mark.parametrize("batch", range(2))
def test_they_agree_on_garbled_documents_that_are_accepted(batch: int) -> None:
    agreed = 0
    for seed in range(batch * 2000, (batch + 1) * 2000):
        random = Random(seed)
        content = garble(random.choice(UBL_SEEDS), random)
        reading = read_xml(content)
        if not reading.invoices:
            continue
        (found,) = reading.invoices
        try:
            number, currency, amount = by_dom(content)
        except ExpatError:  # it reads names by the fourth edition of XML 1.0, libxml2 by the fifth
            continue
        assert found.currency == currency, seed
        assert found.amount_fc == int((amount * 100).quantize(Decimal(1), ROUND_HALF_UP)), seed
        assert found.number == number or not number.isprintable(), seed
        agreed += 1
    assert agreed > 50
