"""Lists of own invoices as CSV."""

import csv
import io
from collections.abc import Mapping, Sequence

ROW: Mapping[str, str] = {
    "customer_code": "KLANT-00042",
    "customer_name": "Bakker & Zn. Expeditie B.V.",
    "number": "F2026-0001",
    "invoice_date": "2026-01-15",
    "due_date": "2026-02-14",
    "amount": "121.00",
}


def invoice_list(rows: Sequence[Mapping[str, str]] = (ROW,), delimiter: str = ";") -> bytes:
    """Rows by column; the columns are those of all rows."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", delimiter=delimiter, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def row(number: str = "F2026-0001", amount: str = "121.00", **more: str) -> dict[str, str]:
    """A row in euros; what it says beside number and amount can be given by name."""
    return {**ROW, "number": number, "amount": amount, **more}
