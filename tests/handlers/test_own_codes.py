import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.own_codes import to_exact
from handlers.policy import CodeRule

codes = st.text(st.sampled_from("0129AKL-éß ٣"), max_size=8)
rules = st.builds(
    CodeRule,
    prefix_remove=st.sampled_from(["", "K", "KL-", "0"]),
    digits_only=st.booleans(),
    strip_zeros=st.booleans(),
    pad=st.integers(0, 6),
    prefix_add=st.sampled_from(["", "D", "1"]),
)


@pytest.mark.parametrize(
    ("rule", "own", "exact"),
    [
        (CodeRule(), " KLANT-00001 ", "KLANT-00001"),
        (CodeRule(digits_only=True), "KLANT-00001", "00001"),
        (CodeRule(prefix_remove="KLANT-"), "KLANT-00001", "00001"),
        (CodeRule(prefix_remove="KLANT-"), "10042", "10042"),
        (CodeRule(digits_only=True, strip_zeros=True), "KLANT-00001", "1"),
        (CodeRule(pad=8), "10042", "00010042"),
        (CodeRule(pad=3), "10042", "10042"),
        (CodeRule(strip_zeros=True, pad=5), "0000042", "00042"),
        (CodeRule(prefix_add="D", pad=5), "42", "D00042"),
        (CodeRule(prefix_remove="K", digits_only=True, strip_zeros=True, pad=4, prefix_add="D"), "K-007", "D0007"),
        (CodeRule(digits_only=True), "KAS", "KAS"),
        (CodeRule(strip_zeros=True), "000", "0"),
        (CodeRule(prefix_remove="KLANT-"), "KLANT-", "KLANT-"),
        (CodeRule(prefix_add="D", pad=4), "  ", ""),
    ],
)
def test_a_code_goes_through_the_steps_in_their_order(rule: CodeRule, own: str, exact: str) -> None:
    assert to_exact(own, rule) == exact


@given(codes, rules)
def test_no_rule_makes_nothing_of_a_code_and_none_makes_something_of_nothing(code: str, rule: CodeRule) -> None:
    exact = to_exact(code, rule)
    assert bool(exact) == bool(code.strip())
    assert exact == to_exact(f" {code}  ", rule)
    if exact:
        assert exact.startswith(rule.prefix_add)
        assert len(exact) - len(rule.prefix_add) >= rule.pad


@given(codes, st.integers(0, 6))
def test_leading_zeros_make_no_difference_once_they_are_stripped(code: str, zeros: int) -> None:
    rule = CodeRule(strip_zeros=True)
    if code.strip():
        assert to_exact("0" * zeros + code.strip(), rule) == to_exact(code, rule)
