"""Logging in with an access token: what goes over the wire, and that a refused token is not used again."""

import asyncio
import base64
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from daemon import mailbox_connection, smtp_connection
from daemon.oauth import Grant, ProviderUnavailable, TokenRefused, TokenSource
from daemon.settings import Settings
from daemon.settings.models import MailboxSettings, SmtpSettings
from daemon.token_sources import build_token_sources
from daemon.unavailable import LoginRefused

GOOD = "ya29.good"


class _Imap(socketserver.StreamRequestHandler):
    """Just enough of RFC 3501 for a login by XOAUTH2."""

    server: "_Server"

    def handle(self) -> None:
        self.wfile.write(b"* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] ready\r\n")
        while line := self.rfile.readline().split():
            tag, command = line[:2]
            if command == b"AUTHENTICATE":
                if len(line) == 3:  # without an initial response
                    self.wfile.write(b"+ \r\n")
                    line.append(self.rfile.readline().strip())
                if self.server.takes(line[3]):
                    self.wfile.write(tag + b" OK done\r\n")
                else:
                    self.wfile.write(b"+ eyJzdGF0dXMiOiI0MDAifQ==\r\n")  # its error, to be answered by an empty line
                    self.rfile.readline()
                    self.wfile.write(tag + b" NO AUTHENTICATE failed.\r\n")
            elif command == b"CAPABILITY":
                self.wfile.write(b"* CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2\r\n" + tag + b" OK done\r\n")
            else:
                self.wfile.write(tag + b" OK done\r\n")


class _Smtp(socketserver.StreamRequestHandler):
    """Just enough of RFC 4954 for a login by XOAUTH2."""

    server: "_Server"

    def handle(self) -> None:
        self.wfile.write(b"220 ready\r\n")
        while line := self.rfile.readline().split():
            if line[0] == b"EHLO":
                self.wfile.write(b"250-here\r\n250 AUTH XOAUTH2\r\n")
            elif line[0] == b"AUTH":
                if self.server.takes(line[2]):
                    self.wfile.write(b"235 done\r\n")
                else:
                    self.wfile.write(b"334 eyJzdGF0dXMiOiI0MDAifQ==\r\n")
                    self.rfile.readline()
                    self.wfile.write(b"535 5.7.3 Authentication unsuccessful\r\n")
            else:
                self.wfile.write(b"250 done\r\n")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def takes(self, encoded: bytes) -> bool:
        self.presented.append(base64.b64decode(encoded).decode())
        return self.presented[-1] == f"user=saldo@example.com\x01auth=Bearer {GOOD}\x01\x01"

    presented: list[str]


@contextmanager
def _serving(handler: type[socketserver.StreamRequestHandler]) -> Iterator[_Server]:
    with _Server(("127.0.0.1", 0), handler) as server:
        server.presented = []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


LogIn = Callable[[TokenSource], None]


@pytest.fixture(params=["imap", "smtp"])
def server(request: pytest.FixtureRequest) -> Iterator[_Server]:
    with _serving(_Imap if request.param == "imap" else _Smtp) as serving:
        yield serving


@pytest.fixture
def log_in(server: _Server, request: pytest.FixtureRequest) -> LogIn:
    table = {
        "host": "127.0.0.1",
        "port": server.server_address[1],
        "security": "none",
        "username": "saldo@example.com",
        "oauth2": "m365",
        "timeout_seconds": 5,
    }

    def imap(tokens: TokenSource) -> None:
        mailbox_connection.connect(MailboxSettings.model_validate({"name": "main", **table}), tokens).shutdown()

    def smtp(tokens: TokenSource) -> None:
        async def connect() -> None:
            settings = SmtpSettings.model_validate({"sender": "saldo@example.com", **table})
            (await smtp_connection.connect(settings, tokens)).close()

        asyncio.run(connect())

    return imap if server.RequestHandlerClass is _Imap else smtp


def test_a_token_opens_the_door(server: _Server, log_in: LogIn) -> None:
    log_in(TokenSource(lambda: Grant(GOOD, 3600)))
    assert len(server.presented) == 1


def test_a_refused_token_is_discarded_and_the_next_one_tried(server: _Server, log_in: LogIn) -> None:
    grants = iter([Grant("ya29.stale", 3600), Grant(GOOD, 3600)])
    tokens = TokenSource(lambda: next(grants))
    with pytest.raises(LoginRefused, match=r"docs/oauth2\.md") as caught:
        log_in(tokens)
    assert "ya29.stale" not in str(caught.value)
    log_in(tokens)
    log_in(tokens)  # the good one is kept
    assert [one.split("Bearer ")[1].rstrip("\x01") for one in server.presented] == ["ya29.stale", GOOD, GOOD]


@pytest.mark.parametrize("error", [ProviderUnavailable("away"), TokenRefused("no")])
def test_what_the_provider_says_is_not_taken_for_the_servers_word(
    server: _Server, log_in: LogIn, error: Exception
) -> None:
    def fetch() -> Grant:
        raise error

    with pytest.raises(type(error), match=str(error)):
        log_in(TokenSource(fetch))
    assert server.presented == []


def test_mailbox_and_smtp_share_one_source_and_nobody_is_asked_yet() -> None:
    table = {
        "name": "m365",
        "provider": "microsoft",
        "tenant": "t",
        "client_id": "c",
        "client_secret": "s",
        "authority": "https://127.0.0.1:9",
    }
    other = {
        "name": "google",
        "provider": "refresh-token",
        "token_url": "https://127.0.0.1:9/token",
        "client_id": "c",
        "client_secret": "s",
        "refresh_token": "r",
    }
    books = [{"code": "nl01", "name": "Bakker"}]
    sources = build_token_sources(Settings.model_validate({"oauth2": [table, other], "administrations": books}))
    assert set(sources) == {"m365", "google"}
    assert sources.get(None) is None
