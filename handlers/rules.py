"""The single signs of an export that must not be believed at once: each a question to the evidence, each pure.

A rule gives the finding that it comes to, with the figures for its sentence, or None. Shares are compared as whole
numbers, so that exactly 40 % is 40 %.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from handlers.pages import PageSet
from handlers.policy import Policy
from parsers.records import Finding
from store.records import Comparison

TS_D = re.compile(r"(?:0x)?[0-9a-f]{1,32}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the rules look at."""

    pages: PageSet
    comparison: Comparison
    policy: Policy


Rule = Callable[[Evidence], Finding | None]


def ask(rules: tuple[Rule, ...], evidence: Evidence) -> Iterator[Finding]:
    """What the rules come to, in their order."""
    return (finding for rule in rules if (finding := rule(evidence)))


def unknown_accounts(evidence: Evidence) -> Finding | None:
    """The setting says that accounts are made elsewhere first."""
    comparison = evidence.comparison
    if evidence.policy.unknown_accounts == "refuse" and comparison.created:
        examples = ", ".join(account.code or account.name for account in comparison.largest_created[:5])
        return Finding("unknown-accounts", values={"accounts": comparison.created, "examples": examples})
    return None


def nameless_accounts(evidence: Evidence) -> Finding | None:
    """An account with neither ID nor code cannot be found again."""
    nameless = evidence.comparison.nameless
    return Finding("nameless-accounts", values={"accounts": nameless}) if nameless else None


def ambiguous_codes(evidence: Evidence) -> Finding | None:
    """A code without an ID that several stored accounts bear."""
    codes = evidence.comparison.ambiguous
    if not codes:
        return None
    return Finding("ambiguous-codes", values={"examples": ", ".join(codes[:5])})


def other_administration(evidence: Evidence) -> Finding | None:
    """These very files were applied to another administration: the mail went to the wrong address, then or now."""
    elsewhere = evidence.comparison.elsewhere
    if elsewhere is None or evidence.policy.rules.other_administration == "apply":
        return None
    return Finding("other-administration", values={"administration": elsewhere})


def foreign_accounts(evidence: Evidence) -> Finding | None:
    """Codes that are known here under other IDs of Exact: the same numbers, but somebody else's books."""
    comparison, percent = evidence.comparison, evidence.policy.rules.id_conflicts_percent
    if not percent or comparison.id_conflicts * 100 <= percent * comparison.accounts:
        return None
    return Finding("foreign-accounts", values={"conflicts": comparison.id_conflicts, "accounts": comparison.accounts})


def applied_before(evidence: Evidence) -> Finding | None:
    """Files that were applied once and replaced since: an old file sent again, or books that came back to it."""
    earlier = evidence.comparison.applied_before
    if earlier is None or evidence.policy.rules.applied_before == "apply":
        return None
    return Finding("applied-before", values={"ref": earlier})


def older_file(evidence: Evidence) -> Finding | None:
    """A lower `ts_d` than last time, and items that were paid are open again: made earlier, mailed late.

    `ts_d` is a row version, and falls by itself when the newest item is paid: alone it proves nothing.
    """
    comparison = evidence.comparison
    before = _row_version(comparison.ts_d_before)
    versions = [_row_version(page.ts_d) for file in evidence.pages.files for page in file.pages]
    now = max((version for version in versions if version is not None), default=None)
    if evidence.policy.rules.older_file == "apply" or before is None or now is None or now >= before:
        return None
    return Finding("older-file", values={"items": comparison.reopened}) if comparison.reopened else None


def on_two_pages(evidence: Evidence) -> Finding | None:
    """The same item on two pages: pages of two exports, or one page under two names with a small difference."""
    items = evidence.comparison.on_two_pages
    if not items or evidence.policy.rules.on_two_pages == "apply":
        return None
    return Finding("items-on-two-pages", values={"items": items})


def export_errors(evidence: Evidence) -> Finding | None:
    """Exact itself wrote into the file that something failed (Messages/Message of type 0 or 3)."""
    failed = [
        file.name for file in evidence.pages.files if any(w.code == "export-error-message" for w in file.warnings)
    ]
    if not failed or evidence.policy.rules.export_errors == "apply":
        return None
    return Finding("export-errors", file=failed[0], values={"files": len(failed)})


def nothing_open(evidence: Evidence) -> Finding | None:
    """Nothing is open any more although something was: more often an export of nothing than good news."""
    comparison = evidence.comparison
    if evidence.policy.rules.nothing_open == "apply" or not _became_empty(comparison):
        return None
    return Finding("nothing-open", values={"total": comparison.total_before})


def accounts_vanished(evidence: Evidence) -> Finding | None:
    """As many accounts as fit on a page are gone, or a large share of them: a page is missing, or a filter was on."""
    comparison, rules = evidence.comparison, evidence.policy.rules
    vanished = comparison.vanished
    values: dict[str, str | int] = {"vanished": vanished, "before": comparison.accounts_before}
    if not vanished or _became_empty(comparison):
        return None
    pagesize = max((page.pagesize or 0 for file in evidence.pages.files for page in file.pages), default=0)
    if rules.vanished_page == "hold" and 0 < pagesize <= vanished:
        return Finding("page-vanished", values=values | {"pagesize": pagesize})
    share = rules.vanished_accounts_percent
    if share and vanished >= rules.vanished_accounts_least and vanished * 100 >= share * comparison.accounts_before:
        return Finding("accounts-vanished", values=values)
    return None


def amount_vanished(evidence: Evidence) -> Finding | None:
    """The amounts, all taken as positive, fell so far that credit notes and payments cannot hide a missing half."""
    comparison, percent = evidence.comparison, evidence.policy.rules.vanished_amount_percent
    lost = comparison.gross_before - comparison.gross_after
    if not percent or lost <= 0 or lost * 100 < percent * comparison.gross_before or _became_empty(comparison):
        return None
    share = lost * 100 // comparison.gross_before
    return Finding(
        "amount-vanished",
        values={"before": comparison.gross_before, "after": comparison.gross_after, "share": share},
    )


def not_due_gone(evidence: Evidence) -> Finding | None:
    """Of what was not due yet nothing is left: a filter on what is overdue, or a list of reminders."""
    comparison, least = evidence.comparison, evidence.policy.rules.not_due_gone_least
    gone = comparison.not_due_gone
    if not least or gone < least or gone < comparison.not_due_before or _became_empty(comparison):
        return None
    return Finding("not-due-gone", values={"items": gone})


def later_gone(evidence: Evidence) -> Finding | None:
    """Nothing after some invoice date is left, although later items were known: a filter on the reference date."""
    comparison, least = evidence.comparison, evidence.policy.rules.later_gone_least
    if not least or comparison.later_gone < least or not comparison.latest_invoice_date:
        return None
    return Finding("later-gone", values={"items": comparison.later_gone, "date": comparison.latest_invoice_date})


def signs_changed(evidence: Evidence) -> Finding | None:
    """The same items with the opposite sign: another setting of `sign`, or the other kind of export."""
    comparison, rules = evidence.comparison, evidence.policy.rules
    changed, matched = comparison.sign_changed, comparison.matched
    if not rules.sign_changed_percent or changed < rules.sign_changed_least:
        return None
    if changed * 100 < rules.sign_changed_percent * matched:
        return None
    return Finding("signs-changed", values={"changed": changed, "matched": matched})


def first_negative(evidence: Evidence) -> Finding | None:
    """A first total below zero: most debtors owe us, and we owe most creditors, so the sign may be the other way."""
    comparison = evidence.comparison
    if comparison.last or comparison.total_after >= 0 or evidence.policy.rules.first_negative == "apply":
        return None
    return Finding("first-negative", values={"total": comparison.total_after})


def first_to_confirm(evidence: Evidence) -> Finding | None:
    """Nothing to compare with, and the administration wants someone to look first."""
    if first_negative(evidence):
        return None
    if evidence.comparison.last is None and evidence.policy.rules.first_import == "hold":
        return Finding("first-import-held", values={"total": evidence.comparison.total_after})
    return None


REFUSES: tuple[Rule, ...] = (unknown_accounts,)
UNMATCHED: tuple[Rule, ...] = (nameless_accounts, ambiguous_codes)  # cannot be applied, so no yes helps
IMPLAUSIBLE: tuple[Rule, ...] = (  # whose books, from when, whole or filtered, which way round
    other_administration,
    foreign_accounts,
    applied_before,
    older_file,
    export_errors,
    on_two_pages,
    nothing_open,
    accounts_vanished,
    amount_vanished,
    not_due_gone,
    later_gone,
    signs_changed,
    first_negative,
    first_to_confirm,
)


def _became_empty(comparison: Comparison) -> bool:
    """Then one sentence says it all."""
    return bool(comparison.gross_before and not comparison.gross_after)


def _row_version(text: str | None) -> int | None:
    return int(text, 16) if text and TS_D.fullmatch(text.strip()) else None
