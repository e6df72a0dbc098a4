"""IDLE (RFC 2177) as a wake-up only: what is in the folder is always found out by looking."""

import time

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError

LONGEST_IDLE = 9 * 60.0  # seconds; servers may log out who says nothing for longer (RFC 2177: re-issue it in time)
_EARLY = 0.5  # seconds; poll(2) counts in milliseconds


def idle(client: IMAPClient, seconds: float) -> bool:
    """Wait in the selected folder until a mail arrives, at most so long; whether one did.

    At the end the server is asked for a sign of life. Raises IMAPClientAbortError if it hung up, and TimeoutError if
    the connection is half-open.
    """
    limit = time.monotonic() + min(seconds, LONGEST_IDLE)
    client.idle()
    arrived = False
    while not arrived and (left := limit - time.monotonic()) > 0:
        try:
            said = client.idle_check(timeout=left)
        except AssertionError as error:  # what the library raises when a line is no IMAP
            raise IMAPClientAbortError(f"nonsense during IDLE: {error}") from error
        if not said and time.monotonic() < limit - _EARLY:
            raise IMAPClientAbortError("closed during IDLE")  # it returns at once, again and again
        if any(line[0] == b"BYE" for line in said):
            raise IMAPClientAbortError("the server said goodbye during IDLE")
        arrived = any(b"EXISTS" in line[1:] for line in said)
    client.idle_done()
    client.noop()
    return arrived
