"""What a code is, and what is often said with one."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from handlers.language import N_

Severity = Literal["refused", "held", "warning", "note"]
GRAVITY: tuple[Severity, ...] = ("refused", "held", "warning", "note")


Manner = Literal["money", "size", "moment", "day", "percent"]
"""How a value is written: minor units of the administration's currency, bytes, a moment or a calendar date in
ISO 8601, a whole number of hundredths. Other whole numbers are grouped, and text stands as it is.
"""


RESEND_ALL = N_("Export again and send all pages in one mail.")
EXPORT_ANEW = N_("Export again and attach the file as it is, without opening or saving it in another program.")
FOLLOW_STEPS = N_("Follow the steps below to make the export of open items.")
SPLIT_UP = N_("Send the export alone, in a new mail, as plain XML or as a zip file.")
LOOK_FOR_FILTER = N_(
    "Look whether the export was made with a filter or in another administration, and export again without it."
)
MEND_IN_EXACT = N_("Look at this item in Exact Online, mend it there, and export again.")


class Code(NamedTuple):
    """One kind of finding, in the source language of the catalogues."""

    severity: Severity
    what: str
    todo: str = ""
    steps: bool = False  # the steps in Exact are needed to do it
    manners: Mapping[str, Manner] = MappingProxyType({})  # of values that are more than a number or text

    @property
    def shows_steps(self) -> bool:
        """Whether the reader is shown how to make the right export in Exact."""
        return self.steps or self.todo == EXPORT_ANEW
