"""Whether the page files of one export are all there.

Exact writes a large export as pages `ARs_1.xml`, `ARs_2.xml`, …; each `Topic` says how many accounts stand on the
page (`count`) and how many fit on one (`pagesize`). A page that is not full is the last one.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from parsers.records import File, Finding, Page, Side

HIGHEST_NUMBER = 999  # `ARs_2024.xml` bears a year and `ar_20240131.xml` a date, not a page number


@dataclass(frozen=True, slots=True)
class PageSet:
    """The pages of one side in one reading, and whether they are a complete export.

    `reason` is empty for a complete set, else the code of the finding that says what is wrong. An incomplete set is
    `approvable` if it may be complete for all we know; one with a known gap never is.
    """

    side: Side
    files: tuple[File, ...]  # each content once, in the order of their numbers
    repeated: tuple[File, ...] = ()  # copies of one of `files`: what they say must not count again
    reason: str = ""
    approvable: bool = True
    findings: tuple[Finding, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether this is the whole export, as far as its pages can tell."""
        return not self.reason

    @property
    def hashes(self) -> tuple[str, ...]:
        """The SHA-256 of each file, sorted, as the store keeps them."""
        return tuple(sorted(file.sha256 for file in self.files))


def sides(files: Iterable[File]) -> tuple[Side, ...]:
    """The sides that `files` speak of, receivable first."""
    found = {page.side for file in files for page in file.pages}
    return tuple(side for side in ("receivable", "payable") if side in found)


def assemble(side: Side, files: Iterable[File]) -> PageSet:
    """The pages of `side` among the `files` of one reading, in any order, judged as a set."""
    candidates = sorted((file for file in files if _page(file, side)), key=_place)
    distinct: dict[str, File] = {}
    repeated = [file for file in candidates if distinct.setdefault(file.sha256, file) is not file]
    pages = [(file, page) for file in distinct.values() if (page := _page(file, side))]
    wrong, approvable = _what_is_wrong(pages, [number for file in candidates if (number := _number(file))])
    notes = (Finding("page-repeated", file=file.name) for file in repeated)
    return PageSet(
        side=side,
        files=tuple(distinct.values()),
        repeated=tuple(repeated),
        reason=wrong.code if wrong else "",
        approvable=approvable,
        findings=(*([wrong] if wrong else []), *notes),
    )


def _what_is_wrong(pages: Sequence[tuple[File, Page]], named: Sequence[int]) -> tuple[Finding | None, bool]:
    """What keeps `pages` from being a set, and whether someone may say that it is one after all.

    `named` are the numbers in all names, those of copies too: a second page that is a copy of the first is missing.
    """
    present = Counter(number for file, _ in pages if (number := _number(file)))
    highest = max(named, default=0)
    missing = [number for number in range(1, highest + 1) if number not in present]
    if missing:
        return Finding("pages-missing", values={"missing": _listed(missing), "highest": highest}), False
    if any(times > 1 for times in present.values()):
        return Finding("pages-mixed"), False
    if any(not page.pagesize or page.count is None for _, page in pages):
        # Without count and pagesize one file alone is an export; of several nothing says that they are all.
        return (Finding("pages-uncounted") if len(pages) > 1 else None), True
    short = [file for file, page in pages if _is_short(page)]
    if len(short) > 1 or (short and _number(short[0]) not in (None, highest)):
        return Finding("pages-mixed"), False
    if not short:
        return Finding("pages-last-full", file=pages[-1][0].name), True
    return None, True


def _page(file: File, side: Side) -> Page | None:
    return next((page for page in file.pages if page.side == side), None)


def _place(file: File) -> tuple[int, str, str]:
    return _number(file) or HIGHEST_NUMBER + 1, file.name, file.sha256


def _number(file: File) -> int | None:
    return file.number if file.number and 0 < file.number <= HIGHEST_NUMBER else None


def _is_short(page: Page) -> bool:
    return page.count is not None and page.pagesize is not None and page.count < page.pagesize


def _listed(numbers: Sequence[int]) -> str:
    shown = ", ".join(str(number) for number in numbers[:5])
    return f"{shown}, …" if len(numbers) > 5 else shown
