import re
import socket
from pathlib import Path

import pytest
from certificates import Certificates
from command_line import Saldopost
from dovecot_server import Account
from smtp_server import SmtpServer

CONFIG = """\
[store]
url = "sqlite:///{directory}/store.db"

[smtp]
host = "127.0.0.1"
port = {smtp_port}
security = "none"
sender = "Saldopost <saldo@example.com>"

[[mailboxes]]
name = "main"
host = "localhost"
port = {imap_port}
username = "{user}"
password = "{password}"
ca_file = "{authority}"

[[administrations]]
code = "nl01"
name = "Bakker"

[[routes]]
mailbox = "main"
from = ["*@bakker.example"]
administration = "nl01"
authenticate = ["none"]
"""


def write(directory: Path, *, authority: Path, **values: object) -> Path:
    settings = {"smtp_port": 25, "imap_port": 993, "user": "saldo", "password": "geheim"} | values
    file = directory / "config.toml"
    file.write_text(CONFIG.format(directory=directory, authority=authority, **settings))
    return file


def test_check_says_what_the_settings_hold(saldopost: Saldopost, tmp_path: Path, certificates: Certificates) -> None:
    write(tmp_path, authority=certificates.authority)
    done = saldopost("check")
    assert done.returncode == 0
    assert done.stdout == (
        "The settings in config.toml are right.\n"
        f"Store: sqlite:///{tmp_path}/store.db\n"
        "Mailbox main: saldo at localhost:993 (tls), folder INBOX\n"
        "Replies: 127.0.0.1:25 (none), from Saldopost <saldo@example.com>\n"
        "Administrations: 1, routes: 1\n"
        'Mind: routes with authenticate = ["none"]: 1; whoever forges a From that matches is believed '
        "(config.toml:22).\n"
    )
    assert not (tmp_path / "store.db").exists()


def test_check_minds_what_was_perhaps_not_meant(
    saldopost: Saldopost, tmp_path: Path, certificates: Certificates
) -> None:
    file = write(tmp_path, authority=certificates.authority)
    text = file.read_text().replace("[[routes]]", '[[administrations]]\ncode = "nl02"\nname = "B"\n\n[[routes]]')
    text += (
        '\n[[mailboxes]]\nname = "other"\nhost = "mail.example"\nusername = "u"\npassword = "p"\nsecurity = "none"\n'
    )
    file.write_text(text)
    said = saldopost("check").stdout
    assert 'Mind: mailbox "other": security = "none" sends the password in the clear (config.toml:32).' in said
    assert 'Mind: mailbox "other" has no route: all its mail will be quarantined (config.toml:32).' in said
    assert 'Mind: administration "nl02" has no route: no mail will reach it (config.toml:22).' in said


def test_check_minds_the_passwords_of_the_example(saldopost: Saldopost, tmp_path: Path) -> None:
    example = Path(__file__).parents[3] / "config.example.toml"
    (tmp_path / "config.toml").write_text(example.read_text())
    said = saldopost("check").stdout
    assert "Mind: smtp: the password is still that of the example (config.toml:13)." in said
    assert 'Mind: mailbox "main": the password is still that of the example (config.toml:40).' in said


def test_check_never_shows_a_password(saldopost: Saldopost, tmp_path: Path, certificates: Certificates) -> None:
    write(tmp_path, authority=certificates.authority)
    done = saldopost("-v", "check", SALDOPOST_STORE__URL="postgresql://saldo:geheim@db/saldo")
    assert "Store: postgresql://saldo:…@db/saldo" in done.stdout
    assert "geheim" not in done.stdout + done.stderr


def test_online_logs_in_everywhere(
    saldopost: Saldopost, tmp_path: Path, account: Account, smtp_server: SmtpServer
) -> None:
    account.deliver(b"From: a@b\r\n\r\nHello\r\n")
    server = account.server
    values = {"imap_port": server.tls_port, "user": account.user, "password": account.password}
    write(tmp_path, authority=server.certificates.authority, smtp_port=smtp_server.port, **values)
    done = saldopost("-v", "check", "--online")
    assert done.returncode == 0, done.stderr
    store, mailbox, known, replies, taken = done.stdout.splitlines()[-5:]
    assert re.fullmatch(r"Store: ok, SQLite 3\.[\d.]+, (rollback journal \(truncate\)|write-ahead log)", store)
    assert mailbox.startswith("Mailbox main: ok, mails: 1, to be created: ")
    assert known == "  The server knows IDLE, MOVE, UIDPLUS."
    assert replies.startswith("Replies: ok")
    assert taken == "  It would take a reply."
    assert smtp_server.received == []
    assert account.password not in done.stdout + done.stderr


@pytest.mark.parametrize("command", ["MAIL", "RCPT"])
def test_a_server_that_takes_no_reply_is_found_out_without_one(
    saldopost: Saldopost, tmp_path: Path, account: Account, smtp_server: SmtpServer, command: str
) -> None:
    server = account.server
    values = {"imap_port": server.tls_port, "user": account.user, "password": account.password}
    write(tmp_path, authority=server.certificates.authority, smtp_port=smtp_server.port, **values)
    smtp_server.answers[command].append("550 5.7.1 not for you")
    said = saldopost("check", "--online").stdout
    assert "It may take no replies: 550 5.7.1 not for you. See with --send-to ADDRESS." in said
    assert smtp_server.received == []


def test_a_trial_mail_goes_the_way_of_the_replies(
    saldopost: Saldopost, tmp_path: Path, account: Account, smtp_server: SmtpServer
) -> None:
    server = account.server
    values = {"imap_port": server.tls_port, "user": account.user, "password": account.password}
    write(tmp_path, authority=server.certificates.authority, smtp_port=smtp_server.port, **values)
    done = saldopost("check", "--online", "--send-to", "beheer@example.com")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].endswith(", a mail was sent to beheer@example.com")
    (mail,) = smtp_server.received
    assert mail.recipients == ("beheer@example.com",)
    assert b"From: Saldopost <saldo@example.com>" in mail.raw


@pytest.mark.parametrize("arguments", [["--send-to", "a@b.example"], ["--online", "--send-to", "a@b, c@d"]])
def test_a_trial_mail_wants_one_address_and_a_connection(
    saldopost: Saldopost, tmp_path: Path, certificates: Certificates, arguments: list[str]
) -> None:
    write(tmp_path, authority=certificates.authority)
    done = saldopost("check", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--send-to ADDRESS goes with --online" in done.stderr


@pytest.mark.parametrize(("password", "code"), [("wrong-password", 1), (None, 75)])
def test_online_tells_a_refused_login_from_a_server_that_is_away(
    saldopost: Saldopost,
    tmp_path: Path,
    account: Account,
    smtp_server: SmtpServer,
    password: str | None,
    code: int,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = taken.getsockname()[1]
    port = nobody if password is None else account.server.tls_port
    values = {"imap_port": port, "user": account.user, "password": password or account.password}
    write(tmp_path, authority=account.server.certificates.authority, smtp_port=smtp_server.port, **values)
    done = saldopost("check", "--online")
    assert done.returncode == code
    assert "Mailbox main: failed\n  " in done.stdout
    assert "Store: ok" in done.stdout
    assert "Replies: ok" in done.stdout
    assert "wrong-password" not in done.stdout + done.stderr
