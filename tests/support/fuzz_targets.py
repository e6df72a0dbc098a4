"""What must hold for any bytes at all, one function for each kind; each raises if it does not."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from random import Random
from typing import NamedTuple

from mutations import (
    LIST_SEEDS,
    LIST_WORDS,
    MAIL_SEEDS,
    MAIL_WORDS,
    SIGNER,
    TRANSACTION_SEEDS,
    UBL_SEEDS,
    UBL_WORDS,
    XML_SEEDS,
    XML_WORDS,
    ZIP_SEEDS,
    ZIP_WORDS,
    mutate,
)
from readings import Reading, read, read_xml

from parsers.amounts import CURRENCIES, LARGEST_SUM
from parsers.authentication import read_facts, read_results
from parsers.envelope import read_envelope
from parsers.frames import WrongFrame, decode_frame, decode_request, encode
from parsers.protocol import (
    Blocks,
    Done,
    EnvelopeRead,
    FileRead,
    FileRefused,
    Invoices,
    Items,
    Options,
    Transactions,
    Verify,
)
from parsers.records import Finding
from parsers.signatures import verify

OPTIONS = Options("EUR", largest_file=1_000_000, largest_plain_file=1_000_000)
MOMENT = datetime(2026, 3, 2, 8, 1, tzinfo=UTC)
LARGEST_AMOUNT = 10**18


class Target(NamedTuple):
    check: Callable[[bytes], None]
    seeds: Sequence[bytes]
    words: Sequence[bytes]

    def case(self, random: Random) -> bytes:
        return mutate(self.seeds, self.words, random)


def check_header(raw: bytes) -> None:
    """Nothing raises; what comes out is free of line breaks and within its limits."""
    envelope, facts = read_envelope(raw), read_facts(raw)
    texts = (envelope.subject, envelope.sender or "", envelope.message_id or "", *envelope.recipients, *envelope.loop)
    for text in texts:
        assert text.isprintable(), text
    for found in facts.trace:
        if found.kind == "results":
            read_results(found.text, "mx.example.com")
            read_results(found.text, None)
    if not facts.problem and envelope.sender is not None:
        assert facts.sender == envelope.sender


def check_signatures(raw: bytes) -> None:
    """A signature stays good only if what it covers stays the same."""
    for verdict in verify(raw, [SIGNER.key], MOMENT):
        if verdict.refusal == "":
            assert read_envelope(raw).sender in ("jan@bakker.example", None), raw


def check_mail(raw: bytes) -> None:
    _check(read(raw, OPTIONS))


def check_file(content: bytes) -> None:
    _check(read_xml(content, options=OPTIONS))


def check_frame(data: bytes) -> None:
    """What a child that was taken over sends is a frame or refused."""
    for decode in (decode_frame, decode_request):
        try:
            message = decode(data)
        except WrongFrame:
            continue
        assert decode(encode(message)) == message


def _check(reading: Reading) -> None:
    for item in reading.items:
        for amount in (item.open_dc, item.open_fc, item.invoice_dc, item.invoice_fc):
            assert isinstance(amount, int)
            assert abs(amount) < LARGEST_AMOUNT
    for block in reading.blocks:
        assert block.name.isprintable()
    for invoice in reading.invoices:
        assert invoice.number
        assert invoice.customer_code
        assert max(len(invoice.number), len(invoice.customer_code)) <= 60
        assert all(text.isprintable() for text in invoice if isinstance(text, str))
        assert invoice.currency in CURRENCIES
        assert invoice.kind == "invoice" or max(invoice.amount_fc, invoice.amount_dc) <= 0
        assert invoice.currency != OPTIONS.currency or invoice.amount_fc == invoice.amount_dc
        assert max(abs(invoice.amount_fc), abs(invoice.amount_dc)) <= LARGEST_SUM
        assert datetime.fromisoformat(invoice.invoice_date)
    for booked in reading.transactions:
        assert booked.number or booked.your_ref
        assert abs(booked.amount_dc or 0) <= LARGEST_SUM
    for file in reading.files:
        assert "/" not in file.name
        assert file.name.isprintable()
        pages = [(page.side, page.items) for page in file.pages]
        assert len(dict(pages)) == len(pages)
    assert sum(page.items for file in reading.files for page in file.pages) == len(reading.items)


FRAMES = (
    encode(Done([Finding("xml-doctype", "ARs_1.xml", line=3)])),
    encode(Items(read_xml(XML_SEEDS[0]).items)),
    encode(Blocks(read_xml(XML_SEEDS[0]).blocks)),
    encode(FileRead(read_xml(XML_SEEDS[0]).file)),
    encode(Invoices(read_xml(LIST_SEEDS[0]).invoices)),
    encode(Transactions(read_xml(TRANSACTION_SEEDS[0]).transactions)),
    encode(FileRefused(0, Finding("csv-cells", "a.csv", line=3), [Finding("csv-quotes", "a.csv", line=4)])),
    encode(EnvelopeRead(read_envelope(MAIL_SEEDS[4]), "0" * 64, read_facts(MAIL_SEEDS[4]))),
    encode(Verify([SIGNER.key], MOMENT)),
)
TARGETS: Mapping[str, Target] = {
    "header": Target(check_header, MAIL_SEEDS, MAIL_WORDS),
    "signatures": Target(check_signatures, MAIL_SEEDS[4:5], MAIL_WORDS),
    "mail": Target(check_mail, MAIL_SEEDS, MAIL_WORDS),
    "frame": Target(
        check_frame,
        FRAMES,
        (b"\xc1", b"\xdf\xff\xff\xff\xff", b"\xc7", b"\xff" * 9, b"\xc0", b"\xcb\x7f\xf8" + bytes(6)),
    ),
    "zip": Target(check_file, ZIP_SEEDS, ZIP_WORDS),
    "xml": Target(check_file, XML_SEEDS, XML_WORDS),
    "ubl": Target(check_file, UBL_SEEDS, UBL_WORDS),
    "list": Target(check_file, LIST_SEEDS, LIST_WORDS),
    "transactions": Target(check_file, TRANSACTION_SEEDS, XML_WORDS),
}
