"""What is wrong in one file, gathered so that its sender hears of all of it at once."""

from parsers.protocol import MOST_MISTAKES
from parsers.records import Finding, Refused


class Mistakes:
    """Collects the mistakes of one file in the order in which they stand; those beyond `MOST_MISTAKES` are counted."""

    def __init__(self) -> None:
        self._told: list[Finding] = []
        self._more = 0

    def __bool__(self) -> bool:
        return bool(self._told)

    def add(self, refused: Refused) -> None:
        for finding in (refused.finding, *refused.further):
            if len(self._told) < MOST_MISTAKES:
                self._told.append(finding)
            else:
                self._more += 1

    def refuse(self, end: Refused | None = None) -> Refused:
        """The error that tells them all, last the one at which reading came to its end, if it did not go on."""
        told = [*self._told]
        if self._more:
            told.append(Finding("more-mistakes", told[0].file, values={"count": self._more}))
        if end:
            told += end.finding, *end.further
        first, *further = told
        return Refused(first, further)
