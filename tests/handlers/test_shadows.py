from hypothesis import given
from hypothesis import strategies as st

from handlers.policy import Route
from handlers.routing import fits, misfit
from handlers.shadows import covers, find_shadowed


def make(*senders: str, to: tuple[str, ...] = (), mailbox: str = "main") -> Route:
    return Route(mailbox, senders, to, "nl01", ("dkim",))


def shadowed(*routes: Route) -> list[tuple[int, int]]:
    return list(find_shadowed(routes))


def test_a_route_behind_a_wider_one_is_never_reached() -> None:
    assert shadowed(make("*@bakker.example"), make("jan@Bakker.example")) == [(1, 0)]
    assert shadowed(make("*"), make("*@a.example"), make("*@b.example", to=("x@y.example",))) == [(1, 0), (2, 0)]


def test_several_routes_together_can_take_all_of_another() -> None:
    assert shadowed(make("*@a.example"), make("*@b.example"), make("x@b.example", "y@a.example")) == [(2, 0)]


def test_a_narrower_or_another_route_takes_nothing_away() -> None:
    assert shadowed(make("jan@bakker.example"), make("*@bakker.example")) == []
    assert shadowed(make("*@bakker.example", to=("a@x.example",)), make("*@bakker.example")) == []
    assert shadowed(make("*@bakker.example", mailbox="other"), make("*@bakker.example")) == []


def test_a_route_to_anybody_is_for_mail_to_nobody_too() -> None:
    assert shadowed(make("*", to=("*",)), make("*")) == []
    assert shadowed(make("*"), make("*", to=("*",))) == [(1, 0)]


def test_many_routes_are_looked_through_in_no_time() -> None:
    many = [make("*@*", to=(f"saldo+{number}@example.com",)) for number in range(5_000)]
    many += [make(f"*@{number}.example") for number in range(5_000)]
    assert shadowed(*many, make("jan@77.example")) == [(10_000, 5_077)]


patterns = st.text(st.sampled_from("ab*@"), min_size=1, max_size=4)
addresses = st.text(st.sampled_from("ab@"), max_size=5)


@given(patterns, patterns, addresses)
def test_what_a_pattern_covers_fits_it(wide: str, narrow: str, address: str) -> None:
    if covers(wide, narrow) and fits(narrow, address):
        assert fits(wide, address)


routes = st.builds(
    lambda senders, to: make(*senders, to=tuple(to)),
    st.lists(patterns, min_size=1, max_size=2),
    st.lists(patterns, max_size=2),
)


@given(st.lists(routes, max_size=5), addresses, st.lists(addresses, max_size=2))
def test_no_mail_ever_reaches_a_shadowed_route(given_routes: list[Route], sender: str, to: list[str]) -> None:
    reached = next((n for n, one in enumerate(given_routes) if not misfit(one, "main", sender, tuple(to))), None)
    assert reached not in {index for index, _ in find_shadowed(given_routes)}
