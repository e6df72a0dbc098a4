"""An IMAP and an SMTP server on free loopback ports, in threads of this process, gone when the demo ends."""

import asyncio
import logging
import threading
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.dict import DictBackend
from pymap.imap import IMAPServer

LOOPBACK = "127.0.0.1"


@contextmanager
def serve_imap(username: str, password: str) -> Iterator[int]:
    """An in-memory IMAP account without TLS; gives the port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="demo-imap", daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(_start_imap(username, password), loop).result(timeout=10)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        asyncio.run_coroutine_threadsafe(_stop(server), loop).result(timeout=10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
        loop.close()


async def _start_imap(username: str, password: str) -> asyncio.Server:
    arguments = Namespace(
        host=[LOOPBACK], port="0", cert=None, key=None, tls=False, proxy_protocol=None, inherited_sockets=None,
        demo_data=False, demo_user=username, demo_password=password, passlib_cfg=None, debug=False,
    )  # fmt: skip
    backend, config = await DictBackend.init(arguments)
    config.apply_context()
    callback = ProxyProtocolReader(config.proxy_protocol).get_callback(IMAPServer(backend.login, config))
    return await asyncio.start_server(callback, LOOPBACK, 0)


async def _stop(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for connection in others:
        connection.cancel()
    await asyncio.gather(*others, return_exceptions=True)


class _Postbox:
    """Keeps what it is handed (the handler interface of aiosmtpd)."""

    def __init__(self) -> None:
        self.received: list[bytes] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        self.received.append(envelope.original_content or b"")
        return "250 OK"


class _Controller(Controller):
    """Takes whatever port is free and remembers which."""

    server: asyncio.Server

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def serve_smtp() -> Iterator[tuple[int, list[bytes]]]:
    """An SMTP server without TLS or login; gives the port and the list in which arriving mails appear."""
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # else aiosmtpd tells each command
    postbox = _Postbox()
    controller = _Controller(postbox, hostname=LOOPBACK, port=0)
    controller.start()
    try:
        yield controller.port, postbox.received
    finally:
        controller.stop()
