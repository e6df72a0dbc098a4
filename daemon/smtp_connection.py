"""A logged-in SMTP connection, and what can go wrong on it told in two words: unavailable, login refused."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import aiosmtplib

from daemon.settings.models import SmtpSettings
from daemon.unavailable import LoginRefused, ServerUnavailable

if TYPE_CHECKING:
    from daemon.oauth import TokenSource


class SmtpUnavailable(ServerUnavailable):
    """The SMTP server cannot be reached or does not do as asked. The mails stay in the outbox."""


async def connect(settings: SmtpSettings, tokens: "TokenSource | None" = None) -> aiosmtplib.SMTP:
    """Connect as the settings say, never less protected, and log in if there is a user name.

    With `tokens` it does so by an access token. Every wait on the connection is limited by `timeout_seconds`. Raises
    SmtpUnavailable or LoginRefused.
    """
    with translated(settings):
        context = None if settings.security == "none" else ssl.create_default_context(cafile=settings.ca_file)
        secret = settings.secret
        token = await asyncio.to_thread(tokens.token) if tokens is not None else None
        smtp = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            timeout=settings.timeout_seconds,
            use_tls=settings.security == "tls",
            start_tls=settings.security == "starttls",  # None would mean: if offered
            tls_context=context,
        )
        await smtp.connect()
        try:
            if token is not None:
                await smtp.auth_xoauth2(settings.username or "", token)
            elif settings.username is not None:
                await smtp.login(settings.username, secret.get_secret_value() if secret is not None else "")
            elif smtp.is_ehlo_or_helo_needed:
                await smtp.ehlo()
        except BaseException as error:
            if tokens is not None and token is not None and isinstance(error, aiosmtplib.SMTPAuthenticationError):
                tokens.discard(token)  # the next login asks for another
            hang_up(smtp)
            raise
        return smtp


def hang_up(smtp: aiosmtplib.SMTP) -> None:
    """Close the connection at once: a goodbye in TLS would wait for an answer, and outlive the loop."""
    transport = smtp.transport
    smtp.close()
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


@contextmanager
def translated(settings: SmtpSettings) -> Iterator[None]:
    """Turn what aiosmtplib and the socket raise into the errors of this module."""
    where = f"SMTP server {settings.host}:{settings.port}"
    try:
        yield
    except aiosmtplib.SMTPAuthenticationError as error:
        if error.code < 500:
            raise SmtpUnavailable(f"{where} cannot check logins now ({said(error)}).") from error
        raise LoginRefused(
            f"{where} refuses the login of {settings.username} ({said(error)}). Check `smtp.username` and "
            f"{'the password' if settings.oauth2 is None else 'what docs/oauth2.md says about sending'}."
        ) from error
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        if isinstance(certificate := _cause(error), ssl.SSLCertVerificationError):
            raise SmtpUnavailable(
                f"{where}: its certificate is not trusted ({certificate.verify_message}). "
                "Use the name that the certificate bears as `smtp.host`, or name its authority with `smtp.ca_file`."
            ) from error
        if isinstance(error, aiosmtplib.SMTPException) and "AUTH extension" in str(error):
            raise LoginRefused(
                f"{where} offers no login. Leave `smtp.username` out, or set `smtp.security` to starttls or tls."
            ) from error
        raise SmtpUnavailable(
            f"{where}: {said(error)}. Check `smtp.host`, `smtp.port`, `smtp.security` and the firewall."
        ) from error


def said(error: BaseException) -> str:
    """What the server said, or what happened, in one line of at most 300 characters."""
    if isinstance(error, aiosmtplib.SMTPResponseException):
        text = f"{error.code} {error.message}"
    else:
        text = str(error) or type(error).__name__
    readable = text.encode("utf-8", "replace").decode().replace("\0", "?")  # a server may answer in any encoding
    return " ".join(readable.split())[:300]


def _cause(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error
