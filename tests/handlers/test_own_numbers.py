import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.own_numbers import is_findable, to_exact
from handlers.policy import NumberRule
from parsers.records import Side

numbers = st.text(st.sampled_from("0129AF-/+ é٣"), max_size=10)
rules = st.sampled_from(["as-is", "digits"])


@pytest.mark.parametrize(
    ("number", "side", "rule", "exact"),
    [
        ("FAC-2020-0001", "receivable", "digits", "20200001"),
        ("FAC-2020-0001", "receivable", "as-is", "FAC-2020-0001"),
        ("0020200001", "receivable", "as-is", "20200001"),
        ("+12", "receivable", "as-is", "12"),
        ("F-0012", "receivable", "digits", "12"),
        (" 12 ", "receivable", "as-is", "12"),
        ("0", "receivable", "as-is", ""),
        ("000", "receivable", "digits", ""),
        ("CONCEPT", "receivable", "digits", ""),
        ("", "receivable", "as-is", ""),
        ("INV  007", "payable", "digits", "INV 007"),
        ("007", "payable", "as-is", "007"),
    ],
)
def test_a_number_looks_in_exact_as_the_rule_says(number: str, side: Side, rule: NumberRule, exact: str) -> None:
    assert to_exact(number, side, rule) == exact


@pytest.mark.parametrize(
    ("number", "side", "rule", "findable"),
    [
        ("FAC-2020-0001", "receivable", "as-is", False),
        ("FAC-2020-0001", "receivable", "digits", True),
        ("20200001", "receivable", "as-is", True),
        ("CONCEPT", "receivable", "digits", False),
        ("0", "receivable", "as-is", False),
        ("INV/007", "payable", "as-is", True),
        ("0", "payable", "as-is", False),
    ],
)
def test_what_exact_has_as_a_number_is_an_integer(number: str, side: Side, rule: NumberRule, findable: bool) -> None:
    assert is_findable(to_exact(number, side, rule), side) is findable


@given(numbers, rules)
def test_a_sales_number_made_of_digits_is_an_integer_as_exact_writes_it(number: str, rule: NumberRule) -> None:
    exact = to_exact(number, "receivable", rule)
    assert exact == to_exact(exact, "receivable", rule)
    if rule == "digits":
        assert exact == "" or (exact.isascii() and exact.isdecimal() and not exact.startswith("0"))
        assert (exact == "") == (set(number) & set("0123456789") <= {"0"})


@given(st.integers(1, 10**30))
def test_what_exact_numbers_itself_is_found_under_any_rule(number: int) -> None:
    exact = str(number)
    assert to_exact(f"00{number}", "receivable", "as-is") == to_exact(exact, "receivable", "digits") == exact
