from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from exports import GUID, Account, OpenItem, block_xml, document, export, item_xml, one_item, topic_xml
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from readings import read_xml, shown

from parsers.protocol import FRAME_ROWS, Options
from parsers.records import Block, Item, Page

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.xml"))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden(path: Path) -> None:
    assert shown(read_xml(path.read_bytes(), path.name)) == path.with_suffix(".expected").read_text()


def test_an_account_and_its_items_come_with_every_field() -> None:
    item = OpenItem("0020250117", "410.5", invoice_dc="1210", description="Zeevracht  RTM–SIN", your_ref="RE-1")
    reading = read_xml(export(payable=[Account("  70008", [item], exact_id=GUID.format(7).upper())]))
    assert reading.blocks == [
        Block(0, 0, "payable", GUID.format(7).strip("{}"), "70008", "Bakker & Zn. Expeditie B.V.")
    ]
    assert reading.items == [
        Item(
            0, "20250117", "RE-1", "Zeevracht RTM–SIN", "2026-01-15", "2026-02-14", "EUR", 121000, 41050, 121000, 41050
        )
    ]
    assert reading.file.pages == (Page("payable", 1, 1, 1, 500, "0x000000018A976F80"),)
    assert (reading.file.number, reading.warnings) == (1, [])


@given(
    st.lists(
        st.lists(
            st.decimals(-(10**9), 10**9, allow_nan=False, places=3)
            | st.floats(-1e9, 1e9).map(lambda number: Decimal(repr(number))),
            min_size=1,
            max_size=6,
        ),
        max_size=6,
    ),
    st.sampled_from(["EUR", "JPY", "KWD"]),
)
def test_sums_equal_the_exact_decimal_sums(accounts: list[list[Decimal]], currency: str) -> None:
    digits = {"EUR": 2, "JPY": 0, "KWD": 3}[currency]
    unit = Decimal(1).scaleb(-digits)
    blocks = [
        Account(str(n), [OpenItem(dc=str(one), currency=currency) for one in amounts])
        for n, amounts in enumerate(accounts)
    ]
    reading = read_xml(export(blocks), options=Options(currency))
    expected = [int(sum(one.quantize(unit, ROUND_HALF_UP) for one in amounts).scaleb(digits)) for amounts in accounts]
    assert [reading.total(n) for n in range(len(accounts))] == expected


@given(st.data())
def test_a_second_reader_agrees_to_the_cent(data: st.DataObject) -> None:
    """A DOM and Decimal sums, sharing nothing with the parser."""
    amount = st.integers(-(10**7), 10**7).map(lambda cents: f"{Decimal(cents) / 100:.2f}")
    items = st.lists(
        st.builds(OpenItem, dc=amount, invoice_dc=amount, description=st.text("aé&<", max_size=9)), max_size=5
    )
    accounts = data.draw(st.lists(st.builds(Account, code=st.text("0123456789 ", max_size=6), items=items), max_size=5))
    content = export(accounts, topics=data.draw(st.booleans()))
    dom = etree.fromstring(content)
    texts = dom.xpath("//OutstandingItem/OutstandingAmtDC/text()")
    reading = read_xml(content)
    assert reading.total() == int(sum(Decimal(str(text)) for text in texts) * 100)
    assert len(reading.items) == len(texts)


def test_many_items_come_in_frames_and_nothing_is_lost() -> None:
    accounts = [
        Account(str(n), [OpenItem(str(m), "0.01", description="x" * 50) for m in range(1, 40)]) for n in range(200)
    ]
    reading = read_xml(export(accounts))
    assert len(reading.items) == 200 * 39 > 5 * FRAME_ROWS
    assert [item.number for item in reading.items[:39]] == [str(m) for m in range(1, 40)]
    assert {item.description for item in reading.items} == {"x" * 50}
    assert [reading.total(n) for n in range(200)] == [39] * 200


def test_an_item_larger_than_a_read_is_not_cut() -> None:
    description = "y" * 60_000
    accounts = [Account("1", [OpenItem(str(n), "1.00", description=description) for n in range(1, 9)])]
    reading = read_xml(export(accounts))
    assert ([len(item.description) for item in reading.items], reading.total()) == ([200] * 8, 800)


# Variations: accounts.


def test_one_account_in_several_blocks_and_on_both_sides() -> None:
    reading = read_xml(export([Account("1"), Account("2"), Account("1")], [Account("1")]))
    assert [(block.side, block.code) for block in reading.blocks] == [
        ("receivable", "1"),
        ("receivable", "2"),
        ("receivable", "1"),
        ("payable", "1"),
    ]
    assert [page.side for page in reading.file.pages] == ["receivable", "payable"]


def test_an_account_without_children_keeps_its_code() -> None:
    reading = read_xml(
        document(
            f'<ARs><AR><Account code="  10042"/><OutstandingItems>{item_xml(OpenItem())}</OutstandingItems></AR></ARs>'
        )
    )
    assert (reading.blocks[0].code, reading.blocks[0].name, reading.total()) == ("10042", "", 10000)


@pytest.mark.parametrize("code", [None, "", "   "])
def test_an_account_with_neither_code_nor_id_is_given_and_warned_about(code: str | None) -> None:
    reading = read_xml(export([Account(code)]))
    assert (reading.blocks[0].code, reading.blocks[0].exact_id) == (None, None)
    assert reading.warnings == ["account-nameless"]
    assert reading.total() == 10000


def test_items_without_an_account_get_a_nameless_block() -> None:
    reading = read_xml(document(f"<ARs><AR><OutstandingItems>{item_xml(OpenItem())}</OutstandingItems></AR></ARs>"))
    assert reading.blocks == [Block(0, 0, "receivable", None, None, "")]
    assert reading.total() == 10000


def test_items_before_their_account_are_still_its_items() -> None:
    reading = read_xml(
        document(f"<ARs><AR><OutstandingItems>{item_xml(OpenItem())}</OutstandingItems><Account code='2'/></AR></ARs>")
    )
    assert (reading.blocks[0].code, reading.total(0)) == ("2", 10000)


def test_a_second_account_in_a_block_is_passed_over_with_a_warning() -> None:
    reading = read_xml(
        document(
            "<ARs><AR><Account code='1'/><Account code='2'/>"
            f"<OutstandingItems>{item_xml(OpenItem())}</OutstandingItems></AR></ARs>"
        )
    )
    assert ([block.code for block in reading.blocks], reading.warnings) == (["1"], ["account-repeated"])


def test_only_direct_children_of_the_account_count() -> None:
    extra = "<Contacts><Contact><Name>Piet</Name><Account code='999'><Name>Other</Name></Account></Contact></Contacts>"
    reading = read_xml(document(f"<ARs>{block_xml('AR', Account('1', name='Own', extra=extra))}</ARs>"))
    assert [(block.code, block.name) for block in reading.blocks] == [("1", "Own")]


def test_an_empty_block_and_an_account_without_items_are_valid() -> None:
    reading = read_xml(document("<ARs><AR/><AR><Account code='1'/><OutstandingItems/></AR></ARs>"))
    assert ([block.code for block in reading.blocks], reading.items, reading.warnings) == (["1"], [], [])


@pytest.mark.parametrize("given", [GUID.format(1), GUID.format(1).strip("{}"), GUID.format(1).upper()])
def test_ids_are_read_with_and_without_braces(given: str) -> None:
    assert read_xml(export([Account(exact_id=given)])).blocks[0].exact_id == "00000000-0000-0000-0000-000000000001"


def test_an_id_that_is_no_guid_is_none() -> None:
    assert read_xml(export([Account(exact_id="42")])).blocks[0].exact_id is None


# Variations: items.


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (None, ""),
        ("", ""),
        ("0", ""),
        ("000", ""),
        ("-0", ""),
        ("+7", "7"),
        ("007", "7"),
        ("-12", "-12"),
        ("1" * 30, "1" * 30),
        (" 8 ", "8"),
        ("FAC-1", "FAC-1"),
    ],
)
def test_numbers_are_text_and_zero_is_none(number: str | None, expected: str) -> None:
    assert read_xml(export([Account("1", [OpenItem(number)])])).items[0].number == expected


@pytest.mark.parametrize(
    ("item", "warning"),
    [
        (OpenItem(), None),
        (OpenItem(dc="0.00"), None),
        (OpenItem(dc="-250.00"), None),
        (OpenItem(dc="40.00", invoice_dc="100.00"), None),
        (OpenItem(dc="-229.36", fc="-250.00", currency="USD"), None),
        (OpenItem(dc="150.00", invoice_dc="100.00"), "open-above-invoice"),
        (OpenItem(dc="-50.00", invoice_dc="100.00"), "opposite-signs"),
        (OpenItem(dc="-229.36", fc="250.00", currency="USD"), "opposite-signs"),
        (OpenItem(dc="100.00", fc="110.00"), "amounts-differ"),
        (OpenItem(due_date="2026-01-14"), "due-before-invoice"),
        (OpenItem(invoice_date="1900-01-01"), "date-unlikely"),
        (OpenItem(due_date="9999-12-31"), "date-unlikely"),
        (OpenItem(currency=""), "currency-empty"),
        (OpenItem(currency="  "), "currency-empty"),
        (OpenItem(currency="XQZ"), "currency-unknown"),
    ],
)
def test_what_looks_odd_is_warned_about_and_counts(item: OpenItem, warning: str | None) -> None:
    reading = read_xml(export([Account("10042", [item])]))
    assert reading.warnings == ([warning] if warning else [])
    assert reading.total() == int(Decimal(item.dc) * 100)
    for finding in reading.file.warnings:
        assert (finding.values["account"], finding.values["number"], finding.line) == ("10042", "20260001", 6)


def test_an_empty_currency_is_the_administrations() -> None:
    assert read_xml(export([Account("1", [OpenItem(currency="")])]), options=Options("USD")).items[0].currency == "USD"


def test_warnings_are_listed_up_to_five_and_counted_all() -> None:
    reading = read_xml(export([Account("1", [OpenItem(str(n), due_date="2025-01-01") for n in range(1, 31)])]))
    assert [finding.values["number"] for finding in reading.file.warnings] == ["1", "2", "3", "4", "5"]
    assert {finding.values["count"] for finding in reading.file.warnings} == {30}


def test_the_sign_of_a_side_can_be_turned() -> None:
    content = export([Account("1", [OpenItem(dc="1.00", fc="2.00", currency="USD")])], [Account("1")])
    reading = read_xml(content, options=Options("EUR", negate=("receivable",)))
    assert [(item.open_dc, item.open_fc, item.invoice_dc, item.invoice_fc) for item in reading.items] == [
        (-100, -200, -100, -200),
        (10000, 10000, 10000, 10000),
    ]


def test_each_currency_has_its_own_digits() -> None:
    items = [OpenItem(dc="1.00", fc="1.005", currency="KWD"), OpenItem(dc="1.00", fc="160", currency="JPY")]
    assert [item.open_fc for item in read_xml(export([Account("1", items)])).items] == [1005, 160]


@pytest.mark.parametrize("element", ["InvoiceAmtFC", "OutstandingAmtFC", "InvoiceAmtDC", "OutstandingAmtDC"])
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("410,5", "amount-comma"),
        ("1.410,50", "amount-comma"),
        ("", "amount-missing"),
        ("  ", "amount-missing"),
        ("NaN", "amount-not-finite"),
        ("-INF", "amount-not-finite"),
        ("INF", "amount-not-finite"),
        ("1 000.00", "amount-invalid"),
        ("€ 5", "amount-invalid"),
        ("1e999", "amount-too-large"),
        ("1_000.00", "amount-invalid"),
        ("٣.00", "amount-invalid"),
        ("0x10", "amount-invalid"),
        ("--1", "amount-invalid"),
    ],
)
def test_a_wrong_amount_refuses_the_file_with_its_line(element: str, text: str, code: str) -> None:
    items = [item_xml(OpenItem("1")), item_xml(OpenItem("2")).replace(f"<{element}>100.00", f"<{element}>{text}")]
    refusal = read_xml(one_item("".join(items))).refusal
    assert (refusal.code, refusal.file, refusal.line) == (code, "ARs_1.xml", 5)
    assert refusal.fragment == text.strip()
    assert refusal.values == {"element": element, "account": "1", "number": "2"}


@pytest.mark.parametrize("element", ["InvoiceDate", "DueDate"])
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "date-missing"),
        (" ", "date-missing"),
        ("31-12-2026", "date-invalid"),
        ("2026-02-30", "date-invalid"),
        ("20260101", "date-invalid"),
        ("2026-01-01T12:00:00", "date-invalid"),
        ("12026-01-01", "date-invalid"),
    ],
)
def test_a_wrong_date_refuses_the_file_with_its_line(element: str, text: str, code: str) -> None:
    item = OpenItem(invoice_date=text) if element == "InvoiceDate" else OpenItem(due_date=text)
    refusal = read_xml(one_item(item_xml(item))).refusal
    assert (refusal.code, refusal.line, refusal.fragment, refusal.values["element"]) == (code, 4, text.strip(), element)


@pytest.mark.parametrize("text", ["2026-01-15Z", "2026-01-15+01:00", " 2026-01-15\n", "2026-01-15T00:00:00"])
def test_a_date_may_have_a_zone(text: str) -> None:
    assert read_xml(export([Account("1", [OpenItem(invoice_date=text)])])).items[0].invoice_date == "2026-01-15"


@pytest.mark.parametrize(
    ("element", "code"),
    [("OutstandingAmtDC", "amount-missing"), ("InvoiceDate", "date-missing"), ("DueDate", "date-missing")],
)
def test_an_absent_field_refuses_the_file(element: str, code: str) -> None:
    item = etree.fromstring(item_xml(OpenItem()))
    item.remove(item.find(element))  # type: ignore[arg-type]
    refusal = read_xml(one_item(etree.tostring(item, encoding="unicode"))).refusal
    assert (refusal.code, refusal.line, refusal.values["element"]) == (code, 4, element)


def test_an_absent_currency_is_the_administrations() -> None:
    reading = read_xml(one_item(item_xml(OpenItem()).replace('<Currency code="EUR"/>', "")))
    assert (reading.items[0].currency, reading.warnings) == ("EUR", ["currency-empty"])


@pytest.mark.parametrize(
    "inside", ["1<!--x-->000.00", "1<?x y?>000.00", "<![CDATA[1000.00]]>", "1000&#46;00", "\n 1000.00 "]
)
def test_an_amount_is_read_whole_whatever_stands_in_it(inside: str) -> None:
    assert read_xml(one_item(item_xml(OpenItem(dc=inside)))).total() == 100000


def test_an_element_inside_an_amount_refuses_the_file() -> None:
    refusal = read_xml(one_item(item_xml(OpenItem(dc="1<b/>000.00")))).refusal
    assert (refusal.code, refusal.fragment) == ("amount-invalid", "1000.00")


def test_unknown_elements_are_passed_over_with_a_warning() -> None:
    item = item_xml(OpenItem()).replace("<DueDate>", "<Extra><a><b>x</b></a></Extra><DueDate>")
    block = f"<AR><New/><Account code='1'/><OutstandingItems>{item}<Odd/></OutstandingItems></AR>"
    reading = read_xml(document(f"<Future><x/></Future><ARs>{block}<Strange/></ARs>"))
    assert reading.total() == 10000
    assert sorted(str(one.values["element"]) for one in reading.file.warnings) == [
        "Extra",
        "Future",
        "New",
        "Odd",
        "Strange",
    ]
    assert set(reading.warnings) == {"unknown-element"}


def test_another_order_of_fields_is_read_with_a_warning() -> None:
    item = etree.fromstring(item_xml(OpenItem(dc="5.00", description="x")))
    item[:] = list(reversed(item))
    reading = read_xml(one_item(etree.tostring(item, encoding="unicode")))
    assert (reading.total(), reading.items[0].description, reading.warnings) == (500, "x", ["unusual-order"])


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        (item_xml(OpenItem(due_date="2026-01-15<b/>")), "date-invalid"),
        (item_xml(OpenItem()).replace("<DueDate>", "<DueDate>2026-01-01</DueDate><DueDate>"), "element-repeated"),
        (item_xml(OpenItem()).replace("<DueDate>", item_xml(OpenItem()) + "<DueDate>"), "element-misplaced"),
        (item_xml(OpenItem()).replace("</DueDate>", f"<a>{item_xml(OpenItem())}</a></DueDate>"), "element-misplaced"),
        (f"<Group>{item_xml(OpenItem())}</Group>", "element-misplaced"),
    ],
)
def test_what_would_make_a_figure_doubtful_refuses_the_file(inside: str, code: str) -> None:
    assert read_xml(one_item(inside)).refusal.code == code


@pytest.mark.parametrize(
    "inside",
    [
        f"<ARs><AR><Account code='1'/>{item_xml(OpenItem())}</AR></ARs>",
        f"<ARs>{item_xml(OpenItem())}</ARs>",
        f"<ARs/>{item_xml(OpenItem())}",
        f"<ARs/>{block_xml('AR', Account())}",
        f"<ARs>{block_xml('AP', Account())}</ARs>",
        f"<ARs><AR><Account code='1'/>{block_xml('AR', Account())}</AR></ARs>",
        f"<ARs/><Future><ARs>{block_xml('AR', Account())}</ARs></Future>",
        f"<ARs><ARs>{block_xml('AR', Account())}</ARs></ARs>",
        f"<ARs><AR><Account code='1'>{item_xml(OpenItem())}</Account></AR></ARs>",
        f"<ARs><AR><Account code='1'/><Future><a>{item_xml(OpenItem())}</a></Future></AR></ARs>",
        f"<ARs/><Topics>{item_xml(OpenItem())}</Topics>",
        f"<ARs/><Messages><OutstandingItems>{item_xml(OpenItem())}</OutstandingItems></Messages>",
        f"<ARs/><Future><a>{item_xml(OpenItem()) * 300}</a></Future>",
    ],
)
def test_open_items_out_of_their_place_refuse_the_file(inside: str) -> None:
    assert read_xml(document(inside)).refusal.code == "element-misplaced"


def test_an_amount_no_real_book_has_refuses_the_file() -> None:
    largest = OpenItem(dc="9999999999999.99")
    assert read_xml(export([Account("1", [largest])])).total() == 999999999999999
    assert (
        read_xml(export([Account("1", [replace(largest, dc="99999999999999999.99")])])).refusal.code
        == "amount-too-large"
    )
    assert read_xml(export([Account("1", [largest] * 1200)])).refusal.code == "amount-too-large"


# Variations: topics, messages, pages, empty exports.


def test_topics_may_be_absent_or_have_parameters() -> None:
    assert read_xml(export([Account()], topics=False)).file.pages == (Page("receivable", 1, 1, None, None, None),)
    parameters = '<Parameters><Export><Parameter name="x"><ParameterValues/></Parameter></Export></Parameters>'
    topic = f'<Topics><Topic code="ARs" count="1" pagesize="50"><Data key="k"/>{parameters}</Topic></Topics>'
    reading = read_xml(document(f"<ARs>{block_xml('AR', Account())}</ARs>{topic}"))
    assert reading.file.pages == (Page("receivable", 1, 1, 1, 50, None),)
    assert reading.warnings == []


def test_a_topic_that_counts_otherwise_than_the_file_is_warned_about() -> None:
    reading = read_xml(document(f"<ARs>{block_xml('AR', Account())}</ARs><Topics>{topic_xml('AR', 7)}</Topics>"))
    assert [(one.code, one.values) for one in reading.file.warnings] == [
        ("count-differs", {"topic": 7, "found": 1, "count": 1})
    ]


def test_a_topic_with_nonsense_is_warned_about() -> None:
    reading = read_xml(
        document(f"<ARs>{block_xml('AR', Account())}</ARs><Topics><Topic code='ARs' count='x'/></Topics>")
    )
    assert (reading.file.pages[0].count, reading.warnings) == (None, ["topic-invalid"])


@pytest.mark.parametrize(("kind", "warned"), [("0", True), ("1", False), ("2", False), ("3", True)])
def test_messages_of_a_failed_export_are_warned_about(kind: str, warned: bool) -> None:
    message = (
        f'<Message type="{kind}"><Topic code="ARs" count="9"><Data key="1"/></Topic><Date>2026-01-01T00:00:00</Date>'
    )
    message += "<Description>Bestand niet volledig</Description></Message>"
    reading = read_xml(export([Account()], messages=message))
    found = [(one.code, one.fragment, one.values["type"]) for one in reading.file.warnings]
    assert found == ([("export-error-message", "Bestand niet volledig", kind)] if warned else [])
    assert reading.file.pages[0].count == 1


@pytest.mark.parametrize(
    ("content", "name", "side"),
    [
        (b"<eExact/>", "ARs_1.xml", "receivable"),
        (b"<eExact></eExact>", "ap.xml", "payable"),
        (b"<eExact><Messages/></eExact>", "APs_1 (1).XML", "payable"),
        (export([]), "download.xml", "receivable"),
        (export(None, []), "ARs_1.xml", "payable"),
        (document("<ARs/>"), "x.xml", "receivable"),
    ],
)
def test_an_empty_export_takes_its_side_from_its_topic_or_its_name(content: bytes, name: str, side: str) -> None:
    reading = read_xml(content, name)
    assert [(page.side, page.blocks, page.items) for page in reading.file.pages] == [(side, 0, 0)]


@pytest.mark.parametrize("name", ["export.xml", "ar_ap.xml", "maart.xml", "part 1"])
def test_an_empty_export_without_a_side_is_refused(name: str) -> None:
    assert read_xml(b"<eExact/>", name).refusal.code == "empty-without-side"


@pytest.mark.parametrize(
    ("name", "number"),
    [("ARs_2.xml", 2), ("APs_13 (1).XML", 13), ("ar.xml", None), ("ARs_1_2026.xml", 1), ("mijn ars_3.xml", 3)],
)
def test_the_number_in_a_name_is_kept_as_evidence(name: str, number: int | None) -> None:
    assert read_xml(export([Account()]), name).file.number == number


def test_a_side_whose_topic_counts_nothing_is_an_empty_page_beside_the_other() -> None:
    reading = read_xml(export([Account()], []))
    assert [(page.side, page.items, page.count) for page in reading.file.pages] == [
        ("receivable", 1, 1),
        ("payable", 0, 0),
    ]


def test_another_topic_under_the_name_of_an_export_is_not_an_empty_export() -> None:
    content = document("<!--" + "x" * 20_000 + "--><GLAccounts><GLAccount code='1'/></GLAccounts>")
    assert read_xml(content, "ARs_1.xml").refusal.code == "not-other-topic"
