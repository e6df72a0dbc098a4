"""What this process did, counted: cheap, and without any library."""

import threading
from bisect import bisect_left
from collections import Counter

BOUNDS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)  # seconds


class Tally:
    """Counts what happens in this process. Any thread may count."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.mails: Counter[str] = Counter()  # by state
        self.sent: Counter[str] = Counter()  # by outcome
        self.items = 0
        self.within: list[int] = [0] * (len(BOUNDS) + 1)  # mails by how long they took
        self.seconds = 0.0

    def count_mail(self, state: str, seconds: float) -> None:
        """A mail was processed, or met a bug (state `bug`)."""
        with self._lock:
            self.mails[state] += 1
            self.within[bisect_left(BOUNDS, seconds)] += 1
            self.seconds += seconds

    def count_items(self, items: int) -> None:
        """So many open items were read."""
        with self._lock:
            self.items += items

    def count_sending(self, outcome: str) -> None:
        """A reply or an alert was handed to the SMTP server, with this outcome."""
        with self._lock:
            self.sent[outcome] += 1


TALLY = Tally()  # of this process
