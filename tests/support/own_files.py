"""Own invoices in Python, taken into the store the way files of them are, and what must then hold of it."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text
from staged_exports import NOW

from store.database import Store
from store.given_invoices import apply_invoices
from store.own_records import InvoiceChanges, OwnInvoiceRow


def own(number: str = "20260001", amount: int = 100, customer: str = "1", **more: Any) -> OwnInvoiceRow:
    """An own invoice in euros, to a debtor; what it says beside can be given by name."""
    made = OwnInvoiceRow(
        line=1,
        side="receivable",
        kind="invoice",
        number=number,
        exact_number=number,
        customer_code=customer,
        exact_code=customer,
        exact_id=None,
        customer_name="",
        invoice_date="2026-01-15",
        due_date="2026-02-14",
        your_ref="",
        description="Levering",
        currency="EUR",
        amount_fc=amount,
        amount_dc=amount,
    )
    return made._replace(**more)


def take(
    store: Store,
    rows: Sequence[OwnInvoiceRow],
    at: datetime = NOW,
    administration: str = "nl01",
    **more: Any,
) -> InvoiceChanges:
    """Take a file of these rows into the store."""
    with store.write() as tx:
        return apply_invoices(tx, administration, "EUR", rows, at, NOW, source_ref="OWN2-22", **more)


def own_states(store: Store) -> dict[tuple[str, str, str], str]:
    """The status of each own invoice, by customer, kind and number; with a question mark if it is ambiguous."""
    query = text("""
        SELECT c.code, v.kind, v.number, v.status, v.ambiguous
        FROM own_invoice AS v JOIN customer AS c ON c.id = v.customer_id""")
    with store.read() as tx:
        return {(row[0], row[1], row[2]): row[3] + "?" * bool(row[4]) for row in tx.execute(query)}


def statuses(store: Store) -> list[str]:
    """The same by number alone, in their order."""
    return [state for _, state in sorted(own_states(store).items(), key=lambda one: (one[0][2], one[0]))]


def figures(store: Store) -> dict[tuple[str | None, str], tuple[int, int, int]]:
    """Balance by import, by own invoices, and in transit, of each account and side where one of them is not zero."""
    query = text("SELECT code, side, open_import, open_invoices, in_transit FROM open_balance")
    with store.read() as tx:
        return {(row[0], row[1]): tuple(row[2:]) for row in tx.execute(query) if any(row[2:])}


def assert_own_sound(tx: Connection) -> None:
    """Status, and the sums that count, of every own invoice: worked out anew, one by one, from what else is there."""
    invoices = tx.execute(text("SELECT * FROM own_invoice")).mappings().all()
    accounts = {row.id: row for row in tx.execute(text("SELECT * FROM account"))}
    customers = {row.id: row for row in tx.execute(text("SELECT * FROM customer"))}
    items = defaultdict(list)
    known = {
        (account.id, side) for account in accounts.values() if account.exact_id for side in ("receivable", "payable")
    }
    for item in tx.execute(text("SELECT * FROM open_item")).mappings():
        known.add((item["account_id"], item["side"]))
        owner = accounts[item["account_id"]].administration
        for number in {item["number"]} | ({item["your_ref"]} if item["side"] == "payable" else set()):
            items[owner, item["side"], number].append(item)
    sums: Counter[tuple[int, str, str]] = Counter()
    for invoice in invoices:
        assert not invoice["undecided"]
        customer = customers[invoice["customer_id"]]
        assert (invoice["administration"], invoice["account_id"]) == (customer.administration, customer.account_id)
        candidates = items[invoice["administration"], invoice["side"], invoice["exact_number"]]
        seen_by, ambiguous = _decide(invoice, invoices, candidates, known)
        assert (invoice["seen_by"], bool(invoice["ambiguous"])) == (seen_by, ambiguous), dict(invoice)
        counting = "in-transit" if invoice["batch_id"] else "open"
        assert invoice["status"] == (invoice["ended"] or ("seen" if seen_by else counting)), dict(invoice)
        sums[invoice["account_id"], invoice["side"], invoice["status"]] += invoice["amount_dc"]
    rows = tx.execute(text("SELECT account_id, side, open_invoices, in_transit FROM balance")).all()
    for status, column in (("open", 2), ("in-transit", 3)):
        wanted = {key[:2]: amount for key, amount in sums.items() if key[2] == status and amount}
        assert {(row[0], row[1]): row[column] for row in rows if row[column]} == wanted
    totals = text("""
        SELECT v.open_total, v.open_import + v.open_invoices, v.in_transit, s.adds_in_transit
        FROM open_balance AS v
        JOIN subledger AS s ON s.administration = v.administration AND s.side = v.side""")
    for total, both, in_transit, adds in tx.execute(totals):
        assert total == both + (in_transit if adds else 0)


def _decide(invoice, invoices, candidates, known) -> tuple[str | None, bool]:
    """How it was recognised, and whether nobody can tell."""
    if invoice["exact_number"] in ("", "0"):
        return None, False
    same_number = [
        one
        for one in invoices
        if one["id"] != invoice["id"]
        and one["ended"] != "cancelled"
        and all(one[name] == invoice[name] for name in ("administration", "side", "exact_number"))
    ]
    rivals = [one for one in same_number if one["account_id"] == invoice["account_id"]]
    verdicts = [_shows(item, invoice, rivals) for item in candidates if item["account_id"] == invoice["account_id"]]
    if any(verdicts):
        return ("account", False) if "yes" in verdicts else (None, True)
    if (invoice["account_id"], invoice["side"]) in known:
        return None, False
    taken = {one["account_id"] for one in same_number}
    alike = {
        item["account_id"]
        for item in candidates
        if item["invoice_date"] == invoice["invoice_date"]
        and _same_amount(item["currency"], item["invoice_fc"], item["invoice_dc"], invoice)
        and item["account_id"] not in taken
    }
    twin = any(
        (one["account_id"], one["side"]) not in known
        and one["invoice_date"] == invoice["invoice_date"]
        and _same_amount(one["currency"], one["amount_fc"], one["amount_dc"], invoice)
        for one in same_number
    )
    if len(alike) == 1 and not twin:
        return "number-date-amount", False
    return None, bool(alike)


def _shows(item, invoice, rivals) -> str:
    """yes, unclear, or nothing at all."""
    wrong_sign = item["invoice_dc"] < 0 if invoice["kind"] == "invoice" else item["invoice_dc"] > 0
    if wrong_sign and any(one["kind"] != invoice["kind"] for one in rivals):
        return ""
    twins = [one for one in rivals if one["kind"] == invoice["kind"]]
    if not twins:
        return "yes"
    fits = [
        one
        for one in (invoice, *twins)
        if (one["currency"], one["amount_fc"]) == (item["currency"], item["invoice_fc"])
    ]
    if fits == [invoice]:
        return "yes"
    return "unclear" if not fits or invoice in fits else ""


def _same_amount(currency, fc, dc, invoice) -> bool:
    return dc == invoice["amount_dc"] or (currency, fc) == (invoice["currency"], invoice["amount_fc"])
