"""What the commands share: where the settings are, the logs, and the store while a command runs."""

import difflib
import gc
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from daemon.logs import configure_logs
from daemon.settings import AdministrationSettings, Settings, find_file, load_settings

if TYPE_CHECKING:
    from daemon.settings.places import Places
    from daemon.settings.schema import KeyPath
    from store.database import Store


class Program:
    """One call of `saldopost`: `--config` and `--verbose`, and the settings once somebody asks for them."""

    def __init__(self, config: Path | None, *, verbose: bool) -> None:
        self._config = config
        self._verbose = verbose
        self.start_logs(logging.WARNING)

    def start_logs(self, level: int) -> None:
        """Log what is at least this grave, or everything with `--verbose`. `run` asks for INFO."""
        configure_logs(sys.stderr, os.environ, level=logging.DEBUG if self._verbose else level)

    @cached_property
    def file(self) -> Path:
        return find_file(self._config)

    @cached_property
    def settings(self) -> Settings:
        """Raises SettingsError."""
        settings = load_settings(self.file)
        gc.enable()  # `main` has it wait until here
        return settings

    def line(self, path: "KeyPath") -> int | None:
        """The line of the settings file on which a table stands; None if it is not in the file."""
        place = self._places.get(path)
        return place.key.line if place else None

    @cached_property
    def _places(self) -> "Mapping[KeyPath, Places]":
        from daemon.settings.places import find_places

        return find_places(self.file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n"))

    def administration(self, code: str | None) -> AdministrationSettings:
        """The administration that `-a CODE` names, or the only one; a usage error if there is none."""
        found = {administration.code: administration for administration in self.settings.administrations}
        if code is None and len(found) == 1:
            return next(iter(found.values()))
        if code is None:
            raise click.UsageError("name an administration: -a CODE")
        if code not in found:
            near = difflib.get_close_matches(code, found, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"There is no administration {code!r} in {self.file}.{hint}")
        return found[code]

    @contextmanager
    def store_as_it_is(self) -> Iterator["Store"]:
        """The store for a dry run, or an empty one for the time being where there is none yet.

        Raises StoreUnavailable or StoreBroken.
        """
        from store.database import open_as_it_is, open_store

        with ExitStack() as closing:
            store = open_as_it_is(self.settings.store.url)
            if store is None:
                folder = closing.enter_context(TemporaryDirectory(prefix="saldopost-"))
                store = open_store(f"sqlite:///{folder}/empty.db")
            closing.callback(store.close)
            yield store

    @contextmanager
    def store(self) -> Iterator["Store"]:
        """The open store, which adds up its totals as the settings say. Raises StoreUnavailable or StoreBroken."""
        from daemon.noting import note_totals
        from store.database import open_store

        store = open_store(self.settings.store.url)
        try:
            note_totals(store, self.settings)
            yield store
        finally:
            store.close()
