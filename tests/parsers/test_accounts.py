import pytest
from exports import GUID, Account, document, export
from hypothesis import given
from hypothesis import strategies as st
from mails import mail
from readings import EUR, Reading, read, read_xml, source

from parsers.protocol import FRAME_ROWS, Cards, FileRead, Options
from parsers.reading import read_files
from parsers.records import Card


def accounts(*inside: str) -> bytes:
    return document(f"<Accounts>\n{''.join(inside)}</Accounts>\n<Topics/><Messages/>\n")


def account(code: str = "1", limit: str = "", name: str = "Bakker", inside: str = "", exact_id: str = "") -> str:
    credit = f"<CreditLine><Sales>{limit}</Sales></CreditLine>" if limit else ""
    identity = f' ID="{exact_id}"' if exact_id else ""
    return f'<Account code="{code:>18}"{identity}><Name>{name}</Name>{inside}{credit}</Account>\n'


def cards(content: bytes, options: Options = EUR) -> list[Card]:
    reading = read_xml(content, "relations.xml", options)
    assert not reading.refused, reading.refused
    return reading.cards


def refused(content: bytes) -> tuple[str, int | None, str]:
    refusal = read_xml(content, "relations.xml").refusal
    return refusal.code, refusal.line, refusal.fragment


def test_a_card_has_what_the_file_says_and_no_more() -> None:
    content = accounts(account("10042", "1500.5", exact_id=GUID.format(7).upper()), '<Account code="10043"/>')
    assert cards(content) == [
        Card(0, GUID.format(7).strip("{}"), "10042", "Bakker", 150050),
        Card(0, None, "10043", "", None),
    ]


@pytest.mark.parametrize(
    ("status", "is_supplier", "expected"),
    [
        ('status="C"', "<IsSupplier>1</IsSupplier>", (True, True)),
        ('status="A"', "<IsSupplier>false</IsSupplier>", (False, False)),
        ('status=""', "", (None, None)),
        ("", "<IsSupplier>perhaps</IsSupplier>", (None, None)),
    ],
)
def test_who_is_customer_and_who_supplier(
    status: str, is_supplier: str, expected: tuple[bool | None, bool | None]
) -> None:
    (card,) = cards(accounts(f'<Account code="1" {status}><Name>A</Name>{is_supplier}</Account>'))
    assert (card.is_customer, card.is_supplier) == expected


def test_an_account_inside_an_account_is_not_of_the_list() -> None:
    inside = (
        '<Contact><Account code="8"><Name>No</Name></Account></Contact>'
        '<InvoiceAccount code="9"><Name>No</Name><CreditLine><Sales>7</Sales></CreditLine></InvoiceAccount>'
    )
    assert cards(accounts(account(inside=inside))) == [Card(0, None, "1", "Bakker", None)]


def test_the_limit_for_purchases_is_not_ours() -> None:
    for inside in (
        "<CreditLine><Purchase>9</Purchase></CreditLine>",
        "<CreditLine/>",
        "<CreditLine><Sales/></CreditLine>",
    ):
        assert cards(accounts(account(inside=inside)))[0].credit_limit is None


def test_a_limit_of_nothing_is_a_limit() -> None:
    assert cards(accounts(account(limit="0")))[0].credit_limit == 0


def test_a_limit_has_the_digits_of_the_currency() -> None:
    limits = [cards(accounts(account(limit="1500.5")), Options(code))[0].credit_limit for code in ("EUR", "JPY", "KWD")]
    assert limits == [150050, 1501, 1500500]


@pytest.mark.parametrize("limit", ["1.500,00", "NaN", "INF", "a lot", "1e30", "=1+1", "1<b>0</b>x", "1<b>0</b>0"])
def test_a_limit_that_is_no_amount_refuses_the_file(limit: str) -> None:
    code, line, _ = refused(accounts(account("1", "10"), account("2", limit)))
    assert (code, line) == ("limit-invalid", 5)


def test_a_limit_below_zero_refuses_the_file_and_says_whose_it_is() -> None:
    content = accounts(account("1", "10"), account("2", "-0.01"))
    assert refused(content) == ("limit-negative", 5, "-0.01")
    assert read_xml(content).refusal.values["account"] == "2"


def test_an_account_that_nobody_could_find_is_passed_over_with_a_warning() -> None:
    reading = read_xml(accounts('<Account ID="no guid"><Name>A</Name></Account>', account()))
    assert ([card.code for card in reading.cards], reading.warnings) == (["1"], ["account-nameless"])


def test_what_an_export_of_accounts_never_has_is_warned_about() -> None:
    content = accounts(account(), "<Contact/>", account("2")).replace(b"<Topics/>", b"<Items><Item/></Items>")
    reading = read_xml(content)
    assert [(finding.code, finding.values["element"]) for finding in reading.file.warnings] == [
        ("unknown-element", "Contact"),
        ("unknown-element", "Items"),
    ]


def test_a_mistake_while_exporting_is_warned_about() -> None:
    content = accounts(account()).replace(b"<Messages/>", b'<Messages><Message type="0"/></Messages>')
    assert read_xml(content).warnings == ["export-error-message"]


def test_an_empty_list_is_read_as_one() -> None:
    reading = read_xml(accounts())
    assert (reading.cards, reading.file.format, reading.file.pages) == ([], "accounts", ())


def test_a_cut_off_file_gives_nothing() -> None:
    content = accounts(*(account(str(n), "10") for n in range(3 * FRAME_ROWS)))
    assert read_xml(content[: len(content) // 2]).refusal.code == "xml-truncated"
    assert read_xml(content[: len(content) // 2]).cards == []


def test_cards_come_in_frames_whatever_their_pictures() -> None:
    picture = f"<Image><Name>x.png</Name><BinaryData>{'A' * 2000}</BinaryData></Image>"
    content = accounts(*(account(str(n), "10.01", inside=picture) for n in range(2500)))
    frames = list(read_files([source(content)], EUR))
    assert [len(frame.rows) for frame in frames if isinstance(frame, Cards)] == [1000, 1000, 500]
    assert {card.credit_limit for frame in frames if isinstance(frame, Cards) for card in frame.rows} == {1001}
    assert [frame.file.size for frame in frames if isinstance(frame, FileRead)] == [len(content)]


def test_accounts_beside_open_items_are_a_file_of_their_own() -> None:
    reading = read(mail(("relations.xml", accounts(account())), ("ARs_1.xml", export([Account()]))))
    assert [(file.index, file.format) for file in reading.files] == [(0, "accounts"), (1, "open-items")]
    assert ([card.page for card in reading.cards], [block.page for block in reading.blocks]) == ([0], [1])


def test_a_refused_list_takes_back_its_own_cards_only() -> None:
    reading = read(mail(("a.xml", accounts(account("1"))), ("b.xml", accounts(account("2"), account("3", "x")))))
    assert ([card.code for card in reading.cards], [one.file for one in reading.refused]) == (["1"], ["b.xml"])


@given(st.lists(st.tuples(st.text("ab1 ", max_size=4), st.integers(0, 10**11) | st.none()), max_size=8))
def test_what_is_written_is_read(rows: list[tuple[str, int | None]]) -> None:
    written = [
        account(code, "" if limit is None else f"{limit // 100}.{limit % 100:02}", name="A") for code, limit in rows
    ]
    known = [(" ".join(code.split()), limit) for code, limit in rows if code.strip()]
    reading: Reading = read_xml(accounts(*written))
    assert [(card.code, card.credit_limit) for card in reading.cards] == known
