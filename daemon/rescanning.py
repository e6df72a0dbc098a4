"""After a back-up was put back: the mails that came since are read again in their folders, in the order they came.

Nobody is answered a second time, and nobody is asked who they are: they were trusted when their mails were moved there.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date

import structlog

from daemon.mailbox import FetchedMail, Mailbox
from daemon.mailbox_errands import put_in_its_place
from daemon.mailbox_poll import Process
from store import messages
from store.database import Store
from store.records import Message, Place

FOLDERS = ("Processed", "Held", "Refused")  # of mails that were trusted

log = structlog.get_logger()


def rescan(
    mailboxes: Sequence[Mailbox],
    store: Store,
    process: Process,
    since: date,
    track: Callable[[Sequence[FetchedMail]], Iterable[FetchedMail]] = iter,
) -> Counter[str]:
    """Process what the store does not know yet; returns how many mails ended in which state, `known` included.

    `process` must not answer. Can be repeated. Raises ServerUnavailable, LoginRefused, StoreUnavailable, StoreBroken
    and what a bug raises.
    """
    by_name = {mailbox.settings.name: mailbox for mailbox in mailboxes}
    found: dict[FetchedMail, str] = {}
    for mailbox in mailboxes:
        mailbox.list()  # connects
        for folder in FOLDERS:
            found |= dict.fromkeys(mailbox.list_moved(folder, since), folder)
    in_order = sorted(found, key=lambda mail: (mail.arrived_at, mail.key.mailbox, mail.key.uid))
    ended: Counter[str] = Counter()
    for mail in track(in_order):
        place = Place(found[mail], mail.key.uidvalidity, mail.key.uid)
        ended[_take(by_name[mail.key.mailbox], store, process, mail, place)] += 1
    return ended


def _take(mailbox: Mailbox, store: Store, process: Process, unread: FetchedMail, place: Place) -> str:
    mail = mailbox.fetch_from(place, unread)
    if mail is None or mail.raw is None:  # gone meanwhile, or too large ever to have been read
        return "skipped"
    message = _find(store, mail)
    is_known = message is not None and message.is_final
    if not is_known:
        process(mail)
        message = _find(store, mail)
    assert message is not None
    if not message.moved and message.is_final:
        with store.write() as tx:
            messages.mark_moved(tx, [(message.id, None, place)])
        put_in_its_place(mailbox, store, _find(store, mail) or message)
    return "known" if is_known else message.state or "unfinished"


def _find(store: Store, mail: FetchedMail) -> Message | None:
    sha256 = hashlib.sha256(mail.raw or b"").hexdigest()
    with store.read() as tx:
        return messages.find_same(tx, mail.key.mailbox, mail.size, mail.arrived_at, sha256)
