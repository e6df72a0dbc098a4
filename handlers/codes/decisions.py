"""What was decided about an export, and why."""

from handlers.codes.code import RESEND_ALL, Code
from handlers.language import N_

DECISIONS: dict[str, Code] = {
    "same-again": Code(
        "note",
        N_("This is the same export as the last one applied (reference %(ref)s, %(ordered_at)s)."),
        manners={"ordered_at": "moment"},
    ),
    "stale": Code(
        "refused",
        N_("A newer export was applied before this one (reference %(ref)s, %(ordered_at)s)."),
        N_("If the older figures are the right ones, export again: an export made today is always the newest."),
        manners={"ordered_at": "moment"},
    ),
    "pages-missing": Code(
        "held",
        N_("Not all pages are here: of pages 1 to %(highest)s, %(missing)s is missing."),
        RESEND_ALL,
    ),
    "pages-mixed": Code(
        "held",
        N_("These files are not the pages of one export; they seem to come from exports made at different times."),
        RESEND_ALL,
    ),
    "pages-last-full": Code(
        "held",
        N_("The last page, %(file)s, is full, so another page may follow. Is this everything?"),
        N_("Look in Exact for another page, and send all pages in one mail."),
    ),
    "pages-uncounted": Code(
        "held",
        N_("The files do not say how many pages belong together. Is this everything?"),
        RESEND_ALL,
    ),
    "page-repeated": Code("note", N_("%(file)s is the same file as another one in this mail; it was counted once.")),
    "unknown-accounts": Code(
        "refused",
        N_("This administration takes known accounts only. Not known here: %(accounts)s (%(examples)s)."),
        N_("Have these accounts added first, then send the export again."),
    ),
    "nameless-accounts": Code(
        "held",
        N_("Accounts with neither a code nor an ID cannot be told apart. Found in this export: %(accounts)s."),
        N_("Give these accounts a code in Exact and export again."),
    ),
    "ambiguous-codes": Code(
        "held",
        N_("Codes that fit several accounts here, without an ID in the file to tell them apart: %(examples)s."),
        N_("Export again from Exact Online itself: its own export carries the ID of each account."),
    ),
    "nothing-open": Code(
        "held",
        N_("Nothing is open in this export, while %(total)s was open before."),
        N_("Look whether the export was made with a filter or in another administration, and export again without it."),
        manners={"total": "money"},
    ),
    "first-import": Code("note", N_("This is the first import, so there was nothing to compare it with.")),
    "first-import-held": Code(
        "held",
        N_("This is the first import; it waits until someone has checked the total of %(total)s."),
        N_("Compare the total with Exact's own list of open items and tell the administrator of Saldopost."),
        manners={"total": "money"},
    ),
    "nothing-to-import": Code(
        "refused",
        N_("There is no export in this mail."),
        N_("Attach the XML file that Exact Online made to a new mail."),
        steps=True,
    ),
}
