"""Figures for Prometheus: what this process did, and how the store says it goes.

Counting costs next to nothing and needs no library. The page is served on loopback, and only when `[metrics] port` is
set; prometheus-client is loaded then.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from daemon.children import NoChild
from daemon.tally import BOUNDS, TALLY, Tally
from handlers.alarms import GIVEN_UP_LATELY
from store.database import Store
from store.health import Health, read_health
from store.records import MessageState, StoreBroken, StoreUnavailable

if TYPE_CHECKING:
    from prometheus_client.core import Metric

    from daemon.mailbox import FetchedMail
    from daemon.mailbox_poll import Process

ADDRESS = "127.0.0.1"
log = structlog.get_logger()


def measured(process: "Process", tally: Tally = TALLY) -> "Process":
    """The same, counted and timed."""

    def measured_process(mail: "FetchedMail", following: Sequence["FetchedMail"] = ()) -> MessageState | None:
        begun, state = time.monotonic(), "bug"
        try:
            decided = process(mail, following)
            state = decided or "waiting"
        except (StoreUnavailable, StoreBroken, NoChild):
            state = "unavailable"
            raise
        finally:
            tally.count_mail(state, time.monotonic() - begun)
        return decided

    return measured_process


class Page:
    """What Prometheus reads, made anew each time: a collector of prometheus-client."""

    def __init__(self, store: Store, clock: Callable[[], datetime], tally: Tally = TALLY) -> None:
        self._store, self._clock, self._tally = store, clock, tally

    def collect(self) -> Iterable["Metric"]:
        yield from self._of_process()
        health = self._read()
        yield _gauge("saldopost_store_up", "Whether the store answers", {"": health is not None})
        if health is not None:
            yield from _of_store(health)

    def _read(self) -> Health | None:
        try:
            with self._store.read() as tx:
                return read_health(tx, self._clock(), GIVEN_UP_LATELY)
        except (StoreUnavailable, StoreBroken) as error:  # the rest of the page is worth having all the same
            log.warning("metrics-without-store", error=str(error))
            return None

    def _of_process(self) -> Iterator["Metric"]:
        from prometheus_client.core import HistogramMetricFamily

        tally = self._tally
        yield _counter("saldopost_mails", "Mails processed, by what became of them", tally.mails, "state")
        yield _counter("saldopost_mails_sent", "Replies and alerts handed over, by outcome", tally.sent, "outcome")
        yield _counter("saldopost_items", "Open items read", {"": tally.items})
        reached, buckets = 0, []
        for bound, mails in zip((*map(str, BOUNDS), "+Inf"), tally.within, strict=True):
            reached += mails
            buckets.append((bound, reached))
        yield HistogramMetricFamily(
            "saldopost_mail_seconds", "How long a mail took", buckets=buckets, sum_value=tally.seconds
        )


def serve_metrics(port: int, page: Page) -> Callable[[], None] | None:
    """Serve the page at http://127.0.0.1:PORT/metrics; returns what ends it, or None if the port cannot be had."""
    from prometheus_client import start_http_server
    from prometheus_client.core import CollectorRegistry

    registry = CollectorRegistry(auto_describe=False)
    registry.register(page)
    try:
        server, thread = start_http_server(port, ADDRESS, registry)
    except OSError as error:
        log.error("metrics-not-served", port=port, error=str(error))  # noqa: TRY400
        return None
    log.info("metrics-served", port=port)

    def end() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return end


def _of_store(health: Health) -> Iterator["Metric"]:
    looks = health.looks
    polled = {look.mailbox: look.polled_at.timestamp() for look in looks if look.polled_at}
    yield _gauge("saldopost_mailbox_last_poll_timestamp_seconds", "When it was last read", polled, "mailbox")
    backlog = {look.mailbox: look.backlog for look in looks}
    yield _gauge("saldopost_mailbox_backlog", "Mails left in the folder", backlog, "mailbox")
    trouble = {look.mailbox: look.trouble is not None for look in looks}
    yield _gauge("saldopost_mailbox_in_trouble", "Whether the last look failed", trouble, "mailbox")
    parked = "Mails that wait for something or someone, by state"
    yield _gauge("saldopost_mails_parked", parked, health.parked, "state")
    yield _gauge("saldopost_imports_held", "Imports that wait for a yes or no", {"": len(health.held)})
    yield _gauge("saldopost_outbox_queued", "Replies and alerts to be sent", {"": health.queued})
    yield _gauge("saldopost_replies_given_up", "Replies refused for good, lately", {"": health.given_up})
    if health.oldest_due is not None:
        since = {"": health.oldest_due.timestamp()}
        yield _gauge("saldopost_outbox_oldest_due_timestamp_seconds", "Since when the oldest should be gone", since)


def _gauge(name: str, text: str, values: Mapping[str, float], label: str = "") -> "Metric":
    from prometheus_client.core import GaugeMetricFamily

    family = GaugeMetricFamily(name, text, labels=[label] if label else [])
    for key, value in sorted(values.items()):
        family.add_metric([key] if label else [], float(value))
    return family


def _counter(name: str, text: str, values: Mapping[str, int], label: str = "") -> "Metric":
    from prometheus_client.core import CounterMetricFamily

    family = CounterMetricFamily(name, text, labels=[label] if label else [])
    for key, value in sorted(values.items()):
        family.add_metric([key] if label else [], value)
    return family
