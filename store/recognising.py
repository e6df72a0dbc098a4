"""Which own invoices an export shows: those count no more. Derived from the open items, those of the past too.

An own invoice is shown by an item of its account, open now or once, with its number (for payables the number or the
YourRef); an account that Exact does not know has no items: then by number, date and amount together, on one account.
What changes something marks the invoices concerned as undecided; `recognise` decides them in the same transaction, by
sets, and writes the balances of their accounts. Everything here needs the administration's lock.
"""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, bindparam, text

from store.records import Subledger
from store.schema import Moment
from store.statements import Statement
from store.subledgers import SIDES

DATED_AHEAD = timedelta(days=31)  # an export is not searched for invoices that are dated later than this after it

PLANNED_BLINDLY = 200  # rows: more than that, and PostgreSQL is to count


def recognise(tx: Connection, subledger: Subledger) -> None:
    """Decide the undecided own invoices of a subledger, and all others of their numbers."""
    of = _of(subledger)
    if _ANY_UNDECIDED.run(tx, of).first() is None:
        return
    widen(tx, subledger)
    _FORGET.run(tx, of)
    _BY_ACCOUNT[subledger.side].run(tx, of)
    earliest = _EARLIEST_UNKNOWN.run(tx, of).scalar()
    if earliest is not None:
        tx.execute(_ELSEWHERE[subledger.side], of | {"since": _since(earliest)})
    _KEEP_STATUS.run(tx, of)
    _COUNT.run(tx, of)
    _DECIDED.run(tx, of)


def widen(tx: Connection, subledger: Subledger) -> None:
    """Have all invoices decided that bear the number of an undecided one: what is known of one tells of the others."""
    learn(tx, subledger)
    _WIDEN.run(tx, _of(subledger))


def learn(tx: Connection, subledger: Subledger) -> None:
    """Have PostgreSQL look at the table where many rows are undecided: else it plans as if there were none."""
    if tx.dialect.name == "postgresql":
        undecided = _COUNT_UNDECIDED.run(tx, _of(subledger) | {"most": PLANNED_BLINDLY}).scalar()
        if undecided >= PLANNED_BLINDLY:
            tx.exec_driver_sql("ANALYZE own_invoice")


def notice_import(tx: Connection, subledger: Subledger, import_id: int) -> None:
    """Recognise what the items show that this import has just opened."""
    of = _of(subledger)
    if _ANY_AT_ALL.run(tx, of).first() is None:
        return
    if any(may_turn.run(tx, of).first() for may_turn in (_ANY_WAITING, _ANY_ENDED, _ANY_DOUBTFUL)):
        _MARK_OPENED[subledger.side].run(tx, of | {"import_id": import_id})
    notice_accounts(tx, subledger.administration)


def notice_accounts(tx: Connection, administration: str) -> None:
    """Recognise anew what was doubtful where Exact knows the account by now: items tell, or an ID, for both sides."""
    for side in SIDES:
        subledger = Subledger(administration, side)
        if _ANY_DOUBTFUL.run(tx, _of(subledger)).first():
            _MARK_DOUBTFUL_OF_KNOWN.run(tx, _of(subledger))
        recognise(tx, subledger)


def mark_shown_by(tx: Connection, subledger: Subledger, import_id: int) -> None:
    """Before the items of this import go: whatever they show is to be decided anew."""
    if _ANY.run(tx, _of(subledger)).first():
        _MARK_SHOWN[subledger.side].run(tx, _of(subledger) | {"import_id": import_id})


def notice_undo(tx: Connection, administration: str) -> None:
    """After the items of an import went, and names and IDs: accounts may be unknown to Exact again, for both sides."""
    for side in SIDES:
        subledger = Subledger(administration, side)
        if _ANY.run(tx, _of(subledger)).first():
            for mark in (_MARK_WAITING, _MARK_ENDED, _MARK_DOUBTFUL):
                mark.run(tx, _of(subledger))
            recognise(tx, subledger)


def count_account(tx: Connection, subledger: Subledger, account_id: int) -> None:
    """Write the own figures of an account that lost invoices to another one."""
    _COUNT_ACCOUNT.run(tx, _of(subledger) | {"account_id": account_id})


def _of(subledger: Subledger) -> dict[str, object]:
    return {"administration": subledger.administration, "side": subledger.side}


def _since(earliest: str) -> datetime:
    """From when on exports may show an invoice of this date."""
    try:
        day = date.fromisoformat(earliest) - DATED_AHEAD
    except (ValueError, OverflowError):  # some other text: all exports
        day = date.min
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def unknown(account: str) -> str:
    """SQL: whether Exact does not know the account of this id (an expression), on `:side`."""
    item = f"(SELECT 1 FROM open_item AS o WHERE o.account_id = {account} AND o.side = :side AND o.closed_by IS"  # noqa: S608
    return (
        f"EXISTS (SELECT 1 FROM account AS known WHERE known.id = {account} AND known.exact_id IS NULL)"  # noqa: S608
        f" AND NOT EXISTS {item} NULL) AND NOT EXISTS {item} NOT NULL)"
    )


_OWN = "administration = :administration AND side = :side"
V = "v.administration = :administration AND v.side = :side"
_R = "r.administration = :administration AND r.side = :side"
_WAITING = "status IN ('open', 'in-transit')"
_ENDED = "ended IS NOT NULL AND seen_by IS NULL"  # they count nowhere, but an export may show them all the same
_DOUBTFUL = "(ambiguous OR seen_by = 'number-date-amount')"
NUMBERED = "v.exact_number NOT IN ('', '0')"  # others are never recognised
_MARK = "UPDATE own_invoice SET undecided = true WHERE NOT undecided AND"

_ANY_AT_ALL = Statement("SELECT 1 FROM own_invoice WHERE administration = :administration LIMIT 1")
_ANY = Statement(f"SELECT 1 FROM own_invoice WHERE {_OWN} LIMIT 1")  # noqa: S608
_ANY_WAITING = Statement(f"SELECT 1 FROM own_invoice WHERE {_OWN} AND {_WAITING} LIMIT 1")  # noqa: S608
_ANY_ENDED = Statement(f"SELECT 1 FROM own_invoice WHERE {_OWN} AND {_ENDED} LIMIT 1")  # noqa: S608
_ANY_DOUBTFUL = Statement(f"SELECT 1 FROM own_invoice WHERE {_OWN} AND {_DOUBTFUL} LIMIT 1")  # noqa: S608
_ANY_UNDECIDED = Statement(f"SELECT 1 FROM own_invoice WHERE {_OWN} AND undecided LIMIT 1")  # noqa: S608

_COUNT_UNDECIDED = Statement(
    f"SELECT count(*) FROM (SELECT 1 FROM own_invoice WHERE {_OWN} AND undecided LIMIT :most) AS one"  # noqa: S608
)

_MARK_WAITING = Statement(f"{_MARK} {_OWN} AND {_WAITING}")
_MARK_ENDED = Statement(f"{_MARK} {_OWN} AND {_ENDED}")
_MARK_DOUBTFUL = Statement(f"{_MARK} {_OWN} AND {_DOUBTFUL}")
_MARK_DOUBTFUL_OF_KNOWN = Statement(f"{_MARK} {_OWN} AND {_DOUBTFUL} AND NOT ({unknown('own_invoice.account_id')})")
_WIDEN = Statement(f"""
    {_MARK} {_OWN} AND exact_number NOT IN ('', '0')
      AND exact_number IN (SELECT exact_number FROM own_invoice WHERE {_OWN} AND undecided)""")  # noqa: S608


def _mark_numbers_of(keys: tuple[str, ...], condition: str) -> str:
    """SQL: mark the own invoices with a number of the items that an import opened."""
    selects = (
        f"""SELECT v.id
            FROM import AS this
            CROSS JOIN open_item AS i
            CROSS JOIN own_invoice AS v
            WHERE this.id = :import_id AND i.id BETWEEN this.first_item_id AND this.last_item_id
              AND i.opened_by = this.id AND {V} AND v.exact_number = i.{key} AND {NUMBERED} AND {condition}"""  # noqa: S608
        for key in keys
    )
    return f"{_MARK} id IN ({' UNION ALL '.join(selects)})"


KEYS = {"receivable": ("number",), "payable": ("number", "your_ref")}  # where an item bears an own number
_MAY_TURN = "(v.seen_by IS NULL OR v.seen_by = 'number-date-amount')"
_MARK_OPENED = {side: Statement(_mark_numbers_of(keys, _MAY_TURN)) for side, keys in KEYS.items()}
_MARK_SHOWN = {side: Statement(_mark_numbers_of(keys, "true")) for side, keys in KEYS.items()}

_FORGET = Statement(f"""
    UPDATE own_invoice SET seen_by = NULL, seen_account_id = NULL, ambiguous = false
    WHERE {_OWN} AND undecided AND (seen_by IS NOT NULL OR ambiguous)""")  # noqa: S608

# Other own invoices of this account and number: another kind is told apart by the sign of the item, another customer
# by the amount if that is the only one of its kind.
_RIVAL = f"""FROM own_invoice AS r
          WHERE {_R} AND r.exact_number = v.exact_number AND r.account_id = v.account_id AND r.id <> v.id
            AND coalesce(r.ended, '') <> 'cancelled'"""
_SIGN_FITS = f"""(CASE v.kind WHEN 'invoice' THEN i.invoice_dc >= 0 ELSE i.invoice_dc <= 0 END
          OR NOT EXISTS (SELECT 1 {_RIVAL} AND r.kind <> v.kind))"""
_SAME_AMOUNT = "(i.currency = v.currency AND i.invoice_fc = v.amount_fc)"
_TWIN = f"EXISTS (SELECT 1 {_RIVAL} AND r.kind = v.kind)"
_TWIN_OF_THAT_AMOUNT = f"""EXISTS (SELECT 1 {_RIVAL} AND r.kind = v.kind
                  AND r.currency = i.currency AND r.amount_fc = i.invoice_fc)"""
VERDICT = f"""
          CASE WHEN NOT {_SIGN_FITS} THEN 0
               WHEN NOT {_TWIN} THEN 2
               WHEN {_SAME_AMOUNT} THEN CASE WHEN {_TWIN_OF_THAT_AMOUNT} THEN 1 ELSE 2 END
               ELSE CASE WHEN {_TWIN_OF_THAT_AMOUNT} THEN 0 ELSE 1 END END"""  # 2: shows it; 1: nobody can tell


def _by_account(keys: tuple[str, ...]) -> str:
    halves = ("i.closed_by IS NULL", "i.closed_by IS NOT NULL")  # each has an index of its own
    selects = [
        f"""SELECT v.id, {VERDICT} AS verdict
            FROM own_invoice AS v
            CROSS JOIN open_item AS i
            WHERE {V} AND v.undecided AND {NUMBERED}
              AND i.account_id = v.account_id AND i.side = :side AND i.number = v.exact_number AND {half}"""  # noqa: S608
        for half in halves
    ]
    if "your_ref" in keys:  # no index: each account's items are read once
        selects += [
            f"""SELECT v.id, {VERDICT} AS verdict
            FROM (SELECT DISTINCT v.account_id FROM own_invoice AS v WHERE {V} AND v.undecided AND {NUMBERED}) AS of
            CROSS JOIN open_item AS i
            CROSS JOIN own_invoice AS v
            WHERE i.account_id = of.account_id AND i.side = :side AND {half}
              AND {V} AND v.undecided AND {NUMBERED} AND v.exact_number = i.your_ref
              AND v.account_id = of.account_id"""  # noqa: S608
            for half in halves
        ]
    return f"""
    UPDATE own_invoice
    SET seen_by = CASE WHEN found.verdict = 2 THEN 'account' END,
        seen_account_id = CASE WHEN found.verdict = 2 THEN own_invoice.account_id END,
        ambiguous = (found.verdict = 1)
    FROM (SELECT id, max(verdict) AS verdict FROM ({" UNION ALL ".join(selects)}) AS one GROUP BY id) AS found
    WHERE own_invoice.id = found.id AND found.verdict > 0"""  # noqa: S608


_BY_ACCOUNT = {side: Statement(_by_account(keys)) for side, keys in KEYS.items()}

_LOST = f"{V} AND v.undecided AND {NUMBERED} AND v.seen_by IS NULL AND NOT v.ambiguous AND {unknown('v.account_id')}"
_EARLIEST_UNKNOWN = Statement(f"SELECT min(v.invoice_date) FROM own_invoice AS v WHERE {_LOST}")  # noqa: S608
ALIKE = """i.invoice_date = v.invoice_date
              AND ((i.currency = v.currency AND i.invoice_fc = v.amount_fc) OR i.invoice_dc = v.amount_dc)"""
# An item of an account with an own invoice of that number is that one's.
NOT_ANOTHERS = f"""NOT EXISTS (
                  SELECT 1 FROM own_invoice AS r
                  WHERE {_R} AND r.exact_number = v.exact_number AND r.account_id = i.account_id
                    AND coalesce(r.ended, '') <> 'cancelled')"""  # noqa: S608
LOST_TWIN = f"""EXISTS (
                  SELECT 1 FROM own_invoice AS r
                  WHERE {_R} AND r.exact_number = v.exact_number AND r.id <> v.id AND r.invoice_date = v.invoice_date
                    AND (r.amount_dc = v.amount_dc OR (r.currency = v.currency AND r.amount_fc = v.amount_fc))
                    AND coalesce(r.ended, '') <> 'cancelled' AND {unknown("r.account_id")})"""  # noqa: S608


def _elsewhere(keys: tuple[str, ...]) -> str:
    selects = (
        f"""SELECT v.id, i.account_id, {LOST_TWIN} AS has_twin
            FROM import AS this
            CROSS JOIN open_item AS i
            CROSS JOIN own_invoice AS v
            WHERE this.administration = :administration AND this.side = :side AND this.state = 'applied'
              AND this.ordered_at >= :since
              AND i.id BETWEEN this.first_item_id AND this.last_item_id AND i.opened_by = this.id
              AND {_LOST} AND v.exact_number = i.{key} AND {ALIKE} AND {NOT_ANOTHERS}"""  # noqa: S608
        for key in keys
    )
    return f"""
    UPDATE own_invoice
    SET seen_by = CASE WHEN found.is_one THEN 'number-date-amount' END,
        seen_account_id = CASE WHEN found.is_one THEN found.account_id END,
        ambiguous = NOT found.is_one
    FROM (SELECT id, min(account_id) AS account_id,
                 min(account_id) = max(account_id) AND max(CASE WHEN has_twin THEN 1 ELSE 0 END) = 0 AS is_one
          FROM ({" UNION ALL ".join(selects)}) AS one GROUP BY id) AS found
    WHERE own_invoice.id = found.id"""  # noqa: S608


_ELSEWHERE = {
    side: text(_elsewhere(keys)).bindparams(bindparam("since", type_=Moment())) for side, keys in KEYS.items()
}

_STATUS = """CASE WHEN ended IS NOT NULL THEN ended WHEN seen_by IS NOT NULL THEN 'seen'
               WHEN batch_id IS NOT NULL THEN 'in-transit' ELSE 'open' END"""
_KEEP_STATUS = Statement(
    f"UPDATE own_invoice SET status = {_STATUS} WHERE {_OWN} AND undecided AND status <> {_STATUS}"  # noqa: S608
)


def _count(accounts: str) -> str:
    """SQL: write what own invoices count for on these accounts.

    Account by account: of rows that this transaction wrote PostgreSQL has no statistics, and a join would go wrong.
    """
    sums = (
        f"""(SELECT CAST(coalesce(sum(v.amount_dc), 0) AS BIGINT) FROM own_invoice AS v
                  WHERE {V} AND v.account_id = touched.account_id AND v.status IN ('open', 'in-transit')
                    AND v.status = '{status}') AS {column}"""  # noqa: S608
        for status, column in (("open", "open_invoices"), ("in-transit", "in_transit"))
    )
    return f"""
    INSERT INTO balance (account_id, side, open_import, items, open_invoices, in_transit)
    SELECT counted.account_id, :side, 0, 0, counted.open_invoices, counted.in_transit
    FROM (SELECT touched.account_id, {", ".join(sums)} FROM ({accounts}) AS touched) AS counted
    WHERE counted.open_invoices <> 0 OR counted.in_transit <> 0
       OR EXISTS (SELECT 1 FROM balance AS b WHERE b.account_id = counted.account_id AND b.side = :side)
    ON CONFLICT (account_id, side)
    DO UPDATE SET open_invoices = excluded.open_invoices, in_transit = excluded.in_transit"""  # noqa: S608


_COUNT = Statement(_count(f"SELECT DISTINCT v.account_id FROM own_invoice AS v WHERE {V} AND v.undecided"))  # noqa: S608
_COUNT_ACCOUNT = Statement(_count("SELECT CAST(:account_id AS BIGINT) AS account_id"))
_DECIDED = Statement(f"UPDATE own_invoice SET undecided = false WHERE {_OWN} AND undecided")  # noqa: S608
