"""Access tokens for mailboxes that take no passwords: Microsoft 365 by client credentials, others by a refresh token.

tokens = TokenSource(microsoft(tenant=…, client_id=…, credential=…))
imap.oauth2_login(username, tokens.token())
aiosmtplib.SMTP(username=username, oauth_token_generator=for_smtp(tokens), …)
"""

import asyncio
import json
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import msal
import requests

from daemon.unavailable import LoginRefused, ServerUnavailable

MICROSOFT_AUTHORITY = "https://login.microsoftonline.com"
MICROSOFT_SCOPE = "https://outlook.office365.com/.default"
GOOGLE_TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
EARLY = 300.0  # seconds before its end that a token is renewed
SHORTEST_LIFE = 60.0  # seconds that a token is used at least, however short it is said to live

# RFC 6749 sections 4.1.2.1 and 5.2, and what is answered to too many requests: worth another try.
_PASSING = ("temporarily_unavailable", "server_error", "slow_down")


class ProviderUnavailable(ServerUnavailable):
    """The identity provider cannot be reached or is in trouble: try again later."""


class TokenRefused(LoginRefused):
    """The identity provider does not accept who we are: a person is needed. Says what it said."""


@dataclass(frozen=True, slots=True)
class Grant:
    """An access token and for how many seconds it is good."""

    access_token: str = field(repr=False)
    expires_in: float


Fetch = Callable[[], Grant]


class TokenSource:
    """One token for all who ask, renewed five minutes before its end. Safe to share between threads."""

    def __init__(self, fetch: Fetch, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at = self._ends_at = float("-inf")

    def token(self) -> str:
        """Raises ProviderUnavailable or TokenRefused when there is no good token and none can be had."""
        with self._lock:
            if self._clock() >= self._renew_at:
                try:
                    self._renew()
                except ProviderUnavailable:
                    if self._clock() >= self._ends_at:
                        raise
            return self._token

    def discard(self, token: str) -> None:
        """Forget a token that a mail server refused; the next one is asked for anew."""
        with self._lock:
            if token == self._token:
                self._renew_at = self._ends_at = float("-inf")

    def _renew(self) -> None:
        asked_at = self._clock()
        grant = self._fetch()
        self._token = grant.access_token
        self._renew_at = asked_at + max(grant.expires_in - EARLY, SHORTEST_LIFE)
        self._ends_at = asked_at + max(grant.expires_in, SHORTEST_LIFE)


def for_smtp(source: TokenSource) -> Callable[[], Awaitable[str]]:
    """What aiosmtplib takes as `oauth_token_generator`; asking the provider does not hold up other work."""

    async def generate() -> str:
        return await asyncio.to_thread(source.token)

    return generate


def certificate(pem: str) -> dict[str, str]:
    """The `credential` for `microsoft` out of a PEM file that holds the private key and its certificate."""
    return {"private_key": pem, "public_certificate": pem}


def microsoft(
    *,
    tenant: str,
    client_id: str,
    credential: str | Mapping[str, str],
    authority: str = MICROSOFT_AUTHORITY,
    seconds: float = 30.0,
    ca_file: str | None = None,
) -> Fetch:
    """Fetch by client credentials (RFC 6749 section 4.4); `credential` is a secret, or what `certificate` makes.

    The application needs the permissions IMAP.AccessAsApp and SMTP.SendAsApp of Office 365 Exchange Online.
    """

    def fetch() -> Grant:
        where = f"Microsoft's identity provider ({authority}, tenant {tenant})"
        # Its lines hold whole answers of the provider.
        logging.getLogger("msal").setLevel(logging.CRITICAL)
        try:
            # A new one each time: it would else give the token again that a mail server refused.
            application = msal.ConfidentialClientApplication(
                client_id,
                client_credential=dict(credential) if isinstance(credential, Mapping) else credential,
                authority=f"{authority}/{tenant}",
                instance_discovery=False,
                http_client=_Session(seconds, ca_file),
            )
        except (requests.RequestException, json.JSONDecodeError, KeyError) as error:
            raise ProviderUnavailable(f"{where} cannot be reached: {_line(error)}") from error
        except ValueError as error:
            raise TokenRefused(f"{where}: {_line(error)}. Check the tenant and the secret or certificate.") from error
        try:
            answer = application.acquire_token_for_client([MICROSOFT_SCOPE])
        except requests.RequestException as error:
            raise ProviderUnavailable(f"{where} cannot be reached: {_line(error)}") from error
        except (ValueError, AttributeError, TypeError) as error:  # what msal makes of an answer that is none
            raise ProviderUnavailable(f"{where} gave an answer that is no token") from error
        return _grant(answer, where)

    return fetch


def refresh_token(
    *,
    token_url: str,
    client_id: str,
    client_secret: str,
    refresh_token: str,
    seconds: float = 30.0,
    ca_file: str | None = None,
) -> Fetch:
    """Fetch by a refresh token (RFC 6749 section 6), as Google gives it.

    A provider that answers with another refresh token has it used from then on, until the process ends.
    """
    latest = refresh_token

    def fetch() -> Grant:
        nonlocal latest
        where = f"the token endpoint {token_url}"
        form = {
            "grant_type": "refresh_token",
            "refresh_token": latest,
            "client_id": client_id,
            "client_secret": client_secret,
        }
        try:
            answer = _Session(seconds, ca_file).post(token_url, data=form, allow_redirects=False).json()
        except requests.RequestException as error:  # an answer that is no JSON is one too
            raise ProviderUnavailable(f"{where} cannot be reached: {_line(error)}") from error
        grant = _grant(answer, where)
        latest = str(answer.get("refresh_token") or latest)
        return grant

    return fetch


class _Session(requests.Session):
    """With a time limit, a `ca_file` that no environment variable replaces, and trouble of the server raised."""

    def __init__(self, seconds: float, ca_file: str | None) -> None:
        super().__init__()
        self._limits: dict[str, Any] = {"timeout": seconds, "verify": ca_file}

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        response = super().request(*args, **{**self._limits, **kwargs})
        if response.status_code == 429 or response.status_code >= 500:
            raise requests.HTTPError(f"it answered {response.status_code}", response=response)
        return response


def _grant(answer: Any, where: str) -> Grant:
    """What the provider granted (RFC 6749 section 5)."""
    if not isinstance(answer, dict):
        raise ProviderUnavailable(f"{where} gave an answer that is no token")
    if "error" in answer:
        _refuse(answer, where)
    token = answer.get("access_token")
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or " " in token or not token:
        raise ProviderUnavailable(f"{where} gave an answer without a token")
    try:
        return Grant(token, float(answer.get("expires_in", 3600)))
    except (TypeError, ValueError) as error:
        raise ProviderUnavailable(f"{where} gave a token without a clear end") from error


def _refuse(answer: Mapping[str, Any], where: str) -> NoReturn:
    code = str(answer["error"])
    said = f"{where} said {_line(code)}: {_line(answer.get('error_description') or 'no reason given')}"
    if code in _PASSING:
        raise ProviderUnavailable(said)
    raise TokenRefused(f"{said} Check the client and its secret, or make a new refresh token.")


def _line(what: object) -> str:
    """One line of at most 300 characters without controls."""
    first = next(iter(str(what).strip().splitlines()), "")
    return "".join(character for character in first if character.isprintable())[:300]
