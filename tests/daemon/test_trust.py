"""Who is believed to be who they say they are: real signatures, a real name server, every method and its ways out."""

import os
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dns_server import DnsServer
from hypothesis import given
from hypothesis import strategies as st
from signing import Signer, compose

from daemon.resolver import Resolver
from daemon.trust import (
    Arrival,
    Border,
    Judgement,
    Keys,
    Later,
    Stranger,
    Trust,
    Trusted,
    complain,
    judge,
    make_token,
)
from handlers.policy import Route
from parsers.authentication import read_facts
from parsers.envelope import read_envelope
from parsers.records import Key, Signature, Verdict
from parsers.signatures import verify

SENT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ARRIVED = SENT + timedelta(minutes=1)
TOKEN = make_token(lambda count: b"\x07" * count)
BORDER = Border("mx.example.com", "mx.example.com", removes_forged=True)
SIGNER = Signer()
NAME = "s1._domainkey.bakker.example"
JAN = "jan@bakker.example"


class Court:
    """Judges raw mails with the name server of the test; counts what was asked of the child."""

    def __init__(self, dns_server: DnsServer) -> None:
        self.dns = dns_server
        self.resolver = Resolver(["127.0.0.1"], port=dns_server.port, seconds=0.5)
        self.verified = 0

    def judge(
        self,
        raw: bytes,
        *methods: str,
        trust: Trust = Trust(),  # noqa: B008 - frozen
        arrived_at: datetime = ARRIVED,
        first_tried_at: datetime = ARRIVED,
        now: datetime = ARRIVED,
    ) -> Judgement:
        def verify_raw(keys: Sequence[Key], moment: datetime) -> Sequence[Verdict]:
            self.verified += 1
            return verify(raw, keys, moment)

        mail = Arrival(read_envelope(raw), read_facts(raw), arrived_at, first_tried_at)
        route = Route("main", ("*@bakker.example",), (), "nl01", methods or ("dkim",))
        return judge(mail, route, trust, self.resolver.lookup_keys, verify_raw, now)


@pytest.fixture
def court(dns_server: DnsServer) -> Court:
    dns_server.names[NAME] = [SIGNER.record]
    return Court(dns_server)


# DKIM


def test_a_signed_mail_is_trusted(court: Court) -> None:
    assert court.judge(SIGNER.sign(compose())) == Trusted(JAN)


def test_a_short_key_is_trusted_with_a_warning(court: Court) -> None:
    signer = Signer(bits=1024)
    court.dns.names[NAME] = [signer.record]
    assert court.judge(signer.sign(compose())) == Trusted(JAN, ("key-short",))


def test_an_unsigned_mail_is_a_strangers_and_nobody_is_asked(court: Court) -> None:
    assert court.judge(compose()) == Stranger("dkim-missing")
    assert (court.dns.asked, court.verified) == ([], 0)


def test_a_forged_from_above_anothers_good_signature_is_a_strangers(court: Court) -> None:
    elders = Signer("elders.example")
    court.dns.names["s1._domainkey.elders.example"] = [elders.record]
    assert court.judge(elders.sign(compose())) == Stranger("dkim-not-aligned")
    assert court.dns.asked == []


@pytest.mark.parametrize(
    "sender",
    [
        f"{JAN}, evil@elders.example",
        f"evil@elders.example,<{JAN}>",
        f"{JAN}\r\nFrom: evil@elders.example",
        f"{JAN}\r\nX: 1\rFrom: evil@elders.example",
    ],
)
@pytest.mark.parametrize("method", ["dkim", "none", "token", "authentication-results"])
def test_without_exactly_one_from_with_one_mailbox_no_method_trusts(court: Court, sender: str, method: str) -> None:
    top = f"Delivered-To: saldo+{TOKEN}@example.com\r\n"
    raw = SIGNER.sign(compose(sender, top=top))
    judgement = court.judge(raw, method, trust=Trust(tokens={"nl01": TOKEN}, border=BORDER))
    assert isinstance(judgement, Stranger)
    assert judgement.reason in ("from-unclear", "header-malformed")


@pytest.mark.parametrize(
    ("signed", "reason"),
    [
        (SIGNER.sign(compose()) + b"meer\r\n", "dkim-body-changed"),
        (SIGNER.sign(compose(), length=10), "dkim-body-length-limited"),
        (SIGNER.sign(compose(), signed=("from", "subject", "date")), "dkim-header-unsigned"),
        (SIGNER.sign(compose(), algorithm="rsa-sha1"), "dkim-algorithm-weak"),
        (b"Subject: anders\r\n" + SIGNER.sign(compose()), "dkim-header-repeated"),
    ],
)
def test_what_the_signature_lacks_is_the_reason(court: Court, signed: bytes, reason: str) -> None:
    assert court.judge(signed) == Stranger(reason)


def test_one_good_signature_among_bad_ones_is_enough(court: Court) -> None:
    raw = Signer("elders.example").sign(Signer(selector="gone").sign(SIGNER.sign(compose())))
    assert court.judge(raw) == Trusted(JAN)


def test_a_missing_key_is_a_strangers_at_once(court: Court) -> None:
    del court.dns.names[NAME]
    assert court.judge(SIGNER.sign(compose())) == Stranger("dkim-key-missing")


def test_a_key_in_testing_is_a_strangers(court: Court) -> None:
    court.dns.names[NAME] = [Signer(key_tags={"t": "y"}).record]
    assert court.judge(SIGNER.sign(compose())) == Stranger("dkim-key-testing")


@pytest.mark.parametrize("behaviour", ["trouble", "silence"])
def test_trouble_of_the_dns_waits_for_a_day_and_is_never_judged_forged(court: Court, behaviour: str) -> None:
    court.dns.names[NAME] = behaviour  # type: ignore[assignment]
    raw, tried = SIGNER.sign(compose()), ARRIVED + timedelta(days=3)
    judgement = court.judge(raw, first_tried_at=tried, now=tried + timedelta(hours=23, minutes=59))
    assert isinstance(judgement, Later)
    assert (judgement.reason, judgement.deadline) == ("dns-unavailable", tried + timedelta(days=1))
    assert NAME in judgement.detail
    assert court.judge(raw, first_tried_at=tried, now=tried + timedelta(days=1)) == Stranger("dns-unavailable")


def test_a_mail_that_waited_for_the_dns_is_trusted_once_it_answers(court: Court) -> None:
    raw = SIGNER.sign(compose())
    court.dns.names[NAME] = "trouble"
    assert isinstance(court.judge(raw), Later)
    court.dns.names[NAME] = [SIGNER.record]
    assert court.judge(raw, now=ARRIVED + timedelta(hours=20)) == Trusted(JAN)


def test_a_good_signature_wins_though_another_name_is_in_trouble(court: Court) -> None:
    court.dns.names["s9._domainkey.bakker.example"] = "trouble"
    assert court.judge(Signer(selector="s9").sign(SIGNER.sign(compose()))) == Trusted(JAN)


def test_a_bad_signature_beside_a_name_in_trouble_waits(court: Court) -> None:
    court.dns.names["s9._domainkey.bakker.example"] = "trouble"
    raw = Signer(selector="s9").sign(SIGNER.sign(compose())) + b"meer\r\n"
    assert isinstance(court.judge(raw), Later)


# Alignment


@pytest.mark.parametrize(
    ("domain", "sender", "strict", "relaxed"),
    [
        ("bakker.example", "jan@bakker.example", True, True),
        ("BAKKER.example", "jan@Bakker.EXAMPLE", True, True),
        ("mail.bakker.example", "jan@bakker.example", False, True),
        ("bakker.example", "jan@mail.bakker.example", False, True),
        ("bakker.co.uk", "jan@elders.co.uk", False, False),
        ("co.uk", "jan@elders.co.uk", False, False),
        ("notbakker.example", "jan@bakker.example", False, False),
        ("bakker.example.evil.example", "jan@bakker.example", False, False),
        ("a.github.io", "jan@b.github.io", False, False),
    ],
)
def test_the_signer_must_be_the_domain_of_from(
    court: Court, domain: str, sender: str, strict: bool, relaxed: bool
) -> None:
    signer = Signer(domain)
    court.dns.names[f"s1._domainkey.{domain.lower()}"] = [signer.record]
    raw = signer.sign(compose(sender))
    assert isinstance(court.judge(raw), Trusted) is strict
    assert isinstance(court.judge(raw, trust=Trust(relaxed_alignment=True)), Trusted) is relaxed


# Replay


@pytest.mark.parametrize(
    ("after", "judgement"),
    [
        (timedelta(days=7), Trusted(JAN)),
        (timedelta(days=7, minutes=1), Stranger("replayed")),
        (-timedelta(days=7, minutes=1), Stranger("replayed")),
    ],
)
def test_a_mail_sent_again_long_after_it_was_signed_is_a_strangers(
    court: Court, after: timedelta, judgement: Judgement
) -> None:
    assert court.judge(SIGNER.sign(compose()), arrived_at=SENT + after, now=SENT + after) == judgement


def test_a_backlog_after_an_outage_of_ours_is_no_replay(court: Court) -> None:
    late = ARRIVED + timedelta(days=40)
    expiring = SIGNER.sign(compose(), x=str(int((SENT + timedelta(days=2)).timestamp())))
    assert court.judge(expiring, first_tried_at=late, now=late) == Trusted(JAN)


@pytest.mark.parametrize("date", ["gisteren", ""])
def test_a_date_that_cannot_be_read_is_a_strangers(court: Court, date: str) -> None:
    assert court.judge(SIGNER.sign(compose(date=date))) == Stranger("date-unclear")


# Authentication-Results

RECEIVED = (
    "Received: from mail.bakker.example by mx.example.com (Postfix) with ESMTPS; Mon, 2 Mar 2026 08:00:30 +0000\r\n"
)
INNER = "Received: from mx.example.com by imap.example.com (Dovecot) with LMTP; Mon, 2 Mar 2026 08:00:31 +0000\r\n"


def stamped(results: str, authserv_id: str = "mx.example.com; ") -> str:
    return f"Authentication-Results: {authserv_id}{results}\r\n"


def by_results(court: Court, top: str, trust: Trust = Trust(border=BORDER)) -> Judgement:  # noqa: B008 - frozen
    return court.judge(compose(top=top), "authentication-results", trust=trust)


@pytest.mark.parametrize(
    ("results", "judgement"),
    [
        ("dmarc=pass (p=reject) header.from=bakker.example", Trusted(JAN)),
        ("DMARC=Pass header.from=Bakker.Example", Trusted(JAN)),
        ("dkim=pass header.d=bakker.example header.s=s1; dmarc=none header.from=bakker.example", Trusted(JAN)),
        ("dkim=pass header.i=@bakker.example", Trusted(JAN)),
        ("dkim=fail header.d=bakker.example; dkim=pass header.d=bakker.example", Trusted(JAN)),
        ("dmarc=pass header.from=elders.example", Stranger("results-not-passed")),
        ("dmarc=pass", Stranger("results-not-passed")),
        ("dmarc=fail header.from=bakker.example; dkim=pass header.d=bakker.example", Stranger("dmarc-failed")),
        ("dkim=pass header.d=elders.example", Stranger("results-not-aligned")),
        ("dkim=pass header.d=mail.bakker.example", Stranger("results-not-aligned")),
        ("dkim=fail header.d=bakker.example", Stranger("results-not-passed")),
        ("spf=pass smtp.mailfrom=jan@bakker.example", Stranger("results-not-passed")),
        ("none", Stranger("results-missing")),
        ("dmarc", Stranger("results-missing")),
    ],
)
def test_the_border_vouches_by_dmarc_or_an_aligned_signature(court: Court, results: str, judgement: Judgement) -> None:
    assert by_results(court, stamped(results) + RECEIVED) == judgement


PASS = stamped("dmarc=pass header.from=bakker.example")


def test_results_count_through_the_inner_servers(court: Court) -> None:
    assert by_results(court, INNER + PASS + RECEIVED) == Trusted(JAN)


def test_results_below_the_border_are_the_senders_own(court: Court) -> None:
    assert by_results(court, INNER + RECEIVED + PASS) == Stranger("results-missing")
    forged = RECEIVED.replace("mail.bakker.example", "anywhere.example")
    assert by_results(court, INNER + RECEIVED + PASS + forged) == Stranger("results-missing")


def test_a_greeting_that_looks_like_a_host_hides_no_border(court: Court) -> None:
    true = "Received: from x (helo=by elders.example) by mx.example.com with ESMTP; Mon, 2 Mar 2026 08:00:30 +0000\r\n"
    assert by_results(court, true + PASS + RECEIVED) == Stranger("results-missing")


def test_results_of_another_server_do_not_count(court: Court) -> None:
    other = stamped("dmarc=pass header.from=bakker.example", "mx.elders.example; ")
    assert by_results(court, other + RECEIVED) == Stranger("results-missing")


def test_a_mail_that_never_passed_the_border_is_a_strangers(court: Court) -> None:
    assert by_results(court, PASS) == Stranger("border-not-passed")
    assert by_results(court, PASS + INNER) == Stranger("border-not-passed")


def test_relaxed_alignment_holds_for_results_too(court: Court) -> None:
    top = stamped("dkim=pass header.d=mail.bakker.example") + RECEIVED
    assert by_results(court, top, Trust(border=BORDER, relaxed_alignment=True)) == Trusted(JAN)


def test_microsofts_results_without_a_name_are_read_when_that_is_configured(court: Court) -> None:
    results = (
        "spf=pass (sender IP is 192.0.2.1)\r\n smtp.mailfrom=bakker.example; dkim=pass (signature was verified)\r\n"
        " header.d=bakker.example;dmarc=pass action=none\r\n header.from=bakker.example;compauth=pass reason=100"
    )
    top = (
        "Received: from DB5EUR01FT003.eop-EUR01.prod.protection.outlook.com (2603:10a6::1) by\r\n"
        " DU2PR04CA0001.outlook.office365.com (2603:10a6::2) with Microsoft SMTP Server; Mon, 2 Mar 2026 08:00:31\r\n"
        + stamped(results, "")
        + "Received: from mail.bakker.example (192.0.2.1) by\r\n"
        " DB5EUR01FT003.mail.protection.outlook.com (10.152.4.1) with Microsoft SMTP Server; Mon, 2 Mar 2026\r\n"
    )
    microsoft = Border(None, "*.mail.protection.outlook.com", removes_forged=True)
    assert by_results(court, top, Trust(border=microsoft)) == Trusted(JAN)
    assert by_results(court, top, Trust(border=BORDER)) == Stranger("border-not-passed")


def test_replay_counts_for_results_too(court: Court) -> None:
    late = SENT + timedelta(days=8)
    raw = compose(top=PASS + RECEIVED)
    judgement = court.judge(raw, "authentication-results", trust=Trust(border=BORDER), arrived_at=late, now=late)
    assert judgement == Stranger("replayed")


# Tokens


def delivered(*addresses: str) -> bytes:
    return compose(top="".join(f"Delivered-To: {address}\r\n" for address in addresses))


WITH_TOKEN = Trust(tokens={"nl01": TOKEN, "nl02": "x" * 26})


@pytest.mark.parametrize(
    ("addresses", "trusted"),
    [
        ((f"saldo+{TOKEN}@example.com",), True),
        ((f"Saldo+{TOKEN.upper()}@example.com",), True),
        (("saldo@example.com", f"saldo+{TOKEN}@example.com"), True),
        (("saldo@example.com",), False),
        ((f"saldo+{TOKEN[:-1]}@example.com",), False),
        ((f"saldo+{TOKEN}x@example.com",), False),
        ((f"{TOKEN}@example.com",), False),
        ((f"saldo+{'x' * 26}@example.com",), False),
        ((), False),
    ],
)
def test_only_the_secret_address_of_the_administration_is_trusted(
    court: Court, addresses: tuple[str, ...], trusted: bool
) -> None:
    expected = Trusted(JAN) if trusted else Stranger("token-missing")
    assert court.judge(delivered(*addresses), "token", trust=WITH_TOKEN) == expected


def test_a_token_in_to_alone_proves_nothing(court: Court) -> None:
    raw = compose().replace(b"To: saldo@", f"To: saldo+{TOKEN}@".encode())
    assert court.judge(raw, "token", trust=WITH_TOKEN) == Stranger("token-missing")


@pytest.mark.parametrize("token", ["", None])
def test_an_administration_without_a_token_trusts_nobody_by_it(court: Court, token: str | None) -> None:
    trust = Trust(tokens={} if token is None else {"nl01": token})
    assert court.judge(delivered("saldo@example.com", "saldo+@example.com"), "token", trust=trust) == Stranger(
        "token-missing"
    )


def test_a_token_is_never_shown_by_its_record() -> None:
    assert TOKEN not in repr(WITH_TOKEN)


def test_tokens_have_128_bits_and_fit_an_address() -> None:
    tokens = {make_token(os.urandom) for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) == 26 and token.isalnum() and token == token.lower() for token in tokens)


# All of a route's methods


def test_all_methods_of_a_route_must_agree(court: Court) -> None:
    trust = Trust(tokens={"nl01": TOKEN}, border=BORDER)
    methods = ("dkim", "authentication-results", "token")
    token = f"Delivered-To: saldo+{TOKEN}@example.com\r\n"
    top = (token + PASS + RECEIVED).encode()
    assert court.judge(top + SIGNER.sign(compose()), *methods, trust=trust) == Trusted(JAN)
    assert court.judge(top + compose(), *methods, trust=trust) == Stranger("dkim-missing")
    without_token = (PASS + RECEIVED).encode() + SIGNER.sign(compose())
    assert court.judge(without_token, *methods, trust=trust) == Stranger("token-missing")
    without_results = token.encode() + SIGNER.sign(compose())
    assert court.judge(without_results, *methods, trust=trust) == Stranger("border-not-passed")


def test_none_trusts_every_from(court: Court) -> None:
    assert court.judge(compose(date="gisteren"), "none") == Trusted(JAN)


@pytest.mark.parametrize("methods", [(), ("spf",), ("dkim", "none")])
def test_methods_that_do_not_exist_or_cannot_stand_together_trust_nobody(
    court: Court, methods: tuple[str, ...]
) -> None:
    mail = Arrival(read_envelope(compose()), read_facts(compose()), ARRIVED, ARRIVED)
    route = Route("main", ("*",), (), "nl01", methods)
    assert isinstance(judge(mail, route, Trust(), _no_keys, _no_verdicts, ARRIVED), Stranger)


def _no_keys(signatures: Iterable[Signature]) -> Keys:
    return Keys(())


def _no_verdicts(keys: Sequence[Key], moment: datetime) -> Sequence[Verdict]:
    return ()


@given(st.binary(max_size=300), st.sampled_from(["dkim", "authentication-results", "token"]))
def test_no_bytes_raise_and_none_are_trusted(raw: bytes, method: str) -> None:
    raw = b"From: jan@bakker.example\r\n" + raw
    mail = Arrival(read_envelope(raw), read_facts(raw), ARRIVED, ARRIVED)
    route = Route("main", ("*",), (), "nl01", (method,))
    trust = Trust(border=BORDER, tokens={"nl01": TOKEN})
    check: Callable[[Sequence[Key], datetime], Sequence[Verdict]] = lambda keys, moment: verify(raw, keys, moment)  # noqa: E731
    assert isinstance(judge(mail, route, trust, _no_keys, check, ARRIVED), Stranger)


# What keeps the daemon from starting


@pytest.mark.parametrize(
    ("methods", "trust", "word"),
    [
        ((), Trust(), "no method"),
        (("dkim", "spf"), Trust(), '"spf"'),
        (("none", "dkim"), Trust(), '"none"'),
        (("authentication-results",), Trust(), "no border"),
        (("authentication-results",), Trust(border=Border("mx", "mx", removes_forged=False)), "confirmed"),
        (("token",), Trust(), '"nl01" has no token'),
        (("token",), Trust(tokens={"nl01": "geheim"}), "guessed"),
    ],
)
def test_a_route_that_cannot_be_served_is_complained_about(methods: tuple[str, ...], trust: Trust, word: str) -> None:
    complaint = complain(Route("main", ("*",), (), "nl01", methods), trust)
    assert complaint is not None
    assert word in complaint[0]
    assert complaint[1]


@pytest.mark.parametrize("methods", [("dkim",), ("none",), ("dkim", "token"), ("authentication-results", "dkim")])
def test_a_route_that_can_be_served_is_fine(methods: tuple[str, ...]) -> None:
    trust = Trust(border=BORDER, tokens={"nl01": TOKEN})
    assert complain(Route("main", ("*",), (), "nl01", methods), trust) is None


def test_every_reason_is_explained_to_the_admin() -> None:
    root = Path(__file__).parents[2]
    trust, facts, signatures, page = (
        (root / name).read_text()
        for name in ("daemon/trust.py", "parsers/authentication.py", "parsers/signatures.py", "docs/sender-trust.md")
    )
    reasons = set(re.findall(r'"([a-z]+(?:-[a-z]+)+|replayed)"', trust)) - {"authentication-results", "key-short"}
    reasons |= set(re.findall(r'"((?:header|from)-[a-z-]+)"', facts))
    reasons |= {f"dkim-{reason}" for reason in re.findall(r'_Refusal\("([a-z-]+)"\)', signatures)}
    explained = set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE))
    assert reasons == explained - {"dkim", "authentication-results", "token", "none"}
