"""Long commands show how far they are where somebody watches, and never anywhere else."""

import os
import pty
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from command_line import COMMAND, Answer
from exports import Account, OpenItem, export

BOOKS = [Account(str(number), (OpenItem("1", "5"),)) for number in range(50)]


def watched(directory: Path, *arguments: str) -> tuple[Answer, str]:
    """The call, and what a person saw on the terminal that standard error was."""
    ours, theirs = pty.openpty()
    seen: list[bytes] = []

    def read() -> None:
        while True:
            try:
                seen.append(os.read(ours, 4096))
            except OSError:  # the other end is closed
                return

    reader = threading.Thread(target=read)
    reader.start()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "100"}
    done = subprocess.run(
        [COMMAND, *arguments],
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        env=environment,
        check=False,
    )
    os.close(theirs)
    reader.join(10)
    os.close(ours)
    return Answer(done.args, done.returncode, done.stdout, ""), b"".join(seen).decode()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One import applied, and a filtered one held."""
    directory = tmp_path_factory.mktemp("office")
    (directory / "config.toml").write_text(
        '[store]\nurl = "sqlite:///store.db"\n[[administrations]]\ncode = "nl01"\nname = "Bakker"\n'
    )
    (directory / "all.xml").write_bytes(export(BOOKS))
    (directory / "few.xml").write_bytes(export(BOOKS[:5]))
    for name, code in (("all.xml", 0), ("few.xml", 3)):
        done = subprocess.run([COMMAND, "import", name], cwd=directory, capture_output=True, check=False)
        assert done.returncode == code, done.stderr
    return directory


@pytest.fixture
def office(prepared: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(prepared, tmp_path / "office"))


CALLS = [
    (["import", "all.xml"], "reading", 0),
    (["imports", "approve", "2"], "reading", 0),
    (["imports", "undo", "1", "--yes"], "taking back", 0),
    (["backup", "copy.db"], "copying", 0),
    (["forget", "nl01", "--yes"], "deleting", 0),
]


@pytest.mark.parametrize(("arguments", "told", "code"), CALLS, ids=[" ".join(call[0]) for call in CALLS])
def test_a_long_command_shows_how_far_it_is(office: Path, arguments: list[str], told: str, code: int) -> None:
    done, seen = watched(office, *arguments)
    assert done.returncode == code, seen
    assert told in seen
    assert told not in done.stdout


def test_nobody_is_shown_a_bar_who_is_no_terminal(office: Path) -> None:
    done = subprocess.run([COMMAND, "imports", "approve", "2"], cwd=office, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_bar_ends_at_all_that_was_read(office: Path) -> None:
    _, seen = watched(office, "imports", "approve", "2")
    assert "5/5" in seen
