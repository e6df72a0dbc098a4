"""What is wrong or strange with the open items of a file."""

from handlers.codes.code import EXPORT_ANEW, FOLLOW_STEPS, MEND_IN_EXACT, Code
from handlers.language import N_

ITEMS: dict[str, Code] = {
    "empty-without-side": Code(
        "refused",
        N_("%(file)s is empty, and nothing in it says whether it is about debtors or creditors."),
        FOLLOW_STEPS,
        steps=True,
    ),
    "element-misplaced": Code(
        "refused", N_("In %(file)s the element %(element)s stands where no export has it."), EXPORT_ANEW
    ),
    "element-repeated": Code(
        "refused", N_("In %(file)s the element %(element)s stands twice in one open item."), EXPORT_ANEW
    ),
    "amount-missing": Code("refused", N_("In %(file)s an open item has no amount (%(element)s)."), EXPORT_ANEW),
    "amount-invalid": Code(
        "refused", N_("In %(file)s the amount of an open item cannot be read (%(element)s)."), EXPORT_ANEW
    ),
    "amount-comma": Code(
        "refused",
        N_("In %(file)s an amount has a decimal comma (%(element)s), while Exact itself writes a point."),
        EXPORT_ANEW,
    ),
    "amount-not-finite": Code(
        "refused", N_("In %(file)s the amount of an open item is not a number (%(element)s)."), MEND_IN_EXACT
    ),
    "amount-too-large": Code(
        "refused", N_("In %(file)s an amount is larger than any real one (%(element)s)."), MEND_IN_EXACT
    ),
    "date-missing": Code("refused", N_("In %(file)s an open item has no date (%(element)s)."), MEND_IN_EXACT),
    "date-invalid": Code(
        "refused", N_("In %(file)s the date of an open item cannot be read (%(element)s)."), EXPORT_ANEW
    ),
    "export-error-message": Code(
        "warning",
        N_("Exact reported a mistake while it made %(file)s (message of type %(type)s), so something may be missing."),
        N_("Compare the total with Exact's own list of open items, and export again if it differs."),
    ),
    "unknown-element": Code(
        "note", N_("%(file)s has an element that is not known here and was passed over: %(element)s.")
    ),
    "unusual-order": Code("note", N_("The parts of an open item stand in another order than usual.")),
    "topic-invalid": Code("warning", N_("What %(file)s says of its own pages cannot be read (%(attribute)s).")),
    "count-differs": Code(
        "warning",
        N_("Accounts in %(file)s by its own count: %(topic)s. Accounts found: %(found)s."),
        N_("If the file was edited, export again and send it as it is."),
    ),
    "account-repeated": Code("warning", N_("An open item has more than one account; the first one counts.")),
    "account-nameless": Code("warning", N_("An account has neither a code nor an ID.")),
    "currency-empty": Code("note", N_("Open items without a currency were taken to be in the administration's own.")),
    "currency-unknown": Code("warning", N_("The currency %(currency)s is not known; two decimals were assumed.")),
    "amounts-differ": Code(
        "warning",
        N_("An open item is in the administration's own currency, yet has two different amounts: %(fc)s and %(dc)s."),
        N_("The second one was counted; please check this item in Exact."),
        manners={"fc": "money", "dc": "money"},
    ),
    "due-before-invoice": Code("note", N_("An open item is due before its invoice date.")),
    "date-unlikely": Code("note", N_("An open item has an unlikely date: %(date)s.")),
    "open-above-invoice": Code("warning", N_("More is open of an item than its invoice came to.")),
    "opposite-signs": Code(
        "warning", N_("The open amount of an item has another sign than its invoice, or than in the other currency.")
    ),
}
