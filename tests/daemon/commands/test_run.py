"""What `saldopost run` says before it begins."""

from pathlib import Path

import pytest
from command_line import Saldopost

import daemon.service
from daemon.commands.exits import Exit

SETTINGS = """\
[store]
url = "sqlite:///{folder}/store.db"
[smtp]
host = "127.0.0.1"
sender = "saldo@example.com"
[[mailboxes]]
name = "main"
host = "127.0.0.1"
username = "saldo"
password = "geheim"
[[administrations]]
code = "nl01"
name = "Bakker"
[[routes]]
mailbox = "main"
from = ["*@bakker.example"]
administration = "nl01"
authenticate = [{methods}]
"""


@pytest.mark.parametrize(("methods", "warns"), [('"none"', True), ('"dkim"', False)])
def test_a_route_that_trusts_everybody_is_warned_about_at_each_start(
    quick_saldopost: Saldopost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, methods: str, warns: bool
) -> None:
    monkeypatch.setattr(daemon.service, "serve", lambda *_args, **_options: Exit.DONE)
    (tmp_path / "config.toml").write_text(SETTINGS.format(folder=tmp_path, methods=methods))
    for _ in range(2):
        done = quick_saldopost("run", "--once")
        assert done.returncode == 0
        assert ("settings-doubtful" in done.stderr) is warns
        assert ("whoever forges a From that matches is believed" in done.stderr) is warns
