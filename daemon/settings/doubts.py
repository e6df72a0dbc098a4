"""What is allowed in the settings, but perhaps not meant."""

from collections.abc import Iterator

from daemon.settings.models import MailboxSettings, Settings, SmtpSettings

_HERE = ("localhost", "127.0.0.1", "::1")


def find_doubts(settings: Settings) -> Iterator[str]:
    for server in (*settings.mailboxes, settings.smtp):
        if server is not None and server.security == "none" and server.host not in _HERE and server.secret:
            yield f'{_name(server)}: security = "none" sends the password in the clear'
    if not settings.mailboxes:
        return
    routed = {route.mailbox for route in settings.routes}
    for mailbox in settings.mailboxes:
        if mailbox.name not in routed:
            yield f'mailbox "{mailbox.name}" has no route: all its mail will be quarantined'
    reached = {route.administration for route in settings.routes}
    for administration in settings.administrations:
        if administration.code not in reached:
            yield f'administration "{administration.code}" has no route: no mail will reach it'
    open_routes = sum(route.authenticate == ("none",) for route in settings.routes)
    if open_routes:
        yield f'{open_routes} of the routes say authenticate = ["none"]: whoever forges a matching From is believed'


def _name(server: MailboxSettings | SmtpSettings) -> str:
    return f'mailbox "{server.name}"' if isinstance(server, MailboxSettings) else "smtp"
