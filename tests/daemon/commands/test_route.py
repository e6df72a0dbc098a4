from pathlib import Path

import pytest
from command_line import Saldopost

CONFIG = """\
[smtp]
host = "smtp.example.com"
sender = "saldo@example.com"

[[mailboxes]]
name = "main"
host = "imap.example.com"
username = "saldo"
password = "geheim"

[[administrations]]
code = "nl01"
name = "Bakker"

[[administrations]]
code = "nl02"
name = "Visser"

[[routes]]
mailbox = "main"
from = ["*@visser.example"]
administration = "nl02"

[[routes]]
mailbox = "main"
from = ["*@bakker.example", "*@bakker.test"]
to = ["saldo+nl01@example.com"]
administration = "nl01"

[[routes]]
mailbox = "main"
from = ["*@*.example"]
administration = "nl02"
authenticate = ["none"]
"""


@pytest.fixture(autouse=True)
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(CONFIG)
    return path


def test_it_says_which_route_a_mail_takes_and_why(quick_saldopost: Saldopost) -> None:
    done = quick_saldopost("route", "--from", "Jan@Bakker.example", "--to", "saldo+nl01@example.com")
    assert done.returncode == 0
    assert (
        done.stdout
        == """\
A mail from Jan@Bakker.example to saldo+nl01@example.com in mailbox main:

  routes #1 (line 19)  passed over: Jan@Bakker.example is not *@visser.example
  routes #2 (line 24)  fits: from *@bakker.example, to saldo+nl01@example.com
  routes #3 (line 30)  would fit too, but the first that fits wins

It belongs to administration nl01 (Bakker).
The sender must prove who they are, by dkim; else it is quarantined.
"""
    )


def test_a_route_that_trusts_everybody_says_so(quick_saldopost: Saldopost) -> None:
    said = quick_saldopost("route", "--from", "jan@bakker.example", "--mailbox", "main").stdout
    assert "routes #2 (line 24)  passed over: nobody is not saldo+nl01@example.com\n" in said
    assert "It belongs to administration nl02 (Visser).\nWhoever writes this From is believed" in said


def test_a_mail_that_fits_nothing_would_be_quarantined(quick_saldopost: Saldopost) -> None:
    done = quick_saldopost("route", "--from", "jan@elders.test")
    assert done.returncode == 1
    assert done.stdout.endswith("\nNo route fits: the mail would be quarantined.\n")
    assert done.stdout.count("passed over") == 3


def test_a_mailbox_that_is_not_there_is_wrong_usage(quick_saldopost: Saldopost) -> None:
    done = quick_saldopost("route", "--from", "jan@elders.test", "--mailbox", "mian")
    assert done.returncode == 2
    assert "There is no mailbox 'mian'. Did you mean 'main'?" in done.stderr


def test_check_names_the_route_that_nothing_reaches(quick_saldopost: Saldopost, config: Path) -> None:
    text = CONFIG.replace("visser.example", "*").replace('authenticate = ["none"]\n', "")
    config.write_text(text + '\n[[administrations]]\ncode = "nl03"\nname = "C"\n')
    said = quick_saldopost("check").stdout
    assert "Mind: routes #2 can never match: routes #1 takes its mail" in said
    assert 'administration "nl01" has no route that mail can take: no mail will reach it (config.toml:11).' in said
    assert 'administration "nl03" has no route: no mail will reach it (config.toml:35).' in said
    assert "(config.toml:24).\n" in said
