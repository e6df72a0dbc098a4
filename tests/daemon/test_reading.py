"""The conversation with the child about signatures: the same words as in this process, and its death told apart."""

import os
import signal
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from exports import Account, export
from mails import mail
from signing import Signer, compose

from daemon.reading import ReadingCrashed, _children, read_mail
from parsers.authentication import read_facts
from parsers.handover import Limits
from parsers.protocol import Done, Options
from parsers.records import Refused
from parsers.signatures import verify

SIGNER = Signer()
MOMENT = datetime(2026, 3, 2, 8, 1, tzinfo=UTC)


@pytest.mark.parametrize("bits", [256, 2048])
def test_the_child_verifies_signatures_as_this_process_does(bits: int) -> None:
    signer = Signer(bits=bits)
    raw = signer.sign(compose())
    with read_mail(raw, Limits()) as reading:
        assert reading.envelope().facts == read_facts(raw)
        verdicts = reading.verify([signer.key], MOMENT)
    assert tuple(verdicts) == verify(raw, [signer.key], MOMENT)
    assert [verdict.refusal for verdict in verdicts] == [""]


def test_a_signature_is_judged_as_of_the_moment_that_is_given() -> None:
    raw = SIGNER.sign(compose(), t="1772438400", x="1772442000")
    with read_mail(raw, Limits()) as reading:
        assert reading.verify([SIGNER.key], MOMENT + timedelta(days=3))[0].refusal == "signature-expired"
        assert reading.verify([SIGNER.key], MOMENT)[0].refusal == ""


def test_a_child_that_falls_silent_is_killed_by_the_clock() -> None:
    """It uses no CPU time, so that no limit of its own can end it."""
    with read_mail(mail(), Limits(cpu_seconds=1)) as reading:
        os.kill(reading._child.pid, signal.SIGSTOP)
        with pytest.raises(Refused) as caught:
            reading.envelope()
    assert caught.value.finding.code == "too-much-time"


def test_a_mail_that_is_too_large_to_verify_is_the_senders_matter() -> None:
    raw = SIGNER.sign(mail(("ARs_1.xml", b"<eExact/>" * 5_000_000)))
    with read_mail(raw, Limits(memory=300 * 1024 * 1024)) as reading, pytest.raises(Refused) as caught:
        reading.verify([SIGNER.key], MOMENT)
    assert caught.value.finding.code in ("too-much-memory", "reader-died")


def test_a_child_that_dies_is_the_mails_matter() -> None:
    with read_mail(mail(), Limits()) as reading:
        reading._child.kill()
        with pytest.raises(Refused) as caught:
            reading.envelope()
    assert caught.value.finding.code == "reader-died"


def test_the_end_of_what_forks_children_is_not_the_mails_matter() -> None:
    with read_mail(mail(), Limits()) as reading:
        reading.envelope()
        for pid in (_children.pid, reading._child.pid):
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(ReadingCrashed, match="exit code is None"):
            list(reading.open(Options("EUR")))
    with read_mail(mail(), Limits()) as reading:
        assert reading.envelope()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_what_the_service_is_told_leaves_the_mail_at_hand_alone(number: signal.Signals) -> None:
    """A stop goes to each of its processes: systemd's to the control group, a terminal's Ctrl-C to the foreground."""
    with read_mail(mail(("ARs_1.xml", export([Account("1")]))), Limits()) as reading:
        reading.envelope()
        for pid in (_children.pid, reading._child.pid):
            os.kill(pid, number)
        assert isinstance(list(reading.open(Options("EUR")))[-1], Done)


def test_an_end_that_no_mail_leads_to_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_children, "fork", partial(_children.fork, target="parsers.child:nowhere"))
    with read_mail(mail(), Limits()) as reading, pytest.raises(ReadingCrashed, match="exit code is 1"):
        reading.envelope()
