"""The sources of access tokens that the settings name, each shared by all who log in with it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from daemon.settings.models import Settings
from daemon.settings.trust import OAuth2Settings

if TYPE_CHECKING:
    from daemon.oauth import TokenSource


def build_token_sources(settings: Settings) -> Mapping[str | None, "TokenSource"]:
    """By the name of the `[[oauth2]]` table. Nobody is asked for a token yet."""
    return {table.name: _build(table) for table in settings.oauth2}


def _build(table: OAuth2Settings) -> "TokenSource":
    from daemon import oauth  # msal takes a third of a second to load

    ca_file = str(table.ca_file) if table.ca_file else None
    secret = table.client_secret or table.client_secret_file or table.client_secret_credential
    if table.provider == "microsoft":
        pem = table.certificate_file or table.certificate_credential
        assert table.tenant is not None
        fetch = oauth.microsoft(
            tenant=table.tenant,
            client_id=table.client_id,
            credential=oauth.certificate(pem.get_secret_value())
            if pem
            else secret.get_secret_value()
            if secret
            else "",
            authority=table.authority,
            seconds=table.timeout_seconds,
            ca_file=ca_file,
        )
    else:
        token = table.refresh_token or table.refresh_token_file or table.refresh_token_credential
        assert table.token_url is not None
        assert secret is not None
        assert token is not None
        fetch = oauth.refresh_token(
            token_url=table.token_url,
            client_id=table.client_id,
            client_secret=secret.get_secret_value(),
            refresh_token=token.get_secret_value(),
            seconds=table.timeout_seconds,
            ca_file=ca_file,
        )
    return oauth.TokenSource(fetch)
