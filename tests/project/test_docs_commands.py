"""Every call of `saldopost` in the documentation and in the help of the commands, run against a prepared office."""

import inspect
import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from command_line import COMMAND, Saldopost
from doc_pages import ROOT, commands, walk_commands
from dovecot_server import Dovecot
from exports import Account, OpenItem, document, export
from gl_transactions import Entry, Term, transactions
from mails import mail
from smtp_server import SmtpServer

SETTINGS = """\
[store]
url = "sqlite:///{directory}/store.db"
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
mode = "invoices"
invoices = {{ number = "digits" }}
"""
ROUTES = """\
[[routes]]
mailbox = "main"
from = ["boekhouding@bakker.example"]
administration = "nl01"
authenticate = ["none"]
[[routes]]
mailbox = "main"
from = ["*@bakker.example"]
administration = "nl01"
"""
INVOICES = "customer_code,number,invoice_date,amount\n" + "".join(
    f"KLANT-00001,FAC-2026-000{number},2026-02-01,{number}00.00\n" for number in (1, 2, 3)
)
HANDED_OVER = transactions([Entry(code="KLANT-00001", terms=(Term("20260001", debit="100.00"),))])
BAKKER = Account("10042", (OpenItem("1", "1000.10"),), "Bakker")
SMIT = Account("10043", (OpenItem("3", "250"),), "Smit")
LIST = document('<Accounts><Account code="10042" status="C"><Name>Bakker B.V.</Name></Account></Accounts>')

NOT_RUN = {
    ("run",): "never ends; tests/whole/test_run.py starts and stops it",
    ("demo",): "takes seconds; it runs below, with --html",
    ("messages",): "only named: a group of commands",
    ("imports",): "only named: a group of commands",
    ("import",): "only named: it takes a file",
}
AS_JSON = ("--format", "json")


@dataclass(frozen=True)
class Office:
    """Settings, a store and files; what the placeholders of the docs stand for there."""

    directory: Path
    applied: str
    held: str
    ref: str
    quarantined: str

    def meant(self, words: tuple[str, ...]) -> list[str]:
        """The same call with this office's own IDs, references and files."""
        waits = words[:2] in (("imports", "approve"), ("imports", "reject"))
        import_id = self.held if waits else self.applied
        ref = self.quarantined if words[:2] == ("messages", "release") else self.ref
        stands_for = {
            "FILE": "ARs_1.xml" if words[0] == "import" else "copy.db",
            "/backup/saldopost.db": "copy.db",
            "7KQ2-M4": ref,
            "12": import_id,
        }
        return [stands_for.get(word, word) for word in words]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, dovecot: Dovecot) -> Iterator[Office]:
    """One export applied, one held, one mail quarantined; three own invoices, one paid, one in a batch."""
    directory, account, smtp_server = tmp_path_factory.mktemp("office"), dovecot.account(), SmtpServer()
    smtp_server.start()
    settings = SETTINGS.format(
        directory=directory,
        smtp=smtp_server.port,
        imap=account.server.tls_port,
        authority=account.server.certificates.authority,
        user=account.user,
        password=account.password,
    )
    (directory / "config.toml").write_text(settings + ROUTES)
    now = datetime.now(UTC)
    hours = [now - timedelta(hours=hour) for hour in (3, 2, 1)]
    exports = [export((BAKKER, SMIT)), export((SMIT,)), export(payable=(BAKKER,))]
    senders = ["boekhouding@bakker.example", "boekhouding@bakker.example", "jan@bakker.example"]
    for at, content, sender in zip(hours, exports, senders, strict=True):
        account.deliver(mail(("ARs_1.xml", content), sender=sender, date=at, message_id=f"<{at:%H}@b.example>"), at=at)
    (directory / "invoices.csv").write_text(INVOICES)
    (directory / "transactions.xml").write_bytes(HANDED_OVER)
    own = (
        ["invoices", "import", "invoices.csv"],
        ["invoices", "paid", "FAC-2026-0003"],
        ["invoices", "batch", "FAC-2026-0002", "--name", "2026-W10"],
    )
    try:
        said = [
            subprocess.run([COMMAND, *words], cwd=directory, capture_output=True, check=True).stdout
            for words in (*own, ["run", "--once"], ["imports", "list", *AS_JSON], ["messages", "list", *AS_JSON])
        ]
        imports, messages = map(json.loads, said[-2:])
        ids = {row["state"]: str(row["id"]) for row in imports}
        refs = {row["state"]: row["ref"] for row in messages}
        shutil.copy(directory / "store.db", directory / "pristine.db")
        yield Office(directory, ids["applied"], ids["held"], refs["applied"], refs["quarantined"])
    finally:
        smtp_server.stop()


CALLS = {words: where for words, where in commands().items() if words not in NOT_RUN}


def test_what_is_not_run_is_told_of_and_there_is_much_else() -> None:
    assert len(CALLS) > 40
    assert NOT_RUN.keys() <= commands().keys()


@pytest.mark.parametrize("words", list(CALLS), ids=" ".join)
def test_a_command_of_the_docs_runs(
    words: tuple[str, ...], office: Office, quick_saldopost: Saldopost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(office.directory)
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))  # to whatever it asks
    shutil.copy("pristine.db", "store.db")
    config = Path("config.toml").read_text()
    several = "ARs_2.xml" in words
    Path("ARs_1.xml").write_bytes(export((BAKKER, Account("10044")), pagesize=2 if several else 500))
    Path("ARs_2.xml").write_bytes(export((SMIT,), pagesize=2))
    Path("relations.xml").write_bytes(LIST)
    if words[-1:] == ("--yes",):  # the docs say to take the routes out first
        Path("config.toml").write_text(config.replace(ROUTES, ""))
    try:
        done = quick_saldopost(*office.meant(words))
    finally:
        Path("config.toml").write_text(config)
    assert done.returncode == 0, f"{CALLS[words]}: {done.stdout}{done.stderr}"


TAUGHT = dict(walk_commands())


@pytest.mark.parametrize("name", list(TAUGHT))
def test_the_help_of_a_command_teaches(name: str) -> None:
    command = TAUGHT[name]
    text = inspect.cleandoc(command.help or "")
    examples = re.search(r"^\x08\nExamples:\n((?:  saldopost .*\n)+)", text, re.MULTILINE)
    assert examples, "no example"
    assert f"  {name}" in examples[1]
    pages = re.search(r"^More: (.+)$", text, re.MULTILINE)
    assert pages, "no page to read on"
    for page in re.findall(r"[\w./-]+\.(?:md|toml)", pages[1]):
        assert (ROOT / page).exists(), page
    for parameter in command.params:
        assert not isinstance(parameter, click.Option) or parameter.help, f"{parameter.name} is not explained"
