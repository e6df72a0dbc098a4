"""Access tokens from an identity provider: had once, renewed in time, and what goes wrong told apart."""

import asyncio
import base64
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import aiosmtplib
import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from identity_provider import CLIENT, REFRESH_TOKEN, SECRET, TENANT, IdentityProvider

from daemon.oauth import (
    EARLY,
    Fetch,
    Grant,
    ProviderUnavailable,
    TokenRefused,
    TokenSource,
    certificate,
    for_smtp,
    microsoft,
    refresh_token,
)
from daemon.unavailable import LoginRefused, ServerUnavailable


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def from_microsoft(provider: IdentityProvider, **changes: object) -> Fetch:
    settings: dict[str, object] = {"tenant": TENANT, "client_id": CLIENT, "credential": SECRET}
    settings |= {"authority": provider.base, "ca_file": provider.ca_file, "seconds": 5.0} | changes
    return microsoft(**settings)  # type: ignore[arg-type]


def from_refresh_token(provider: IdentityProvider, **changes: object) -> Fetch:
    settings: dict[str, object] = {"token_url": provider.token_url, "client_id": CLIENT, "client_secret": SECRET}
    settings |= {"refresh_token": REFRESH_TOKEN, "ca_file": provider.ca_file, "seconds": 5.0} | changes
    return refresh_token(**settings)  # type: ignore[arg-type]


WAYS = [from_microsoft, from_refresh_token]


@pytest.mark.parametrize("way", WAYS)
def test_a_token_is_had_and_its_end_known(identity_provider: IdentityProvider, way: type[Fetch]) -> None:
    assert way(identity_provider)() == Grant("token-1", 3600)


def test_microsoft_is_asked_for_its_mail_by_client_credentials(identity_provider: IdentityProvider) -> None:
    from_microsoft(identity_provider)()
    (form,) = identity_provider.forms
    assert form["grant_type"] == "client_credentials"
    assert form["scope"] == "https://outlook.office365.com/.default"


def test_a_certificate_does_in_place_of_a_secret(identity_provider: IdentityProvider) -> None:
    pair = trustme.CA(key_type=trustme.KeyType.RSA).issue_cert("saldopost.example", key_type=trustme.KeyType.RSA)
    pem = pair.private_key_and_cert_chain_pem.bytes().decode()
    from_microsoft(identity_provider, credential=certificate(pem))()
    (form,) = identity_provider.forms
    assert "client_secret" not in form
    assert form["client_assertion"].count(".") == 2


@pytest.mark.parametrize("way", WAYS)
def test_a_wrong_secret_is_refused_and_not_shown(identity_provider: IdentityProvider, way: type[Fetch]) -> None:
    name = "credential" if way is from_microsoft else "client_secret"
    with pytest.raises(TokenRefused, match="Invalid client secret") as error:
        way(identity_provider, **{name: "wrong-secret"})()
    assert "wrong-secret" not in str(error.value)
    assert "\n" not in str(error.value)
    assert isinstance(error.value, LoginRefused)


def test_an_unknown_tenant_is_refused(identity_provider: IdentityProvider) -> None:
    with pytest.raises(TokenRefused, match="tenant"):
        from_microsoft(identity_provider, tenant="nobody")()


def test_a_revoked_refresh_token_is_refused(identity_provider: IdentityProvider) -> None:
    with pytest.raises(TokenRefused, match="expired or revoked"):
        from_refresh_token(identity_provider, refresh_token="old")()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "broken",
    [
        (503, "away"),
        (429, '{"error": "invalid_client"}'),
        (500, '{"error": "invalid_client"}'),
        (200, "<html>"),
        (200, "[]"),
        (200, "{}"),
        (200, '{"access_token": "a b", "expires_in": 3600}'),
        (200, '{"access_token": "a", "expires_in": "soon"}'),
        (400, '{"error": "temporarily_unavailable"}'),
    ],
)
def test_a_provider_in_trouble_is_unavailable_and_not_a_refusal(
    identity_provider: IdentityProvider, way: type[Fetch], broken: tuple[int, str]
) -> None:
    identity_provider.broken = broken
    with pytest.raises(ProviderUnavailable) as error:
        way(identity_provider)()
    assert isinstance(error.value, ServerUnavailable)


@pytest.mark.parametrize("way", WAYS)
def test_a_provider_that_is_away_is_unavailable(identity_provider: IdentityProvider, way: type[Fetch]) -> None:
    identity_provider.base = "https://localhost:9"
    with pytest.raises(ProviderUnavailable):
        way(identity_provider)()


@pytest.mark.parametrize("way", WAYS)
def test_a_provider_with_a_strange_certificate_gets_no_secret(
    identity_provider: IdentityProvider, way: type[Fetch], tmp_path: Path
) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    with pytest.raises(ProviderUnavailable):
        way(identity_provider, ca_file=str(tmp_path / "other.pem"))()
    assert identity_provider.forms == []


def test_a_new_refresh_token_replaces_the_old_one(identity_provider: IdentityProvider) -> None:
    fetch = from_refresh_token(identity_provider)
    identity_provider.rotated = "refresh-2"
    fetch()
    fetch()
    assert [form["refresh_token"] for form in identity_provider.forms] == [REFRESH_TOKEN, "refresh-2"]


@pytest.mark.parametrize("way", WAYS)
def test_a_token_is_kept_until_shortly_before_its_end(identity_provider: IdentityProvider, way: type[Fetch]) -> None:
    clock = Clock()
    source = TokenSource(way(identity_provider), clock)
    assert source.token() == "token-1"
    clock.now += 3600 - EARLY - 1
    assert source.token() == "token-1"
    clock.now += 1
    assert source.token() == "token-2"


def test_a_token_that_is_still_good_is_used_while_the_provider_is_away(identity_provider: IdentityProvider) -> None:
    clock = Clock()
    source = TokenSource(from_refresh_token(identity_provider), clock)
    source.token()
    identity_provider.broken = (503, "away")
    clock.now += 3600 - 1
    assert source.token() == "token-1"
    clock.now += 1
    with pytest.raises(ProviderUnavailable):
        source.token()


def test_a_refusal_is_told_at_once(identity_provider: IdentityProvider) -> None:
    clock = Clock()
    source = TokenSource(from_refresh_token(identity_provider), clock)
    source.token()
    identity_provider.refresh_token = "another"
    clock.now += 3600 - EARLY
    with pytest.raises(TokenRefused):
        source.token()


@pytest.mark.parametrize("way", WAYS)
def test_a_token_that_a_server_refused_is_asked_for_anew(identity_provider: IdentityProvider, way: type[Fetch]) -> None:
    source = TokenSource(way(identity_provider))
    source.discard(source.token())
    assert source.token() == "token-2"
    source.discard("token-1")
    assert source.token() == "token-2"


def test_many_threads_ask_the_provider_once(identity_provider: IdentityProvider) -> None:
    source = TokenSource(from_refresh_token(identity_provider))
    barrier = threading.Barrier(8)

    def ask() -> str:
        barrier.wait(timeout=10)
        return source.token()

    with ThreadPoolExecutor(8) as pool:
        tokens = {future.result() for future in [pool.submit(ask) for _ in range(8)]}
    assert tokens == {"token-1"}
    assert len(identity_provider.forms) == 1


def test_a_token_that_lives_for_no_time_does_not_hammer_the_provider(identity_provider: IdentityProvider) -> None:
    identity_provider.expires_in = 0
    source = TokenSource(from_refresh_token(identity_provider), Clock())
    assert [source.token(), source.token()] == ["token-1", "token-1"]


def test_no_record_shows_a_token() -> None:
    assert "token-1" not in repr(Grant("token-1", 3600))


def test_a_mail_goes_out_through_a_server_that_takes_the_token(identity_provider: IdentityProvider) -> None:
    source = TokenSource(from_refresh_token(identity_provider))
    server = _AnyPort(_Inbox(), hostname="127.0.0.1", port=0, auth_require_tls=False)
    server.start()
    try:
        asyncio.run(_send(server.port, source))
    finally:
        server.stop()
    assert server.handler.said == ["user=saldo@example.com\x01auth=Bearer token-1\x01\x01"]


async def _send(port: int, source: TokenSource) -> None:
    smtp = aiosmtplib.SMTP(
        hostname="127.0.0.1",
        port=port,
        start_tls=False,
        username="saldo@example.com",
        oauth_token_generator=for_smtp(source),
        timeout=10,
    )
    async with smtp:
        await smtp.sendmail("saldo@example.com", ["jan@bakker.example"], b"Subject: x\r\n\r\nx\r\n")


class _AnyPort(Controller):
    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class _Inbox:
    def __init__(self) -> None:
        self.said: list[str] = []

    async def auth_XOAUTH2(self, server: SMTP, words: list[str]) -> AuthResult:
        self.said.append(base64.b64decode(words[1]).decode())
        return AuthResult(success=True)

    async def handle_DATA(self, server: SMTP, session: object, envelope: object) -> str:
        return "250 OK"
