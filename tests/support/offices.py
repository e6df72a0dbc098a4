"""An office: one mail's way over a fresh store and a name server of the test, and mails that arrive one by one."""

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

from dns_server import DnsServer
from signing import Signer
from ways import make_way

from daemon.mailbox import FetchedMail
from daemon.resolver import Resolver
from daemon.trust import Trust
from daemon.way import Way
from handlers.caps import Caps
from handlers.policy import Policy, Route
from parsers.handover import Limits
from store import messages
from store.balances import iterate_balances
from store.database import Store
from store.outbox import claim
from store.records import MailKey, Message, MessageState

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SIGNER = Signer()
SIGNED = ("from", "subject", "date", "content-type", "mime-version", "to")


@dataclass
class Office:
    """`clock` is the moment that it is there; a test may move it on."""

    store: Store
    dns: DnsServer
    methods: tuple[str, ...] = ("dkim",)
    senders: tuple[str, ...] = ("*@bakker.example",)
    own_address: str = "saldo@example.com"
    caps: Caps = field(default_factory=Caps)
    trust: Trust = field(default_factory=Trust)
    limits: Limits = field(default_factory=Limits)
    clock: datetime = NOW
    uid: int = 0
    policy: Policy | None = None

    @property
    def way(self) -> Way:
        return make_way(
            self.store,
            lambda: self.clock,
            self.uid,
            routes=(Route("main", self.senders, (), "nl01", self.methods),),
            trust=self.trust,
            lookup=Resolver(["127.0.0.1"], port=self.dns.port, seconds=0.5).lookup_keys,
            limits=self.limits,
            caps=self.caps,
            own_address=self.own_address,
            policies={self.policy.code: self.policy} if self.policy else None,
        )

    def receive(self, raw: bytes | None, size: int = 0) -> MessageState | None:
        """A further mail arrives."""
        self.uid += 1
        return self.way.process(self.fetched(raw, size))

    def receive_header(self, raw: bytes) -> MessageState | None:
        """A mail above the limit arrives: its header block alone is fetched."""
        self.uid += 1
        header = raw[: re.search(rb"\r?\n\r?\n", raw).end()]  # type: ignore[union-attr]
        return self.way.process(replace(self.fetched(None, 60_000_000), header=header))

    def look_again(self, raw: bytes | None) -> MessageState | None:
        """The mail that came last is still in the inbox."""
        return self.way.process(self.fetched(raw))

    def fetched(self, raw: bytes | None, size: int = 0) -> FetchedMail:
        key = MailKey("main", "INBOX", 7, self.uid)
        return FetchedMail(key, size or len(raw or b""), NOW - timedelta(minutes=5), raw)

    @property
    def message(self) -> Message:
        """What the store knows of the mail that came last."""
        with self.store.read() as tx:
            return messages.list_messages(tx)[0]

    def balances(self) -> dict[tuple[str, str | None], int]:
        with self.store.read() as tx:
            return {(row.side, row.code): row.open_import for row in iterate_balances(tx)}

    def figures(self) -> dict[tuple[str, str | None], tuple[int, int, int, int]]:
        """What Exact says, what waits for it, what is in transit to it, and the total."""
        with self.store.read() as tx:
            return {
                (row.side, row.code): (row.open_import, row.open_invoices, row.in_transit, row.open_total)
                for row in iterate_balances(tx)
            }

    def outgoing(self, kind: str = "reply", now: datetime | None = None) -> list[EmailMessage]:
        """What the courier would send by now."""
        with self.store.write() as tx:
            sent = claim(tx, now or self.clock, 100, timedelta(days=1))
        found = [message_from_bytes(mail.raw, policy=policy.default) for mail in sent if mail.kind == kind]
        assert all(isinstance(one, EmailMessage) for one in found)
        return found


def signed(raw: bytes, signer: Signer = SIGNER) -> bytes:
    return signer.sign(raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), signed=SIGNED)
