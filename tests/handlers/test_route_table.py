"""The table finds the very route that a look at all of them finds, whatever the patterns."""

from types import SimpleNamespace
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from handlers.policy import Route
from handlers.route_table import RouteTable
from handlers.routing import route
from parsers.records import Envelope

PATTERNS = st.sampled_from(
    ["*", "*@a.example", "jan@a.example", "JAN@A.EXAMPLE", "*@*.example", "*a.example", "j*@b.example", "*@b.example"]
)
ROUTES = st.builds(
    lambda mailbox, senders, code: Route(mailbox, tuple(senders), (), code, ("none",)),
    st.sampled_from(["main", "other"]),
    st.lists(PATTERNS, min_size=1, max_size=3),
    st.sampled_from(["nl01", "nl02", "nl03"]),
)
SENDERS = st.sampled_from(["jan@a.example", "piet@a.example", "Jan@B.Example", "jan@sub.a.example", "jan@c.test"])


@given(routes=st.lists(ROUTES, max_size=8), sender=SENDERS, mailbox=st.sampled_from(["main", "other"]))
def test_the_table_finds_what_a_look_at_all_routes_finds(routes: list[Route], sender: str, mailbox: str) -> None:
    envelope = cast(Envelope, SimpleNamespace(sender=sender, recipients=()))
    assert route(envelope, mailbox, RouteTable(routes)) is route(envelope, mailbox, routes)


def test_few_of_many_routes_come_into_question() -> None:
    table = RouteTable([Route("main", (f"*@n{number}.example",), (), "nl01", ("none",)) for number in range(1000)])
    assert [one.senders for one in table.near("main", "jan@n7.example")] == [("*@n7.example",)]
    assert len(table) == 1000
    assert table[-1].senders == ("*@n999.example",)
