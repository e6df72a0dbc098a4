"""Every code of a finding: how grave it is, what it says, and what the reader can do.

Sentences are in English, the source language of the catalogues; `%(name)s` stands for a value of the finding, and
`%(file)s` for the name of its file.
"""

from typing import Literal, NamedTuple

from handlers.language import N_

Severity = Literal["refused", "held", "warning", "note"]
GRAVITY: tuple[Severity, ...] = ("refused", "held", "warning", "note")


class Code(NamedTuple):
    """One kind of finding."""

    severity: Severity
    what: str
    todo: str = ""
    steps: bool = False  # the reader is shown how to make the right export in Exact


RESEND_ALL = N_("Export again and send all pages in one mail.")
EXPORT_ANEW = N_("Export again and attach the file as it is, without opening or saving it in another program.")

CODES: dict[str, Code] = {
    "same-again": Code(
        "note",
        N_("This is the same export as the last one applied (reference %(ref)s, %(ordered_at)s)."),
    ),
    "stale": Code(
        "refused",
        N_("A newer export was applied before this one (reference %(ref)s, %(ordered_at)s)."),
        N_("If the older figures are the right ones, export again: an export made today is always the newest."),
    ),
    "pages-missing": Code(
        "held",
        N_("Not all pages are here: of pages 1 to %(highest)s, %(missing)s is missing."),
        RESEND_ALL,
    ),
    "pages-mixed": Code(
        "held",
        N_("These %(files)s files are not the pages of one export: they come from exports made at different times."),
        RESEND_ALL,
    ),
    "pages-last-full": Code(
        "held",
        N_("The last page, %(file)s, is full (%(pagesize)s accounts), so another page may follow. Is this everything?"),
        N_("Look in Exact for another page, and send all pages in one mail."),
    ),
    "pages-uncounted": Code(
        "held",
        N_("These %(files)s files do not say how many pages belong together. Is this everything?"),
        RESEND_ALL,
    ),
    "page-repeated": Code("note", N_("%(file)s is the same file as another one in this mail; it was counted once.")),
    "page-count-differs": Code(
        "warning",
        N_("%(file)s says that it holds %(count)s accounts, but there are %(blocks)s in it."),
        N_("If the file was edited, export again and send it as it is."),
    ),
    "unknown-accounts": Code(
        "refused",
        N_("%(accounts)s accounts are not known here (%(examples)s), and this administration takes known ones only."),
        N_("Have these accounts added first, then send the export again."),
    ),
    "nameless-accounts": Code(
        "held",
        N_("%(accounts)s accounts have neither a code nor an ID, so they cannot be told apart."),
        N_("Give these accounts a code in Exact and export again."),
    ),
    "ambiguous-codes": Code(
        "held",
        N_("%(accounts)s account codes fit several accounts here (%(examples)s), and the file has no ID for them."),
        N_("Export again from Exact Online itself: its own export carries the ID of each account."),
    ),
    "nothing-open": Code(
        "held",
        N_("Nothing is open in this export, while %(accounts)s accounts had %(total_amount)s open before."),
        N_("Look whether the export was made with a filter or in another administration, and export again without it."),
    ),
    "first-import": Code(
        "note",
        N_("This is the first import, so there was nothing to compare it with."),
        N_("Please compare the total with Exact's own list of open items, this once."),
    ),
    "first-import-held": Code(
        "held",
        N_("This is the first import; it waits until someone has checked the total of %(total_amount)s."),
        N_("Compare the total with Exact's own list of open items and tell the administrator of Saldopost."),
    ),
    "nothing-to-import": Code(
        "refused",
        N_("There is no export in this mail."),
        N_("Attach the XML file that Exact Online made to a new mail."),
        steps=True,
    ),
}
