from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reports import file, page

from handlers.pages import assemble, sides
from parsers.records import File


def export(count: int, named: bool = True, full: int = 500) -> list[File]:
    """The pages of one export: all full but the last."""
    return [
        file(
            f"ARs_{number}.xml",
            page(count=full if number < count else 3, pagesize=full),
            index=number - 1,
            number=number if named else None,
        )
        for number in range(1, count + 1)
    ]


exports = st.builds(export, st.integers(1, 6), st.booleans())


def test_one_short_page_is_a_whole_export() -> None:
    assert assemble("receivable", export(1)).complete


def test_a_file_without_topics_is_a_whole_export() -> None:
    assert assemble("receivable", [file("ar.xml", page(count=None, pagesize=None))]).complete


def test_a_file_without_a_pagesize_is_a_whole_export() -> None:
    assert assemble("receivable", [file("ar.xml", page(count=500, pagesize=None))]).complete


def test_several_files_without_topics_are_asked_about() -> None:
    pages = assemble("receivable", [file(f"{name}.xml", page(count=None, pagesize=None)) for name in "ab"])
    assert (pages.reason, pages.approvable) == ("pages-uncounted", True)


@given(exports.flatmap(st.permutations))
def test_the_order_of_the_pages_does_not_matter(files: list[File]) -> None:
    in_order = assemble("receivable", files)
    assert in_order.complete
    assert in_order.hashes == tuple(sorted(f.sha256 for f in files))


@given(
    st.integers(2, 6).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(1, n), min_size=1, max_size=n - 1)))
)
def test_an_export_without_one_of_its_numbered_pages_is_never_complete(case: tuple[int, set[int]]) -> None:
    count, kept = case
    assert not assemble("receivable", [f for f in export(count) if f.number in kept]).complete


@given(st.integers(1, 6), st.booleans())
def test_an_export_without_its_last_page_is_never_complete(count: int, named: bool) -> None:
    assert not assemble("receivable", export(count + 1, named)[:-1]).complete


@given(exports, st.data())
def test_copies_count_once(files: list[File], data: st.DataObject) -> None:
    copied = data.draw(st.sampled_from(files))
    copy = replace(copied, index=len(files), name="copy.xml", number=data.draw(st.sampled_from([None, copied.number])))
    pages = assemble("receivable", [*files, copy])
    assert pages.complete
    assert len(pages.files) == len(files)
    assert len(pages.repeated) == 1
    assert [finding.code for finding in pages.findings] == ["page-repeated"]


def test_a_full_last_page_asks_whether_this_is_everything() -> None:
    pages = assemble("receivable", [file(pages_of_500 := "ARs_1.xml", page(count=500), number=1)])
    assert (pages.reason, pages.approvable) == ("pages-last-full", True)
    assert pages.findings[0].file == pages_of_500


def test_the_second_page_alone_is_never_a_set() -> None:
    pages = assemble("receivable", [file("ARs_2.xml", page(), number=2)])
    assert (pages.reason, pages.approvable) == ("pages-missing", False)
    assert pages.findings[0].values == {"missing": "1", "highest": 2}


def test_the_second_page_alone_is_no_set_without_topics_either() -> None:
    assert assemble("receivable", [file("ARs_2.xml", page(count=None), number=2)]).reason == "pages-missing"


def test_a_second_page_that_is_a_copy_of_the_first_is_missing() -> None:
    first = file("ARs_1.xml", page(), number=1)
    assert (
        assemble("receivable", [first, replace(first, name="ARs_2.xml", number=2, index=1)]).reason == "pages-missing"
    )


def test_two_short_pages_are_two_exports() -> None:
    files = [file("monday.xml"), file("tuesday.xml", index=1)]
    pages = assemble("receivable", files)
    assert (pages.reason, pages.approvable) == ("pages-mixed", False)


def test_two_different_first_pages_are_two_exports() -> None:
    files = [file("ARs_1.xml", page(count=500), number=1), file("ARs_1 (1).xml", index=1, number=1)]
    assert assemble("receivable", files).reason == "pages-mixed"


def test_a_short_page_before_the_last_is_of_another_export() -> None:
    files = [file("ARs_1.xml", page(), number=1), file("ARs_2.xml", page(count=500), number=2, index=1)]
    assert assemble("receivable", files).reason == "pages-mixed"


@pytest.mark.parametrize("year_or_date", [2024, 20240131, 0])
def test_a_year_in_a_name_is_no_page_number(year_or_date: int) -> None:
    assert assemble("receivable", [file(f"ARs_{year_or_date}.xml", number=year_or_date)]).complete


def test_each_side_of_a_file_is_judged_alone() -> None:
    both = file("export.xml", page("receivable", count=500), page("payable"))
    assert sides([both]) == ("receivable", "payable")
    assert assemble("receivable", [both]).reason == "pages-last-full"
    assert assemble("payable", [both]).complete
