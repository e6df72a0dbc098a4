import pytest
from exports import GUID
from gl_transactions import Entry, Term, line_xml, transactions
from hypothesis import given
from hypothesis import strategies as st
from readings import EUR, Reading, read_xml, source

from parsers.protocol import MOST_MISTAKES, Options, Transactions
from parsers.reading import read_files
from parsers.records import Transaction


def reading(*entries: Entry, options: Options = EUR) -> Reading:
    found = read_xml(transactions(entries), "transactions.xml", options)
    assert (found.file.format, found.file.pages) == ("transactions", ())
    return found


def refused(*entries: Entry) -> list[tuple[str, int | None]]:
    found = read_xml(transactions(entries), "transactions.xml")
    assert (found.files, found.transactions) == ([], [])
    return [(finding.code, finding.line) for finding in found.refused]


def test_an_entry_of_sales_has_what_the_file_says() -> None:
    (found,) = reading(Entry(exact_id=GUID.format(7), terms=(Term(your_ref="PO 7"),))).transactions
    assert found == Transaction(
        *(0, 4, "26700001", "70", "receivable", "10042", GUID.format(7).strip("{}")),
        *("26700001", "PO 7", "2026-01-15", 12100),
    )


@pytest.mark.parametrize(
    ("kind", "journal_type", "side"),
    [
        *((kind, "", "receivable") for kind in ("20", "21", "22")),
        *((kind, "", "payable") for kind in ("30", "31", "32")),
        ("", "20", "receivable"),
        ("", "22", "payable"),
        ("30", "20", "payable"),
        ("", "", None),
    ],
)
def test_the_side_is_that_of_the_entry_else_of_its_journal(kind: str, journal_type: str, side: str | None) -> None:
    (found,) = reading(Entry(kind=kind, journal_type=journal_type)).transactions
    assert found.side == side


@pytest.mark.parametrize(("kind", "journal_type"), [("40", ""), ("10", ""), ("90", "20"), ("", "12"), ("", "90")])
def test_other_entries_are_passed_over_with_a_note(kind: str, journal_type: str) -> None:
    """A bank entry names the invoices that it pays."""
    found = reading(Entry("1", kind=kind, journal_type=journal_type), Entry("2"))
    assert ([one.entry for one in found.transactions], found.warnings) == (["2"], ["transactions-other"])


def test_lines_tell_what_the_entry_does_not() -> None:
    inside = (
        '<Date>2026-01-16</Date><Account code="7"/><References><InvoiceNumber>0042</InvoiceNumber>'
        "<YourRef>R1</YourRef></References>"
    )
    bare = Entry(kind="", code="", date="", terms=(), lines=line_xml(inside, "30") + line_xml("<Date/>", "20"))
    (found,) = reading(bare).transactions
    assert (found.side, found.account_code, found.number) == ("payable", "7", "42")
    assert (found.your_ref, found.date, found.amount_dc) == ("R1", "2026-01-16", None)


def test_an_account_inside_a_line_is_not_that_of_the_entry() -> None:
    (found,) = reading(Entry(lines=line_xml('<Account code="9"/><Date>2026-01-01</Date>'))).transactions
    assert (found.account_code, found.date) == ("10042", "2026-01-15")


def test_numbers_of_sales_and_purchases_stand_one_deeper() -> None:
    inside = "<References><Sales><InvoiceNumber>77</InvoiceNumber></Sales></References>"
    assert [one.number for one in reading(Entry(terms=(), lines=line_xml(inside))).transactions] == ["77"]


def test_without_an_invoice_number_it_is_that_of_the_entry() -> None:
    for terms in ((), (Term(number=""),), (Term(number="0"),)):
        assert [one.number for one in reading(Entry(terms=terms)).transactions] == ["26700001"]


def test_an_entry_without_any_number_marks_nothing() -> None:
    for terms in ((), (Term(number=""),)):
        found = reading(Entry(entry="", terms=terms))
        assert (found.transactions, found.warnings) == ([], ["transaction-nameless"])
    (found_,) = reading(Entry(entry="", kind="30", terms=(Term(number="", your_ref="R"),))).transactions
    assert (found_.number, found_.your_ref) == ("", "R")


@pytest.mark.parametrize(
    ("terms", "kind", "cents"),
    [
        ((Term(debit="100.00"), Term(debit="21.00")), "20", 12100),
        ((Term(debit="100.00", credit="30.00"),), "20", 7000),
        ((Term(debit="", credit="100.00"),), "30", 10000),
        ((Term(debit="", credit="100.00"),), "21", -10000),
        ((Term(debit="", value="100.00"),), "20", 10000),
        ((Term(debit=""),), "20", None),
        ((Term(currency="USD"),), "20", None),
        ((), "20", None),
    ],
)
def test_the_amount_is_that_of_its_terms(terms: tuple[Term, ...], kind: str, cents: int | None) -> None:
    (found,) = reading(Entry(kind=kind, terms=terms)).transactions
    assert found.amount_dc == cents


def test_several_invoices_of_one_entry_are_told_apart() -> None:
    found = reading(Entry(terms=(Term("1", "5"), Term("2", "7"), Term("1", "6")))).transactions
    assert [(one.number, one.amount_dc) for one in found] == [("1", 1100), ("2", 700)]


def test_all_that_is_wrong_is_told_with_its_line() -> None:
    entries = (Entry("1"), Entry("2", date="15-01-2026"), Entry("3", terms=(Term(debit="1,00"), Term(debit="x"))))
    assert refused(*entries) == [
        ("transaction-date-invalid", 5),
        ("transaction-amount-invalid", 6),
        ("transaction-amount-invalid", 6),
    ]
    assert len(refused(*(Entry(str(n), date="x") for n in range(100)))) == MOST_MISTAKES + 1


def test_a_mistake_while_exporting_is_warned_about() -> None:
    content = transactions().replace(b"<Messages/>", b'<Messages><Message type="0"/></Messages>')
    assert read_xml(content).warnings == ["export-error-message"]


def test_what_an_export_of_transactions_never_has_is_warned_about() -> None:
    content = transactions(before="<Journals><Journal code='1'/></Journals>")
    assert [finding.values["element"] for finding in read_xml(content).file.warnings] == ["Journals"]


def test_a_cut_off_file_gives_nothing() -> None:
    content = transactions([Entry(str(n)) for n in range(3000)])
    found = read_xml(content[: len(content) // 2])
    assert (found.refusal.code, found.transactions) == ("xml-truncated", [])


def test_a_large_entry_and_a_long_file_come_in_frames() -> None:
    large = Entry("1", terms=[Term(str(n), "1.00") for n in range(1, 5001)], lines=line_xml("<Date/>") * 5000)
    content = transactions([large, *(Entry(str(n)) for n in range(2, 1502))])
    frames = [frame for frame in read_files([source(content)], EUR) if isinstance(frame, Transactions)]
    assert sum(len(frame.rows) for frame in frames) == 6500
    assert max(len(frame.rows) for frame in frames) == 1000


@given(
    st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 10**11), st.sampled_from(["20", "30", "40"])), max_size=8)
)
def test_what_is_written_is_read(rows: list[tuple[int, int, str]]) -> None:
    def entry(number: int, cents: int, kind: str) -> Entry:
        amount = f"{cents // 100}.{cents % 100:02}"
        term = Term(str(number), "", amount) if kind == "30" else Term(str(number), amount)
        return Entry(str(number), kind, terms=(term,))

    found = reading(*(entry(*row) for row in rows)).transactions
    expected = [(str(number), cents, kind) for number, cents, kind in rows if kind != "40"]
    kinds = {"receivable": "20", "payable": "30"}
    assert [(one.number, one.amount_dc, kinds[one.side or ""]) for one in found] == expected
