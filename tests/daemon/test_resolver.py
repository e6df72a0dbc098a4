"""Keys out of a real name server: absence is told from failure."""

import time

import pytest
from dns_server import Behaviour, DnsServer

from daemon.resolver import Keys, Resolver
from parsers.records import Key, Signature

NAME = "s1._domainkey.bakker.example"
SIGNATURE = Signature(0, "bakker.example", "s1")


@pytest.fixture
def resolver(dns_server: DnsServer) -> Resolver:
    return Resolver(["127.0.0.1"], port=dns_server.port, seconds=1.0)


def test_a_key_of_several_strings_is_joined(dns_server: DnsServer, resolver: Resolver) -> None:
    record = b"v=DKIM1; p=" + b"A" * 700
    dns_server.names[NAME] = [record]
    assert resolver.lookup_keys([SIGNATURE]) == Keys((Key("bakker.example", "s1", (record,)),))


def test_two_records_are_both_given(dns_server: DnsServer, resolver: Resolver) -> None:
    dns_server.names[NAME] = [b"p=A", b"p=B"]
    (key,) = resolver.lookup_keys([SIGNATURE]).found
    assert sorted(key.records) == [b"p=A", b"p=B"]


@pytest.mark.parametrize("behaviour", [None, "nothing"])
def test_a_name_without_a_key_is_absent(dns_server: DnsServer, resolver: Resolver, behaviour: Behaviour | None) -> None:
    if behaviour:
        dns_server.names[NAME] = behaviour
    assert resolver.lookup_keys([SIGNATURE]) == Keys((Key("bakker.example", "s1", ()),))


@pytest.mark.parametrize("behaviour", ["trouble", "refused", "silence", "garbage"])
def test_a_server_in_trouble_is_a_failure_and_no_absence(
    dns_server: DnsServer, resolver: Resolver, behaviour: Behaviour
) -> None:
    dns_server.names[NAME] = behaviour
    keys = resolver.lookup_keys([SIGNATURE])
    assert keys.found == ()
    assert len(keys.failures) == 1
    assert NAME in keys.failures[0]


def test_a_server_that_is_away_is_a_failure() -> None:
    keys = Resolver(["127.0.0.1"], port=9, seconds=0.5).lookup_keys([SIGNATURE])
    assert keys.found == ()
    assert len(keys.failures) == 1


def test_a_failure_of_one_name_leaves_the_others(dns_server: DnsServer, resolver: Resolver) -> None:
    dns_server.names[NAME] = "trouble"
    dns_server.names["s2._domainkey.bakker.example"] = [b"p=B"]
    keys = resolver.lookup_keys([SIGNATURE, Signature(1, "bakker.example", "s2")])
    assert keys.found == (Key("bakker.example", "s2", (b"p=B",)),)
    assert len(keys.failures) == 1


def test_silence_costs_no_more_than_the_limit_for_all_names_together(dns_server: DnsServer, resolver: Resolver) -> None:
    signatures = [Signature(index, "bakker.example", f"x{index}") for index in range(5)]
    dns_server.names.update({f"x{index}._domainkey.bakker.example": "silence" for index in range(5)})
    begun = time.monotonic()
    assert len(resolver.lookup_keys(signatures).failures) == 5
    assert time.monotonic() - begun < 2


def test_an_answer_is_kept_for_a_while(dns_server: DnsServer, resolver: Resolver) -> None:
    dns_server.names[NAME] = [b"p=A"]
    assert resolver.lookup_keys([SIGNATURE, SIGNATURE]) == resolver.lookup_keys([SIGNATURE])
    assert dns_server.asked == [NAME]


def test_an_answer_is_kept_no_longer_than_the_cap(dns_server: DnsServer) -> None:
    resolver = Resolver(["127.0.0.1"], port=dns_server.port, longest_life=0)
    dns_server.ttl = 86400
    dns_server.names[NAME] = [b"p=A"]
    resolver.lookup_keys([SIGNATURE])
    dns_server.names[NAME] = [b"p=B"]
    assert resolver.lookup_keys([SIGNATURE]).found == (Key("bakker.example", "s1", (b"p=B",)),)


def test_a_failure_is_not_kept(dns_server: DnsServer, resolver: Resolver) -> None:
    dns_server.names[NAME] = "trouble"
    resolver.lookup_keys([SIGNATURE])
    dns_server.names[NAME] = [b"p=A"]
    assert resolver.lookup_keys([SIGNATURE]).failures == ()


@pytest.mark.parametrize("domain", ["a" * 64 + ".example", ".".join(["a" * 60] * 5), "bakker..example"])
def test_a_name_that_cannot_exist_is_absent_and_never_asked(
    dns_server: DnsServer, resolver: Resolver, domain: str
) -> None:
    assert resolver.lookup_keys([Signature(0, domain, "s1")]) == Keys((Key(domain, "s1", ()),))
    assert dns_server.asked == []
