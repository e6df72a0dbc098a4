"""Run a command and watch it from outside: time, memory of all its processes together, how long it locks the store."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

REAPER = Path(__file__).with_name("reaper.py")
LOOK_AT_LOCKS, LOOK_AT_MEMORY = 0.005, 0.1  # seconds
# Where SQLite locks for writing: the byte RESERVED of the store's file, or WAL_WRITE_LOCK of its shared memory.
_RESERVED, _WAL_WRITE = 0x40000001, 120


@dataclass(frozen=True)
class Run:
    seconds: float
    memory: int  # bytes, the most that all processes held together (PSS: shared pages count once)
    cpu: float  # seconds of all processes together
    locked: float  # seconds that the write lock of the store was held
    output: str


def run(command: Sequence[str | Path], directory: Path, store: Path | None = None, fine: Sequence[int] = (0,)) -> Run:
    """Raises RuntimeError unless it ends with one of the exit codes that are `fine`."""
    os.sync()  # else what the last run wrote is written during this one
    spent = directory / "spent"
    with (directory / "output").open("w+") as output:
        began = time.perf_counter()
        watched = [sys.executable, REAPER, spent, *command]
        process = subprocess.Popen(watched, cwd=directory, stdout=output, stderr=subprocess.STDOUT)
        memory, locked, looked_at_memory, looked = 0, 0.0, 0.0, began
        while process.poll() is None:
            now = time.perf_counter()
            if store is not None and _is_locked(store):
                locked += now - looked
            looked = now
            if now - looked_at_memory > LOOK_AT_MEMORY:
                looked_at_memory = now
                with suppress(OSError, StopIteration):  # a process ended between two looks
                    memory = max(memory, sum(map(_memory, family(process.pid)[1:])))
            time.sleep(LOOK_AT_LOCKS)
        seconds = time.perf_counter() - began
        output.seek(0)
        said = output.read()
    if process.returncode not in fine:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{said[-2000:]}")
    return Run(seconds, memory, float(spent.read_text()), locked, said)


def family(pid: int) -> list[int]:
    """The process and all that it started, as far as they live."""
    below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in below for one in family(int(child)))]


def _memory(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def _is_locked(store: Path) -> bool:
    """Whether any process holds the lock. /proc/locks names file and bytes: looking takes no lock itself."""
    bytes_of = {}
    for path, byte in ((store, _RESERVED), (store.with_name(store.name + "-shm"), _WAL_WRITE)):
        with suppress(FileNotFoundError):
            bytes_of[str(path.stat().st_ino)] = byte
    for line in Path("/proc/locks").read_text().splitlines():
        *_, kind, _pid, place, first, last = line.split()
        byte = bytes_of.get(place.rpartition(":")[2])
        waits = "->" in line
        if kind == "WRITE" and not waits and byte and int(first) <= byte and (last == "EOF" or byte <= int(last)):
            return True
    return False
