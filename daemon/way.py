"""One mail's way, from the bytes of the server to a final state in the store. Sync: it runs in its mailbox's thread."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import NamedTuple

import structlog
from msgspec import structs
from structlog.contextvars import bound_contextvars

from daemon.ahead import Ahead, Begun
from daemon.children import NoChild
from daemon.intake import Intake, TrustedMail
from daemon.mailbox import FetchedMail
from daemon.reading import Reading, read_mail
from daemon.restraint import Restraint
from daemon.trust import Arrival, Judgement, Later, Lookup, Stranger, Trust, Trusted, judge
from daemon.unavailable import MailMetBug
from handlers.codes.numbers import code_of
from handlers.etiquette import Identity, ignored
from handlers.policy import Route
from handlers.routing import identify, route, route_back
from parsers.handover import Limits
from parsers.protocol import EnvelopeRead
from parsers.records import Refused
from store import messages
from store.database import Store, Transaction
from store.records import (
    AlreadyFinished,
    MailKey,
    Message,
    MessageState,
    Outcome,
    Sighting,
    StoreBroken,
    StoreUnavailable,
)

AHEAD = 2  # mails: with one, either would wait for the other now and then
MOST_TRIES = 3  # then the mail goes to Failed: it may be what kills us
SHORTEST_WAIT, LONGEST_WAIT = timedelta(minutes=5), timedelta(hours=1)  # until the DNS is asked again

log = structlog.get_logger()


class Examined(NamedTuple):
    """What the header block of a mail says, if it can be read, and what becomes of the mail.

    An outcome, and nobody opens it; later, since the DNS gives no answer; or the route of a sender to be trusted.
    """

    read: EnvelopeRead | None
    found: Outcome | Later | Route


@dataclass(frozen=True, slots=True)
class Way:
    """What every mail needs on its way. One for the whole process; `process` may run in several threads at once."""

    store: Store
    routes: Sequence[Route]
    identity: Identity
    trust: Trust
    lookup: Lookup  # asks the DNS
    limits: Limits
    intake: Intake
    restraint: Restraint
    clock: Callable[[], datetime]
    random: Random  # for references
    again: bool = False  # mails that were trusted and answered once: neither is asked for now
    spared: set[MailKey] = field(default_factory=set)  # whose last try the store cut short
    remembered: dict[MailKey, Message] = field(default_factory=dict)  # whose first try was counted in advance
    ahead: Ahead = field(default_factory=Ahead)

    def process(self, mail: FetchedMail, following: Sequence[FetchedMail] = ()) -> MessageState | None:
        """Bring one mail to its final state and return it; the caller moves the mail then.

        `following` are mails that will be given next, in this order: those never tried are remembered together with
        this one, and the first two of them are read ahead. None: the mail waits, and stays where it is. Raises
        StoreUnavailable, StoreBroken and NoChild (nothing was written, the mail stays), AlreadyFinished, and
        MailMetBug, which is told of in the log. A mail that was tried three times before is failed, unread.
        """
        message = self._remember(mail, following)
        if message.is_final:
            return message.state
        with bound_contextvars(ref=message.ref):
            if message.tries > MOST_TRIES:
                return self._end(message, None, Outcome("failed", "tried-too-often", message.administration))
            return self._try(mail, message, following)

    def examine(self, mail: FetchedMail, message: Message, reading: Reading) -> Examined:
        """Whether the mail may be opened, and for whom; nothing of it is opened here, and nothing written.

        An answer to a report takes the route of what it answers. Of a mail above the limit `reading` has the header
        block alone. Raises what reading raises for a bug, and StoreUnavailable or StoreBroken.
        """
        unread = "mail-too-large" if mail.raw is None else ""
        try:
            read = reading.envelope()
        except Refused as refused:  # whose mail it is, nobody knows
            return Examined(None, Outcome("quarantined", unread or refused.finding.code))
        if unread:
            read = structs.replace(read, sha256="")
        if reason := ignored(read.envelope, self.identity):
            return Examined(read, Outcome("ignored", reason))
        asked = self.intake.asked(read.envelope)
        known = {held.route for held in asked if held.route}
        back = route_back(read.envelope, mail.key.mailbox, self.routes, known)
        chosen = back or route(read.envelope, mail.key.mailbox, self.routes)
        if chosen is None:
            return Examined(read, Outcome("quarantined", unread or "no-route"))
        if unread and "dkim" in chosen.authenticate:  # a signature is about the body too
            return Examined(read, Outcome("quarantined", unread))
        if message.state == "quarantined" or self.again:  # a person vouches for it
            return Examined(read, chosen)
        answers = back is not None and any(one.state == "held" and one.route == identify(back) for one in asked)
        match self._judge(mail, message, read, reading, chosen, answers):
            case Trusted(warnings=warnings):
                for warning in warnings:
                    log.warning("signature-weak", warning=warning, administration=chosen.administration)
                return Examined(read, chosen)
            case Later() as later if not unread:
                return Examined(read, later)
            case Stranger(reason=reason) | Later(reason=reason):
                return Examined(read, Outcome("quarantined", unread or reason, chosen.administration))

    def _remember(self, mail: FetchedMail, following: Sequence[FetchedMail]) -> Message:
        """Each mail is known to have been tried before it is read.

        First tries are counted together for mails that come together. What kills us among them is tried alone the
        next time, as are those that came with it: none of them fails for the sake of another.
        """
        if (known := self.remembered.pop(mail.key, None)) is not None:
            return known
        now = self.clock()
        with self.store.write() as tx:
            sightings = [Sighting(one.key, one.size, one.arrived_at) for one in (mail, *following)]
            new = messages.remember_new(tx, sightings, now, self.random)
            message = new.pop(mail.key, None) or messages.remember(
                tx,
                mail.key,
                mail.size,
                mail.arrived_at,
                now,
                self.random,
                counted=mail.key not in self.spared,
            )
        coming = {one.key for one in following}
        for stale in [key for key in self.remembered if key.mailbox == mail.key.mailbox and key not in coming]:
            del self.remembered[stale]
        self.remembered.update(new)
        return message

    def _try(self, mail: FetchedMail, message: Message, following: Sequence[FetchedMail]) -> MessageState | None:
        self.spared.discard(mail.key)
        try:
            begun = self.ahead.take(mail.key) or self._begin(mail, message)
            if begun is None:
                return self._end(message, None, Outcome("quarantined", "mail-too-large"))
            with begun.until_settled:
                self._read_ahead(message, following)
                return self._follow(message, begun)
        except (StoreUnavailable, StoreBroken):
            self.spared.add(mail.key)  # that was not the mail's fault: the next try is this one again
            raise
        except NoChild:
            self._take_back_try(message)
            raise
        except AlreadyFinished:
            raise
        except Exception as error:  # whatever one mail does, the others go on
            log.exception("mail-met-a-bug", tries=message.tries, of=MOST_TRIES)
            raise MailMetBug(message.ref) from error

    def _take_back_try(self, message: Message) -> None:
        try:
            with self.store.write() as tx:
                messages.take_back_try(tx, message.id)
        except (StoreUnavailable, StoreBroken):
            self.spared.add(message.key)

    def _begin(self, mail: FetchedMail, message: Message) -> Begun | None:
        """Examine the header block of a mail, in a child, and lay its files out if it may be opened.

        None: there is nothing of the mail to read.
        """
        raw = mail.header if mail.raw is None else mail.raw
        if raw is None:
            return None
        with ExitStack() as until_settled, bound_contextvars(ref=message.ref):
            reading = until_settled.enter_context(read_mail(raw, self.limits))
            examined = self.examine(mail, message, reading)
            trusted, opened = None, None
            if examined.read is not None and isinstance(examined.found, Route):
                finish = partial(self._finish, message, examined.read)
                trusted = TrustedMail(mail, message, examined.read, reading, examined.found, finish)
                opened = self.intake.open(trusted, until_settled)
            return Begun(examined, trusted, opened, until_settled.pop_all())

    def _read_ahead(self, message: Message, following: Sequence[FetchedMail]) -> None:
        """Not while a mail is tried that was tried before: it may be what kills us."""
        for mail in following[:AHEAD] if message.tries == 1 else ():
            known = self.remembered.get(mail.key)
            if known is None or mail.raw is None:
                return
            self.ahead.begin(mail.key, partial(self._begin, mail, known))

    def release(self, mail: FetchedMail, message: Message) -> MessageState:
        """Bring a quarantined mail its way after all, as if its sender were trusted; returns its new state.

        Raises as `process` does, and AlreadyFinished if it is no longer quarantined.
        """
        assert mail.raw is not None
        assert message.state == "quarantined"
        begun = self._begin(mail, message)
        assert begun is not None
        with bound_contextvars(ref=message.ref), begun.until_settled:
            state = self._follow(message, begun)
            assert state is not None  # only judging makes a mail wait
            return state

    def _follow(self, message: Message, begun: Begun) -> MessageState | None:
        read, found = begun.examined
        match found:
            case Outcome() as outcome:
                return self._end(message, read, outcome)
            case Later() as later:
                self._postpone(message, read, later)
                return None
            case Route():
                assert begun.trusted is not None
                outcome = self.intake.settle(begun.trusted, begun.opened)
                _tell(outcome)
                return outcome.state

    def _judge(
        self, mail: FetchedMail, message: Message, read: EnvelopeRead, reading: Reading, chosen: Route, answers: bool
    ) -> Judgement:
        arrival = Arrival(read.envelope, read.facts, mail.arrived_at, message.seen_at, answers)
        try:
            return judge(arrival, chosen, self.trust, self.lookup, reading.verify, self.clock())
        except Refused as refused:  # its signatures killed the child that verified them
            log.warning("signatures-unreadable", cause=refused.finding.code)
            return Stranger("dkim-unreadable")

    def _postpone(self, message: Message, read: EnvelopeRead | None, later: Later) -> None:
        """Asked again soon at first, then less often, and once more at the deadline."""
        now = self.clock()
        pause = min(max((now - message.seen_at) / 2, SHORTEST_WAIT), LONGEST_WAIT)
        until = min(now + pause, later.deadline)
        with self.store.write() as tx:
            if read is not None:
                _describe(tx, message, read)
            messages.postpone(tx, message.id, until, later.reason)
        log.warning("mail-waits", reason=later.reason, detail=later.detail, until=until.isoformat())

    def _end(self, message: Message, read: EnvelopeRead | None, outcome: Outcome) -> MessageState:
        with self.store.write() as tx:
            self._finish(message, read, tx, outcome)
        _tell(outcome)
        return outcome.state

    def _finish(self, message: Message, read: EnvelopeRead | None, tx: Transaction, outcome: Outcome) -> None:
        if read is not None:
            _describe(tx, message, read)
        if message.state == "quarantined":
            messages.reopen(tx, message.id)
        outcome = replace(outcome, replies=()) if self.again else self.restraint.restrain(tx, outcome)
        messages.finish(tx, message.id, outcome, self.clock())


def _describe(tx: Transaction, message: Message, read: EnvelopeRead) -> None:
    messages.describe(
        tx,
        message.id,
        sender=read.envelope.sender,
        subject=read.envelope.subject,
        rfc_message_id=read.envelope.message_id,
        sent_at=read.envelope.date,
        sha256=read.sha256 or None,
    )


def _tell(outcome: Outcome) -> None:
    code = code_of(outcome.state, outcome.reason)
    log.info(
        "mail-finished", state=outcome.state, reason=outcome.reason, code=code, administration=outcome.administration
    )
