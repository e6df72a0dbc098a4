"""The keys of DKIM signatures, asked of the DNS: a name that holds no key is told from one that could not be asked."""

import time
from collections.abc import Iterable, Sequence

import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

from daemon.trust import Keys
from parsers.records import Key, Signature

LONGEST_LIFE = 3600.0  # seconds that an answer is believed at most
MOST_ANSWERS = 1000  # kept at once


class DnsUnavailable(ConnectionError):
    """No server gave an answer in time, or none that can be believed: ask again later. Says what was asked."""


class Resolver:
    """Asks the system's name servers, or those that are given. Safe to share between threads."""

    def __init__(
        self,
        name_servers: Sequence[str] = (),
        *,
        port: int = 53,
        seconds: float = 10.0,
        longest_life: float = LONGEST_LIFE,
    ) -> None:
        self._name_servers = list(name_servers)
        self._port = port
        self._seconds = seconds
        self._cache = _ShortLivedCache(longest_life)

    def lookup_keys(self, signatures: Iterable[Signature]) -> Keys:
        """Ask for all of them within the seconds of this resolver; never raises for what the DNS does."""
        deadline = time.monotonic() + self._seconds
        found: list[Key] = []
        failures: list[str] = []
        for domain, selector in dict.fromkeys((one.domain, one.selector) for one in signatures):
            try:
                records = self._lookup(f"{selector}._domainkey.{domain}", deadline - time.monotonic())
            except DnsUnavailable as error:
                failures.append(str(error))
            else:
                found.append(Key(domain, selector, records))
        return Keys(tuple(found), tuple(failures))

    def _lookup(self, name: str, seconds: float) -> tuple[bytes, ...]:
        if seconds <= 0:
            raise DnsUnavailable(f"no time left to ask the DNS for {name}")
        try:
            absolute = dns.name.from_text(name)
        except dns.exception.DNSException:
            return ()  # such a name cannot exist
        try:
            answer = self._configured().resolve(absolute, "TXT", lifetime=seconds)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ()
        except (dns.exception.DNSException, OSError) as error:
            raise DnsUnavailable(f"the DNS gave no answer for {name}: {type(error).__name__}") from error
        return tuple(b"".join(record.strings) for record in answer if record.rdtype == dns.rdatatype.TXT)

    def _configured(self) -> dns.resolver.Resolver:
        """A new one each time, so that a changed /etc/resolv.conf is followed."""
        resolver = dns.resolver.Resolver(configure=not self._name_servers)
        if self._name_servers:
            resolver.nameservers = list(self._name_servers)
            resolver.port = self._port
        resolver.cache = self._cache
        return resolver


class _ShortLivedCache(dns.resolver.LRUCache):
    def __init__(self, longest_life: float) -> None:
        super().__init__(MOST_ANSWERS)
        self._longest_life = longest_life

    def put(self, key: dns.resolver.CacheKey, value: dns.resolver.Answer) -> None:
        value.expiration = min(value.expiration, time.time() + self._longest_life)
        super().put(key, value)
