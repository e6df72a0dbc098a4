"""Give a program with all its processes so much CPU as if it ran on a slower machine of its own.

Who has spent more than is due is stopped (SIGSTOP), and goes on (SIGCONT) once it is due again. Neither root nor
cgroups are needed.
"""

import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from measuring import family

LOOK = 0.02  # seconds between two looks at what was spent
BURST = 0.1  # seconds whose share may be spent at once: what is not used is lost then
_TICK = 1 / os.sysconf("SC_CLK_TCK")


class Ration:
    """The share of one core of a process group that `leader` leads. The group is stopped when this is made."""

    def __init__(self, leader: int, share: float) -> None:
        self.spent = 0.0  # CPU seconds since it goes on
        self._leader = leader
        self._share = share
        self._due = 0.0
        self._runs = True
        self.let(False)
        self._before = _spent(leader)

    def let(self, run: bool) -> None:
        if run != self._runs:
            with suppress(ProcessLookupError):
                os.killpg(self._leader, signal.SIGCONT if run else signal.SIGSTOP)
            self._runs = run

    def mind(self, seconds: float) -> None:
        """So many seconds went by: stop it, or let it go on."""
        spent = max(self.spent, _spent(self._leader) - self._before)
        self._due = min(self._due + seconds * self._share, BURST * self._share) - (spent - self.spent)
        self.spent = spent
        self.let(self._due > 0)


@contextmanager
def rationed(rations: Sequence[Ration]) -> Iterator[None]:
    """The groups go on, each with its share. At the end of the block they do so without limit."""
    over = threading.Event()

    def mind() -> None:
        before = time.perf_counter()
        while not over.wait(LOOK):
            now = time.perf_counter()
            for ration in rations:
                ration.mind(now - before)
            before = now

    minding = threading.Thread(target=mind)
    minding.start()
    try:
        yield
    finally:
        over.set()
        minding.join()
        for ration in rations:
            ration.let(True)


def _spent(leader: int) -> float:
    """CPU seconds of the leader and of all that it started, those included that ended."""
    ticks = 0
    with suppress(OSError):  # a process ended between two looks
        for pid in family(leader):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))  # of its own and of its dead children, in the program and the kernel
    return ticks * _TICK
