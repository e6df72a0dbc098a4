"""Who passes the credit limit: the total with what is in transit, so that it does not flap with every batch."""

from sqlalchemy import Connection

from store.records import CreditCrossing, Subledger
from store.statements import Statement


def find_crossings(tx: Connection, subledger: Subledger) -> list[CreditCrossing]:
    """See `Staging.credit_crossings`."""
    if subledger.side != "receivable":
        return []
    return [CreditCrossing(*row) for row in _CROSSINGS.run(tx, {"side": subledger.side})]


def find_limits(tx: Connection) -> dict[int, int]:
    """The credit limit of each debtor in the export that has one, by the account's ID."""
    return dict(_LIMITS.run(tx).all())


# Those with a limit, and what they owe before and after. What own invoices count for falls by those that the export
# shows: until it is applied, they count still.
_DEBTORS = """
         (SELECT known.id, known.code, known.name, known.credit_limit,
                 a.before + coalesce(stored.open_invoices + stored.in_transit, 0) + coalesce(shown.gone, 0) AS before,
                 a.after + coalesce(stored.open_invoices + stored.in_transit, 0) - coalesce(shown.still, 0) AS after
          FROM staged_account AS a
          CROSS JOIN account AS known
          LEFT JOIN balance AS stored ON stored.account_id = known.id AND stored.side = :side
          LEFT JOIN (SELECT one.account_id, CAST(sum(CASE WHEN counts THEN amount_dc ELSE 0 END) AS BIGINT) AS still,
                            CAST(sum(CASE WHEN counts THEN 0 ELSE amount_dc END) AS BIGINT) AS gone
                     FROM (SELECT DISTINCT v.id, f.account_id, v.amount_dc,
                                  v.status IN ('open', 'in-transit') AS counts
                           FROM staged_own AS f
                           JOIN own_invoice AS v ON v.id = f.invoice
                           WHERE f.side = :side AND f.verdict = 2) AS one
                     GROUP BY one.account_id) AS shown ON shown.account_id = known.id
          WHERE a.side = :side AND known.id = a.account_id AND known.credit_limit IS NOT NULL
            AND (a.before <> a.after OR shown.account_id IS NOT NULL)) AS debtor"""
_CROSSINGS = Statement(f"""
    SELECT code, name, credit_limit, before, after
    FROM {_DEBTORS}
    WHERE (before <= credit_limit) <> (after <= credit_limit)
    ORDER BY code, name""")  # noqa: S608
_LIMITS = Statement("""
    SELECT known.id, known.credit_limit
    FROM staged_account AS a
    CROSS JOIN account AS known
    WHERE a.side = 'receivable' AND known.id = a.account_id AND known.credit_limit IS NOT NULL""")
