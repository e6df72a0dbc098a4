from typing import Any

import pytest
from reports import file, policy

from handlers.own_invoices import files_of_unknown_side, find_mistakes, invoice_row, transaction_row
from handlers.policy import CodeRule, InvoiceRules
from parsers.protocol import MOST_MISTAKES
from parsers.records import File, Finding, Invoice, Side, Transaction
from store.own_records import Collision, InvoiceChanges, OwnInvoiceRow

RULES = policy(customer_code=CodeRule(digits_only=True), invoices=InvoiceRules(number="digits"))
FILES = {index: file(f"{index}.csv", index=index, format="own-invoices") for index in (4, 6)}


def invoice(code: str = "KLANT-00042", page: int = 4, line: int = 2, **more: Any) -> Invoice:
    made = Invoice(
        page=page,
        line=line,
        side="receivable",
        kind="credit-note",
        number="FAC-2026-0001",
        customer_code=code,
        customer_name="Bakker",
        exact_id="id",
        invoice_date="2026-01-15",
        due_date="2026-02-14",
        your_ref="PO 7",
        description="=1+1",
        currency="USD",
        amount_fc=-12_100,
        amount_dc=-11_000,
        journal="70",
        period="1",
        vat_code="S21",
        vat_amount_fc=-2_100,
        item="X",
        payment_condition="30",
    )
    return made._replace(**more)


def test_an_invoice_is_what_the_store_takes_under_the_rules_of_its_administration() -> None:
    given = invoice()
    row = invoice_row(given, RULES)
    assert (row.exact_number, row.exact_code) == ("20260001", "00042")
    same = set(Invoice._fields) & set(OwnInvoiceRow._fields)
    assert {name: getattr(row, name) for name in same} == {name: getattr(given, name) for name in same}
    assert set(OwnInvoiceRow._fields) - same == {"exact_number", "exact_code"}


@pytest.mark.parametrize(("side", "taken", "number"), [(None, "receivable", "20260001"), ("payable", "payable", "F-1")])
def test_a_payable_keeps_the_suppliers_number_and_no_side_is_receivable(
    side: Side | None, taken: str, number: str
) -> None:
    row = invoice_row(invoice(side=side, number="FAC-2026-0001" if side is None else "F-1"), RULES)
    assert (row.side, row.exact_number) == (taken, number)


def test_a_transaction_is_exacts_own_already() -> None:
    given = Transaction(4, 9, "26700001", "70", "payable", "00042", "id", "26700001", "F-1", "2026-01-15", 12_100)
    assert transaction_row(given) == (9, "payable", "00042", "id", "26700001", "F-1", "2026-01-15", 12_100)


def test_files_whose_side_was_assumed_are_named_once() -> None:
    rows = [invoice(side=None), invoice(side=None, line=3), invoice(page=6)]
    assert files_of_unknown_side(FILES.values(), rows) == ("4.csv",)


def found(changes: InvoiceChanges, *rows: Invoice, files: dict[int, File] = FILES) -> dict[int, list[Finding]]:
    return {page: list(findings) for page, findings in find_mistakes(changes, files, rows).items()}


def test_each_file_hears_of_what_it_has_a_part_in_at_its_first_line() -> None:
    changes = InvoiceChanges(5, collisions=(Collision("K-1", "K-01", "1"),), unknown=(("K-7", "Visser"), ("K-8", "")))
    clash = {"code": "K-1", "other_code": "K-01", "exact_code": "1"}
    rows = (invoice("K-1"), invoice("K-7", line=3), invoice("K-7", line=4), invoice("K-01", 6, 8), invoice("K-9", 6, 9))
    assert found(changes, *rows) == {
        4: [
            Finding("customers-collide", "4.csv", 2, values=clash),
            Finding("customer-unknown", "4.csv", 3, values={"customer": "K-7 Visser"}),
        ],
        6: [Finding("customers-collide", "6.csv", 8, values=clash)],
    }


def test_each_file_hears_of_a_sum_that_is_too_large() -> None:
    changes = InvoiceChanges(2, is_too_large=True)
    assert found(changes, invoice(), invoice(page=6)) == {
        page: [Finding("invoices-too-large", file.name)] for page, file in FILES.items()
    }


def test_a_file_that_is_out_already_is_not_looked_at_again() -> None:
    changes = InvoiceChanges(1, unknown=(("K-7", "Visser"),))
    assert found(changes, invoice("K-7", 6), files={4: FILES[4]}) == {}


def test_of_very_many_mistakes_the_first_are_told_and_the_rest_is_counted() -> None:
    codes = [f"K-{number}" for number in range(MOST_MISTAKES + 5)]
    changes = InvoiceChanges(99, unknown=tuple((code, "") for code in codes))
    (told,) = found(changes, *(invoice(code, line=line) for line, code in enumerate(codes, start=2))).values()
    assert len(told) == MOST_MISTAKES + 1
    assert told[-1] == Finding("more-mistakes", "4.csv", values={"count": 5})
