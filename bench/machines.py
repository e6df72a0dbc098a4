"""Two daemons on one PostgreSQL against one, each as if on a machine of its own.

Every daemon, with the children that read for it, gets a share of one core and no more, as if its machine were so much
slower. The servers (PostgreSQL, Dovecot, SMTP) are not limited, and most of the cores is left to them: the database is
not the limit, even where all of it runs on two cores. What is said with the figure shows whether that was so: the CPU
that each daemon had, and how much of the cores nobody used.

What the share hides is the way between machines: every answer of the servers comes over loopback, at once.

The mails lie in four mailboxes when the clock starts, and the daemons have connected: they share work by mailbox, so
that the mails of one keep their order. The ratio of CPU tells what sharing itself costs (nothing, if it is 1).
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from dovecot_server import Dovecot
from draining import codes_of, mail_servers, write_mails, write_settings
from figures import Figure, measure
from imports import BIN
from measuring import Run
from postgres_server import PostgresServer, find_programs, serving
from rations import Ration, rationed
from smtp_server import SmtpServer

from store.database import open_store

MAILBOXES = 4
SHARE = 0.2  # of one core, for each daemon
Started = tuple["subprocess.Popen[bytes]", Path]  # a daemon and its log


def measure_machines(directory: Path, mails: int, pairs: int) -> Figure | None:
    """How much longer one daemon takes than two do; None without PostgreSQL or a second core."""
    programs = find_programs()
    if programs is None or len(os.sched_getaffinity(0)) < 2:
        return None
    directory.mkdir()
    with mail_servers(directory) as (dovecot, smtp), serving(programs) as postgres:
        bench = _Machines(directory, dovecot, smtp, postgres, mails // MAILBOXES)
        what = f"{mails} mails by one daemon on PostgreSQL instead of two, {SHARE:.0%} of a core each"
        return measure(what, pairs, lambda: bench.drain(1), lambda: bench.drain(2), None)


class _Machines:
    def __init__(
        self, directory: Path, dovecot: Dovecot, smtp: SmtpServer, postgres: PostgresServer, mails: int
    ) -> None:
        """With so many mails in each mailbox."""
        self.directory, self.dovecot, self.smtp, self.postgres = directory, dovecot, smtp, postgres
        firsts = [number * 10_000 for number in range(MAILBOXES)]
        self.mails = [list(write_mails(mails, first)) for first in firsts]
        self.codes = [codes_of(mails, first) for first in firsts]
        self._numbers = count()

    def drain(self, daemons: int) -> Run:
        """From when the daemons, ready before, see the mails until every reply was delivered."""
        database = f"bench_{next(self._numbers)}"
        self.postgres.execute(f"CREATE DATABASE {database}")
        url = self.postgres.url(database)
        open_store(url).close()
        accounts = [self.dovecot.account() for _ in self.mails]
        config = self.directory / f"{database}.toml"
        config.write_text(write_settings(url, self.dovecot, self.smtp, list(zip(accounts, self.codes, strict=True))))
        self.smtp.received.clear()
        with _running(config, daemons) as started:
            _wait(lambda: all("ready" in log.read_text() for _, log in started), started, 60)
            rations = [Ration(daemon.pid, SHARE) for daemon, _ in started]
            for account, mails in zip(accounts, self.mails, strict=True):
                account.deliver(*mails)
            expected = sum(map(len, self.mails))
            unused, began = _unused(), time.perf_counter()
            with rationed(rations):
                _wait(lambda: len(self.smtp.received) >= expected, started, 900)
                seconds = time.perf_counter() - began
                spent = [ration.spent for ration in rations]
                unused = _unused() - unused
        had = ", ".join(f"{one / seconds:.1%}" for one in spent)
        done = ", ".join(str(log.read_text().count("mail-finished")) for _, log in started)
        cores = f"{unused / seconds:.2f} of {os.cpu_count()}"
        return Run(seconds, 0, sum(spent), 0, f"of a core each had {had}; mails {done}; cores unused {cores}")


@contextmanager
def _running(config: Path, daemons: int) -> Iterator[list[Started]]:
    """So many daemons with their logs, each leading a process group of its own."""
    command: list[str | Path] = [BIN / "saldopost", "--config", config, "run"]
    started: list[Started] = []
    try:
        for number in range(daemons):
            log = Path(f"{config}.{number}.log")
            with log.open("wb") as stream:
                daemon = subprocess.Popen(command, stdout=stream, stderr=stream, start_new_session=True)
            started.append((daemon, log))
        yield started
    finally:
        for daemon, _ in started:
            with suppress(ProcessLookupError):
                os.killpg(daemon.pid, signal.SIGCONT)
            daemon.terminate()
        for daemon, _ in started:
            daemon.wait(20)


def _wait(true: Callable[[], bool], started: list[Started], seconds: float) -> None:
    limit = time.monotonic() + seconds
    while not true():
        for daemon, log in started:
            if daemon.poll() is not None or time.monotonic() > limit:
                raise RuntimeError(f"a daemon ended, or did not get on for {seconds} s:\n{log.read_text()[-2000:]}")
        time.sleep(0.05)


def _unused() -> float:
    """Seconds for which the cores together had nothing to do since the machine started."""
    idle, waiting = Path("/proc/stat").read_text().split()[4:6]
    return (int(idle) + int(waiting)) / os.sysconf("SC_CLK_TCK")
