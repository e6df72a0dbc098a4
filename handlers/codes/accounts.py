"""Files of accounts: what is wrong with them, and what they are no substitute for."""

from handlers.codes.code import Code
from handlers.language import N_

MEND_LINE = N_("Mend this line and send the whole file again: nothing of it was taken over.")
MEND_LIMIT = N_("Mend the credit limit of this account and send the file again: nothing of it was taken over.")
SAVE_AS_CSV = N_("Save the list once more as CSV (in Excel: “CSV UTF-8”) and send that file.")

ACCOUNTS: dict[str, Code] = {
    "account-unnamed": Code(
        "refused", N_("In %(file)s a line has neither a code nor an Exact ID, so nobody knows whose it is."), MEND_LINE
    ),
    "exact-id-invalid": Code(
        "refused",
        N_("In %(file)s an Exact ID cannot be read."),
        N_("Copy the ID from Exact as it is, or leave the cell empty where the line has a code."),
    ),
    "limit-invalid": Code("refused", N_("In %(file)s a credit limit is not an amount."), MEND_LIMIT),
    "limit-negative": Code("refused", N_("In %(file)s a credit limit is below zero."), MEND_LIMIT),
    "csv-encoding": Code("refused", N_("%(file)s is not written in characters that can be read."), SAVE_AS_CSV),
    "csv-header": Code(
        "refused",
        N_("The first line of %(file)s does not name the columns of a list of accounts."),
        N_("Name the columns code, name, exact_id and credit_limit, as far as the list has them."),
    ),
    "csv-cells": Code(
        "refused", N_("In %(file)s a line has %(found)s cells, while the first line names %(expected)s."), MEND_LINE
    ),
    "csv-quotes": Code(
        "refused", N_("In %(file)s a quotation mark is not closed, or text follows after one."), MEND_LINE
    ),
    "csv-line-too-long": Code(
        "refused", N_("%(file)s has a line longer than %(limit)s characters, as no list has."), SAVE_AS_CSV
    ),
    "list-ambiguous": Code(
        "refused",
        N_("Codes that fit several accounts here, without an ID in the list to tell them apart: %(examples)s."),
        N_("Add the column exact_id to the list, or send Exact's own export of the accounts."),
    ),
    "accounts-known": Code("note", N_("All that the list says is known here already.")),
    "accounts-only": Code(
        "note",
        N_("The list holds no open items, so it changes no balance. Balances come from the A/R or A/P export."),
    ),
}
