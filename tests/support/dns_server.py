"""A name server on loopback that answers TXT questions as a test wants: records, nothing, trouble or silence."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest

Behaviour = list[bytes] | Literal["nothing", "trouble", "refused", "silence", "garbage"]


class DnsServer:
    """Answers over UDP on `port` of 127.0.0.1. A name that is not in `names` does not exist."""

    def __init__(self, listener: socket.socket) -> None:
        self.port: int = listener.getsockname()[1]
        self.names: dict[str, Behaviour] = {}
        self.ttl = 300
        self.asked: list[str] = []
        self._listener = listener

    def serve(self) -> None:
        while True:
            try:
                packet, peer = self._listener.recvfrom(4096)
            except OSError:
                return  # closed
            if not packet:
                return
            reply = self._answer(packet)
            if reply is not None:
                self._listener.sendto(reply, peer)

    def _answer(self, packet: bytes) -> bytes | None:
        query = dns.message.from_wire(packet)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True)
        self.asked.append(name)
        behaviour = self.names.get(name)
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        match behaviour:
            case "silence":
                return None
            case "garbage":
                return packet[:2] + b"\xff" * 20
            case "trouble":
                reply.set_rcode(dns.rcode.SERVFAIL)
            case "refused":
                reply.set_rcode(dns.rcode.REFUSED)
            case "nothing":
                pass
            case None:
                reply.set_rcode(dns.rcode.NXDOMAIN)
            case records:
                reply.answer.append(self._rrset(question.name.to_text(), records))
        return reply.to_wire()

    def _rrset(self, name: str, records: list[bytes]) -> dns.rrset.RRset:
        texts = [
            " ".join(f'"{record[at : at + 255].decode()}"' for at in range(0, len(record), 255)) for record in records
        ]
        return dns.rrset.from_text_list(name, self.ttl, dns.rdataclass.IN, dns.rdatatype.TXT, texts)


@contextmanager
def running_dns_server() -> Iterator[DnsServer]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        server = DnsServer(listener)
        thread = threading.Thread(target=server.serve)
        thread.start()
        try:
            yield server
        finally:
            listener.sendto(b"", ("127.0.0.1", server.port))
            thread.join(timeout=5)
            assert not thread.is_alive()


@pytest.fixture
def dns_server() -> Iterator[DnsServer]:
    with running_dns_server() as server:
        yield server
