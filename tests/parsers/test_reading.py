import base64

from exports import Account, OpenItem, export
from hypothesis import given
from hypothesis import strategies as st
from mails import mail, multipart, part
from readings import EUR, gather, read, read_xml

from parsers.protocol import FRAME_ROWS, Broken, Done, FileRefused, Items
from parsers.reading import read_mail

AR = export([Account("1"), Account("2")])
AP = export(None, [Account("3")])
ATTACHED = 'Content-Type: application/xml; name="ar.xml"'


def test_several_files_of_one_mail_are_numbered_and_their_blocks_counted_on() -> None:
    reading = read(mail(("ARs_1.xml", AR), ("APs_1.xml", AP)))
    assert [(file.index, file.part, file.name) for file in reading.files] == [
        (0, "2", "ARs_1.xml"),
        (1, "3", "APs_1.xml"),
    ]
    assert [(block.block, block.page, block.side) for block in reading.blocks] == [
        (0, 0, "receivable"),
        (1, 0, "receivable"),
        (2, 1, "payable"),
    ]


def test_identical_files_are_both_given_for_others_to_judge() -> None:
    first, second = read(mail(("ARs_1.xml", AR), ("ARs_1 (1).xml", AR))).files
    assert first.sha256 == second.sha256


def test_a_file_refused_midway_is_taken_back_and_the_next_one_read() -> None:
    accounts = [Account(str(n), [OpenItem(dc="1.00")] * 10) for n in range(300)]
    broken = export(accounts).replace(b"</eExact>", b"")
    frames = list(read_mail(mail(("ARs_1.xml", broken), ("APs_1.xml", AP)), EUR))
    kinds = [type(frame).__name__ for frame in frames]
    assert kinds.index("Items") < kinds.index("FileRefused") < kinds.index("FileRead")
    reading = gather(frames)
    assert [(finding.code, finding.file) for finding in reading.refused] == [("xml-truncated", "ARs_1.xml")]
    assert ([block.code for block in reading.blocks], reading.total()) == (["3"], 10000)


def test_items_come_in_frames_of_about_a_thousand() -> None:
    accounts = [Account("1", [OpenItem(str(n)) for n in range(1, 3501)])]
    sizes = [len(one.rows) for one in read_mail(mail(("ar.xml", export(accounts))), EUR) if isinstance(one, Items)]
    assert sizes == [FRAME_ROWS, FRAME_ROWS, FRAME_ROWS, 500]


def test_a_mail_that_cannot_be_walked_is_broken() -> None:
    frames = list(read_mail(b"Content-Type: message/rfc822\r\n\r\n" * 100, EUR))
    assert [(type(frame), frame.finding.code) for frame in frames if isinstance(frame, Broken)] == [
        (Broken, "nested-too-deep")
    ]
    assert len(frames) == 1


def test_a_mail_without_a_file_says_so() -> None:
    assert [finding.code for finding in read(mail()).findings] == ["nothing-attached"]


def test_a_damaged_export_is_refused_though_it_would_read() -> None:
    damaged = base64.encodebytes(AR + b"   ")[:-3] + b"!\n"
    raw = multipart("b", ATTACHED.encode() + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + damaged)
    assert read(raw).refusal.code == "part-damaged"
    assert read(multipart("b", part(AR, ATTACHED))).files


def test_a_damaged_logo_spoils_nothing() -> None:
    logo = b"Content-Type: image/png; name=x.png\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!"
    assert len(read(multipart("b", logo, part(AR, ATTACHED))).files) == 1


def test_a_file_is_found_wherever_a_mail_program_put_it() -> None:
    forwarded = part(mail(("ARs_1.xml", AR)), "Content-Type: message/rfc822", encoding="7bit")
    signed = multipart(
        "s", part(AR, ATTACHED), part(b"0", "Content-Type: application/pkcs7-signature"), subtype="signed"
    )
    for raw in (forwarded, signed, multipart("o", forwarded)):
        assert read(raw).total() == 20000


@given(st.binary(max_size=300), st.integers(0, 3000))
def test_no_bytes_inside_a_mail_make_it_raise(junk: bytes, place: int) -> None:
    raw = mail(("ARs_1.xml", AR))
    assert isinstance(list(read_mail(raw[:place] + junk + raw[place:], EUR))[-1], Done | Broken)


def test_a_refused_file_keeps_its_number() -> None:
    frames = list(read_mail(mail(("ARs_1.xml", b"<eExact><ARs>"), ("APs_1.xml", AP)), EUR))
    assert [frame.index for frame in frames if isinstance(frame, FileRefused)] == [0]
    assert gather(frames).file.index == 1 if not gather(frames).refused else gather(frames).files[0].index == 1


def test_a_name_for_display_is_never_a_path() -> None:
    assert read_xml(AR, "ARs_1.xml").file.name == "ARs_1.xml"
    assert read(mail(("../../ARs_1.xml", AR))).file.name == "ARs_1.xml"
