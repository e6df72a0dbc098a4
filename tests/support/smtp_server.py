"""A real SMTP server in the process: it keeps what it is sent, and answers as a test tells it to."""

import asyncio
import logging
import ssl
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from certificates import Certificates

from daemon.settings.models import SmtpSettings

logging.getLogger("mail.log").setLevel(logging.WARNING)  # its thread outlives the stream that a test's logs go to

USERNAME, PASSWORD = "saldo@example.com", "open-sesame"
OK = ""  # as an answer: what it would be anyway
HANG_UP = "hang up"  # as an answer: the connection is cut instead
TAKE_AND_HANG_UP = "take and hang up"  # after the data: the mail is kept, but the client never hears of it


@dataclass(frozen=True)
class Received:
    envelope_sender: str
    recipients: tuple[str, ...]
    raw: bytes
    options: tuple[str, ...]  # of MAIL FROM
    over_tls: bool
    username: str | None


@dataclass
class SmtpServer:
    """Answers 250 unless `answer` says otherwise; each answer given there is used once, in order."""

    security: str = "none"
    login: bool = False
    certificates: Certificates | None = None
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    answers: dict[str, deque[str]] = field(default_factory=lambda: {"MAIL": deque(), "RCPT": deque(), "DATA": deque()})
    port: int = 0
    _controller: Controller | None = None

    def answer(self, command: str, *replies: str) -> None:
        """Answer the next commands MAIL, RCPT or DATA like this: "451 later", `HANG_UP`."""
        self.answers[command].extend(replies)

    def settings(self, **changes: object) -> SmtpSettings:
        """The settings under which the daemon sends through this server."""
        settings: dict[str, object] = {
            "host": "localhost" if self.security != "none" else "127.0.0.1",
            "port": self.port,
            "security": self.security,
            "sender": "Saldopost <saldo@example.com>",
            "timeout_seconds": 10,
        }
        if self.certificates is not None:
            settings["ca_file"] = self.certificates.authority
        if self.login:
            settings |= {"username": USERNAME, "password": PASSWORD}
        return SmtpSettings.model_validate(settings | changes)

    def start(self) -> None:
        """Start, on a free port the first time and on the same one after `stop`."""
        tls = None
        if self.certificates is not None:
            tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            tls.load_cert_chain(self.certificates.certificate, self.certificates.key)
        self._controller = _Controller(
            _Handler(self),
            hostname="127.0.0.1",
            port=self.port,
            ssl_context=tls if self.security == "tls" else None,
            tls_context=tls if self.security == "starttls" else None,
            require_starttls=self.security == "starttls",
            auth_require_tls=self.security == "starttls",
            authenticator=_authenticate if self.login else None,
            enable_SMTPUTF8=True,
        )
        self._controller.start()
        self.port = self._controller.port
        self.connections = 0  # the controller has tried the server itself

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None


class _Controller(Controller):
    """Takes whatever port is free and remembers which."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()

    def factory(self) -> SMTP:
        self.handler.server.connections += 1
        return super().factory()


def _authenticate(_server: SMTP, session: Session, _envelope: Envelope, _mechanism: str, login: Any) -> AuthResult:
    assert isinstance(login, LoginPassword)
    success = (login.login.decode(), login.password.decode()) == (USERNAME, PASSWORD)
    return AuthResult(success=success, handled=False, auth_data=USERNAME if success else None)


class _Handler:
    def __init__(self, server: SmtpServer) -> None:
        self.server = server

    async def handle_MAIL(  # the name that aiosmtpd asks for
        self, smtp: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.server.login and not session.authenticated:
            return "530 5.7.0 Authentication required"
        return await self._scripted("MAIL", smtp) or _take_sender(envelope, address, options)

    async def handle_RCPT(
        self, smtp: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        return await self._scripted("RCPT", smtp) or _take_recipient(envelope, address)

    async def handle_DATA(self, smtp: SMTP, session: Session, envelope: Envelope) -> str:
        return await self._scripted("DATA", smtp, lambda: self._keep(session, envelope)) or self._keep(
            session, envelope
        )

    async def _scripted(self, command: str, smtp: SMTP, keep: Callable[[], str] | None = None) -> str | None:
        answers = self.server.answers[command]
        reply = answers.popleft() if answers else None
        if reply == TAKE_AND_HANG_UP and keep is not None:
            keep()
        if reply in (HANG_UP, TAKE_AND_HANG_UP):
            smtp.transport.abort()
            await asyncio.sleep(3600)  # aiosmtpd cancels this when it learns that the connection is gone
        return reply

    def _keep(self, session: Session, envelope: Envelope) -> str:
        self.server.received.append(
            Received(
                (envelope.mail_from or "").removeprefix("<>"),
                tuple(envelope.rcpt_tos),
                envelope.original_content or b"",
                tuple(envelope.mail_options),
                session.ssl is not None or self.server.security == "tls",
                session.auth_data if session.authenticated else None,
            )
        )
        return "250 taken"


def _take_sender(envelope: Envelope, address: str, options: list[str]) -> str:
    envelope.mail_from = address
    envelope.mail_options.extend(options)
    return "250 OK"


def _take_recipient(envelope: Envelope, address: str) -> str:
    envelope.rcpt_tos.append(address)
    return "250 OK"


@pytest.fixture
def smtp_server() -> Iterator[SmtpServer]:
    """A server of this test, without TLS and login."""
    yield from _started(SmtpServer())


@pytest.fixture(params=["tls", "starttls"])
def secure_smtp_server(request: pytest.FixtureRequest, certificates: Certificates) -> Iterator[SmtpServer]:
    """A server of this test that asks for a login and never listens in the clear."""
    yield from _started(SmtpServer(security=request.param, login=True, certificates=certificates))


def _started(server: SmtpServer) -> Iterator[SmtpServer]:
    server.start()
    try:
        yield server
    finally:
        server.stop()
