"""A real Dovecot on loopback: any user name logs in with `PASSWORD`, and has a mailbox of its own from then on."""

import grp
import itertools
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
from certificates import Certificates
from imapclient import IMAPClient

from daemon.settings.models import MailboxSettings

PASSWORD = "open-sesame"
_numbers = itertools.count(1)

# `{namespace}` and `{capability}` stand for what differs between servers. A server started as root runs its mail
# processes as nobody; started by anyone else, all of it runs as that one user.
_FOR_2_3 = """
protocols = imap
listen = 127.0.0.1
base_dir = {directory}/run
log_path = {directory}/log
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
mail_location = maildir:~/Maildir
mail_fsync = never
auth_failure_delay = 0
first_valid_uid = 1
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={directory}/home/%u
}}
{capability}
"""
_FOR_2_4 = """
dovecot_config_version = {version}
dovecot_storage_version = {version}
protocols = imap
listen = 127.0.0.1
base_dir = {directory}/run
log_path = {directory}/log
ssl = yes
ssl_server_cert_file = {certificate}
ssl_server_key_file = {key}
auth_allow_cleartext = yes
mail_driver = maildir
mail_path = ~/Maildir
mail_fsync = never
auth_failure_delay = 0
first_valid_uid = 1
passdb static {{
  password = {password}
}}
userdb static {{
  fields {{
    uid = {user}
    gid = {group}
    home = {directory}/home/%{{user}}
  }}
}}
{capability}
"""
_FOR_BOTH = """
namespace inbox {{
  inbox = yes
  prefix = {prefix}
  separator = {separator}
}}
service imap-login {{
  process_min_avail = 1
  {serves}
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
service imap {{
  process_limit = 200
}}
# Wrong passwords in one test do not slow down the logins of the next.
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""
_AS_ONE_USER = """
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


@dataclass(frozen=True)
class Account:
    """One user of a server."""

    server: "Dovecot"
    user: str
    password: str = PASSWORD

    def settings(self, **changes: object) -> MailboxSettings:
        """The settings under which the daemon reads this account over TLS."""
        server = self.server
        settings = {
            "name": self.user,
            "host": "localhost",
            "port": server.tls_port,
            "security": "tls",
            "ca_file": server.certificates.authority,
            "username": self.user,
            "password": self.password,
            "timeout_seconds": 20,
        }
        return MailboxSettings.model_validate(settings | changes)

    @property
    def maildir(self) -> Path:
        return self.server.directory / "home" / self.user / "Maildir"

    def deliver(self, *mails: bytes, at: datetime | None = None) -> None:
        """Put mails into the inbox, arrived `at` (default: now)."""
        for name in ("cur", "new", "tmp"):
            (self.maildir / name).mkdir(parents=True, exist_ok=True)
        owner = self.server.mail_owner
        if owner is not None:
            for path in (self.maildir.parent, self.maildir, *(self.maildir / name for name in ("cur", "new", "tmp"))):
                os.chown(path, *owner)
        for mail in mails:
            path = self.maildir / "tmp" / f"{int(time.time())}.{next(_numbers):09d}.test"
            path.write_bytes(mail)
            if at is not None:
                os.utime(path, (at.timestamp(), at.timestamp()))
            if owner is not None:
                os.chown(path, *owner)
            path.rename(self.maildir / "new" / path.name)  # whole at once: somebody may read along

    def connect(self) -> IMAPClient:
        """A connection of an ordinary mail program, logged in."""
        client = IMAPClient("127.0.0.1", self.server.port, ssl=False, timeout=20)
        try:
            client.login(self.user, self.password)
        except BaseException:
            client.shutdown()
            raise
        return client

    def folders(self) -> set[str]:
        with self.connect() as client:
            return {name for _, _, name in client.list_folders()}

    def count(self, folder: str = "INBOX") -> int:
        """How many mails lie in a folder, also while they are being moved."""
        with self.connect() as client:
            return int(client.folder_status(folder, ["MESSAGES"])[b"MESSAGES"])

    def mails(self, folder: str = "INBOX") -> list[bytes]:
        """The mails of a folder, oldest first; none if there is no such folder."""
        with self.connect() as client:
            if not client.folder_exists(folder):
                return []
            client.select_folder(folder, readonly=True)
            uids = client.search()
            fetched = client.fetch(uids, ["BODY.PEEK[]"])
            return [fetched[uid][b"BODY[]"] for uid in uids]


@dataclass
class Dovecot:
    """A server in a directory of its own. `port` speaks plain IMAP and STARTTLS, `tls_port` TLS."""

    certificates: Certificates
    prefix: str = ""
    separator: str = "/"
    capability: str = ""  # what the server says it can do, instead of what it can
    directory: Path = field(init=False)
    port: int = field(init=False)
    tls_port: int = field(init=False)
    mail_owner: tuple[int, int] | None = field(init=False, default=None)
    process: subprocess.Popen[bytes] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        # Short, because the path of a Unix socket has at most 107 characters.
        self.directory = Path(tempfile.mkdtemp(prefix="dovecot-"))
        self.directory.chmod(0o755)
        (self.directory / "home").mkdir()
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self.mail_owner = (nobody.pw_uid, nobody.pw_gid)
            os.chown(self.directory / "home", *self.mail_owner)

    def account(self) -> Account:
        """A user that nobody has seen before, with an empty inbox."""
        account = Account(self, f"user{next(_numbers)}")
        account.deliver()
        return account

    def start(self, attempts: int = 5) -> None:
        """Start, on ports of its own the first time and on the same ones after `stop`."""
        first = not hasattr(self, "port")
        if first:
            self.port, self.tls_port = _free_ports(2)
        (self.directory / "dovecot.conf").write_text(self._configuration())
        self.process = subprocess.Popen(
            # Dies with the test run, however that ends; more exactly: with the thread that starts it.
            ["setpriv", "--pdeathsig", "TERM", "dovecot", "-F", "-c", str(self.directory / "dovecot.conf")],
            env={"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"},
            start_new_session=True,
        )
        limit = time.monotonic() + 20
        while not _answers(self.port):
            if self.process.poll() is None and time.monotonic() < limit:
                time.sleep(0.01)
                continue
            self.stop()
            if attempts == 1:
                log = self.directory / "log"
                raise RuntimeError(f"Dovecot does not start: {log.read_text() if log.exists() else 'no log'}")
            if first:
                del self.port  # another process may have taken it; else one of before `stop` is not quite dead
            self.start(attempts - 1)
            return

    def stop(self) -> None:
        """Stop and cut all connections; the mails stay."""
        if self.process is not None:
            # All of its processes, at once: Dovecot's own way to stop takes over a second.
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=20)
            self.process = None

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.directory)

    def _configuration(self) -> str:
        version = _version()
        owner = pwd.getpwuid(self.mail_owner[0] if self.mail_owner else os.geteuid())
        template = (_FOR_2_3 if version.startswith("2.3") else _FOR_2_4) + _FOR_BOTH
        if self.mail_owner is None:
            template += _AS_ONE_USER
        return template.format(
            version=version,
            serves="service_count = 0" if version.startswith("2.3") else "restart_request_count = unlimited",
            directory=self.directory,
            certificate=self.certificates.certificate,
            key=self.certificates.key,
            password=PASSWORD,
            user=owner.pw_name,
            group=grp.getgrgid(owner.pw_gid).gr_name,
            capability=f"imap_capability = {self.capability}" if self.capability else "",
            prefix=self.prefix,
            separator=self.separator,
            port=self.port,
            tls_port=self.tls_port,
        )


def _version() -> str:
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    said = subprocess.run(["dovecot", "--version"], env={"PATH": path}, capture_output=True, text=True, check=True)
    match = re.match(r"\d+\.\d+\.\d+", said.stdout)
    assert match, said.stdout
    return match[0]


def _free_ports(count: int) -> Sequence[int]:
    """Ports that are free now; held together, so that they differ."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            return connection.recv(100).startswith(b"* OK")
    except OSError:
        return False


def _started(server: Dovecot) -> Iterator[Dovecot]:
    if shutil.which("dovecot", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        reason = "Dovecot is not installed (apt-get install dovecot-imapd)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def dovecot(certificates: Certificates) -> Iterator[Dovecot]:
    """The server that most tests share; each takes an `account` of its own."""
    yield from _started(Dovecot(certificates))


@pytest.fixture(scope="session")
def courier_dovecot(certificates: Certificates) -> Iterator[Dovecot]:
    """A server whose folders all lie below "INBOX." with a dot between levels, as Courier's do."""
    yield from _started(Dovecot(certificates, prefix="INBOX.", separator="."))


@pytest.fixture(scope="session")
def bare_dovecot(certificates: Certificates) -> Iterator[Dovecot]:
    """A server that says it knows nothing beyond the base protocol: no MOVE, UIDPLUS, NAMESPACE or IDLE."""
    yield from _started(Dovecot(certificates, prefix="INBOX.", separator=".", capability="IMAP4rev1 LITERAL+"))


@pytest.fixture
def own_dovecot(certificates: Certificates) -> Iterator[Dovecot]:
    """A server of this test alone, to stop and start again."""
    yield from _started(Dovecot(certificates))


@pytest.fixture
def account(dovecot: Dovecot) -> Account:
    """A fresh user of the shared server."""
    return dovecot.account()
