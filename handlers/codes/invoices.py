"""Own invoices and transactions: what is wrong in their files, and what is worth a look."""

from handlers.codes.code import EXPORT_ANEW, Code
from handlers.language import N_

MEND_FILE = N_("Have this mended in the file and send the file again: nothing of it was taken over.")
MEND_HEADER = N_("Mend the first line of the list and send the file again; the columns are in the documentation.")
SEND_AS_ROW = N_("Send this invoice as a line of a CSV list, with its amount in both currencies.")
WRONG_ADDRESS = N_(
    "Look whether the invoice was mailed to the right address; if it was, tell the administrator of Saldopost."
)

INVOICES: dict[str, Code] = {
    "csv-column-unknown": Code(
        "refused",
        N_("The first line of %(file)s names a column that a list of own invoices does not have: %(column)s."),
        MEND_HEADER,
    ),
    "csv-column-repeated": Code(
        "refused", N_("The first line of %(file)s names the column %(column)s twice."), MEND_HEADER
    ),
    "csv-columns-missing": Code(
        "refused",
        N_("The first line of %(file)s lacks columns that a list of own invoices must have: %(columns)s."),
        MEND_HEADER,
    ),
    "invoice-field-missing": Code("refused", N_("In %(file)s an invoice lacks %(field)s."), MEND_FILE),
    "invoice-field-repeated": Code("refused", N_("In %(file)s an invoice has %(field)s twice."), MEND_FILE),
    "invoice-field-too-long": Code(
        "refused", N_("In %(file)s %(field)s of an invoice is longer than %(limit)s characters."), MEND_FILE
    ),
    "invoice-word-unknown": Code(
        "refused", N_("In %(file)s %(field)s of an invoice is none of these words: %(known)s."), MEND_FILE
    ),
    "invoice-date-invalid": Code(
        "refused", N_("In %(file)s a date of an invoice cannot be read (%(field)s)."), MEND_FILE
    ),
    "invoice-amount-invalid": Code(
        "refused",
        N_(
            "In %(file)s an amount of an invoice is none in %(currency)s, or has more decimals than it has (%(field)s)."
        ),
        MEND_FILE,
    ),
    "invoice-currency-unknown": Code(
        "refused", N_("In %(file)s an invoice is in a currency that does not exist: %(currency)s."), MEND_FILE
    ),
    "invoice-currency-differs": Code(
        "refused",
        N_("In %(file)s an amount is in %(currency)s, while the invoice itself is in %(expected)s (%(field)s)."),
        MEND_FILE,
    ),
    "invoice-amount-dc-missing": Code(
        "refused", N_("In %(file)s an invoice in %(currency)s has no amount in %(own)s."), MEND_FILE
    ),
    "invoice-amounts-differ": Code(
        "refused",
        N_("In %(file)s an invoice in the administration's own currency has two different amounts."),
        MEND_FILE,
    ),
    "invoice-signs-differ": Code(
        "refused", N_("In %(file)s the two amounts of an invoice have different signs."), MEND_FILE
    ),
    "invoice-repeated": Code(
        "refused",
        N_("In %(file)s the invoice %(number)s stands twice, first in line %(line)s."),
        N_("Give each invoice one row with its whole amount, and send the file again."),
    ),
    "invoice-totals-differ": Code(
        "refused",
        N_("The invoice %(file)s asks for %(given)s, while its own total comes to %(computed)s (%(field)s)."),
        MEND_FILE,
    ),
    "invoice-rate-missing": Code(
        "refused", N_("The invoice %(file)s is in %(currency)s and does not say what that is in %(own)s."), SEND_AS_ROW
    ),
    "invoice-rate-unclear": Code(
        "refused",
        N_("The exchange rate in %(file)s cannot be read, or there are several that differ (%(currency)s)."),
        SEND_AS_ROW,
    ),
    "invoice-not-ours": Code(
        "refused",
        N_("The invoice %(file)s is between others: it is from %(supplier)s and for %(customer)s."),
        WRONG_ADDRESS,
    ),
    "invoice-both-ours": Code(
        "refused",
        N_("The invoice %(file)s is from and for this administration: %(supplier)s and %(customer)s."),
        WRONG_ADDRESS,
    ),
    "transaction-amount-invalid": Code(
        "refused", N_("In %(file)s an amount of a transaction cannot be read (entry %(entry)s)."), EXPORT_ANEW
    ),
    "transaction-date-invalid": Code(
        "refused", N_("In %(file)s the date of a transaction cannot be read (entry %(entry)s)."), EXPORT_ANEW
    ),
    "invoice-sums-differ": Code(
        "warning",
        N_(
            "The invoice %(file)s does not add up: it says %(given)s and its parts come to %(computed)s (%(field)s). "
            "The amount to be paid was taken as it stands."
        ),
    ),
    "transactions-other": Code(
        "note", N_("%(file)s has transactions that are neither sales nor purchases; they were passed over.")
    ),
    "transaction-nameless": Code(
        "warning", N_("In %(file)s a transaction has no number by which its invoice could be found.")
    ),
}
