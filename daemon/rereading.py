"""Files that were kept are read again as they were read at first: by a child, under the same limits."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby

from msgspec import structs

from daemon.reading import Reading, memory_file, read_files, read_mail_from
from handlers.policy import Policy
from parsers.handover import Limits, SentFile
from parsers.protocol import Blocks, Done, FileRead, FileRefused, Frame, Options
from store import keeping
from store.database import Store
from store.records import ImportFile


@dataclass(frozen=True, slots=True)
class Rereader:
    """How files are read, for every administration."""

    store: Store
    limits: Limits
    largest_file: int  # bytes, out of an archive
    largest_plain_file: int  # bytes
    largest_mail: int = 50 * 1024 * 1024  # bytes

    def options(self, policy: Policy) -> Options:
        """How the files of an administration are read."""
        return Options(
            policy.currency,
            policy.negate,
            self.largest_file,
            self.largest_plain_file,
            largest_mail=self.largest_mail,
            own_parties=policy.invoices.parties,
        )

    def reread(self, files: Sequence[ImportFile], policy: Policy, first_page: int, first_block: int) -> Iterator[Frame]:
        """The frames of these files (`handlers.planning.Reread`). Files that are no longer kept give none."""
        page, block = first_page, first_block
        in_order = sorted((file for file in files if file.kept_id is not None), key=lambda file: file.kept_id or 0)
        for kept_id, some in groupby(in_order, key=lambda file: file.kept_id or 0):
            parts = tuple(file.part for file in some)
            names = dict.fromkeys(part.split("/")[0] for part in parts)
            options = structs.replace(self.options(policy), parts=parts, first_page=page, first_block=block)
            with self._opened(kept_id, tuple(names)) as reading:
                if reading is None:
                    continue
                for frame in reading.open(options):
                    match frame:
                        case Blocks(rows=rows):
                            block = rows[-1].block + 1
                        case FileRead(file=file):
                            page = file.index + 1
                        case FileRefused(index=index):
                            page = index + 1
                        case Done():
                            continue
                    yield frame

    @contextmanager
    def _opened(self, kept_id: int, names: Sequence[str]) -> Iterator[Reading | None]:
        """A child that holds the kept mail or file; None if it is not kept any more.

        The same bytes are kept once: a file is what it was called when it was imported, not when it was kept.
        """
        fd = memory_file("kept")
        try:
            with self.store.read() as tx:
                kept = keeping.find(tx, kept_id)
                if kept is None:
                    yield None
                    return
                with os.fdopen(os.dup(fd), "wb") as file:
                    file.writelines(keeping.read(tx, kept_id))
            files = [SentFile(name, fd) for name in names]
            reads = read_mail_from(fd, self.limits) if kept.kind == "mail" else read_files(files, self.limits)
            with reads as reading:
                yield reading
        finally:
            os.close(fd)
