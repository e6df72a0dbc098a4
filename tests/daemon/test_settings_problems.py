"""What the admin is told: the exact text, with the line and the caret."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.settings import SettingsError, load_settings

SMTP = '[smtp]\nhost = "smtp.example.com"\nsender = "saldo@example.com"\n'
MAILBOX = '[[mailboxes]]\nname = "main"\nhost = "imap.example.com"\nusername = "saldo"\npassword = "geheim"\n'
BOOKS = '[[administrations]]\ncode = "nl01"\nname = "Bakker"\n'
ROUTE = '[[routes]]\nmailbox = "main"\nfrom = ["*@bakker.example"]\nadministration = "nl01"\nauthenticate = ["none"]\n'

Complain = Callable[..., str]


@pytest.fixture
def complain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Complain:
    """What is said of a file with this text, which must be wrong."""
    for name in os.environ:
        if name.startswith("SALDOPOST_"):
            monkeypatch.delenv(name)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.chdir(tmp_path)

    def complain(text: str | bytes) -> str:
        Path("config.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(SettingsError) as caught:
            load_settings(Path("config.toml"))
        return str(caught.value)

    return complain


def test_an_unknown_key_names_the_near_one(complain: Complain) -> None:
    assert (
        complain(SMTP + BOOKS + 'langauge = "nl"\n')
        == """\
config.toml:7:1: administrations[nl01].langauge: unknown key
  |
7 | langauge = "nl"
  | ^^^^^^^^ did you mean `language`?"""
    )


def test_an_unknown_key_that_belongs_elsewhere_is_sent_there(complain: Complain) -> None:
    assert (
        complain(BOOKS + '[administrations.sign]\nlanguage = "nl"\n')
        == """\
config.toml:5:1: administrations[nl01].sign.language: unknown key
  |
5 | language = "nl"
  | ^^^^^^^^ it belongs in [[administrations]]"""
    )


def test_an_unknown_table_names_the_near_one(complain: Complain) -> None:
    assert (
        complain(BOOKS + "[alert]\nto = []\n")
        == """\
config.toml:4:2: alert: unknown key
  |
4 | [alert]
  |  ^^^^^ did you mean `alerts`?"""
    )


def test_a_key_like_no_other_is_told_which_there_are(complain: Complain) -> None:
    assert (
        complain(BOOKS + "[retention]\nxyz = 1\n")
        == """\
config.toml:5:1: retention.xyz: unknown key
  |
5 | xyz = 1
  | ^^^ known here: files_days, messages_days"""
    )


def test_a_missing_key_points_at_its_table(complain: Complain) -> None:
    assert (
        complain(BOOKS + '[[administrations]]\ncode = "nl02"\n')
        == """\
config.toml:4:3: administrations[nl02].name: the key is missing
  |
4 | [[administrations]]
  |   ^^^^^^^^^^^^^^^ add a line `name = …`: What the reply calls it."""
    )


def test_the_value_that_is_wanted_is_explained(complain: Complain) -> None:
    said = complain(SMTP + MAILBOX + "poll_seconds = 0\n" + BOOKS)
    assert said.endswith("^ Seconds between two looks into the folder.")
    said = complain(BOOKS + '[trust]\nname_servers = ["192.0.2.53", "dns.example"]\n')
    assert "trust.name_servers[#2]: 'dns.example' is not an IP address" in said
    assert said.endswith('^^^^^^^^^^^^^ such as "192.0.2.53"')
    border = '[trust.authentication_results]\nauthserv_id = "a"\nborder = "b"\nborder_removes_forged = "perhaps"\n'
    assert 'must be true or false, without quotes, not "perhaps"' in complain(BOOKS + border)
    said = complain(BOOKS + '[alerts]\nto = ["ops"]\n')
    assert said.endswith('^^^^^ one bare address: "someone@example.com"')


def test_a_missing_table_is_named_with_its_header(complain: Complain) -> None:
    assert (
        complain(SMTP)
        == """\
config.toml: administrations: the table is missing
  add [[administrations]]"""
    )


def test_a_mailbox_needs_a_server_for_its_replies(complain: Complain) -> None:
    assert (
        complain(MAILBOX + BOOKS)
        == """\
config.toml: smtp: the table is missing
  replies need a server: add [smtp]"""
    )


def test_a_value_out_of_a_list_names_the_near_one(complain: Complain) -> None:
    assert (
        complain(SMTP + 'security = "start-tls"\n' + BOOKS)
        == """\
config.toml:4:12: smtp.security: must be "tls", "starttls" or "none", not "start-tls"
  |
4 | security = "start-tls"
  |            ^^^^^^^^^^^ did you mean "starttls"?"""
    )


def test_a_column_counts_characters_and_a_caret_keeps_tabs(complain: Complain) -> None:
    assert (
        complain('administrations = [{code = "ñandú", name = "é", mode = "balance"}]\n')
        == """\
config.toml:1:56: administrations[ñandú].mode: must be "balances" or "invoices", not "balance"
  |
1 | administrations = [{code = "ñandú", name = "é", mode = "balance"}]
  |                                                        ^^^^^^^^^ did you mean "balances"?"""
    )
    assert (
        complain(BOOKS + "\tmode\t=\t3\n")
        == """\
config.toml:4:9: administrations[nl01].mode: must be "balances" or "invoices", not 3
  |
4 | \tmode\t=\t3
  | \t    \t \t^ `balances` keeps a sum per account, `invoices` follows open invoices one by one."""
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('poll_seconds = "often"', 'must be a whole number, not "often"'),
        ("poll_seconds = 0", "must be 1 or more, not 0"),
        ("port = 65536", "must be 65535 or less, not 65536"),
        ("folder = 5", "must be text in quotes, not 5"),
        ('folder = ""', "must not be empty"),
        ('ca_file = "own.pem"', "own.pem cannot be read: No such file or directory"),
    ],
)
def test_a_wrong_value_says_what_is_wanted(complain: Complain, line: str, said: str) -> None:
    key = line.split(" =")[0]
    first = complain(SMTP + MAILBOX + line + "\n" + BOOKS).splitlines()[0]
    assert first.startswith(f"config.toml:9:{len(key) + 4}: mailboxes[main].{key}: ")
    assert first.endswith(said)


@pytest.mark.parametrize(
    ("old", "new", "said", "mend"),
    [
        ("*@bakker.example", "bakker.example", "has no @ and would match no address", '"*@bakker.example"'),
        ('["*@bakker.example"]', "[]", "must not be empty", ""),
        ('["*@bakker.example"]', '"a@b"', "must be a list in square brackets", ""),
        ('"none"', '"none", "dkim"', '"none" stands beside other methods', 'write ["none"] alone'),
        ('"none"', '"token"', 'administration "nl01" has no token', "run `saldopost token nl01`"),
        ('"none"', '"authentication-results"', "no border is known", "add the table [trust.authentication_results]"),
        ('["none"]', "[]", "must not be empty", ""),
        ('"none"', '"spf"', 'must be "dkim", "authentication-results", "token" or "none", not "spf"', ""),
        ('"nl01"', '"nl1"', 'there is no administration "nl1"', 'did you mean "nl01"?'),
        ('"main"', '"mian"', 'there is no mailbox "mian"', 'did you mean "main"?'),
    ],
)
def test_a_wrong_route_is_explained(complain: Complain, old: str, new: str, said: str, mend: str) -> None:
    text = complain(SMTP + MAILBOX + BOOKS + ROUTE.replace(old, new))
    assert said in text
    assert mend in text.splitlines()[-1]
    assert "config.toml:1" in text


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('[store]\nurl = "mysql://root:geheim@host/saldo"', "must begin with sqlite:/// or postgresql://"),
        ('[alerts]\nto = ["*@example.com"]', "is a pattern, but a mail needs an address"),
        ('[limits]\nlargest_mail = "50 MX"', 'must be a size, in bytes or such as "50 MiB"'),
        ("[limits]\nlargest_mail = 0", "must be more than 0"),
        ("[retention]\nfiles_days = 0", "must be 1 or more"),
        ("routes = 5", "must be a list"),
    ],
)
def test_a_wrong_table_is_explained(complain: Complain, table: str, said: str) -> None:
    assert said in complain(table + "\n" + BOOKS)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('currency = "EURO"', "'EURO' is not a currency code of ISO 4217"),
        ('time_zone = "Amsterdam"', "'Amsterdam' is not a time zone that is known here"),
        ('sign = "negative"', "must be a table"),
        ('code = " "', "must not be empty"),
    ],
)
def test_a_wrong_administration_is_explained(complain: Complain, line: str, said: str) -> None:
    books = BOOKS.replace('code = "nl01"\n', "") if line.startswith("code") else BOOKS
    assert said in complain(books + line + "\n")


def test_names_and_codes_must_be_unique(complain: Complain) -> None:
    text = complain(SMTP + MAILBOX + MAILBOX + BOOKS + BOOKS)
    assert 'config.toml:10:8: mailboxes[main].name: "main" is taken by mailboxes #1' in text
    assert 'config.toml:18:8: administrations[nl01].code: "nl01" is taken by administrations #1' in text


@pytest.mark.parametrize("sender", ["saldo", "a@b, c@d", "a@b <c@d", "@b", "x@", "Saldo <a@b>\\r\\nBcc: c@d"])
def test_a_sender_is_one_address(complain: Complain, sender: str) -> None:
    assert "is not one address" in complain(SMTP.replace("saldo@example.com", sender) + BOOKS)


def test_a_password_is_given_exactly_once(complain: Complain) -> None:
    mailbox = MAILBOX.replace('password = "geheim"\n', "")
    assert "mailboxes[main]: there is no password" in complain(SMTP + mailbox + BOOKS)
    Path("secret").write_text("geheim")
    assert (
        complain(SMTP + MAILBOX + 'password_file = "secret"\n' + BOOKS)
        == """\
config.toml:9:17: mailboxes[main].password_file: the password is given 2 times
  |
9 | password_file = "secret"
  |                 ^^^^^^^^ keep one of `password` and `password_file`"""
    )
    assert "there is no password" in complain(SMTP + 'username = "u"\n' + BOOKS)
    assert "there is a password, but no `username`" in complain(SMTP + 'password = "geheim"\n' + BOOKS)


def test_a_password_file_that_cannot_be_used_is_an_error_at_its_key(complain: Complain) -> None:
    text = SMTP + MAILBOX.replace('password = "geheim"', 'password_file = "secret"') + BOOKS
    assert (
        complain(text)
        == """\
config.toml:8:17: mailboxes[main].password_file: secret cannot be read: No such file or directory
  |
8 | password_file = "secret"
  |                 ^^^^^^^^ must be a file that the user of the daemon may read""".replace(
            "secret cannot", f"{Path('secret').absolute()} cannot"
        )
    )
    Path("secret").write_text("\n")
    assert "secret is empty" in complain(text)
    Path("secret").write_bytes(b"\xff")
    assert "secret is not UTF-8 text" in complain(text)
    Path("secret").write_bytes(b"x" * 70_000)
    assert "secret is too large to hold a password" in complain(text)


def test_a_credential_without_systemd_says_so(complain: Complain) -> None:
    text = complain(SMTP + MAILBOX.replace('password = "geheim"', 'credential = "imap"') + BOOKS)
    assert "$CREDENTIALS_DIRECTORY is not set" in text
    assert "a file name without a slash" in complain(SMTP + 'username = "u"\ncredential = "../x"\n' + BOOKS)


def test_no_complaint_ever_shows_a_password(complain: Complain, monkeypatch: pytest.MonkeyPatch) -> None:
    said = [
        complain('[store]\nurl = "mysql://root:geheim@host/saldo"\n' + BOOKS),
        complain('[store]\nurl = "postgresql://root:gehe@im@host/saldo" x\n' + BOOKS),
        complain(SMTP + 'username = "u"\npassword = ["geheim"]\n' + BOOKS),
        complain(SMTP + 'username = "u"\npassword = "geheim\n' + BOOKS),
        complain(SMTP + 'username = "u"\npassword = """\ngeheim\\q"""\n' + BOOKS),
        complain('smtp = {host = "h", "password" = "gehe@im", sender = "a@b", prot = 1}\n' + BOOKS),
        complain('smtp.host = 5\nsmtp.password = "geheim" ; smtp.username = "u"\n' + BOOKS),
    ]
    monkeypatch.setenv("SALDOPOST_STORE__URL", "mysql://root:geheim@host/saldo")
    said.append(complain(BOOKS))
    assert not [text for text in said if "geheim" in text or "gehe@im" in text or "im@host" in text]


def test_everything_wrong_is_said_at_once_in_the_order_of_the_file(complain: Complain) -> None:
    text = complain(SMTP.replace("host", "hots") + MAILBOX + "polls = 1\n" + BOOKS + "mode = 1\n")
    heads = [line for line in text.splitlines() if line.startswith("config.toml")]
    assert [head.split(": ")[1] for head in heads] == [
        "smtp.host",
        "smtp.hots",
        "mailboxes[main].polls",
        "administrations[nl01].mode",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[store]\nurl "x"\n',
            "config.toml:2:5: is not valid TOML: expected '=' after a key in a key/value pair\n"
            '  |\n2 | url "x"\n  |     ^',
        ),
        (
            "[store]\nurl = ",
            "config.toml:2:7: is not valid TOML: invalid value\n  |\n2 | url = \n  |       ^",
        ),
        (
            "[store]\n[store]\n",
            "config.toml:2:7: is not valid TOML: cannot declare ('store',) twice\n  |\n2 | [store]\n  |       ^",
        ),
    ],
)
def test_what_is_no_toml_is_pointed_at(complain: Complain, text: str, said: str) -> None:
    assert complain(text) == said


def test_a_file_that_is_no_text_says_so(complain: Complain) -> None:
    assert complain(b'[store]\nurl = "\xe9"\n') == "config.toml:2: is not UTF-8 text\n  save it as UTF-8"


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path / "gone.toml")
    assert str(caught.value) == (
        f"{tmp_path}/gone.toml: cannot be read: No such file or directory\n"
        "  name another with --config or $SALDOPOST_CONFIG"
    )
    with pytest.raises(SettingsError, match="cannot be read: Is a directory"):
        load_settings(tmp_path)


def test_a_wrong_environment_variable_is_named(complain: Complain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALDOPOST_SMTP__PORT", "many")
    monkeypatch.setenv("SALDOPOST_STORE__ULR", "sqlite:///x")
    assert complain(SMTP + BOOKS) == (
        "SALDOPOST_STORE__ULR: unknown key\n  did you mean `url`?\n\n"
        'SALDOPOST_SMTP__PORT: must be a whole number, not "many"\n'
        "  587 for `starttls`, 465 for `tls`, 25 for `none`, unless given."
    )


@pytest.mark.parametrize("name", ["SALDOPOST_STROE__URL", "SALDOPOST_MAILBOXES__0__HOST", "SALDOPOST_STORE"])
def test_a_variable_that_overrides_nothing_is_an_error(
    complain: Complain, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "x")
    assert complain(SMTP + BOOKS) == (
        f"{name}: environment variables override [store] and [smtp] only, key by key\n  such as SALDOPOST_STORE__URL"
    )
