"""The tables about who is believed, how tokens are had, and how much is answered."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, model_validator

from daemon.settings.table import SecretCredential, SecretFile, Table, Text
from daemon.settings.values import check_given_once, check_ip_address, check_readable, check_url, wrong

Count = Annotated[int, Field(ge=1)]


class BorderSettings(Table):
    """Your own mail server whose findings count for routes with `authentication-results`."""

    authserv_id: str = Field(
        description="First word of its `Authentication-Results` field; empty if it leaves that out (Microsoft 365)."
    )
    border: Text = Field(
        description="The host behind `by` in its `Received` field; `*` stands for any run of characters."
    )
    border_removes_forged: bool = Field(
        default=False,
        description="Set it to `true` after you have made sure that this server removes such fields from mail that "
        "comes in. Saldopost does not start without it.",
    )


class TrustSettings(Table):
    """Who is believed to be who they say they are. docs/sender-trust.md explains it step by step."""

    alignment: Literal["strict", "relaxed"] = Field(
        default="strict",
        description="`strict`: a signature counts for the very domain behind the @ of From. `relaxed`: for all names "
        "under the same registered domain.",
    )
    name_servers: tuple[Annotated[str, AfterValidator(check_ip_address)], ...] = Field(
        default=(), description="IP addresses of the name servers to ask; left out: those of the system."
    )
    replay_days: Annotated[int, Field(ge=1, le=365)] = Field(
        default=7, description="Days that a mail's Date may lie from its arrival."
    )
    dns_hours: Annotated[int, Field(ge=1, le=240)] = Field(
        default=24, description="Hours for which a mail waits while the DNS gives no answer; then it is quarantined."
    )
    authentication_results: BorderSettings | None = None


class CapSettings(Table):
    """How many replies go out. What is over it is processed, but not answered; you are alerted."""

    # Each key is the field of that name in handlers.caps.Caps.
    sender_hour: Count = Field(default=10, description="To one sender about one administration within an hour.")
    sender_day: Count = Field(default=30, description="The same within a day.")
    all_hour: Count = Field(default=200, description="To everybody together within an hour, at least.")
    all_hour_per_administration: Count = Field(
        default=4, description="To everybody within an hour, for each administration, if that is more than `all_hour`."
    )


class OAuth2Settings(Table):
    """Where access tokens come from, for servers that take no passwords. docs/oauth2.md explains it."""

    name: Text = Field(description="What `oauth2` of `[smtp]` and `[[mailboxes]]` calls it.")
    provider: Literal["microsoft", "refresh-token"] = Field(
        description="`microsoft`: client credentials of Microsoft 365; `refresh-token`: any token endpoint (Google)."
    )
    client_id: Text = Field(description="The application's ID at the provider.")
    tenant: Text | None = Field(default=None, description="`microsoft`: the directory (tenant) ID.")
    authority: Annotated[Text, AfterValidator(check_url)] = Field(
        default="https://login.microsoftonline.com", description="`microsoft`: another address for a national cloud."
    )
    token_url: Annotated[Text, AfterValidator(check_url)] | None = Field(
        default=None, description="`refresh-token`: the token endpoint, such as `https://oauth2.googleapis.com/token`."
    )
    client_secret: SecretStr | None = Field(default=None, description="The secret itself. A file is better.")
    client_secret_file: SecretFile | None = Field(default=None, description="File that holds the secret.")
    client_secret_credential: SecretCredential | None = Field(
        default=None, description="Name of a systemd credential that holds the secret."
    )
    certificate_file: SecretFile | None = Field(
        default=None,
        description="`microsoft`, in place of a secret: PEM file with the private key and its certificate.",
    )
    certificate_credential: SecretCredential | None = Field(
        default=None, description="Name of a systemd credential that holds that PEM file."
    )
    refresh_token: SecretStr | None = Field(
        default=None, description="`refresh-token`: the refresh token itself. A file is better."
    )
    refresh_token_file: SecretFile | None = Field(default=None, description="File that holds the refresh token.")
    refresh_token_credential: SecretCredential | None = Field(
        default=None, description="Name of a systemd credential that holds the refresh token."
    )
    ca_file: Annotated[Path, AfterValidator(check_readable)] | None = Field(
        default=None, description="PEM file of the authority that signed the provider's certificate, if it is your own."
    )
    timeout_seconds: Annotated[int, Field(ge=1, le=600)] = Field(
        default=30, description="How long to wait for an answer of the provider."
    )

    @model_validator(mode="after")
    def _has_what_its_provider_needs(self) -> "OAuth2Settings":
        secrets = ["client_secret_file", "client_secret_credential", "client_secret"]
        if self.provider == "microsoft":
            if self.tenant is None:
                raise wrong("there is no `tenant`", "add the directory (tenant) ID of the application", "provider")
            check_given_once(self, [*secrets, "certificate_file", "certificate_credential"], "secret or certificate")
            return self
        if self.token_url is None:
            raise wrong("there is no `token_url`", "add the address of the token endpoint", "provider")
        check_given_once(self, secrets, "client secret")
        check_given_once(self, ["refresh_token_file", "refresh_token_credential", "refresh_token"], "refresh token")
        return self
