"""A logged-in IMAP connection, and what can go wrong on it told in three words: unavailable, refused, login refused."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError, ProtocolError

from daemon.settings.models import MailboxSettings
from daemon.unavailable import LoginRefused, ServerUnavailable

if TYPE_CHECKING:
    from daemon.oauth import TokenSource

# RFC 5530: the server could not check the password now, which says nothing about it.
_CANNOT_TELL = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]")


class MailboxUnavailable(ServerUnavailable):
    """The IMAP server cannot be reached or does not do as asked. The mails stay as they are."""


class CommandRefused(MailboxUnavailable):
    """The server answered NO or BAD; the connection is still good."""


def connect(settings: MailboxSettings, tokens: "TokenSource | None" = None) -> IMAPClient:
    """Connect as the settings say, never less protected, and log in; with an access token if there is a source.

    Every wait on the connection is limited by `timeout_seconds`. Times come zone aware. Raises MailboxUnavailable
    or LoginRefused.
    """
    timeout = settings.timeout_seconds
    with translated(settings):
        context = None if settings.security == "none" else ssl.create_default_context(cafile=settings.ca_file)
        client = IMAPClient(
            settings.host,
            settings.port,
            ssl=settings.security == "tls",
            ssl_context=context,
            timeout=SocketTimeout(connect=timeout, read=timeout),
        )
        try:
            client.normalise_times = False
            client._imap.debug = 0  # else each mail is spelt out for a log that is never shown
            if settings.security == "starttls":
                client.starttls(context)
            _log_in(client, settings, tokens)
        except BaseException:
            client.shutdown()
            raise
        return client


@contextmanager
def translated(settings: MailboxSettings) -> Iterator[None]:
    """Turn what imapclient, imaplib and the socket raise into the errors of this module."""
    where = f"mailbox {settings.name} at {settings.host}:{settings.port}"
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise MailboxUnavailable(
            f"{where}: its certificate is not trusted ({error.verify_message}). "
            "Use the name that the certificate bears as `host`, or name its authority with `ca_file`."
        ) from error
    except ssl.SSLError as error:
        raise MailboxUnavailable(
            f"{where}: no TLS ({error.reason or error}). Check `port` and `security`: 993 is for tls, 143 for starttls."
        ) from error
    except TimeoutError as error:
        raise MailboxUnavailable(
            f"{where}: no answer within {settings.timeout_seconds} s. Check host, port and firewall."
        ) from error
    except OSError as error:
        raise MailboxUnavailable(f"{where}: {error}. Check host, port and firewall.") from error
    except IMAPClientAbortError as error:
        raise MailboxUnavailable(f"{where}: the connection broke ({error}).") from error
    except IMAPClientError as error:
        if isinstance(error, ProtocolError) or "got more than" in str(error):
            raise MailboxUnavailable(f"{where}: answered what is no IMAP ({error}).") from error
        raise CommandRefused(f"{where}: {error}.") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        # What the library raises when an answer is garbled in a way that it does not expect.
        raise MailboxUnavailable(f"{where}: answered what is no IMAP ({error!r}).") from error


def _log_in(client: IMAPClient, settings: MailboxSettings, tokens: "TokenSource | None") -> None:
    password = settings.secret.get_secret_value() if settings.secret else ""
    token = tokens.token() if tokens else None
    where = f"mailbox {settings.name}: {settings.host}"
    if client.has_capability("LOGINDISABLED") and token is None:
        raise LoginRefused(f'{where} takes no login without TLS. Set `security` to "starttls" or "tls".')
    try:
        if token is not None:
            client.oauth2_login(settings.username, token)
        elif client.has_capability("AUTH=PLAIN"):
            client.plain_login(settings.username, password)
        else:
            client.login(settings.username, password)
    except LoginError as error:
        # imapclient makes a LoginError of everything, a lost connection too.
        if isinstance(error.__context__, IMAPClientAbortError):
            raise error.__context__ from None
        if any(code in str(error) for code in _CANNOT_TELL):
            raise MailboxUnavailable(f"{where} cannot check logins now ({error}).") from error
        if tokens and token is not None:
            tokens.discard(token)  # the next login asks for another
        what = "the password" if token is None else "what docs/oauth2.md says about access to the mailbox"
        raise LoginRefused(
            f"{where} refuses the login of {settings.username} ({error}). Check `username` and {what}."
        ) from error
    except UnicodeEncodeError as error:
        raise LoginRefused(f"{where} takes ASCII passwords only, and this one is not.") from error
