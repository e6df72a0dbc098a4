"""Mails that are not in the folder that is read, although their record says that they have to go somewhere.

final, never moved as far as we know    moved, and we died before it was noted: found and noted
final, and lies in another folder       its state changed since: moved to the folder of the new one
not final, and not in the folder        somebody took it out of our hands: its record ends
"""

from datetime import datetime

import structlog

from daemon.mailbox import Mailbox
from daemon.mailbox_folders import STATE_FOLDERS
from store import messages
from store.database import Store
from store.records import Message, Place

log = structlog.get_logger()


def put_in_its_place(mailbox: Mailbox, store: Store, message: Message) -> None:
    """See to it that a mail with a final state lies in the folder of that state, and note where."""
    assert message.state is not None
    if message.lies is None and message.key.folder != mailbox.settings.folder:
        return  # the settings named another folder then: it may be read again some day
    place = _find(mailbox, message)
    if place is None:
        log.warning("mail-is-gone", mailbox=mailbox.settings.name, ref=message.ref, state=message.state)
    elif place.folder != STATE_FOLDERS[message.state]:
        place = mailbox.move_from(place, message.state)
        log.info("mail-moved", mailbox=mailbox.settings.name, ref=message.ref, state=message.state)
    with store.write() as tx:
        messages.mark_moved(tx, [(message.id, message.state, place)])


def take_leave(mailbox: Mailbox, store: Store, message: Message, now: datetime) -> None:
    """End the record of a mail that was not final and is gone; one that may only have come too late is left."""
    if message.lies is None:
        here = message.key == mailbox.key(message.key.uid)
        if message.key.folder != mailbox.settings.folder or (here and message.key.uid >= mailbox.uidnext):
            return
    log.warning("mail-vanished", mailbox=mailbox.settings.name, ref=message.ref, uid=message.key.uid)
    with store.write() as tx:
        messages.forget(tx, message.id, now)


def _find(mailbox: Mailbox, message: Message) -> Place | None:
    """Where it is: in the folder that was noted, or in that of its state, or in any of ours."""
    assert message.state is not None
    likely = [message.lies.folder] if message.lies is not None else []
    for name in dict.fromkeys([*likely, STATE_FOLDERS[message.state], *STATE_FOLDERS.values()]):
        place = mailbox.find(message, name)
        if place is not None:
            return place
    return None
