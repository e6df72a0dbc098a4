"""What a daemon costs that has nothing to do: fifty mailboxes at rest, under IDLE."""

import os
import subprocess
import time
from pathlib import Path

from draining import codes_of, mail_servers, write_settings
from imports import BIN

MAILBOXES = 50
SETTLED = 5.0  # seconds after the last login


def measure_idle(directory: Path, seconds: float) -> dict[str, object]:
    """CPU of the daemon in per cent of one core, over so many seconds."""
    directory.mkdir()
    with mail_servers(directory) as (dovecot, smtp):
        accounts = [(dovecot.account(), codes_of(1, number)) for number in range(MAILBOXES)]
        config = directory / "idle.toml"
        config.write_text(write_settings(f"sqlite:///{directory}/idle.db", dovecot, smtp, accounts))
        with (directory / "log").open("wb") as log:
            daemon = subprocess.Popen([BIN / "saldopost", "--config", config, "run"], stdout=log, stderr=log)
            try:
                while b" ready " not in (directory / "log").read_bytes().replace(b"]", b" "):
                    if daemon.poll() is not None:
                        raise RuntimeError((directory / "log").read_text()[-2000:])
                    time.sleep(0.1)
                time.sleep(SETTLED)
                before = _spent(daemon.pid)
                time.sleep(seconds)
                used = _spent(daemon.pid) - before
            finally:
                daemon.terminate()
                daemon.wait(20)
    what = f"{MAILBOXES} idle mailboxes, {seconds:.0f} s"
    return {"what": what, "cpu_seconds": round(used, 2), "percent_of_a_core": round(100 * used / seconds, 2)}


def _spent(pid: int) -> float:
    """CPU seconds of the process, its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
