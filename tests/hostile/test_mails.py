"""Hostile mails on their whole way, through the real child and a real name server: their state, within bounds."""

import time

import pytest
from dns_server import DnsServer
from hostile_mails import MailCase, authentication_cases, header_cases, shape_cases
from offices import SIGNER, Office

from daemon.trust import Trust
from parsers.handover import Limits
from store.database import Store

CASES = [*shape_cases(), *header_cases(), *authentication_cases()]
SECONDS = 10.0


@pytest.mark.parametrize("database", ["sqlite"])
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_hostile_mail_comes_to_its_state(store: Store, dns_server: DnsServer, case: MailCase) -> None:
    for key in (SIGNER.key, *case.records):
        dns_server.names[f"{key.selector}._domainkey.{key.domain}"] = list(key.records)
    office = Office(store, dns_server, methods=case.methods, limits=Limits(512 * 1024 * 1024, 10))
    office.trust = Trust(tokens={"nl01": "jq3m" * 7})
    began = time.monotonic()
    assert (office.receive(case.raw), office.message.reason) == (case.state, case.reason)
    assert time.monotonic() - began < SECONDS
    replies = office.outgoing()
    if case.state in ("quarantined", "ignored"):
        assert replies == []
        assert office.balances() == {}
    else:
        (reply,) = replies
        assert reply["To"] == "boekhouding@bakker.example"
        assert set(reply.keys()) & {"Bcc", "Cc", "Reply-To"} == set()
        html = reply.get_body(("html",))
        assert html is not None
        assert "<script" not in html.get_content()
        assert len(reply["Subject"]) <= 250
