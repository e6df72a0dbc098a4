"""Warnings of one file: the first few of each kind are listed, all are counted."""

from parsers.display import fragment
from parsers.records import Finding

MOST_LISTED = 5  # of one kind


class Tally:
    """Collects warnings by code."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._listed: dict[str, list[Finding]] = {}
        self._counts: dict[str, int] = {}

    def add(self, code: str, line: int | None = None, text: str = "", /, **values: str | int) -> None:
        count = self._counts.get(code, 0) + 1
        self._counts[code] = count
        if count <= MOST_LISTED:
            self._listed.setdefault(code, []).append(Finding(code, self._file, line, fragment(text), values))

    def findings(self) -> tuple[Finding, ...]:
        """In the order in which the kinds came up, `count` of a kind among the values of each."""
        return tuple(
            Finding(code, one.file, one.line, one.fragment, {**one.values, "count": self._counts[code]})
            for code, listed in self._listed.items()
            for one in listed
        )
