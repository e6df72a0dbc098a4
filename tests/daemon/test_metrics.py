"""The figures for Prometheus, read as Prometheus reads them."""

import re
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from command_line import COMMAND
from prometheus_client.parser import text_string_to_metric_families

from daemon.mailbox import FetchedMail
from daemon.metrics import Page, measured, serve_metrics
from daemon.tally import Tally
from store import outbox
from store.database import Store
from store.health import Look, note_looks
from store.records import MailKey, OutgoingMail, StoreUnavailable

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
MAIL = FetchedMail(MailKey("main", "INBOX", 1, 1), 10, NOW, b"")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert isinstance(port, int)
    return port


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
def figures(store: Store, tally: Tally) -> Iterator[Callable[[], dict[str, float]]]:
    port = free_port()
    end = serve_metrics(port, Page(store, lambda: NOW, tally))
    assert end is not None
    yield lambda: scrape(port)
    end()


def scrape(port: int) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_mails_are_counted_by_state_and_timed(figures: Callable[[], dict[str, float]], tally: Tally) -> None:
    def process(_mail: FetchedMail, _following: object = ()) -> None:
        raise StoreUnavailable("busy")

    assert measured(lambda _mail, _following: "applied", tally)(MAIL) == "applied"
    assert measured(lambda _mail, _following: None, tally)(MAIL) is None
    with pytest.raises(StoreUnavailable):
        measured(process, tally)(MAIL)
    with pytest.raises(ZeroDivisionError):
        measured(lambda _mail, _following: 1 // 0, tally)(MAIL)  # type: ignore[arg-type, return-value]
    found = figures()
    states = {state: found[f"saldopost_mails_total {state}"] for state in ("applied", "waiting", "unavailable", "bug")}
    assert states == {"applied": 1, "waiting": 1, "unavailable": 1, "bug": 1}
    assert found["saldopost_mail_seconds_count"] == found["saldopost_mail_seconds_bucket +Inf"] == 4


def test_items_and_sent_mails_are_counted(figures: Callable[[], dict[str, float]], tally: Tally) -> None:
    tally.count_items(1000)
    tally.count_items(1)
    tally.count_sending("sent")
    found = figures()
    assert found["saldopost_items_total"] == 1001
    assert found["saldopost_mails_sent_total sent"] == 1


def test_the_store_tells_how_the_mailboxes_do(figures: Callable[[], dict[str, float]], store: Store) -> None:
    with store.write() as tx:
        note_looks(tx, [Look("main", NOW, 12), Look("second", None, 0, "login", "refused")], NOW)
    found = figures()
    assert found["saldopost_store_up"] == 1
    assert found["saldopost_mailbox_last_poll_timestamp_seconds main"] == NOW.timestamp()
    assert found["saldopost_mailbox_backlog main"] == 12
    assert found["saldopost_mailbox_in_trouble main"] == 0
    assert found["saldopost_mailbox_in_trouble second"] == 1
    assert found["saldopost_outbox_queued"] == found["saldopost_imports_held"] == 0


def test_without_the_store_the_rest_is_still_told(tally: Tally) -> None:
    class Gone:
        def read(self) -> None:
            raise StoreUnavailable("away")

    port = free_port()
    end = serve_metrics(port, Page(Gone(), lambda: NOW, tally))  # type: ignore[arg-type]
    assert end is not None
    found = scrape(port)
    end()
    assert found["saldopost_store_up"] == 0
    assert found["saldopost_items_total"] == 0
    assert "saldopost_outbox_queued" not in found


def test_only_this_machine_is_served_and_a_taken_port_is_told(store: Store) -> None:
    port = free_port()
    end = serve_metrics(port, Page(store, lambda: NOW))
    assert end is not None
    assert serve_metrics(port, Page(store, lambda: NOW)) is None
    own = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None)} - {"127.0.0.1", "::1"}
    for address in own:
        with pytest.raises(OSError, match=r"refused|unreachable|assign"):
            socket.create_connection((str(address), port), timeout=2).close()
    end()


def test_the_daemon_serves_them_when_a_port_is_set(tmp_path: Path) -> None:
    port = free_port()
    config = tmp_path / "config.toml"
    config.write_text(
        f'[store]\nurl = "sqlite:///{tmp_path}/store.db"\n[metrics]\nport = {port}\n'
        '[[administrations]]\ncode = "nl01"\nname = "Bakker"\n'
    )
    with subprocess.Popen([COMMAND, "--config", config, "run"], stderr=subprocess.PIPE, text=True) as daemon:
        assert daemon.stderr is not None
        said = next(line for line in daemon.stderr if "ready" in line or "error" in line)
        assert "ready" in said
        assert scrape(port)["saldopost_store_up"] == 1
        daemon.send_signal(signal.SIGTERM)
        daemon.communicate(timeout=20)
    assert daemon.returncode == 0


def test_the_page_about_metrics_names_those_that_are_served(store: Store, tally: Tally) -> None:
    with store.write() as tx:
        note_looks(tx, [Look("main", NOW, 0)], NOW)
        outbox.add(tx, OutgoingMail("a@b.example", "", "<1@b.example>", b"x"), NOW - timedelta(hours=1))
    page = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
    documented = set(re.findall(r"^\| `(saldopost_\w+)` \|", page, re.MULTILINE))
    served = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in Page(store, lambda: NOW, tally).collect()
    }
    assert documented == served
    assert set(re.findall(r"saldopost_\w+", page)) <= served
