from datetime import UTC, datetime
from multiprocessing import Pipe

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.frames import LARGEST_FRAME, WrongFrame, decode_frame, decode_request, encode, receive_frame, send
from parsers.protocol import (
    FRAME_ROWS,
    Blocks,
    Broken,
    Crashed,
    Done,
    EnvelopeRead,
    FileRead,
    FileRefused,
    Invoices,
    Items,
    Open,
    Options,
    ReadEnvelope,
    Transactions,
    Verified,
    Verify,
)
from parsers.records import (
    Block,
    Envelope,
    File,
    Finding,
    HeaderFacts,
    Invoice,
    Item,
    Key,
    Page,
    Signature,
    Trace,
    Transaction,
    Verdict,
)

MOMENT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ENVELOPE = Envelope(
    "<a@b>", "a@b.c", ("d@e.f",), (), "Betreff", MOMENT, (), ("<c@d>",), None, (), (Signature(0, "b", "s"),)
)
FINDING = Finding("amount-comma", "ar.xml", 7, "1,5", {"element": "DueDate", "count": 3})
DAYS = ("2026-01-01", "2026-01-31")
CREDIT_NOTE = Invoice(1, 2, None, "credit-note", "1", "K1", "Jürgen", None, *DAYS, "", "", "USD", -(2**60), -1)
INVOICE = Invoice(0, 3, "payable", "invoice", "F1", "L1", "", "ab", *DAYS, "r", "d", "EUR", 1, 1, "70", "1", "2", 3)
PAGE = Page("payable", 1, 2, None, 500, "0x1")
FRAMES = [
    EnvelopeRead(ENVELOPE, "ab" * 32, HeaderFacts("", "a@b.c", (Trace("received", "mx.example"),))),
    Verified([Verdict(0, "b", "s", "key-missing", ("key-short",))]),
    Blocks([Block(0, 0, "receivable", None, "1", "Jürgen")]),
    Items([Item(0, "1", "", "", "2026-01-01", "2026-01-31", "EUR", 1, -2, 2**62, -(2**62))]),
    FileRead(File(0, "ar.xml", "2.1", "cd" * 32, 9, "open-items", None, (PAGE,), (FINDING,))),
    FileRefused(1, FINDING),
    FileRefused(1, FINDING, [FINDING, Finding("csv-cells")]),
    Invoices([CREDIT_NOTE, INVOICE]),
    Transactions([Transaction(0, 4, "26700001", "70", "receivable", "1", None, "26700001", "", "2026-01-01", None)]),
    Done([FINDING]),
    Broken(FINDING),
    Crashed("Traceback"),
]


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: type(frame).__name__)
def test_a_frame_comes_out_as_it_went_in(frame: object) -> None:
    decoded = decode_frame(encode(frame))  # type: ignore[arg-type]
    assert (decoded, type(decoded)) == (frame, type(frame))


@pytest.mark.parametrize(
    "request_",
    [ReadEnvelope(), Verify([Key("b", "s", (b"v=DKIM1",))], MOMENT), Open(Options("EUR", ("payable",)))],
    ids=["envelope", "verify", "open"],
)
def test_a_request_comes_out_as_it_went_in(request_: ReadEnvelope | Verify | Open) -> None:
    assert decode_request(encode(request_)) == request_


@given(st.binary(max_size=200))
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    with pytest.raises(WrongFrame):
        decode_frame(b"\xc1" + data)


@pytest.mark.parametrize(
    "data",
    [encode(ReadEnvelope()), encode(FRAMES[3]).replace(b"EUR", b"\xc0\xc0\xc0"), encode(FRAMES[3])[:-1], b""],
    ids=["a request", "wrong types", "cut off", "nothing"],
)
def test_a_frame_of_wrong_types_is_refused(data: bytes) -> None:
    with pytest.raises(WrongFrame):
        decode_frame(data)


def test_a_frame_that_claims_to_be_huge_is_refused_unread() -> None:
    receiving, sending = Pipe(duplex=False)
    with receiving, sending:
        sending._send((LARGEST_FRAME + 1).to_bytes(4, "big"))  # type: ignore[attr-defined]
        with pytest.raises(WrongFrame):
            receive_frame(receiving)


def test_the_largest_frame_of_the_longest_rows_fits() -> None:
    row = Item(0, "9" * 60, "😀" * 200, "😀" * 200, "2026-01-01", "2026-01-31", "EUR", 2**60, 2**60, 2**60, 2**60)
    assert len(encode(Items([row] * FRAME_ROWS))) < LARGEST_FRAME // 4


def test_frames_pass_through_a_pipe() -> None:
    receiving, sending = Pipe(duplex=False)
    with receiving:
        with sending:
            send(sending, FRAMES[-1])
        assert receive_frame(receiving) == FRAMES[-1]
        with pytest.raises(EOFError):
            receive_frame(receiving)
