"""Whether a mail is from whom it says, by the methods that its route asks for: all of them must agree.

Trusted    its attachments may be opened and its sender may be answered
Stranger   nothing of it is opened and nobody is answered: quarantined
Later      the DNS could not be asked: the mail waits untouched
"""

import base64
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

from publicsuffixlist import PublicSuffixList

from handlers.policy import Route
from handlers.routing import fits
from parsers.authentication import Result, read_results
from parsers.records import Envelope, HeaderFacts, Key, Signature, Verdict

METHODS = ("dkim", "authentication-results", "token", "none")
TOKEN_BYTES = 16
TOKEN_LENGTH = 26  # 128 bits in base 32


@dataclass(frozen=True, slots=True)
class Keys:
    """`found` has a key, or its proven absence, for each name that could be asked; `failures` says what could not."""

    found: tuple[Key, ...]
    failures: tuple[str, ...] = ()


Lookup = Callable[[Iterable[Signature]], Keys]
Verify = Callable[[Sequence[Key], datetime], Sequence[Verdict]]


@dataclass(frozen=True, slots=True)
class Border:
    """The own server whose Authentication-Results are believed (setting `trust.authentication_results`)."""

    authserv_id: str | None  # None: it leaves its name out, as Microsoft 365 does
    received_by: str  # the host behind "by" in its Received field; `*` stands for any run of characters
    removes_forged: bool  # the admin has made sure that it removes such fields from mail that comes in


@dataclass(frozen=True, slots=True)
class Trust:
    """What the admin decided about trust, for all routes."""

    relaxed_alignment: bool = False  # whether mail.bakker.nl may sign for bakker.nl (RFC 7489 section 3.1.1)
    border: Border | None = None
    tokens: Mapping[str, str] = field(default_factory=dict, repr=False)  # by code of the administration
    replay_window: timedelta = timedelta(days=7)
    dns_patience: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail before anyone trusts it."""

    envelope: Envelope
    facts: HeaderFacts
    arrived_at: datetime  # INTERNALDATE
    first_tried_at: datetime  # when we first tried to judge it: the patience with the DNS counts from there
    answers: bool = False  # a question of ours to this sender that waits, by a Message-ID that nobody can guess


@dataclass(frozen=True, slots=True)
class Trusted:
    sender: str
    warnings: tuple[str, ...] = ()  # such as "key-short", for the log


@dataclass(frozen=True, slots=True)
class Stranger:
    reason: str  # a stable word, for `messages` and the log; never told to the sender


@dataclass(frozen=True, slots=True)
class Later:
    reason: str
    deadline: datetime  # a mail that still waits then is a stranger's: "dns-unavailable"
    detail: str = ""  # what could not be asked, for the log


Judgement = Trusted | Stranger | Later


def judge(mail: Arrival, route: Route, trust: Trust, lookup: Lookup, verify: Verify, now: datetime) -> Judgement:
    """Judge by all methods of the route, those that cost nothing first.

    `lookup` asks the DNS for keys; `verify` has the child verify the raw mail with them as of a moment.
    """
    sender = mail.envelope.sender
    if sender is None:
        return Stranger(mail.facts.problem or "from-unclear")
    if route.authenticate == ("none",):
        return Trusted(sender)
    if not route.authenticate or not set(route.authenticate) <= {"dkim", "authentication-results", "token"}:
        return Stranger("no-method")
    if mail.facts.problem or mail.facts.sender != sender:
        return Stranger(mail.facts.problem or "from-unclear")
    if "token" in route.authenticate and not _knows_secret(mail, trust.tokens.get(route.administration)):
        return Stranger("token-missing")
    if set(route.authenticate) - {"token"} and (reason := _replay(mail, trust)):
        return Stranger(reason)
    if "authentication-results" in route.authenticate and (reason := _unvouched(mail.facts, sender, trust)):
        return Stranger(reason)
    if "dkim" in route.authenticate:
        return _judge_signatures(mail, sender, trust, lookup, verify, now)
    return Trusted(sender)


def complain(route: Route, trust: Trust) -> tuple[str, str] | None:
    """What is wrong with the `authenticate` of a route and how to mend it; None if the route can be served.

    Saldopost must not start with a complaint.
    """
    unknown = [method for method in route.authenticate if method not in METHODS]
    if unknown or not route.authenticate:
        what = f'"{unknown[0]}" is no method' if unknown else "no method is given"
        return what, f"use one or more of {', '.join(METHODS)}"
    if "none" in route.authenticate and len(route.authenticate) > 1:
        return '"none" stands beside other methods', 'write ["none"] alone to trust every From, or leave it out'
    if "authentication-results" in route.authenticate:
        if trust.border is None:
            return "no border is known whose results count", "add the table [trust.authentication_results]"
        if not trust.border.removes_forged:
            what = "nobody confirmed that the border removes forged results from incoming mail"
            return what, "make sure of it, then set border_removes_forged = true in [trust.authentication_results]"
    if "token" in route.authenticate and len(trust.tokens.get(route.administration, "")) < TOKEN_LENGTH:
        code = route.administration
        what = f'administration "{code}" has no token, or one that can be guessed'
        return what, f"run `saldopost token {code}` and put what it prints into a token_file"
    return None


def make_token(random_bytes: Callable[[int], bytes]) -> str:
    """A new secret of 128 bits for the part of an address after the plus sign: 26 letters and digits, lower case."""
    return base64.b32encode(random_bytes(TOKEN_BYTES)).decode().rstrip("=").lower()


def may_hold_token(address: str) -> bool:
    """Whether the part after the plus sign is long enough to be a token: such an address is never echoed."""
    return len(_detail(address)) >= TOKEN_LENGTH


def _knows_secret(mail: Arrival, token: str | None) -> bool:
    """Whether the mail was delivered to a plus-address with the token, compared in constant time.

    An answer goes to the address that asked, which holds no token. The Message-ID of the question is as secret, and
    stands for the token while the question waits.
    """
    if not token:
        return False
    expected = token.strip().lower().encode()
    details = [_detail(address).lower().encode() for address in mail.envelope.delivered_to]
    matches = [hmac.compare_digest(detail, expected) for detail in details]
    return mail.answers or any(matches)


def _detail(address: str) -> str:
    return address.rpartition("@")[0].partition("+")[2]


def _replay(mail: Arrival, trust: Trust) -> str:
    """A mail is held against its own arrival, not against now: what waited for us during an outage is no replay."""
    if mail.envelope.date is None:
        return "date-unclear"
    return "replayed" if abs(mail.arrived_at - mail.envelope.date) > trust.replay_window else ""


def _unvouched(facts: HeaderFacts, sender: str, trust: Trust) -> str:
    """Why the border does not vouch for the sender; empty if it does (RFC 8601 section 4)."""
    if trust.border is None:
        return "results-not-configured"
    values = _above_border(facts, trust.border)
    if values is None:
        return "border-not-passed"
    results = [result for value in values for result in read_results(value, trust.border.authserv_id)]
    if not results:
        return "results-missing"
    domain = _domain(sender)
    policies = [result for result in results if result.method == "dmarc"]
    if any(result.outcome == "fail" for result in policies):
        return "dmarc-failed"
    if any(result.outcome == "pass" and _names(result, "header.from") == {domain} for result in policies):
        return ""
    signed = [result for result in results if result.method == "dkim" and result.outcome == "pass"]
    if any(_is_aligned(by, domain, trust) for result in signed for by in _names(result, "header.d", "header.i")):
        return ""
    return "results-not-aligned" if signed else "results-not-passed"


def _above_border(facts: HeaderFacts, border: Border) -> list[str] | None:
    """The results that stand above the border's own Received field; None if the mail did not pass the border.

    The topmost field that may be the border's counts: what the sender forged can only stand below the true one.
    """
    values: list[str] = []
    for kind, text in facts.trace:
        if kind == "results":
            values.append(text)
        elif any(fits(border.received_by, host) for host in text.split()):
            return values
    return None


def _judge_signatures(
    mail: Arrival, sender: str, trust: Trust, lookup: Lookup, verify: Verify, now: datetime
) -> Judgement:
    signatures = mail.envelope.signatures
    aligned = [one for one in signatures if _is_aligned(one.domain, _domain(sender), trust)]
    if not aligned:
        return Stranger("dkim-not-aligned" if signatures else "dkim-missing")
    keys = lookup(aligned)
    # As of its arrival: a signature must not expire while a mail waits for us.
    verdicts = verify(keys.found, mail.arrived_at) if keys.found else ()
    for verdict in verdicts:
        if not verdict.refusal and _is_aligned(verdict.domain, _domain(sender), trust):
            return Trusted(sender, verdict.warnings)
    if keys.failures:
        deadline = mail.first_tried_at + trust.dns_patience
        late = now >= deadline
        return Stranger("dns-unavailable") if late else Later("dns-unavailable", deadline, keys.failures[0])
    return Stranger(next((f"dkim-{verdict.refusal}" for verdict in verdicts if verdict.refusal), "dkim-unreadable"))


def _is_aligned(signer: str, domain: str, trust: Trust) -> bool:
    if signer == domain:
        return True
    return trust.relaxed_alignment and _registered(signer) is not None and _registered(signer) == _registered(domain)


def _registered(domain: str) -> str | None:
    """The organisational domain (RFC 7489 section 3.2): the public suffix and one label more."""
    registered: str | None = _suffixes().privatesuffix(domain)
    return registered


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def _names(result: Result, *properties: str) -> set[str]:
    """The domains that a result is about; `@example.com` and `jan@example.com` stand for example.com."""
    return {_domain(value).rstrip(".") for name in properties for value in result.values(name)}


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()
