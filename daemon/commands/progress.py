"""A bar on standard error while something long is done, where somebody watches."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Literal

Advance = Callable[[int], None]

EVERY = 0.1  # seconds


@contextmanager
def progress(
    what: str,
    total: int | None = None,
    *,
    of: Literal["bytes", "pieces"] = "pieces",
    done: Callable[[], int] | None = None,
) -> Iterator[Advance]:
    """Yields what moves the bar on by so many; or `done` is asked how far it is. Without a total it only moves.

    Where standard error is no terminal, nothing is shown and nothing asked.
    """
    if not sys.stderr.isatty():
        yield lambda _pieces: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    figures = [DownloadColumn() if of == "bytes" else MofNCompleteColumn(), TimeRemainingColumn()]
    columns = [TextColumn("{task.description}"), BarColumn(), *(figures if total else [TimeElapsedColumn()])]
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        with _asked(done, lambda so_far: bar.update(task, completed=so_far)):
            yield lambda pieces: bar.advance(task, pieces)


@contextmanager
def _asked(done: Callable[[], int] | None, show: Callable[[int], None]) -> Iterator[None]:
    """Ask again and again in a thread of its own."""
    if done is None:
        yield
        return
    over = Event()

    def watch() -> None:
        while not over.wait(EVERY):
            show(done())

    watcher = Thread(target=watch, name="progress", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
