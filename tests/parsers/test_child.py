import gzip
import io
import os
import signal
import zipfile
from hashlib import sha256
from typing import BinaryIO

import pytest
from children import running_child
from exports import Account, OpenItem, block_xml, export
from mails import mail, raw_mail
from readings import gather

from parsers.frames import receive_frame
from parsers.handover import Limits
from parsers.protocol import Broken, Crashed, FileRead, Items

RAW = mail(("ARs_1.xml", export([Account("1"), Account("2")])))


def test_a_mail_is_read_in_a_child() -> None:
    with running_child("mail", ("", RAW)) as child:
        envelope = child.envelope()
        assert (envelope.envelope.sender, envelope.sha256) == ("boekhouding@bakker.example", sha256(RAW).hexdigest())
        reading = gather(list(child.open()))
        assert (reading.file.name, reading.total()) == ("ARs_1.xml", 20000)
        assert child.end() == 0


def test_files_are_read_in_a_child_with_their_names() -> None:
    files = [("../ARs_1.xml", export([Account("1")])), ("x.xml", b"%PDF-1.4"), ("APs_1.xml", export(None, [Account()]))]
    with running_child("files", *files) as child:
        reading = gather(list(child.open()))
    assert [(file.index, file.name, file.part) for file in reading.files] == [
        (0, "ARs_1.xml", "ARs_1.xml"),
        (2, "APs_1.xml", "APs_1.xml"),
    ]
    assert [(finding.code, finding.file) for finding in reading.refused] == [("not-pdf", "x.xml")]


CHARSETS = "utf-7 iso-8859-15 windows-1251 koi8-r gb18030 big5 iso-2022-jp euc-kr shift_jis cp037 martian zip idna"


def test_every_encoding_is_read_although_no_file_can_be_opened() -> None:
    xml = export([Account("1", name="Müller €")]).decode()
    utf_16, cp1252 = (xml.replace('"utf-8"', f'"{name}"').encode(name) for name in ("utf-16", "windows-1252"))
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ARs_1.xml", cp1252)
    with_old_name = zipped.getvalue().replace(b"ARs_1.xml", b"ARs\x81_.xml")  # IBM code page 437, as DOS wrote it
    raw = mail(("a.xml", utf_16), ("b.zip", with_old_name), ("c.xml.gz", gzip.compress(cp1252)))
    words = "".join(f" =?{name}?q?a=E4?=" for name in CHARSETS.split())
    names = "".join(
        f"--x\r\nContent-Type: image/png; name*={name}''%E4\r\n"
        f"Content-Disposition: attachment; filename*={name}''%E4\r\n\r\n"
        for name in CHARSETS.split()
    )
    odd = raw_mail(f"Subject:{words}", "Content-Type: multipart/mixed; boundary=x", body=f"{names}--x--")
    with running_child("mail", ("", raw)) as child:
        child.envelope()
        assert [block.name for block in gather(list(child.open())).blocks] == ["Müller €"] * 3
    with running_child("mail", ("", odd)) as child:
        assert child.envelope().envelope.subject
        assert [finding.code for finding in gather(list(child.open())).findings] == ["nothing-attached"]


def test_the_child_ends_when_the_daemon_hangs_up() -> None:
    with running_child("mail", ("", RAW)) as child:
        assert child.end() == 0


def test_the_child_ends_when_nobody_reads_its_frames() -> None:
    accounts = [Account(str(n), [OpenItem(description="x" * 150)] * 100) for n in range(400)]
    with running_child("files", ("ARs_1.xml", export(accounts))) as child:
        next(child.open())
        child.frames.close()
        assert child.end() == 0


def test_a_child_can_open_reach_and_take_nothing() -> None:
    with running_child("mail", ("", RAW), target="misbehaving:try_everything") as child:
        assert receive_frame(child.frames) == Crashed("")


def test_a_child_that_spins_is_ended_by_its_cpu_limit() -> None:
    with running_child("mail", ("", RAW), limits=Limits(cpu_seconds=1), target="misbehaving:spin") as child:
        with pytest.raises(EOFError):
            receive_frame(child.frames)
        assert child.child.exit_code() == -signal.SIGXCPU


def test_a_child_can_be_killed_at_any_moment() -> None:
    with running_child("mail", ("", RAW), target="misbehaving:spin") as child:
        child.child.kill()
        with pytest.raises(EOFError):
            receive_frame(child.frames)


def test_a_bug_in_the_child_is_told_with_its_traceback() -> None:
    with running_child("mail", ("", RAW), target="misbehaving:stumble") as child:
        (frame,) = child.open()
        assert isinstance(frame, Crashed)
        assert "LookupError: a bug" in frame.traceback


def test_too_much_memory_is_the_mails_failure() -> None:
    with running_child("mail", ("", RAW), target="misbehaving:devour") as child:
        (frame,) = child.open()
        assert isinstance(frame, Broken)
        assert frame.finding.code == "too-much-memory"


def large_export(path: str, accounts: int) -> BinaryIO:
    """A file of about 5 KB an account, written piece by piece."""
    block = block_xml("AR", Account("10042", [OpenItem(description="Zeevracht Rotterdam – Sjanghaï")] * 12)).encode()
    with open(path, "wb") as file:
        file.write(b"<eExact><ARs>" + b"".join([block] * accounts) + b"</ARs></eExact>")
    return open(path, "rb")


def test_memory_is_the_same_for_a_file_ten_times_as_large(tmp_path: os.PathLike[str]) -> None:
    peaks, items = [], []
    for accounts in (300, 3000):
        file = large_export(f"{tmp_path}/ARs_1.xml", accounts)
        with running_child("files", ("ARs_1.xml", file)) as child:
            rows, sizes = 0, []
            for frame in child.open():
                rows += len(frame.rows) if isinstance(frame, Items) else 0
                sizes += [frame.file.size] if isinstance(frame, FileRead) else []
            assert sizes
            items.append(rows)
            peaks.append(child.peak())
    assert items == [3600, 36000]
    assert peaks[1] - peaks[0] < 3 * 1024, f"kilobytes at the peak: {peaks}"
