"""Two daemons on one PostgreSQL against one, each on a core of its own, as if on machines of their own.

The servers (PostgreSQL, Dovecot, SMTP) take what is left of the same cores: on two cores that bounds the ratio. The
mails lie in four mailboxes: daemons share work by mailbox, so that the mails of one keep their order. The ratio of CPU
tells what sharing itself costs (nothing, if it is 1), however busy the machine is.
"""

import os
import signal
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

from dovecot_server import Account, Dovecot
from draining import codes_of, mail_servers, write_mails, write_settings
from figures import Figure, measure
from imports import BIN
from measuring import REAPER, Run
from postgres_server import PostgresServer, find_programs, serving
from smtp_server import SmtpServer

from store.database import open_store

MAILBOXES = 4
ON_A_CORE = "import os, sys; os.sched_setaffinity(0, {int(sys.argv[1])}); os.execv(sys.argv[2], sys.argv[2:])"


def measure_machines(directory: Path, mails: int, pairs: int) -> Figure | None:
    """How much longer one daemon takes than two do; None without PostgreSQL or a second core."""
    programs = find_programs()
    if programs is None or len(os.sched_getaffinity(0)) < 2:
        return None
    directory.mkdir()
    with mail_servers(directory) as (dovecot, smtp), serving(programs) as postgres:
        bench = _Machines(directory, dovecot, smtp, postgres, mails)
        what = f"{mails} mails by one daemon on PostgreSQL instead of two"
        return measure(what, pairs, lambda: bench.drain(1), lambda: bench.drain(2), None)


class _Machines:
    def __init__(
        self, directory: Path, dovecot: Dovecot, smtp: SmtpServer, postgres: PostgresServer, mails: int
    ) -> None:
        self.directory, self.dovecot, self.smtp, self.postgres, self.mails = directory, dovecot, smtp, postgres, mails
        self._numbers = count()

    def drain(self, daemons: int) -> Run:
        """From the start of the daemons until every reply was delivered."""
        database = f"bench_{next(self._numbers)}"
        self.postgres.execute(f"CREATE DATABASE {database}")
        url = self.postgres.url(database)
        open_store(url).close()
        codes: list[tuple[Account, list[str]]] = []
        for number in range(MAILBOXES):
            account, mails, first = self.dovecot.account(), self.mails // MAILBOXES, number * 10_000
            account.deliver(*write_mails(mails, first))
            codes.append((account, codes_of(mails, first)))
        self.smtp.received.clear()
        config = self.directory / f"{database}.toml"
        config.write_text(write_settings(url, self.dovecot, self.smtp, codes))
        began = time.perf_counter()
        cores = sorted(os.sched_getaffinity(0))[:daemons]
        started = [self._start(config, core) for core in cores]
        try:
            while len(self.smtp.received) < self.mails // MAILBOXES * MAILBOXES:
                if any(daemon.poll() is not None for daemon in started) or time.perf_counter() - began > 600:
                    raise RuntimeError(f"{len(self.smtp.received)} of {self.mails} replies came: see {config}.*.log")
                time.sleep(0.02)
            seconds = time.perf_counter() - began
        finally:
            for daemon in started:
                os.killpg(daemon.pid, signal.SIGTERM)
            for daemon in started:
                daemon.wait(20)
        spent = [float(Path(f"{config}.{core}.cpu").read_text()) for core in cores]
        done = [Path(f"{config}.{core}.log").read_text().count("mail-finished") for core in cores]
        return Run(seconds, 0, sum(spent), 0, f"mails by each daemon: {done}")

    def _start(self, config: Path, core: int) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-c", ON_A_CORE, str(core), BIN / "saldopost", "--config", config, "run"]
        watched = [sys.executable, REAPER, f"{config}.{core}.cpu", *command]
        with Path(f"{config}.{core}.log").open("wb") as log:
            return subprocess.Popen(watched, stdout=log, stderr=log, start_new_session=True)
