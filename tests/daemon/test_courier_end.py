"""A courier that is told to end does so at once, wherever it is."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from smtp_server import SmtpServer

from daemon.courier import Courier
from store import outbox
from store.database import open_store
from store.records import OutgoingMail


@pytest.mark.parametrize("milliseconds", [0, 5, 15, 30, 45])
def test_it_ends_so_soon_after_it_handed_over_a_mail(
    milliseconds: int, smtp_server: SmtpServer, sqlite_template: Path, tmp_path: Path
) -> None:
    (tmp_path / "store.db").write_bytes(sqlite_template.read_bytes())
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    with store.write() as tx:
        mail = OutgoingMail("anna@bakker.example", "", "<1@example.com>", b"Subject: Saldo\r\n\r\nDone.\r\n")
        outbox.add(tx, mail, datetime.now(UTC))

    async def live() -> None:
        courier, stopping = Courier(smtp_server.settings(), store, thread), asyncio.Event()
        running = asyncio.create_task(courier.run(stopping))
        async with asyncio.timeout(5):
            while not smtp_server.received:
                await asyncio.sleep(0.001)
        await asyncio.sleep(milliseconds / 1000)
        stopping.set()
        courier.wake()
        async with asyncio.timeout(3):
            await running

    with ThreadPoolExecutor(1) as thread:
        asyncio.run(live())
    store.close()
