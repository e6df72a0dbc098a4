"""The tables of an administration about its own invoices: those that Exact may not know yet."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from daemon.settings.table import Table, Text

Prefix = Annotated[str, StringConstraints(strip_whitespace=True, max_length=18)]


class CustomerCodeSettings(Table):
    """How the code of your own customer looks in Exact, step by step in this order; links made by hand go first."""

    # Each key is the field of that name in handlers.policy.CodeRule.
    prefix_remove: Prefix = Field(default="", description="Text that is taken off its beginning, if it is there.")
    digits_only: bool = Field(
        default=False,
        description="Only its digits are kept: `KLANT-00001` becomes `00001`. A code without any stays as it is.",
    )
    strip_zeros: bool = Field(default=False, description="Zeros at its beginning are taken off: `00001` becomes `1`.")
    pad: Annotated[int, Field(ge=0, le=18)] = Field(
        default=0, description="A shorter code gets zeros at its beginning, up to so many characters. 0: none."
    )
    prefix_add: Prefix = Field(default="", description="Text that is put before it at last.")


class InvoiceSettings(Table):
    """Your own invoices, and what counts as paid."""

    # Each key is the field of that name in handlers.policy.InvoiceRules.
    number: Literal["as-is", "digits"] = Field(
        default="as-is",
        description="How the number of your own sales invoice looks in Exact: the same, or only its digits: "
        "`FAC-2020-0001` is `20200001` there.",
    )
    parties: tuple[Text, ...] = Field(
        default=(),
        description="Your own identifiers as they stand in UBL invoices (VAT number, chamber of commerce number, GLN, "
        "…): an invoice from you is receivable, one to you payable, any other is refused. Left out: every UBL invoice "
        "is taken as receivable.",
    )
    in_transit: Literal["report", "add"] = Field(
        default="report",
        description="What was handed to Exact and not seen in an export yet is only reported, or added to the total.",
    )
    in_transit_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        default=14, description="Days after which an invoice in transit is listed in the report."
    )
    tolerance_cents: Annotated[int, Field(ge=0, le=100_000)] = Field(
        default=0,
        description="What may remain open of an invoice that counts as paid, in cents (in whole yen). Only for mode "
        "`invoices`; balances stay exact.",
    )
