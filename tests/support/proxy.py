"""A TCP proxy on loopback between the program and a server, that delays, cuts, swallows or garbles what passes."""

import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal

Trouble = Literal["none", "delay", "cut", "black hole", "garble"]


class Proxy:
    """Connections to `port` go to the server's. `trouble` may be changed at any time, and holds from then on."""

    def __init__(self, target: int) -> None:
        self.trouble: Trouble = "none"
        self.connections = 0
        self.after = 0  # bytes out of the server that pass on each connection before there is trouble
        self._target = target
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        self.port: int = self._server.getsockname()[1]

    def cut(self) -> None:
        """Close every connection now."""
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.cut()
        for thread in self._threads:
            thread.join(timeout=10)
        for one in self._open:
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            try:
                server = socket.create_connection(("127.0.0.1", self._target), timeout=10)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            self._open += [client, server]
            for source, target in ((client, server), (server, client)):
                thread = threading.Thread(target=self._pass, args=(source, target, source is server), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _pass(self, source: socket.socket, target: socket.socket, to_client: bool) -> None:
        passed = 0
        with suppress(OSError):
            while data := source.recv(65536):
                passed += len(data)
                is_due = passed > self.after or not to_client
                match self.trouble if is_due else "none":
                    case "delay":
                        time.sleep(0.05)
                    case "cut" if to_client:
                        target.sendall(data[: len(data) // 2])
                        break
                    case "black hole":
                        continue
                    case "garble" if to_client:
                        data = bytes(byte ^ 0x15 if random.random() < 0.3 else byte for byte in data)
                target.sendall(data)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxied(target: int) -> Iterator[Proxy]:
    proxy = Proxy(target)
    try:
        yield proxy
    finally:
        proxy.close()
