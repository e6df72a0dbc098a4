"""What was decided about an export, and why."""

from handlers.codes.code import LOOK_FOR_FILTER, RESEND_ALL, Code
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
    "older-than-held": Code(
        "refused",
        N_("A newer export than this one is on hold (reference %(ref)s, %(ordered_at)s)."),
        N_("Answer the mail in which you were asked about it, or export again."),
        manners={"ordered_at": "moment"},
    ),
    "pages-missing": Code(
        "held",
        N_("Not all pages are here: of pages 1 to %(highest)s, %(missing)s is missing."),
        N_("Send the missing page alone, as an answer or in a new mail; it is added to those that are here."),
    ),
    "pages-mixed": Code(
        "held",
        N_("These files are not the pages of one export; they seem to come from exports made at different times."),
        RESEND_ALL,
    ),
    "pages-last-full": Code(
        "held",
        N_("The last page, %(file)s, is full, so another page may follow. Is this everything?"),
        N_("Look in Exact for another page. If there is one, send it alone; it is added to those that are here."),
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
        LOOK_FOR_FILTER,
        manners={"total": "money"},
    ),
    "page-vanished": Code(
        "held",
        N_(
            "Of %(before)s accounts with open items, %(vanished)s are not in this export. "
            "That is as many as fit on one page (%(pagesize)s), so a page may be missing."
        ),
        N_("Look in Exact whether there is another page, and send all pages in one mail."),
    ),
    "accounts-vanished": Code(
        "held",
        N_("Of %(before)s accounts with open items, %(vanished)s are not in this export."),
        LOOK_FOR_FILTER,
    ),
    "amount-vanished": Code(
        "held",
        N_(
            "The open amounts add up to %(after)s now and to %(before)s before, %(share)s less "
            "(credit notes counted as positive)."
        ),
        LOOK_FOR_FILTER,
        manners={"before": "money", "after": "money", "share": "percent"},
    ),
    "not-due-gone": Code(
        "held",
        N_("None of the %(items)s items that were known and not due yet is in this export."),
        N_("Look whether only overdue items or reminders were exported, and export again without that filter."),
    ),
    "later-gone": Code(
        "held",
        N_("This export ends on %(date)s (invoice date), while %(items)s later items were open before."),
        N_("Look whether an earlier date was filled in for the export, and export again without it."),
        manners={"date": "day"},
    ),
    "signs-changed": Code(
        "held",
        N_("Of %(matched)s items that were known before, %(changed)s changed sign: plus is minus now, or the reverse."),
        N_("Look whether the export was made as it was before. If it was, tell the administrator of Saldopost."),
    ),
    "foreign-accounts": Code(
        "held",
        N_("Of %(accounts)s accounts in this export, %(conflicts)s have a code that belongs to another account here."),
        N_("Look whether the export was made in the right administration, and mailed to the right address."),
    ),
    "other-administration": Code(
        "held",
        N_("This very export was applied to another administration before (%(administration)s)."),
        N_("Look whether the export was made in the right administration, and mailed to the right address."),
    ),
    "applied-before": Code(
        "held",
        N_("This very export was applied before (reference %(ref)s), and replaced by a later one since."),
        N_("Look whether an old file was attached, and attach the newest one."),
    ),
    "older-file": Code(
        "held",
        N_("This export looks older than the last one: %(items)s items that were paid are open again."),
        N_("Look whether an old file was attached, and attach the newest one."),
    ),
    "items-on-two-pages": Code(
        "held",
        N_("Some items stand on two pages, and would count twice: %(items)s."),
        RESEND_ALL,
    ),
    "export-errors": Code(
        "held",
        N_("Exact reported a mistake while it made %(file)s, so something may be missing."),
        N_("Compare the total with Exact's own list of open items, and export again if it differs."),
    ),
    "first-negative": Code(
        "held",
        N_("This is the first import, and its total is below zero: %(total)s. Plus and minus may be swapped."),
        N_(
            "Compare it with Exact's own list of open items. If the sign is wrong, tell the administrator of Saldopost."
        ),
        manners={"total": "money"},
    ),
    "still-waiting": Code(
        "held",
        N_("This export is on hold already: you were asked about it on %(asked_at)s (reference %(ref)s)."),
        N_("Do what is asked here; sending the same export again changes nothing."),
        manners={"asked_at": "moment"},
    ),
    "first-import": Code("note", N_("This is the first import, so there was nothing to compare it with.")),
    "first-import-held": Code(
        "held",
        N_("This is the first import; it waits until someone has checked the total of %(total)s."),
        N_("Compare the total with Exact's own list of open items."),
        manners={"total": "money"},
    ),
    "nothing-to-import": Code(
        "refused",
        N_("There is no export in this mail."),
        N_("Attach the XML file that Exact Online made to a new mail."),
        steps=True,
    ),
}
