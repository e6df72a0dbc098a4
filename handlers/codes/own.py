"""Own invoices and transactions: what does not fit what is known here, and what somebody ought to look at."""

from handlers.codes.code import Code
from handlers.language import N_

LINK = N_(
    "Correct the customer's code, add its Exact ID to the file, or ask the administrator of Saldopost to link it "
    "(saldopost accounts link)."
)

OWN: dict[str, Code] = {
    "customers-collide": Code(
        "refused",
        N_("In %(file)s two of your customers, %(code)s and %(other_code)s, would be one in Exact: %(exact_code)s."),
        N_(
            "Ask the administrator of Saldopost to link one of them (saldopost accounts link) or to change the rule "
            "for codes; then send the file again: nothing of it was taken over."
        ),
    ),
    "customer-unknown": Code(
        "refused",
        N_("In %(file)s is a customer without an account in Exact: %(customer)s."),
        LINK,
    ),
    "customers-unmatched": Code(
        "warning",
        N_("Customers without an account in Exact, as far as exports have shown: %(many)s (%(examples)s)."),
        LINK,
    ),
    "invoices-ambiguous": Code(
        "warning",
        N_(
            "Own invoices that may be in an export already, and go on counting besides it until that is clear: "
            "%(many)s."
        ),
        N_(
            "Look at them in Exact. Where one is there, ask the administrator of Saldopost to end it by hand "
            "(saldopost invoices paid)."
        ),
    ),
    "invoices-known": Code("note", N_("All these invoices are known here already, with the same figures.")),
    "invoices-older": Code(
        "note", N_("Invoices that stay as they are, since a newer file told of them before: %(many)s.")
    ),
    "invoices-unfindable": Code(
        "warning",
        N_(
            "Invoices whose number is no whole number, as all are in Exact's export, so that it never shows them and "
            "they go on counting: %(many)s (%(examples)s)."
        ),
        N_(
            "Ask the administrator of Saldopost to set how your numbers look in Exact (number = digits), then send the "
            "file once more."
        ),
    ),
    "invoices-too-large": Code(
        "refused",
        N_("With the invoices in %(file)s, your own invoices would come to more than can be counted."),
        N_("Look whether the amounts are right, and send the file again: nothing of it was taken over."),
    ),
    "invoices-repeated": Code(
        "warning",
        N_(
            "Invoices that came more than once in this mail, with different figures, so that the last counts: %(many)s "
            "(%(examples)s)."
        ),
        N_("Look which figures are right, and send those once more."),
    ),
    "side-assumed": Code(
        "note",
        N_("%(file)s does not say who owes whom: its invoices are taken as yours to customers (receivable)."),
    ),
    "in-transit-too-long": Code(
        "warning",
        N_("Invoices that were handed to Exact more than %(days)s days ago, and that no export shows: %(many)s."),
        N_(
            "Look in Exact whether they were imported. If not, hand them over again, or ask the administrator of "
            "Saldopost to take them out (saldopost invoices unbatch, cancel or paid)."
        ),
    ),
    "transactions-known": Code("note", N_("All these invoices were handed over, seen or ended before.")),
    "transactions-unknown": Code(
        "note",
        N_("Transactions of no invoice that is known here: %(many)s (%(examples)s)."),
        N_("If some of them are your own invoices, send these first and then the transactions once more."),
    ),
    "transactions-remembered": Code(
        "note",
        N_(
            "Transactions of no invoice that is known here yet: %(many)s (%(examples)s). Those of your own invoices "
            "are in transit as soon as the invoices come."
        ),
    ),
    "transactions-ambiguous": Code(
        "warning",
        N_("Transactions that fit several of your own invoices, so that none was marked: %(many)s (%(examples)s)."),
        N_("Ask the administrator of Saldopost to mark the right ones by hand (saldopost invoices batch)."),
    ),
}
