import csv
import io
import textwrap
from pathlib import Path

import pytest
from exports import GUID
from hypothesis import given
from hypothesis import strategies as st
from invoice_lists import invoice_list, row
from mails import mail
from readings import EUR, Reading, read, read_xml, source

from parsers.invoice_columns import COLUMNS
from parsers.protocol import MOST_MISTAKES, Invoices, Options
from parsers.reading import read_files
from parsers.records import Invoice

HEAD = "klantcode;factuurnummer;factuurdatum;bedrag"


def reading(content: str | bytes, options: Options = EUR) -> Reading:
    return read_xml(content.encode() if isinstance(content, str) else content, "facturen.csv", options)


def invoices(content: str | bytes, options: Options = EUR) -> list[Invoice]:
    found = reading(content, options)
    assert not found.refused, found.refused
    assert (found.file.format, found.file.pages) == ("own-invoices", ())
    return found.invoices


def refusals(content: str | bytes, options: Options = EUR) -> list[tuple[str, int | None]]:
    found = reading(content, options)
    assert (found.files, found.invoices) == ([], [])
    return [(finding.code, finding.line) for finding in found.refused]


def test_a_row_has_what_it_says_and_no_more() -> None:
    short, long = invoices(
        invoice_list(
            [
                {"customer_code": "1", "number": "007", "invoice_date": "2026-01-15", "amount": "1210"},
                row(
                    exact_id=GUID.format(7),
                    side="payable",
                    kind="Credit-Note",
                    your_ref="PO 1",
                    description="=1+1",
                    currency="usd",
                    amount_dc="100",
                    journal="70",
                    period="2026-01",
                    vat_code="5",
                    vat_amount="21",
                    item="VRACHT",
                    payment_condition="30",
                ),
            ]
        )
    )
    assert short == Invoice(
        *(0, 2, "receivable", "invoice", "007", "1", "", None, "2026-01-15", "", "", "", "EUR", 121000, 121000)
    )
    assert long == Invoice(
        *(0, 3, "payable", "credit-note", "F2026-0001", "KLANT-00042", "Bakker & Zn. Expeditie B.V."),
        *(GUID.format(7).strip("{}"), "2026-01-15", "2026-02-14", "PO 1", "=1+1", "USD", -12100, -10000),
        *("70", "2026-01", "5", -2100, "VRACHT", "30"),
    )


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("names", ["en", "nl"])
def test_columns_are_known_by_their_names_in_both_languages(delimiter: str, names: str) -> None:
    english = ("Customer code", "invoice-number", "INVOICE_DATE", "amount", "kind", "currency", "amount dc", "due date")
    dutch = ("klantcode", "Factuurnummer", "factuurdatum", "bedrag", "soort", "valuta", "bedrag_dc", "vervaldatum")
    head = english if names == "en" else dutch
    cells = ("K1", "F1", "2026-01-15", "5.00", "factuur", "EUR", "5.00", "")
    (found,) = invoices(f"{delimiter.join(head)}\r\n{delimiter.join(cells)}\r\n")
    assert (found.customer_code, found.number, found.amount_fc, found.amount_dc) == ("K1", "F1", 500, 500)


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (f"{HEAD};Openstaand", "csv-column-unknown"),
        (f"{HEAD};", None),
        (f"{HEAD};;bedrag_dc", "csv-column-unknown"),
        (f"{HEAD};amount", "csv-column-repeated"),
        ("klantcode;factuurnummer;bedrag", "csv-columns-missing"),
        ("customer_code,number,invoice_date", "csv-columns-missing"),
    ],
)
def test_a_first_line_that_is_not_understood_is_told_by_its_column(header: str, code: str | None) -> None:
    found = reading(f"{header}\n").refused
    assert [(finding.code, finding.line) for finding in found] == ([(code, 1)] if code else [])


@pytest.mark.parametrize(
    "header", ["code;naam;kredietlimiet", "klantcode;bedrag;datum", "factuurnummer;factuurdatum;bedrag", 'klantcode;"']
)
def test_other_lists_are_not_ours(header: str) -> None:
    assert not [file for file in reading(f"{header}\n").files if file.format == "own-invoices"]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"customer_code": ""}, "invoice-field-missing"),
        ({"customer_code": "\u202e"}, "invoice-field-missing"),
        ({"customer_code": "K" * 61}, "invoice-field-too-long"),
        ({"number": ""}, "invoice-field-missing"),
        ({"number": "9" * 5000}, "invoice-field-too-long"),
        ({"amount": ""}, "invoice-field-missing"),
        ({"amount": "=1+1"}, "invoice-amount-invalid"),
        ({"amount": "€ 5"}, "invoice-amount-invalid"),
        ({"amount": "5,001"}, "invoice-amount-invalid"),
        ({"amount": "9" * 30}, "invoice-amount-invalid"),
        ({"vat_amount": "veel"}, "invoice-amount-invalid"),
        ({"invoice_date": ""}, "invoice-date-invalid"),
        ({"invoice_date": "30-02-2026"}, "invoice-date-invalid"),
        ({"due_date": "15-01-26"}, "invoice-date-invalid"),
        ({"kind": "proforma"}, "invoice-word-unknown"),
        ({"side": "debet"}, "invoice-word-unknown"),
        ({"exact_id": "42"}, "exact-id-invalid"),
        ({"currency": "EURO"}, "invoice-currency-unknown"),
        ({"currency": "USD"}, "invoice-amount-dc-missing"),
        ({"currency": "USD", "amount_dc": "-100"}, "invoice-signs-differ"),
        ({"currency": "JPY", "amount": "121.50", "amount_dc": "1"}, "invoice-amount-invalid"),
        ({"amount_dc": "120"}, "invoice-amounts-differ"),
    ],
)
def test_what_is_wrong_with_a_row_is_told_with_its_line(more: dict[str, str], code: str) -> None:
    content = invoice_list([row("F1"), {**row("F2"), **more}, row("F3")])
    assert refusals(content) == [(code, 3)]


def test_an_amount_in_another_currency_has_the_digits_of_that_currency() -> None:
    rows = [row("F1", "1500", currency="JPY", amount_dc="9.50"), row("F2", "1,5", currency="KWD", amount_dc="4.25")]
    assert [(one.amount_fc, one.amount_dc) for one in invoices(invoice_list(rows))] == [(1500, 950), (1500, 425)]
    rows = [row("F1", "1500"), row("F2", "9.50", currency="EUR", amount_dc="1500")]
    assert [(one.amount_fc, one.amount_dc) for one in invoices(invoice_list(rows), Options("JPY"))] == [
        (1500, 1500),
        (950, 1500),
    ]


@pytest.mark.parametrize(
    ("kind", "amount", "expected"),
    [
        ("", "-5", ("credit-note", -500)),
        ("", "5", ("invoice", 500)),
        ("", "0", ("invoice", 0)),
        ("creditnota", "5", ("credit-note", -500)),
        ("credit_note", "-5", ("credit-note", -500)),
        ("Creditfactuur", "0", ("credit-note", 0)),
        ("factuur", "-5", ("invoice", -500)),
    ],
)
def test_credit_notes_are_negative_whatever_the_sign(kind: str, amount: str, expected: tuple[str, int]) -> None:
    (found,) = invoices(invoice_list([row("F1", amount, kind=kind, vat_amount=amount)]))
    assert (found.kind, found.amount_fc) == expected
    assert found.amount_dc == found.vat_amount_fc == found.amount_fc


def test_an_invoice_that_stands_there_twice_refuses_the_file() -> None:
    rows = [row("F1"), row("F2"), row("F1", "9.00"), row("F1", "-9.00"), row("F1", customer_code="K2")]
    found = reading(invoice_list(rows)).refused
    assert [(finding.code, finding.line, finding.values) for finding in found] == [
        ("invoice-repeated", 4, {"number": "F1", "line": 2})
    ]


def test_all_wrong_rows_are_told_in_their_order() -> None:
    rows = [row("F1", "x"), row("F2"), row("F3", kind="x"), row("F4", invoice_date="x")]
    assert refusals(invoice_list(rows)) == [
        ("invoice-amount-invalid", 2),
        ("invoice-word-unknown", 4),
        ("invoice-date-invalid", 5),
    ]


def test_of_very_many_wrong_rows_the_rest_is_counted() -> None:
    found = reading(invoice_list([row(f"F{n}", "x") for n in range(2500)])).refused
    assert [finding.line for finding in found] == [*range(2, 2 + MOST_MISTAKES), None]
    assert (found[-1].code, found[-1].values) == ("more-mistakes", {"count": 2500 - MOST_MISTAKES})


def test_wrong_rows_before_the_place_where_reading_ends_are_told_too() -> None:
    content = invoice_list([row("F1", "x"), row("F2")]) + b'K;"F3\n'
    assert refusals(content) == [("invoice-amount-invalid", 2), ("csv-quotes", 4)]
    assert refusals(invoice_list([row("F1", "x")]) + b"K;F3\n") == [("invoice-amount-invalid", 2), ("csv-cells", 3)]


@pytest.mark.parametrize(
    "name", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "|calc", "<script>", "a\x00b", "\u202eevil", "='[x]y'!A1"]
)
def test_a_hostile_cell_is_text(name: str) -> None:
    texts = dict.fromkeys(("customer_code", "customer_name", "number", "description", "item", "journal"), name)
    (found,) = invoices(invoice_list([{**row(), **texts}]))
    plain = name.replace("\x00", " ").replace("\u202e", "")
    assert {found.customer_code, found.customer_name, found.number, found.description, found.item} == {plain}
    assert plain.isprintable()


def test_the_encodings_of_spreadsheets_are_read() -> None:
    content = f"{HEAD};klantnaam\n1;2;2026-01-15;5;Lefèvre €\n"
    for encoded in (content.encode(), content.encode("utf-8-sig"), content.encode("cp1252")):
        assert [one.customer_name for one in invoices(encoded)] == ["Lefèvre €"]
    assert refusals(content.encode("utf-16")) == [("csv-encoding", None)]


def test_the_example_of_the_docs_is_read() -> None:
    text = (Path(__file__).parents[2] / "docs" / "own-invoices.md").read_text()
    (example,) = [block for block in text.split("\n\n") if block.startswith("    klantcode;")]
    found = [
        (one.number, one.kind, one.currency, one.amount_fc, one.amount_dc) for one in invoices(textwrap.dedent(example))
    ]
    assert found == [
        ("F2026-0001", "invoice", "EUR", 121000, 121000),
        ("C2026-0001", "credit-note", "EUR", -12100, -12100),
        ("F2026-0002", "invoice", "USD", 50000, 46250),
    ]


def test_the_docs_name_every_column() -> None:
    page = (Path(__file__).parents[2] / "docs" / "own-invoices.md").read_text().replace("_", " ")
    assert [name for name in COLUMNS if f"`{name}`" not in page] == []


def test_a_long_list_comes_in_frames() -> None:
    content = invoice_list([row(f"F{n}", f"{n}.50") for n in range(2500)], ",")
    frames = [frame for frame in read_files([source(content)], EUR) if isinstance(frame, Invoices)]
    assert [len(frame.rows) for frame in frames] == [1000, 1000, 500]
    assert sum(one.amount_dc for frame in frames for one in frame.rows) == sum(n * 100 + 50 for n in range(2500))


def test_a_refused_list_takes_back_its_own_invoices_only() -> None:
    found = read(mail(("a.csv", invoice_list([row("A")])), ("b.csv", invoice_list([row("B"), row("C", "x")]))))
    assert ([one.number for one in found.invoices], [one.file for one in found.refused]) == (["A"], ["b.csv"])


@given(
    st.dictionaries(st.text("abc019- ", min_size=1, max_size=8).filter(str.strip), st.integers(-(10**11), 10**11)),
    st.sampled_from([(";", ","), (",", "."), ("\t", "."), ("\t", ",")]),
    st.sampled_from(["", "creditnota"]),
)
def test_what_a_spreadsheet_writes_is_read(amounts: dict[str, int], marks: tuple[str, str], kind: str) -> None:
    numbers = {" ".join(number.split()): cents for number, cents in amounts.items()}
    out = io.StringIO()
    writer = csv.writer(out, delimiter=marks[0], quoting=csv.QUOTE_ALL)
    writer.writerow(("klantcode", "factuurnummer", "factuurdatum", "bedrag", "soort"))
    for number, cents in numbers.items():
        sign = "-" if cents < 0 else ""
        text = f"{sign}{abs(cents) // 100}{marks[1]}{abs(cents) % 100:02}"
        writer.writerow(("K1", number, "2026-01-15", text, kind))
    found = {one.number: one.amount_dc for one in invoices(out.getvalue())}
    assert found == {number: -abs(cents) if kind else cents for number, cents in numbers.items()}


@given(st.binary(max_size=300))
def test_no_bytes_behind_the_first_line_make_it_raise(junk: bytes) -> None:
    found = reading(HEAD.encode() + b"\n" + junk)
    assert bool(found.files) != bool(found.refused)
    assert all(one.amount_fc == one.amount_dc for one in found.invoices)
