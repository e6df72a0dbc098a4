"""Loaded last in the process that children are forked from: it reads a mail of our own a few times.

What Python learns while it runs (caches, specialised byte code) is then learnt once: each child would learn it anew.
"""

import base64
import gc
import os
from contextlib import suppress

from parsers.child import Conversation
from parsers.frames import decode_request, encode
from parsers.handover import SentFile
from parsers.protocol import Open, Options, ReadEnvelope, Request

ROUNDS = 4  # Python specialises what ran eight times, and an account is read as often in each
REQUESTS: tuple[Request, ...] = (ReadEnvelope(), Open(Options("EUR")))

_ITEM = (
    '<OutstandingItem number="{number}"><YourRef>PO {number}</YourRef><Description>Factuur</Description>'
    '<InvoiceDate>2026-01-31</InvoiceDate><DueDate>2026-03-02</DueDate><Currency code="EUR"/>'
    "<InvoiceAmtFC>{number}.5</InvoiceAmtFC><OutstandingAmtFC>{number}</OutstandingAmtFC>"
    "<InvoiceAmtDC>{number}.5</InvoiceAmtDC><OutstandingAmtDC>{number}</OutstandingAmtDC></OutstandingItem>"
)
_ACCOUNT = (
    '<AR><Account code="{number:>18}" ID="{{00000000-0000-0000-0000-{number:012}}}"><Name>Bakker</Name></Account>'
    "<OutstandingItems>{items}</OutstandingItems></AR>"
)
_TOPICS = '<Topics><Topic code="ARs" ts_d="0x0000000000000001"/></Topics>'
_MAIL = """\
From: Boekhouding <boekhouding@bakker.example>
To: saldo@example.com
Subject: Openstaande posten
Date: Mon, 02 Mar 2026 09:30:00 +0100
Message-ID: <export@bakker.example>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="="

--=
Content-Type: text/plain; charset="utf-8"

Hierbij de export.
--=
Content-Type: application/xml
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename="ARs_1.xml"

{content}
--=--
"""


def make_mail(accounts: int = 20, items: int = 5) -> bytes:
    """A mail with an export of so many accounts, of so many items each."""
    numbered = "".join(_ITEM.format(number=number) for number in range(1, items + 1))
    blocks = "".join(_ACCOUNT.format(number=number, items=numbered) for number in range(1, accounts + 1))
    export = f'<?xml version="1.0" encoding="utf-8"?><eExact><ARs>{blocks}</ARs>{_TOPICS}</eExact>'
    return _MAIL.format(content=base64.encodebytes(export.encode()).decode()).replace("\n", "\r\n").encode()


def warm_up() -> None:
    fd = os.memfd_create("mail")
    os.write(fd, make_mail())
    for _ in range(ROUNDS):
        conversation = Conversation("mail", [SentFile("", os.dup(fd))])
        for request in REQUESTS:
            for frame in conversation.answer(decode_request(encode(request))):
                encode(frame)
        conversation.close()
    os.close(fd)
    gc.collect()
    gc.freeze()  # what is there now stays, in every child


with suppress(Exception):  # it is about speed alone, and what fails here would end the process for good
    warm_up()
