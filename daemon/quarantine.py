"""A quarantined mail that a person vouches for: found again on the server, processed, and moved to where it belongs.

The daemon may run meanwhile: it looks at no mail outside of its own folder, and what the mail does to the balances is
decided under the same lock and in the same transaction as ever. A run that is cut short can be repeated: before the
commit nothing happened, after it only the move is done again.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from hashlib import sha256

from daemon.mailbox import FetchedMail, Mailbox
from daemon.mailbox_folders import STATE_FOLDERS
from store import messages
from store.database import Store
from store.records import Message, MessageState, Place


class NotReleased(Exception):
    """The mail cannot be released. Says why, and what to do."""


def release(
    message: Message, mailbox: Mailbox, store: Store, process: Callable[[FetchedMail, Message], MessageState]
) -> MessageState:
    """Bring the mail to its new state and folder; `mailbox` is the one that it came to.

    Raises NotReleased, and what `Mailbox` and `process` raise.
    """
    if message.state == "quarantined" and not message.moved:
        raise NotReleased(f"{message.ref} still lies in {message.key.folder}: wait until the daemon moved it")
    if message.sha256 is None:
        raise NotReleased(f"{message.ref} was never read ({message.reason}), and cannot be")
    mailbox.list()  # connects
    folder = mailbox.folder_of("quarantined")
    if folder is None:
        raise NotReleased("the mailbox has no folder Quarantine any more")
    elsewhere = mailbox.settings.model_copy(update={"folder": folder})
    with closing(Mailbox(elsewhere, mailbox.largest_mail, mailbox.tokens)) as quarantine:
        found = _find(message, quarantine)
        if message.state is None or (found is None and message.state != "quarantined"):
            raise NotReleased(f"{message.ref} is not quarantined, but {message.state or 'not finished'}")
        if found is None:
            raise NotReleased(f"{message.ref} is not in {folder} any more: it was moved or deleted by hand")
        # Else it was processed before, and lacks its move.
        state = process(replace(found, key=message.key), message) if message.state == "quarantined" else message.state
        place = Place(STATE_FOLDERS["quarantined"], quarantine.uidvalidity, found.key.uid)
        if state != "quarantined":
            place = quarantine.move([found.key.uid], state)[found.key.uid]
        with store.write() as tx:
            messages.mark_moved(tx, [(message.id, state, place)])
    return state


def _find(message: Message, quarantine: Mailbox) -> FetchedMail | None:
    """The very mail, byte for byte: nothing that it says is asked of the server."""
    quarantine.list()
    for mail in quarantine.fetch(quarantine.list_of_size(message.size)):
        if mail.raw is not None and sha256(mail.raw).hexdigest() == message.sha256:
            return mail
    return None
