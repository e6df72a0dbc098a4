"""Who holds a mailbox or a mail of the outbox: this very process, named so that a later one can tell if it is dead."""

import os
import secrets
import socket


def name_holder() -> str:
    """A name for this process that no other has or will have."""
    return f"{_machine()} {os.getpid()} {secrets.token_hex(4)}"


def is_dead(holder: str) -> bool:
    """Whether the holder is a process of this machine that is no more; of another machine nobody knows."""
    machine, pid, _ = holder.split()
    if machine != _machine():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _machine() -> str:
    """Where process ids mean the same."""
    return f"{socket.gethostname()}/{os.stat('/proc/self/ns/pid').st_ino}"
