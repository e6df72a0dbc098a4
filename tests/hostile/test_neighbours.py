"""A mail that would be read for ever costs its mailbox the limit, and other mailboxes nothing."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from exports import Account, export
from mails import SENDER, mail, multipart, part
from reports import policy
from ways import make_way

from daemon.mailbox import FetchedMail
from daemon.reading import start_reading
from daemon.rereading import Rereader
from handlers.policy import Route
from parsers.handover import Limits
from store.database import Store
from store.messages import list_messages
from store.records import MailKey

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
LINE = b"<x/>" * 10_000 + b"\r\n"
ENDLESS = multipart(
    "b",
    part(b"<eExact>\r\n" + LINE * 1000 + b"<ARs/></eExact>", "Content-Type: text/xml; name=ARs_1.xml", encoding="7bit"),
    headers=f"From: {SENDER}\r\nDate: Mon, 02 Mar 2026 09:30:00 +0000\r\n",
)


@dataclass
class Postman:
    """The thread of one mailbox."""

    store: Store
    number: int
    seconds: float = 0.0

    def bring(self, uid: int, raw: bytes, limits: Limits) -> None:
        code = f"nl{self.number}"
        way = make_way(
            self.store,
            lambda: NOW,
            self.number * 10 + uid,
            routes=(Route(f"box{self.number}", ("*@bakker.example",), (), code, ("none",)),),
            policies={code: policy(code=code)},
            limits=limits,
        )
        way = replace(way, intake=replace(way.intake, rereader=Rereader(self.store, limits, 2**30, 2**30)))
        way.process(FetchedMail(MailKey(f"box{self.number}", "INBOX", 1, uid), len(raw), NOW, raw))

    def work(self) -> None:
        began = time.monotonic()
        self.bring(1, ENDLESS, Limits(cpu_seconds=1))
        self.seconds = time.monotonic() - began
        self.bring(2, mail(("ARs_1.xml", export((Account(str(self.number)),)))), Limits())


@pytest.mark.parametrize("database", ["sqlite"])
def test_endless_mails_of_two_mailboxes_are_ended_side_by_side_and_the_next_are_read(
    store: Store, record_property: Callable[[str, object], None]
) -> None:
    start_reading()
    postmen = [Postman(store, 1), Postman(store, 2)]
    threads = [threading.Thread(target=postman.work) for postman in postmen]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with store.read() as tx:
        found = {(one.key.mailbox, one.key.uid): (one.state, one.reason) for one in list_messages(tx)}
    assert found == {
        **{(f"box{number}", 1): ("refused", "too-much-time") for number in (1, 2)},
        **{(f"box{number}", 2): ("applied", "") for number in (1, 2)},
    }
    # Not asserted: on a machine that is busy with something else, it says nothing.
    overlap = sum(postman.seconds for postman in postmen) / (time.monotonic() - began)
    record_property("endless mails side by side", round(overlap, 2))
