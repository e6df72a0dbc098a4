"""Who passes the credit limit: the total with what is in transit, so that it does not flap with every batch."""

from sqlalchemy import Connection, text

from store.records import CreditCrossing, Subledger


def find_crossings(tx: Connection, subledger: Subledger) -> list[CreditCrossing]:
    """See `Staging.credit_crossings`."""
    if subledger.side != "receivable":
        return []
    return [CreditCrossing(*row) for row in tx.execute(_CROSSINGS, {"side": subledger.side})]


# Nothing is in transit as long as the store holds no invoices of our own.
_CROSSINGS = text("""
    SELECT code, name, credit_limit, before, after
    FROM (SELECT known.code, known.name, known.credit_limit,
                 a.before + coalesce(stored.open_invoices, 0) AS before,
                 a.after + coalesce(stored.open_invoices, 0) AS after
          FROM staged_account AS a
          CROSS JOIN account AS known
          LEFT JOIN balance AS stored ON stored.account_id = known.id AND stored.side = :side
          WHERE a.side = :side AND a.before <> a.after AND known.id = a.account_id AND known.credit_limit IS NOT NULL
         ) AS debtor
    WHERE (before <= credit_limit) <> (after <= credit_limit)
    ORDER BY code, name""")
