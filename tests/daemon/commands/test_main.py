"""The command line as a whole: help, exit codes, and what is said when something is wrong."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from command_line import COMMAND, Saldopost

from daemon.children import NoChild
from daemon.commands import COMMANDS, main
from daemon.commands.exits import Exit, exit_of, worst
from daemon.settings import SettingsError
from daemon.unavailable import LoginRefused, ServerUnavailable
from handlers.planning import KeptGone
from store.records import StoreBroken, StoreUnavailable

BOOKS = '[[administrations]]\ncode = "nl01"\nname = "Bakker"\n'


def write(directory: Path, text: str = BOOKS) -> None:
    (directory / "config.toml").write_text(f'[store]\nurl = "sqlite:///{directory / "store.db"}"\n{text}')


def test_help_names_every_command(saldopost: Saldopost) -> None:
    for option in ("--help", "-h"):
        done = saldopost(option)
        assert done.returncode == 0
        assert [line.split()[0] for line in done.stdout.splitlines() if re.match(r"  [a-z]+  ", line)] == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_overview_says_what_each_command_says_of_itself(name: str) -> None:
    module, said = COMMANDS[name]
    try:
        command = importlib.import_module(f"daemon.commands.{module}").command
    except ModuleNotFoundError as error:
        if error.name != f"daemon.commands.{module}":
            raise
        pytest.skip(f"{error}")
    assert isinstance(command, click.Command)
    assert command.get_short_help_str(200).rstrip(".") == said.rstrip(".")


def test_version_is_that_of_the_distribution(saldopost: Saldopost) -> None:
    assert re.fullmatch(r"saldopost \d+\.\d+\.\d+\n", saldopost("--version").stdout)


def test_help_and_version_load_no_heavy_library() -> None:
    called = f"import sys, daemon.commands\nsys.argv = ['saldopost', '--help']\n{_CALL}"
    loaded = subprocess.run([sys.executable, "-c", called], capture_output=True, text=True, check=True).stderr.split()
    heavy = {"sqlalchemy", "alembic", "pydantic", "structlog", "rich", "lxml", "babel", "imapclient", "aiosmtplib"}
    assert "click" in loaded
    assert not heavy & set(loaded)


_CALL = """
try:
    daemon.commands.main()
except SystemExit:
    print(*sys.modules, file=sys.stderr)
"""


def test_the_program_starts_with_nothing_but_its_command_line() -> None:
    """What is slow to import is imported when a command needs it."""
    script = "import sys, daemon.commands; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    slow = {"sqlalchemy", "alembic", "lxml", "pydantic", "structlog", "imapclient", "aiosmtplib", "asyncio", "jinja2"}
    assert not slow & set(done.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["blances"], "No such command 'blances'. Did you mean 'balances'?"),
        (["--confg", "x", "check"], "No such option '--confg'"),
        (["balances", "--side", "left"], "is not one of 'receivable', 'payable'"),
        (["items"], "Missing argument 'ACCOUNT'"),
        (["balances", "-a", "nl1"], "There is no administration 'nl1' in config.toml. Did you mean 'nl01'?"),
    ],
)
def test_wrong_usage_ends_with_2(saldopost: Saldopost, tmp_path: Path, arguments: list[str], said: str) -> None:
    write(tmp_path)
    done = saldopost(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_wrong_settings_end_with_78_and_point_at_the_line(saldopost: Saldopost, tmp_path: Path) -> None:
    write(tmp_path, BOOKS + "poll = 1\n")
    for command in (["check"], ["balances"], ["messages", "list"]):
        done = saldopost(*command)
        assert (done.returncode, done.stdout) == (78, "")
        assert done.stderr.startswith("config.toml:6:1: administrations[nl01].poll: unknown key\n  |\n6 | poll = 1\n")


def test_no_settings_at_all_end_with_78(saldopost: Saldopost) -> None:
    done = saldopost("--config", "gone.toml", "check")
    assert done.returncode == 78
    assert done.stderr.startswith("gone.toml: cannot be read: No such file or directory\n")


def test_the_settings_file_can_be_named_by_the_environment(saldopost: Saldopost, tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text(BOOKS)
    done = saldopost("check", SALDOPOST_CONFIG="other.toml", SALDOPOST_STORE__URL="sqlite:////from/environment.db")
    assert done.returncode == 0
    assert "The settings in other.toml are right." in done.stdout
    assert "Store: sqlite:////from/environment.db" in done.stdout


def test_a_store_that_is_away_ends_with_75(saldopost: Saldopost, tmp_path: Path) -> None:
    write(tmp_path)
    done = saldopost("balances", SALDOPOST_STORE__URL="postgresql://nobody@127.0.0.1:1/saldo?connect_timeout=2")
    assert (done.returncode, done.stdout) == (75, "")
    assert done.stderr.startswith("saldopost: ")
    assert "Traceback" not in done.stderr


def test_a_store_that_is_damaged_needs_a_person(saldopost: Saldopost, tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "store.db").write_bytes(b"no database at all" * 100)
    done = saldopost("balances")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("saldopost: ")
    assert "Traceback" not in done.stderr


def test_a_bug_ends_with_70_and_its_traceback_in_the_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_arguments: object) -> None:
        password = "".join(("ge", "heim"))
        raise RuntimeError(len(password))

    monkeypatch.setattr(importlib, "import_module", fail)
    with pytest.raises(SystemExit) as ended:
        main(["balances"])
    assert ended.value.code == 70
    said = capsys.readouterr().err
    assert "Traceback (most recent call last)" in said
    assert "saldopost: this is a bug (RuntimeError); its traceback is in the log" in said
    assert "geheim" not in said


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsError([]), 78),
        (StoreUnavailable(), 75),
        (ServerUnavailable(), 75),
        (NoChild(), 75),
        (StoreBroken(), 1),
        (KeptGone(), 1),
        (LoginRefused(), 1),
        (ValueError(), 70),
    ],
)
def test_every_kind_of_error_has_its_exit_code(error: Exception, code: int) -> None:
    assert exit_of(error) == code


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ([], Exit.DONE),
        ([Exit.DONE, Exit.REFUSED], Exit.REFUSED),
        ([Exit.REFUSED, Exit.HELD, Exit.DONE], Exit.HELD),
        ([Exit.UNAVAILABLE, Exit.PERSON], Exit.UNAVAILABLE),
        ([Exit.BUG, Exit.SETTINGS], Exit.BUG),
    ],
)
def test_of_several_the_worst_counts(codes: list[Exit], code: Exit) -> None:
    assert worst(codes) is code


def test_exit_codes_are_those_of_the_contract() -> None:
    assert {code.name: code.value for code in Exit} == {
        "DONE": 0,
        "PERSON": 1,
        "USAGE": 2,
        "HELD": 3,
        "REFUSED": 4,
        "BUG": 70,
        "UNAVAILABLE": 75,
        "SETTINGS": 78,
    }


def test_a_reader_that_leaves_early_is_no_bug(tmp_path: Path) -> None:
    write(tmp_path)
    done = subprocess.run(
        f"{COMMAND} balances --format csv | true", shell=True, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "Traceback" not in done.stderr
