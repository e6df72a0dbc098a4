"""What is done with a trusted mail: its exports are imported, or it answers the report of a held one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from daemon.mailbox import FetchedMail
from daemon.reading import Reading
from daemon.rereading import Rereader
from daemon.tally import TALLY
from daemon.trust import may_hold_token
from handlers.answers import understand
from handlers.approving import Asked, approve, ask_again, reject
from handlers.decide import Source, order
from handlers.etiquette import Identity, unanswered
from handlers.importing import Conclusion, Job, KeptAs, Write, settle
from handlers.policy import Policy, Route
from handlers.render import render
from handlers.reply import compose, new_message_id
from handlers.report import Report, Settled
from handlers.routing import identify, own_address
from handlers.spools import Spools
from handlers.spreadsheet import Rows, attach, keep_rows
from handlers.taking import Taken, stage
from parsers.protocol import EnvelopeRead
from parsers.records import Envelope, Finding
from store import holding, keeping
from store.database import Store, Transaction
from store.records import AccountChange, HeldImport, Message, Outcome, OutgoingMail, Subledger
from store.staging import Staging

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TrustedMail:
    """A mail whose sender is who they say, and what is known of it. `finish` writes its outcome."""

    mail: FetchedMail
    message: Message
    read: EnvelopeRead
    reading: Reading
    route: Route
    finish: Callable[[Transaction, Outcome], None]

    @property
    def envelope(self) -> Envelope:
        return self.read.envelope


@dataclass(frozen=True, slots=True)
class Opened:
    """What was read of a trusted mail, and laid out; nothing is written yet."""

    taken: Taken
    staging: Staging
    asked: Sequence[HeldImport]  # the imports whose report this mail answers


@dataclass(frozen=True, slots=True)
class Intake:
    """One for the whole process; it may be used in several threads at once."""

    store: Store
    policies: Mapping[str, Policy]
    identity: Identity
    sender: str  # From of the replies: `Name <address>`
    rereader: Rereader
    clock: Callable[[], datetime]
    secret: Callable[[int], bytes]  # for Message-IDs that nobody can guess
    bounces_to: str = ""  # envelope sender of the replies; "" for the null sender
    oldest_answered: timedelta = timedelta(days=7)  # mail that arrived longer ago gets no reply
    dry_run: bool = False  # come to the same outcome and write nothing

    def open(self, trusted: TrustedMail, until_settled: ExitStack) -> Opened | None:
        """Have the files of the mail read, and lay them out for as long as `until_settled` is open.

        None for a mail above the limit, which was not fetched.
        """
        if trusted.mail.raw is None:
            return None
        policy, route = self.policies[trusted.route.administration], identify(trusted.route)
        asked = [held for held in self.asked(trusted.envelope) if held.route == route]
        staging = until_settled.enter_context(self.store.staging())
        spools = until_settled.enter_context(Spools())
        taken = stage(trusted.reading.open(self.rereader.options(policy)), staging, spools=spools)
        staging.rest()
        return Opened(taken, staging, asked)

    def settle(self, trusted: TrustedMail, opened: Opened | None) -> Outcome:
        """Bring the mail to its final state, with all its effects, in one transaction (of two answers, one each)."""
        policy = self.policies[trusted.route.administration]
        if opened is None:
            return self._refuse_unread(trusted, policy)
        if opened.asked and opened.taken.next_page == 0:  # no file at all: the text is the answer
            return self._answer(trusted, policy, opened.asked, opened.staging)
        trusted.reading.hang_up()
        return self._import(trusted, policy, opened.taken, opened.staging)

    def _import(self, trusted: TrustedMail, policy: Policy, taken: Taken, staging: Staging) -> Outcome:
        mail, message, envelope = trusted.mail, trusted.message, trusted.envelope
        job = Job(
            ref=message.ref,
            policy=policy,
            source=Source(order(envelope.date, mail.arrived_at), mail.arrived_at, mail.key.uid),
            source_sha256=trusted.read.sha256,
            keep=lambda tx: self._keep(tx, trusted, policy),
            subject=envelope.subject,
            message_id=None if self.dry_run else message.id,
            sender=envelope.sender,
            mailbox=mail.key.mailbox,
            route=identify(trusted.route),
            dry_run=self.dry_run,
        )
        outcomes: list[Outcome] = []

        def conclude(report: Report) -> Conclusion:
            waiting = [side for side in report.settled if side.decision.reason == "still-waiting"]
            replies = self._replies(trusted, report, partial(_changes, staging), self._reports_of(waiting))
            outcome = Outcome(report.state, report.reason, policy.code, replies, report.other_state)
            outcomes.append(outcome)
            return Conclusion(self._finishing(trusted, outcome), replies[0].message_id if replies else None)

        report = settle(taken, staging, self.store, job, self.clock(), self.rereader.reread, conclude)
        TALLY.count_items(sum(side.comparison.items for side in report.settled if side.comparison))
        return outcomes[-1]

    def _refuse_unread(self, trusted: TrustedMail, policy: Policy) -> Outcome:
        """Tell the sender of a mail above the limit."""
        report = Report(
            ref=trusted.message.ref,
            policy=policy,
            received_at=trusted.mail.arrived_at,
            subject=trusted.envelope.subject,
            refused=(Finding("mail-too-large", values={"limit": self.rereader.largest_mail}),),
        )
        outcome = Outcome(report.state, report.reason, policy.code, self._replies(trusted, report, _no_rows, ()))
        if not self.dry_run:
            with self.store.write() as tx:
                trusted.finish(tx, outcome)
        return outcome

    def asked(self, envelope: Envelope) -> list[HeldImport]:
        """The imports whose report this mail answers, if its sender is who was asked; also those decided since."""
        answered = (*envelope.in_reply_to, *envelope.references)
        if not answered:
            return []
        with self.store.read() as tx:
            found = holding.find_held_by_report(tx, answered)
        return [held for held in found if held.sender == envelope.sender]

    def _answer(self, trusted: TrustedMail, policy: Policy, asked: Sequence[HeldImport], staging: Staging) -> Outcome:
        meaning = understand(trusted.reading.text(), trusted.envelope.sender or "")
        log.info("answer-understood", meaning=meaning, imports=[held.id for held in asked])
        message_id = new_message_id(self.identity.domain, self.secret)
        settled: list[Settled] = []
        outcomes: list[Outcome] = []
        kept: dict[Subledger, Iterable[AccountChange]] = {}  # of answers before the last: staging forgets them

        def rows(subledger: Subledger, everything: bool) -> Iterable[AccountChange]:
            return kept[subledger] if subledger in kept else _changes(staging, subledger, everything)

        def conclude(side: Settled) -> Conclusion:
            """The reply to all answers is written with the last of them."""
            if len(settled) < len(asked) - 1:
                kept[side.subledger] = keep_rows(side, partial(_changes, staging))
                return Conclusion(lambda _tx: None, message_id)
            report = self._report(trusted, policy, (*settled, side))
            replies = self._replies(trusted, report, rows, (), message_id)
            outcome = Outcome(report.state, report.reason, policy.code, replies)
            outcomes.append(outcome)
            return Conclusion(self._finishing(trusted, outcome), message_id)

        for held in asked:
            answer = Asked(held.id, policy, trusted.envelope.sender or "", self.dry_run)
            match meaning:
                case "yes":
                    now, reread = self.clock(), self.rereader.reread
                    settled.append(approve(answer, staging, self.store, now, reread, conclude))
                case "no":
                    settled.append(reject(answer, self.store, self.clock(), conclude))
                case "unclear":
                    settled.append(ask_again(answer, self.store, conclude))
        return outcomes[-1]

    def _report(self, trusted: TrustedMail, policy: Policy, settled: tuple[Settled, ...]) -> Report:
        return Report(
            ref=trusted.message.ref,
            policy=policy,
            received_at=trusted.mail.arrived_at,
            subject=trusted.envelope.subject,
            settled=settled,
        )

    def _replies(
        self,
        trusted: TrustedMail,
        report: Report,
        rows: Rows,
        questions: Sequence[str],
        message_id: str | None = None,
    ) -> tuple[OutgoingMail, ...]:
        """The reply, if one is due. `questions` are reports that wait for an answer still: it may come to this one."""
        now, envelope = self.clock(), trusted.envelope
        withheld = unanswered(envelope, report.state, self.identity, report.received_at, now, self.oldest_answered)
        if withheld or envelope.sender is None:
            log.info("reply-withheld", reason=withheld)
            return ()
        thread = replace(envelope, references=(*questions, *envelope.references))
        reply = compose(
            render(report, attach(report, rows)),
            envelope.sender,
            self.sender,
            thread,
            report.ref,
            now,
            self.identity.domain,
            self.secret,
            message_id=message_id,
            reply_to=_answer_to(trusted),
        )
        reply = replace(reply, envelope_sender=self.bounces_to)
        if _may_be_completed(report):
            wait = timedelta(minutes=report.policy.rules.page_wait_minutes)
            reply = replace(reply, not_before=now + wait)
        return (reply,)

    def _reports_of(self, waiting: Sequence[Settled]) -> list[str]:
        if not waiting:
            return []
        with self.store.read() as tx:
            held = [holding.find_by_id(tx, side.import_id) for side in waiting if side.import_id is not None]
        return [one.report_message_id for one in held if one.report_message_id]

    def _finishing(self, trusted: TrustedMail, outcome: Outcome) -> Write:
        return lambda tx: trusted.finish(tx, outcome)

    def _keep(self, tx: Transaction, trusted: TrustedMail, policy: Policy) -> KeptAs:
        raw = trusted.mail.raw
        assert raw is not None
        kept_id = keeping.keep(tx, policy.code, "mail", "", keeping.compress([raw]), trusted.read.sha256, self.clock())
        keeping.keep_with_message(tx, trusted.message.id, kept_id)
        return lambda _file: kept_id


def _answer_to(trusted: TrustedMail) -> str | None:
    """Where an answer takes the same route: the address that the mail was sent to, unless that is a secret."""
    address = own_address(trusted.route, trusted.envelope)
    return None if address is None or may_hold_token(address) else address


def _no_rows(_subledger: Subledger, _everything: bool) -> Iterable[AccountChange]:
    return ()


def _changes(staging: Staging, subledger: Subledger, everything: bool) -> Iterable[AccountChange]:
    return staging.iterate_changes(subledger, everything=everything)


def _may_be_completed(report: Report) -> bool:
    """Whether all there is to say is that pages are missing: they often come in the next mail."""
    reasons = {side.decision.reason for side in report.settled}
    return bool(reasons) and reasons <= {"pages-missing", "pages-last-full"} and report.other_state is None
