"""What `status` says on one screen, in colours, and as JSON."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from command_line import Saldopost
from staged_exports import Account, apply_export

from daemon.commands import output
from daemon.commands.output import Column, show_record, write_size
from store.database import Store
from store.health import Look, note_looks, read_health

SETTINGS = """\
[smtp]
host = "smtp.example.com"
sender = "Saldopost <saldo@example.com>"
[[mailboxes]]
name = "main"
host = "imap.example.com"
username = "saldo"
password = "geheim"
[[mailboxes]]
name = "second"
host = "imap.example.com"
username = "saldo"
password = "geheim"
[[administrations]]
code = "nl01"
name = "Bakker"
"""
ERROR = "2026-03-01 10:00 UTC: mailbox main at imap.example.com:993: no answer within 30 s."


@pytest.fixture
def watched(store: Store, store_url: str, tmp_path: Path) -> datetime:
    """A mailbox that is well again, one whose login is refused, one that is not read any more; a silent customer."""
    (tmp_path / "config.toml").write_text(f'[store]\nurl = "{store_url}"\n{SETTINGS}')
    now = datetime.now(UTC)
    troubled = [
        Look("main", None, 0, "server", ERROR),
        Look("second", None, 3, "login", "refused"),
        Look("old", now, 9),
    ]
    with store.write() as tx:
        note_looks(tx, troubled, now - timedelta(minutes=5))
        note_looks(tx, [Look("main", now, 2)], now)
    for amount in (1, 2, 3):
        apply_export(store, [Account("10042", [("1", amount)])])
    return now


def test_every_figure_that_a_person_asks_for_is_there(quick_saldopost: Saldopost, watched: datetime) -> None:
    done = quick_saldopost("status", "--format", "json")
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert told["mailboxes"] == [
        {
            "mailbox": "main",
            "polled_at": f"{watched:%Y-%m-%dT%H:%M:%SZ}",
            "backlog": 2,
            "trouble": None,
            "error": ERROR,
        },
        {"mailbox": "second", "polled_at": None, "backlog": None, "trouble": "login", "error": "refused"},
    ]
    figures = ("queued", "given_up", "waiting", "held", "quarantined", "failed")
    assert [told[key] for key in figures] == [0, 0, 0, 0, 0, 0]
    assert told["silent"] == ["nl01"]
    assert (told["ok"], {one["condition"] for one in told["needs"]}) == (False, {"mailbox:second", "silent:nl01"})
    assert told["store_size"] > 0
    assert re.match(r"SQLite 3|PostgreSQL \d", told["database"])
    assert {"version", "python", "oldest_due", "store"} <= told.keys()


def test_a_table_is_for_one_screen(quick_saldopost: Saldopost, watched: datetime) -> None:
    said = quick_saldopost("status").stdout
    assert re.search(r"^mailbox +last read +left +trouble +last error$", said, re.MULTILINE)
    assert re.search(r"^main .* 2 +2026-03-01 10:00 UTC: mailbox main", said, re.MULTILINE)
    assert re.search(r"^size +[\d.]+ [kM]B$", said, re.MULTILINE)
    assert "Needs you: Mailbox second refuses the login" in said
    assert len(said.splitlines()) < 24


def test_what_is_over_is_no_cause_of_what_comes_after(store: Store, watched: datetime) -> None:
    with store.read() as tx:
        (main, *_) = read_health(tx, watched, timedelta(days=3)).looks
    assert (main.trouble, main.error) == (None, ERROR)


def test_figures_that_are_not_zero_are_coloured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(output.sys.stdout, "isatty", lambda: True)
    columns = (Column("held", "held", "number", "yellow"), Column("failed", "failed", "number", "red"))
    show_record({"held": 2, "failed": 0}, columns)
    held, failed = capsys.readouterr().out.split("\n")[:2]
    assert "\x1b[33m2\x1b[0m" in held
    assert "\x1b" not in failed


@pytest.mark.parametrize(
    ("size", "said"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (12_345_678, "12.3 MB"), (10**13, "10.0 TB")],
)
def test_sizes_are_for_people(size: int, said: str) -> None:
    assert write_size(size) == said
