import csv
import io
import textwrap
from pathlib import Path

import pytest
from exports import GUID, Account, export
from hypothesis import given
from hypothesis import strategies as st
from mails import mail
from readings import EUR, read, read_xml, shown, source

from parsers.protocol import Cards, Options
from parsers.reading import read_files
from parsers.records import Card, Finding
from parsers.sheet import LONGEST_LINE

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.csv"))


def cards(content: str | bytes, options: Options = EUR) -> list[Card]:
    reading = read_xml(content.encode() if isinstance(content, str) else content, "accounts.csv", options)
    assert not reading.refused, reading.refused
    assert reading.file.format == "accounts"
    return reading.cards


def refusal(content: str | bytes) -> Finding:
    return read_xml(content.encode() if isinstance(content, str) else content, "accounts.csv").refusal


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden(path: Path) -> None:
    assert shown(read_xml(path.read_bytes(), path.name)) == path.with_suffix(".expected").read_text()


@pytest.mark.parametrize(
    "header",
    [
        "code,name,exact_id,credit_limit",
        "Relatiecode;Naam;Exact ID;Kredietlimiet",
        "ACCOUNT CODE;Name;exact-id;Credit  line",
        '"code","name","id","credit limit"',
    ],
)
def test_columns_are_known_by_their_names_in_both_languages(header: str) -> None:
    mark = ";" if ";" in header else ","
    row = mark.join(("7", "Smit", GUID.format(1), "5"))
    assert cards(f"{header}\r\n{row}\r\n") == [Card(0, GUID.format(1).strip("{}"), "7", "Smit", 500)]


@pytest.mark.parametrize(
    "header",
    [
        "Code;Naam;Bedrag",
        "Code;Naam;Kredietlimiet;Openstaand",
        "Code;Naam;Factuurnummer;Vervaldatum;Bedrag",
        "name;credit_limit",
        "code;exact_id",
        "code",
        "code;code;name",
        "code\tname\tcredit_limit",
        'code;"name;credit_limit',
        ";;",
        "",
    ],
)
def test_a_list_with_other_columns_is_not_ours(header: str) -> None:
    assert read_xml(f"{header}\n1;Smit;10\n2;Smit;10\n".encode(), "list.csv").refusal.code in ("not-csv", "not-known")
    assert read(mail(("list.csv", f"{header}\n".encode()), ("ARs_1.xml", export([Account()])))).refused == []


@pytest.mark.parametrize(
    "content",
    [
        "code;naam;kredietlimiet\n1;Lefèvre €;5\n".encode("utf-8-sig"),
        "code;naam;kredietlimiet\n1;Lefèvre €;5\n".encode(),
        "code;naam;kredietlimiet\r\n1;Lefèvre €;5\r\n".encode("cp1252"),
        "code;naam;kredietlimiet;\n1;Lefèvre €;5;\n".encode("cp1252"),
    ],
)
def test_the_encodings_of_spreadsheets_are_read(content: bytes) -> None:
    assert cards(content) == [Card(0, None, "1", "Lefèvre €", 500)]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"code;naam\n1;A\n2;\x81\n", 3),
        (b"\xef\xbb\xbfcode;naam\n1;\xe8\n", None),
        ("code;naam\n1;A\n".encode("utf-16"), None),
    ],
)
def test_another_encoding_is_refused(content: bytes, line: int | None) -> None:
    found = refusal(content)
    assert (found.code, found.line) == ("csv-encoding", line)


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("2;Smit;1.2.3", "limit-invalid", 3),
        ("2;Smit;€ 10", "limit-invalid", 3),
        ("2;Smit;10,001", "limit-invalid", 3),
        ("2;Smit;=1+1", "limit-invalid", 3),
        ("2;Smit;1e5", "limit-invalid", 3),
        ("2;Smit;" + "9" * 30, "limit-invalid", 3),
        ("2;Smit;-5", "limit-negative", 3),
        (";Smit;5", "account-unnamed", 3),
        ("2;Smit", "csv-cells", 3),
        ("2;Smit;5;6", "csv-cells", 3),
        ('2;"Smit;5\n3;Jansen;6\n', "csv-quotes", 3),
        ('2;"Smit" B.V.;5', "csv-quotes", 3),
        ('\n\n2;"a\nb";x', "limit-invalid", 5),
        (f"2;{'x' * LONGEST_LINE};5", "csv-line-too-long", 3),
    ],
)
def test_one_wrong_line_refuses_the_file_and_is_named(text: str, code: str, line: int) -> None:
    reading = read_xml(f"code;naam;kredietlimiet\n1;Bakker;10\n{text}\n".encode(), "accounts.csv")
    assert (reading.refusal.code, reading.refusal.line, reading.cards) == (code, line, [])


def test_an_id_that_is_none_refuses_the_file() -> None:
    found = refusal("code,exact_id,name\n1,12345,A\n")
    assert (found.code, found.line, found.fragment, found.values) == ("exact-id-invalid", 2, "12345", {"account": "1"})


def test_a_quote_that_is_never_closed_does_not_eat_the_file() -> None:
    assert refusal('code;naam\n1;A\n2;"B\n' + "3;C\n" * 200_000).line == 3


def test_a_currency_without_digits_takes_whole_amounts() -> None:
    assert cards("code;kredietlimiet\n1;1.500\n", Options("JPY"))[0].credit_limit == 1500
    assert read_xml(b"code;kredietlimiet\n1;1500,5\n", options=Options("JPY")).refusal.code == "limit-invalid"


@pytest.mark.parametrize("word", ["none", "Geen", " NONE "])
def test_a_word_takes_a_limit_away(word: str) -> None:
    assert cards(f"code;kredietlimiet\n1;{word}\n") == [Card(0, None, "1", "", None, unlimited=True)]


def test_the_example_of_the_docs_is_read() -> None:
    text = (Path(__file__).parents[2] / "docs" / "accounts.md").read_text()
    (example,) = [block for block in text.split("\n\n") if block.startswith("    code;")]
    found = cards(textwrap.dedent(example))
    assert [(card.code, card.name, card.credit_limit) for card in found] == [
        ("10042", "Bakker & Zn. Expeditie B.V.", 2500000),
        ("10043", "Smit; Jansen en Partners", 150000),
        ("10044", "", 0),
        ("10045", "", None),
    ]
    assert [card.unlimited for card in found] == [False, False, False, True]


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "|calc", "<script>", "a\x00b", "\u202eevil"])
def test_a_hostile_cell_is_text(name: str) -> None:
    (card,) = cards(f'code;naam\n1;"{name}"\n')
    assert card.name.isprintable()
    assert card.name == name.replace("\x00", " ").replace("\u202e", "")


def test_a_long_list_comes_in_frames() -> None:
    content = ("code,credit_limit\n" + "".join(f"{n},{n}.5\n" for n in range(2500))).encode()
    frames = [frame for frame in read_files([source(content)], EUR) if isinstance(frame, Cards)]
    assert [len(frame.rows) for frame in frames] == [1000, 1000, 500]


@given(
    st.lists(st.tuples(st.text(max_size=8), st.integers(0, 10**11) | st.none()), max_size=6),
    st.sampled_from([";", ","]),
)
def test_what_a_spreadsheet_writes_is_read(rows: list[tuple[str, int | None]], delimiter: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(("code", "naam", "kredietlimiet"))
    mark = "," if delimiter == ";" else "."
    for number, (name, limit) in enumerate(rows):
        writer.writerow((number, name, "" if limit is None else f"{limit // 100}{mark}{limit % 100:02}"))
    found = cards(out.getvalue().encode("utf-8", "replace"))
    assert [(card.code, card.credit_limit) for card in found] == [(str(n), row[1]) for n, row in enumerate(rows)]


@given(st.binary(max_size=300))
def test_no_bytes_behind_the_first_line_make_it_raise(junk: bytes) -> None:
    reading = read_xml(b"code;naam;kredietlimiet\n" + junk, "accounts.csv")
    assert bool(reading.files) != bool(reading.refused)
