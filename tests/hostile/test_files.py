"""Hostile attachments of a trusted sender, each through the real child: what comes of it, in what time and memory."""

import resource
import time

import pytest
from hostile_files import FileCase, archive_cases, xml_cases
from hostile_invoices import invoice_cases
from mails import mail

from daemon.reading import read_mail
from parsers.handover import Limits
from parsers.protocol import Broken, Done, FileRead, FileRefused, Frame, Invoices, Items, Options, Transactions

CASES = [*xml_cases(), *archive_cases(), *invoice_cases()]
LIMITS = Limits(memory=512 * 1024 * 1024, cpu_seconds=10)  # half of the default, and a sixth
SECONDS = 10.0


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_hostile_file_comes_to_its_word(case: FileCase) -> None:
    began = time.monotonic()
    with read_mail(mail((case.file, case.content)), LIMITS) as reading:
        assert reading.envelope().envelope.sender
        frames = list(reading.open(Options("EUR")))
    assert time.monotonic() - began < SECONDS
    refusals = [frame for frame in frames if isinstance(frame, FileRefused)]
    refused = [finding.code for frame in refusals for finding in (frame.finding, *frame.further)]
    mentioned = [finding.code for frame in frames if isinstance(frame, Done) for finding in frame.findings]
    assert not any(isinstance(frame, Broken) for frame in frames), frames
    if case.code == "read":
        assert refused == []
        (name,) = [frame.file.name for frame in frames if isinstance(frame, FileRead)]
        assert name in (case.file, "ARs_1.xml")
        assert _total(frames) in (0, 100, 9980, 12100)
        return
    assert case.code in (*refused, *mentioned)
    assert not any(isinstance(frame, FileRead) for frame in frames)


def _total(frames: list[Frame]) -> int:
    """Of all that the frames hold: open items, own invoices, transactions."""
    items = sum(item.open_dc for frame in frames if isinstance(frame, Items) for item in frame.rows)
    invoices = sum(invoice.amount_dc for frame in frames if isinstance(frame, Invoices) for invoice in frame.rows)
    booked = sum(one.amount_dc or 0 for frame in frames if isinstance(frame, Transactions) for one in frame.rows)
    return items + invoices + booked


def test_the_daemon_itself_stays_small() -> None:
    """The peak of this process, which built the files too and read them all through its children."""
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 1_500_000  # KB
