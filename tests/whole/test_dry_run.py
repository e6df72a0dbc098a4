"""A dry run shows what would become of everything; store and mailbox are no different afterwards."""

import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from hashlib import sha256
from pathlib import Path

import pytest
from command_line import Answer, Saldopost
from dovecot_server import Account as MailAccount
from exports import Account, OpenItem, document, export
from mails import mail
from smtp_server import SmtpServer
from sqlalchemy import MetaData, create_engine, select

from store.database import open_store

BAKKER = Account("10042", (OpenItem("1", "1000.10"),), "Bakker")
SMIT = Account("10043", (OpenItem("3", "250"),), "Smit")
NOW = datetime.now(UTC)
LIST = document('<Accounts><Account code="10042" status="C"><Name>Bakker B.V.</Name></Account></Accounts>')
SETTINGS = """\
[store]
url = "{store}"
[smtp]
host = "127.0.0.1"
port = {smtp}
security = "none"
sender = "Saldopost <saldo@example.com>"
[[mailboxes]]
name = "main"
host = "localhost"
port = {imap}
ca_file = "{authority}"
username = "{user}"
password = "{password}"
[[administrations]]
code = "nl01"
name = "Bakker Expeditie B.V."
language = "en"
[[routes]]
mailbox = "main"
from = ["*@bakker.example"]
administration = "nl01"
authenticate = ["none"]
[[routes]]
mailbox = "main"
from = ["*@unsigned.example"]
administration = "nl01"
"""


@pytest.fixture
def settings(tmp_path: Path, store_url: str, smtp_server: SmtpServer, account: MailAccount) -> None:
    text = SETTINGS.format(
        store=store_url,
        smtp=smtp_server.port,
        imap=account.server.tls_port,
        authority=account.server.certificates.authority,
        user=account.user,
        password=account.password,
    )
    (tmp_path / "config.toml").write_text(text)


def rows(url: str) -> dict[str, list[tuple[object, ...]]]:
    """All that the store holds."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    tables = MetaData()
    with engine.connect() as connection:
        tables.reflect(connection)
        found = {
            name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for name, table in tables.tables.items()
        }
    engine.dispose()
    return found


def digest(url: str) -> str:
    """Of the store's file; of a server's, nothing."""
    return sha256(Path(url.removeprefix("sqlite:///")).read_bytes()).hexdigest() if url.startswith("sqlite") else ""


def mailbox(account: MailAccount) -> dict[str, dict[int, object]]:
    """Each folder, and the flags of each mail in it, \\Recent included."""
    with account.connect() as client:
        found = {}
        for _, _, name in client.list_folders():
            client.select_folder(name, readonly=True)
            uids = client.search()
            found[name] = client.fetch(uids, ["FLAGS"]) if uids else {}
        return {name: {uid: sorted(data[b"FLAGS"]) for uid, data in mails.items()} for name, mails in found.items()}


def told(done: Answer) -> list[str]:
    return re.findall(r"^state    (.+)$", done.stdout, re.MULTILINE)


@pytest.mark.usefixtures("settings")
def test_a_dry_run_decides_as_the_real_one_and_changes_nothing(
    store_url: str, account: MailAccount, smtp_server: SmtpServer, saldopost: Saldopost
) -> None:
    account.deliver(
        mail(("ARs_1.xml", export((BAKKER, SMIT))), date=NOW - timedelta(hours=2)), at=NOW - timedelta(hours=2)
    )
    account.deliver(
        mail(("ARs_1.xml", export((SMIT,))), date=NOW - timedelta(hours=1), message_id="<2@bakker.example>"),
        at=NOW - timedelta(hours=1),
    )
    assert saldopost("run", "--once").returncode == 0
    question = message_from_bytes(smtp_server.received[-1].raw, policy=policy.default)
    answer = (("In-Reply-To", question["Message-ID"]), ("Auto-Mark", "none"))
    account.deliver(
        mail(text="yes", headers=answer, date=NOW, message_id="<3@bakker.example>"),
        mail(
            ("APs_1.xml", export(payable=(BAKKER,))), ("relations.xml", LIST), date=NOW, message_id="<4@bakker.example>"
        ),
        mail(("lijst.csv", b"Code;Naam;Saldo\n1;A;2,00\n"), date=NOW, message_id="<5@bakker.example>"),
        mail(("ARs_1.xml", export((BAKKER,))), sender="eve@evil.example"),
        mail(("ARs_1.xml", export((BAKKER,))), sender="jan@unsigned.example", date=NOW),
        mail(headers=(("Auto-Submitted", "auto-replied"),)),
    )
    with account.connect() as client:
        client.select_folder("INBOX")
        first, *_, last = client.search()
        client.add_flags([first], [b"\\Seen", b"\\Flagged"])
        client.remove_flags([last], [b"\\Seen"])
    before = rows(store_url), digest(store_url), mailbox(account)

    rehearsed = saldopost("run", "--dry-run")

    assert (rows(store_url), digest(store_url), mailbox(account)) == before
    assert rehearsed.returncode == 0, rehearsed.stderr
    assert told(rehearsed) == [
        "applied (answer-approved)",
        "applied",
        "refused (not-csv)",
        "quarantined (no-route)",
        "quarantined (dkim-missing)",
        "ignored (auto-submitted)",
    ]
    assert "from     eve@evil.example\nsubject  Openstaande posten\n" in rehearsed.stdout
    assert rehearsed.stdout.count("    Reference: DRY-RUN") == 3
    assert "You said yes to the export" in rehearsed.stdout
    assert rehearsed.stdout.endswith("Nothing was changed.\n")
    assert len(smtp_server.received) == 2
    assert saldopost("run", "--dry-run").stdout == rehearsed.stdout

    assert saldopost("run", "--once").returncode == 0
    really = saldopost("messages", "list", "-n", "6", "--format", "json").rows
    spelled = [row["state"] + (f" ({row['reason']})" if row["reason"] else "") for row in reversed(really)]
    assert spelled == told(rehearsed)


@pytest.mark.usefixtures("settings")
def test_a_dry_run_before_the_first_start_makes_no_store(
    tmp_path: Path, account: MailAccount, saldopost: Saldopost
) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text(re.sub(r"url = .*", f'url = "sqlite:///{tmp_path}/new.db"', settings.read_text()))
    account.deliver(mail(("ARs_1.xml", export((BAKKER,))), date=NOW))
    done = saldopost("run", "--dry-run")
    assert (done.returncode, told(done)) == (0, ["applied"]), done.stderr
    assert not (tmp_path / "new.db").exists()


@pytest.mark.usefixtures("settings")
def test_a_mailbox_that_cannot_be_read_is_told_of(tmp_path: Path, saldopost: Saldopost) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text(re.sub(r"port = \d+\nca_file", "port = 1\nca_file", settings.read_text()))
    done = saldopost("run", "--dry-run")
    assert done.returncode == 75
    assert "mailbox main at localhost:1" in done.stderr
    assert done.stdout == "0 mails. Nothing was changed.\n"


@pytest.mark.parametrize(
    ("accounts", "extra", "code"),
    [((BAKKER, SMIT), (), 0), ((BAKKER, Account("10044")), (LIST,), 0), ((), (), 3), (None, (), 4)],
)
def test_a_dry_import_reports_and_exits_as_the_import_does_and_changes_nothing(
    store_url: str,
    tmp_path: Path,
    saldopost: Saldopost,
    accounts: tuple[Account, ...] | None,
    extra: tuple[bytes, ...],
    code: int,
) -> None:
    (tmp_path / "config.toml").write_text(
        f'[store]\nurl = "{store_url}"\n[[administrations]]\ncode = "nl01"\nname = "Bakker"\n'
    )
    (tmp_path / "ARs_1.xml").write_bytes(export((BAKKER, SMIT)))
    assert saldopost("import", "ARs_1.xml", "--date", "2026-03-01").returncode == 0
    files = [b"<html>" if accounts is None else export(accounts, ts_d="0x9"), *extra]
    names = [f"{number}.xml" for number, _ in enumerate(files)]
    for name, content in zip(names, files, strict=True):
        (tmp_path / name).write_bytes(content)
    before = rows(store_url), digest(store_url)

    dry = saldopost("import", "--dry-run", *names)

    assert (rows(store_url), digest(store_url)) == before
    assert dry.stdout.endswith("\nNothing was changed.\n")
    assert dry.returncode == code, dry.stderr
    really = saldopost("import", *names)
    assert really.returncode == code
    assert said(dry).removesuffix("Nothing was changed.\n") == said(really)
    if code != 4:
        assert rows(store_url) != before[0]


def said(done: Answer) -> str:
    """Without what differs from call to call."""
    return re.sub(r"(?i)reference:? \S+|of .* at .*", "", done.stdout)


def test_a_dry_run_brings_no_store_up_to_date(empty_url: str, tmp_path: Path, saldopost: Saldopost) -> None:
    (tmp_path / "config.toml").write_text(
        f'[store]\nurl = "{empty_url}"\n[[administrations]]\ncode = "nl01"\nname = "Bakker"\n'
    )
    (tmp_path / "ARs_1.xml").write_bytes(export((BAKKER,)))
    assert saldopost("import", "--dry-run", "ARs_1.xml").returncode == 0
    if not empty_url.startswith("sqlite"):
        assert rows(empty_url) == {}
    else:
        assert not Path(empty_url.removeprefix("sqlite:///")).exists()
    open_store(empty_url).close()
    engine = create_engine(empty_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'r0001'")
    engine.dispose()
    done = saldopost("import", "--dry-run", "ARs_1.xml")
    assert done.returncode == 1
    assert "start the daemon first" in done.stderr
