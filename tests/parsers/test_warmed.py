"""What children are warmed up with is read as any mail is."""

import gc
import os

from readings import EUR, gather

from parsers.reading import read_mail
from parsers.warmed import make_mail, warm_up


def test_the_mail_is_an_export_without_fault() -> None:
    reading = gather(list(read_mail(make_mail(accounts=3, items=2), EUR)))
    file = reading.file
    (page,) = file.pages
    assert (page.side, page.blocks, page.items, file.warnings) == ("receivable", 3, 6, ())


def test_warming_up_leaves_nothing_open() -> None:
    before = os.listdir("/proc/self/fd")
    warm_up()
    gc.unfreeze()
    assert os.listdir("/proc/self/fd") == before
