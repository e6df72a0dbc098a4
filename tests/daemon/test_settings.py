import os
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.settings import Settings, SettingsError, build_policies, build_routes, find_file, load_settings
from handlers.policy import CodeRule, InvoiceRules, Policy, Route, Rules

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"

WHOLE = """\
[store]
url = "sqlite:///saldo.db"

[smtp]
host = "smtp.example.com"
security = "starttls"
username = "saldo@example.com"
password = "geheim"
sender = "Saldopost <saldo@example.com>"

[[mailboxes]]
name = "main"
host = "imap.example.com"
username = "saldo@example.com"
password = "geheim"

[[administrations]]
code = "nl01"
name = "Bakker Expeditie B.V."

[[routes]]
mailbox = "main"
from = ["*@bakker.example"]
administration = "nl01"
authenticate = ["none"]
"""

Write = Callable[[str], Path]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("SALDOPOST_") or name == "CREDENTIALS_DIRECTORY":
            monkeypatch.delenv(name)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        file = tmp_path / "config.toml"
        file.write_text(text)
        return file

    return write


def test_the_example_loads_and_names_every_key() -> None:
    settings = load_settings(EXAMPLE)
    assert settings.smtp is not None
    assert settings.smtp.secret is not None
    assert settings.smtp.secret.get_secret_value() == "change me"


def test_the_commented_keys_of_the_example_are_the_defaults(write: Write) -> None:
    text = EXAMPLE.read_text()
    limits = ["largest_mail", "largest_file", "largest_plain_file", "child_memory", "child_cpu_seconds"]
    commented = [*limits, "files_days", "messages_days", "timeout_seconds"]
    in_comment, lines = False, []
    for line in text.splitlines():
        in_comment = line.startswith("# [") or (in_comment and not line.startswith("["))  # a table behind a #
        bare = line.removeprefix("# ")
        lines.append(bare if bare.split(" = ")[0] in commented and not in_comment else line)
    uncommented = "\n".join(lines)
    assert list(tomllib.loads(uncommented)["limits"]) == limits
    assert load_settings(write(uncommented)) == load_settings(EXAMPLE)


def test_what_is_left_out_takes_its_default(write: Write) -> None:
    settings = load_settings(write(WHOLE))
    assert settings.smtp is not None
    assert (settings.smtp.port, settings.smtp.timeout_seconds) == (587, 30)
    (mailbox,) = settings.mailboxes
    assert (mailbox.port, mailbox.security, mailbox.folder, mailbox.poll_seconds) == (993, "tls", "INBOX", 60)
    assert (settings.limits.largest_mail, settings.limits.largest_file) == (50 * 2**20, 200 * 2**20)
    assert settings.retention.files_days == 90


@pytest.mark.parametrize(("security", "imap", "smtp"), [("tls", 993, 465), ("starttls", 143, 587), ("none", 143, 25)])
def test_the_port_follows_from_the_security(write: Write, security: str, imap: int, smtp: int) -> None:
    text = WHOLE.replace('"starttls"', f'"{security}"').replace('"imap.', f'"imap."\nsecurity = "{security}"\n#"')
    settings = load_settings(write(text))
    assert settings.smtp is not None
    assert (settings.mailboxes[0].port, settings.smtp.port) == (imap, smtp)


def test_balances_alone_need_neither_mailbox_nor_smtp(write: Write) -> None:
    settings = load_settings(write('[[administrations]]\ncode = "nl01"\nname = "Bakker"\n'))
    assert settings.smtp is None
    assert settings.store.url == "sqlite:////var/lib/saldopost/saldopost.db"


def test_settings_cannot_be_changed(write: Write) -> None:
    settings = load_settings(write(WHOLE))
    with pytest.raises(ValueError, match="frozen"):
        settings.store.url = "sqlite:///other.db"  # type: ignore[misc]


def test_settings_build_what_the_handlers_decide_by(write: Write) -> None:
    text = WHOLE.replace(
        '"Bakker Expeditie B.V."\n',
        '"Bakker"\ncurrency = "JPY"\nlanguage = "en"\nsign.payable = "negative"\n'
        'matching.unknown_accounts = "refuse"\nthresholds.first_import = "hold"\n'
        'matching.customer_code = { prefix_remove = "K", digits_only = true, strip_zeros = true, pad = 6 }\n'
        'invoices = { number = "digits", parties = ["NL001234567B01"], in_transit = "add", in_transit_days = 7, '
        "tolerance_cents = 5 }\n",
    )
    settings = load_settings(write(text))
    assert build_policies(settings) == {
        "nl01": Policy(
            code="nl01",
            name="Bakker",
            currency="JPY",
            mode="balances",
            language="en",
            negate=("payable",),
            unknown_accounts="refuse",
            time_zone="Europe/Amsterdam",
            rules=Rules(first_import="hold"),
            customer_code=CodeRule(prefix_remove="K", digits_only=True, strip_zeros=True, pad=6),
            invoices=InvoiceRules("digits", ("NL001234567B01",), "add", in_transit_days=7, tolerance_cents=5),
        )
    }
    assert build_routes(settings) == (Route("main", ("*@bakker.example",), (), "nl01", ("none",)),)


def test_defaults_of_settings_and_of_handlers_are_the_same(write: Write) -> None:
    policies = build_policies(load_settings(write(WHOLE)))
    assert policies == {"nl01": Policy(code="nl01", name="Bakker Expeditie B.V.", currency="EUR")}


def test_environment_variables_override_store_and_smtp(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALDOPOST_STORE__URL", "postgresql://db/saldo")
    monkeypatch.setenv("SALDOPOST_SMTP__PORT", "2525")
    settings = load_settings(write(WHOLE))
    assert settings.smtp is not None
    assert (settings.store.url, settings.smtp.port) == ("postgresql://db/saldo", 2525)
    assert settings.smtp.host == "smtp.example.com"


@pytest.mark.parametrize("password", ["0123", "1e5", "true", "null", '{"a": 1}', "per%cent", "€ 5"])
def test_a_password_in_the_environment_is_taken_as_it_is(
    write: Write, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    monkeypatch.setenv("SALDOPOST_SMTP__PASSWORD", password)
    settings = load_settings(write(WHOLE.replace('password = "geheim"\nsender', 'password_file = "gone"\nsender')))
    assert settings.smtp is not None
    assert settings.smtp.secret is not None
    assert settings.smtp.secret.get_secret_value() == password


def test_the_environment_alone_can_hold_the_smtp_table(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALDOPOST_SMTP__HOST", "smtp.example.net")
    monkeypatch.setenv("SALDOPOST_SMTP__SENDER", "saldo@example.net")
    start, end = WHOLE.index("[smtp]"), WHOLE.index("[[mailboxes]]")
    settings = load_settings(write(WHOLE[:start] + WHOLE[end:]))
    assert settings.smtp is not None
    assert settings.smtp.host == "smtp.example.net"


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_password_file_counts_from_the_settings_file_and_loses_its_line_end(write: Write, ending: str) -> None:
    file = write(WHOLE.replace('password = "geheim"\n\n[[adm', 'password_file = "secret"\n\n[[adm'))
    (file.parent / "secret").write_bytes(b" p%s wi\xc3\xabrd " + ending.encode())
    assert load_settings(file).mailboxes[0].secret.get_secret_value() == " p%s wiërd "


def test_a_credential_is_read_from_the_directory_of_systemd(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "imap-password").write_text("geheim2\n")
    settings = load_settings(
        write(WHOLE.replace('password = "geheim"\n\n[[adm', 'credential = "imap-password"\n\n[[adm'))
    )
    assert settings.mailboxes[0].secret.get_secret_value() == "geheim2"


def test_no_secret_shows_when_settings_are_printed(write: Write) -> None:
    text = WHOLE.replace("sqlite:///saldo.db", "postgresql://saldo:geheim@db/saldo")
    settings: Settings = load_settings(write(text))
    assert "geheim" not in repr(settings)
    assert "geheim" not in str(settings)


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(b"\xef\xbb\xbf" + WHOLE.replace("\n", "\r\n").encode())
    assert load_settings(file).administrations[0].code == "nl01"


def test_the_file_is_found_by_option_then_environment_then_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("daemon.settings.loading.PLACES", (Path("config.toml"), tmp_path / "etc" / "config.toml"))
    with pytest.raises(SettingsError, match="no settings file: looked for config"):
        find_file()
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "config.toml").touch()
    assert find_file() == tmp_path / "etc" / "config.toml"
    (tmp_path / "config.toml").touch()
    assert find_file() == Path("config.toml")
    monkeypatch.setenv("SALDOPOST_CONFIG", "/named/by/environment.toml")
    assert find_file() == Path("/named/by/environment.toml")
    assert find_file(Path("given.toml")) == Path("given.toml")
