"""What the settings say about trust, tokens and access tokens; what is wrong with them comes with its mend."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from daemon.settings import SettingsError, build_caps, build_trust, load_settings
from daemon.trust import Border
from handlers.caps import Caps

BASE = """\
[smtp]
host = "smtp.example.com"
sender = "saldo@example.com"
[[mailboxes]]
name = "main"
host = "imap.example.com"
username = "saldo"
{login}
[[administrations]]
code = "nl01"
name = "Bakker"
{books}
[[routes]]
mailbox = "main"
from = ["*@bakker.example"]
administration = "nl01"
{route}
"""
OAUTH2 = '[[oauth2]]\nname = "m365"\nprovider = "microsoft"\nclient_id = "c"\n'

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    for name in os.environ:
        if name.startswith("SALDOPOST_"):
            monkeypatch.delenv(name)

    def write(more: str = "", *, login: str = 'password = "geheim"', books: str = "", route: str = "") -> Path:
        file = tmp_path / "config.toml"
        file.write_text(BASE.format(login=login, books=books, route=route) + more)
        return file

    return write


def complaint(file: Path) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(file)
    return str(caught.value)


def test_a_route_that_says_nothing_asks_for_dkim(write: Write) -> None:
    (route,) = load_settings(write()).routes
    assert route.authenticate == ("dkim",)


def test_the_settings_become_what_mail_is_judged_by(write: Write, tmp_path: Path) -> None:
    (tmp_path / "nl01.token").write_text("jq3m" * 7 + "\n")
    trust = """\
[trust]
alignment = "relaxed"
name_servers = ["127.0.0.1", "::1"]
replay_days = 2
dns_hours = 3
[trust.authentication_results]
authserv_id = ""
border = "*.mail.protection.outlook.com"
border_removes_forged = true
[caps]
sender_hour = 1
"""
    route = 'authenticate = ["token", "authentication-results"]'
    settings = load_settings(write(trust, books='token_file = "nl01.token"', route=route))
    built = build_trust(settings)
    assert built.relaxed_alignment
    assert built.border == Border(None, "*.mail.protection.outlook.com", removes_forged=True)
    assert built.tokens == {"nl01": "jq3m" * 7}
    assert (built.replay_window, built.dns_patience) == (timedelta(days=2), timedelta(hours=3))
    assert build_caps(settings) == Caps(sender_hour=1)
    assert "jq3m" not in repr(settings)


def test_the_defaults_of_the_settings_are_those_of_the_caps(write: Write) -> None:
    assert build_caps(load_settings(write())) == Caps()


def test_an_access_token_takes_the_place_of_a_password(write: Write) -> None:
    more = OAUTH2 + 'tenant = "t"\nclient_secret = "s"\n'
    settings = load_settings(write(more, login='oauth2 = "m365"'))
    assert settings.mailboxes[0].secret is None
    assert settings.mailboxes[0].oauth2 == "m365"


@pytest.mark.parametrize(
    ("login", "more", "said", "mend"),
    [
        ("", "", "there is no password", "or `oauth2`"),
        ('oauth2 = "m365"\npassword = "x"', OAUTH2 + 'tenant = "t"\nclient_secret = "s"', "given 2 times", "keep one"),
        ('oauth2 = "m365"', "", 'there is no [[oauth2]] table "m365"', ""),
        ('oauth2 = "m356"', OAUTH2 + 'tenant = "t"\nclient_secret = "s"', 'no [[oauth2]] table "m356"', "m365"),
        ('oauth2 = "m365"', OAUTH2 + 'client_secret = "s"', "there is no `tenant`", "directory (tenant) ID"),
        ('oauth2 = "m365"', OAUTH2 + 'tenant = "t"', "there is no secret or certificate", "give one of"),
        (
            'oauth2 = "m365"',
            OAUTH2 + 'tenant = "t"\nclient_secret = "s"\nauthority = "http://x"',
            "must be an address that begins with https://",
            "",
        ),
        (
            'oauth2 = "m365"',
            OAUTH2.replace("microsoft", "refresh-token") + 'client_secret = "s"',
            "there is no `token_url`",
            "",
        ),
        (
            'oauth2 = "m365"',
            OAUTH2.replace("microsoft", "refresh-token") + 'client_secret = "s"\ntoken_url = "https://x/"',
            "there is no refresh token",
            "`refresh_token_file`",
        ),
    ],
)
def test_a_login_that_cannot_work_is_explained(write: Write, login: str, more: str, said: str, mend: str) -> None:
    text = complaint(write(more, login=login))
    assert said in text
    assert mend in text


@pytest.mark.parametrize(
    "line", ['client_secret = "hunter2" x', 'refresh_token = "hunter2" x', 'token = "hunter2" x', 'token="hunter2"x']
)
def test_a_secret_is_not_quoted_when_its_line_is_wrong(write: Write, line: str) -> None:
    assert "hunter2" not in complaint(write(OAUTH2 + line))


def test_a_token_given_twice_is_too_much(write: Write, tmp_path: Path) -> None:
    (tmp_path / "t").write_text("x")
    text = complaint(write(books='token = "a"\ntoken_file = "t"'))
    assert "the token is given 2 times" in text
