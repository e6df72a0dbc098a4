"""`saldopost` as a user calls it: the installed program, or the same in this process where many calls must be quick."""

import io
import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import structlog

from daemon.commands import main

COMMAND = Path(sys.executable).with_name("saldopost")


class Answer(subprocess.CompletedProcess[str]):
    """What a call said and how it ended."""

    @property
    def rows(self) -> list[dict[str, Any]]:
        found = json.loads(self.stdout)
        assert isinstance(found, list)
        return found


Saldopost = Callable[..., Answer]


@pytest.fixture
def saldopost(tmp_path: Path) -> Saldopost:
    """Call `saldopost` in the test's directory, with only the given variables of our own in the environment."""

    def call(*arguments: str, **environment: str) -> Answer:
        foreign = {name: value for name, value in os.environ.items() if not name.startswith("SALDOPOST_")}
        done = subprocess.run(
            [COMMAND, *arguments],
            cwd=tmp_path,
            env=foreign | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Answer(done.args, done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture
def quick_saldopost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Saldopost]:
    """The same without a process of its own."""
    root = logging.getLogger()
    handlers, level, excepthook = root.handlers[:], root.level, threading.excepthook
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith("SALDOPOST_"):
            monkeypatch.delenv(name)

    def call(*arguments: str) -> Answer:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
            main(arguments)
        code = ended.value.code
        assert isinstance(code, int)
        return Answer(arguments, code, out.getvalue(), err.getvalue())

    root.handlers[:] = []
    yield call
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)
    threading.excepthook = excepthook
    structlog.reset_defaults()
