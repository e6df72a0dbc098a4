"""The settings as they stand in the TOML: one frozen model a table, each key with the description that the docs print.

Keys that are left out take the defaults given here. Unknown keys are refused. What is said of a key in its
`description` is the reference in docs/settings.md; a test holds the two together.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    ByteSize,
    Field,
    SecretStr,
    model_validator,
)

from daemon.settings.invoices import CustomerCodeSettings, InvoiceSettings
from daemon.settings.table import SecretCredential, SecretFile, Table, Text
from daemon.settings.trust import CapSettings, OAuth2Settings, TrustSettings
from daemon.settings.values import (
    TOKEN_KEYS,
    check_address,
    check_address_pattern,
    check_currency,
    check_one_secret,
    check_readable,
    check_sender,
    check_store_url,
    check_time_zone,
    wrong,
)

Port = Annotated[int, Field(ge=1, le=65535)]
Security = Literal["tls", "starttls", "none"]
Address = Annotated[Text, AfterValidator(check_address)]
AddressPattern = Annotated[Text, AfterValidator(check_address_pattern)]
Sign = Literal["positive", "negative"]
Treatment = Literal["apply", "hold"]
Percent = Annotated[int, Field(ge=0, le=100)]
Count = Annotated[int, Field(ge=0)]


class StoreSettings(Table):
    """Where balances, imports, messages and the outbox are kept."""

    url: Annotated[Text, AfterValidator(check_store_url)] = Field(
        default="sqlite:////var/lib/saldopost/saldopost.db",
        repr=False,
        description="SQLite: `sqlite:////absolute/path.db`. PostgreSQL, for several daemons: "
        "`postgresql://user:password@host/database`.",
    )


class Login(Table):
    """A server, how to speak to it, and the secret: a password given in one of three ways, or access tokens."""

    host: Text = Field(description="Name or address of the server.")
    security: Security = Field(
        default="tls",
        description="`tls` from the first byte, `starttls` (required, never skipped), or `none`: "
        "then the password crosses the network in the clear.",
    )
    ca_file: Annotated[Path, AfterValidator(check_readable)] | None = Field(
        default=None, description="PEM file of the authority that signed the server's certificate, if it is your own."
    )
    timeout_seconds: Annotated[int, Field(ge=1, le=600)] = Field(
        default=30, description="How long to wait for an answer of the server before the connection is given up."
    )
    password: SecretStr | None = Field(default=None, description="The password itself. A file is better.")
    password_file: SecretFile | None = Field(
        default=None,
        description="File that holds the password; a relative path counts from the settings file. "
        "The line end after the password is not part of it.",
    )
    credential: SecretCredential | None = Field(
        default=None,
        description="Name of a systemd credential that holds the password "
        "(`LoadCredential=` or `LoadCredentialEncrypted=` of the unit).",
    )
    oauth2: Text | None = Field(
        default=None,
        description="In place of a password: the `name` of the `[[oauth2]]` table that gives access tokens.",
    )

    @property
    def secret(self) -> SecretStr | None:
        """The password, wherever it was given; None without one."""
        return self.password or self.password_file or self.credential


class SmtpSettings(Login):
    """The server that sends the replies."""

    port: Port = Field(
        default_factory=lambda table: {"tls": 465, "starttls": 587, "none": 25}[table["security"]],
        description="587 for `starttls`, 465 for `tls`, 25 for `none`, unless given.",
    )
    username: Text | None = Field(default=None, description="Name to log in with; left out: no login.")
    sender: Annotated[Text, AfterValidator(check_sender)] = Field(
        description="From of every reply, such as `Saldopost <saldo@example.com>`."
    )
    bounces_to: Address | None = Field(
        default=None,
        description="Envelope sender of every reply: an address that gets the bounces and never answers. Left out: the "
        "null sender `<>`.",
    )
    answer_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        default=7, description="Mail that arrived longer ago is processed, but not answered: think of an old mailbox."
    )

    @model_validator(mode="after")
    def _needs_check_one_secret(self) -> "SmtpSettings":
        check_one_secret(self, needed=self.username is not None)
        return self


class MailboxSettings(Login):
    """One IMAP folder that is read."""

    name: Text = Field(description="What routes, logs and commands call it.")
    port: Port = Field(
        default_factory=lambda table: 993 if table["security"] == "tls" else 143,
        description="993 for `tls`, 143 otherwise, unless given.",
    )
    username: Text = Field(description="Name to log in with.")
    folder: Text = Field(default="INBOX", description="The folder that is read. Mail is moved out of it when done.")
    poll_seconds: Annotated[int, Field(ge=1, le=86400)] = Field(
        default=60, description="Seconds between two looks into the folder."
    )

    @model_validator(mode="after")
    def _needs_check_one_secret(self) -> "MailboxSettings":
        check_one_secret(self, needed=True)
        return self


class SignSettings(Table):
    """How the export writes what is owed; turned to positive when it is read."""

    receivable: Sign = Field(
        default="positive", description="`negative` if the A/R export writes what a debtor owes as a negative amount."
    )
    payable: Sign = Field(
        default="positive", description="`negative` if the A/P export writes what you owe as a negative amount."
    )


class MatchingSettings(Table):
    """Whose account an open item or an invoice of your own belongs to."""

    unknown_accounts: Literal["create", "refuse"] = Field(
        default="create",
        description="An account that the store does not know is created, or the whole file is refused.",
    )
    customer_code: CustomerCodeSettings = CustomerCodeSettings()


class ThresholdSettings(Table):
    """When an export looks wrong enough to ask first. A share or a count of 0, or `apply`, switches a rule off."""

    # Each key is the field of that name in handlers.policy.Rules.
    first_import: Treatment = Field(
        default="apply",
        description="A first import cannot be compared with anything: apply it, or hold it until someone says yes.",
    )
    first_negative: Treatment = Field(
        default="hold", description="A first import whose total is below zero: the sign may be the other way round."
    )
    nothing_open: Treatment = Field(default="hold", description="Nothing is open any more, although something was.")
    vanished_page: Treatment = Field(
        default="hold", description="As many accounts are gone as fit on one page of the export."
    )
    vanished_accounts_percent: Percent = Field(
        default=40, description="Ask if at least this share of the accounts with open items is gone."
    )
    vanished_accounts_least: Annotated[int, Field(ge=1)] = Field(
        default=5, description="But only if it is at least this many accounts."
    )
    vanished_amount_percent: Percent = Field(
        default=50,
        description="Ask if the open amounts, credit notes counted as positive, fell by at least this share.",
    )
    not_due_gone_least: Count = Field(
        default=3,
        description="Ask if every item that is not due yet is gone, and there were at least this many: "
        "a filter on what is overdue.",
    )
    later_gone_least: Count = Field(
        default=3,
        description="Ask if at least this many known items have a later invoice date than any item in the export: "
        "a filter on the date.",
    )
    sign_changed_percent: Percent = Field(
        default=80, description="Ask if at least this share of the items known before has the opposite sign now."
    )
    sign_changed_least: Annotated[int, Field(ge=1)] = Field(
        default=3, description="But only if it is at least this many items."
    )
    id_conflicts_percent: Percent = Field(
        default=20,
        description="Ask if the codes of more than this share of the accounts are known under other IDs of Exact: "
        "other books.",
    )
    other_administration: Treatment = Field(
        default="hold", description="The same files were applied to another administration."
    )
    applied_before: Treatment = Field(
        default="hold", description="The same files were applied before, and replaced by later ones since."
    )
    older_file: Treatment = Field(
        default="hold",
        description="The newest change in the file is older than last time, and items that were gone are open again.",
    )
    on_two_pages: Treatment = Field(default="hold", description="The same item stands on two pages.")
    export_errors: Treatment = Field(default="hold", description="Exact wrote into the file that something went wrong.")
    page_wait_minutes: Annotated[int, Field(ge=0, le=1440)] = Field(
        default=15,
        description="How long the reply to an export with pages missing waits for other mails to bring them.",
    )


class AdministrationSettings(Table):
    """One set of books: one division of Exact Online."""

    code: Text = Field(description="Short name, used in routes, commands and the store. Never change it later.")
    name: Text = Field(description="What the reply calls it.")
    currency: Annotated[Text, AfterValidator(check_currency)] = Field(
        default="EUR", description="ISO 4217 code of the currency in which the books are kept."
    )
    mode: Literal["balances", "invoices"] = Field(
        default="balances",
        description="`balances` keeps a sum per account, `invoices` follows open invoices one by one.",
    )
    language: Literal["nl", "en", "de", "fr"] = Field(default="nl", description="Language of the reply.")
    time_zone: Annotated[Text, AfterValidator(check_time_zone)] = Field(
        default="Europe/Amsterdam", description="Time zone of the times in the reply."
    )
    token: SecretStr | None = Field(
        default=None,
        description="The secret part of its address, for routes with `token`: what `saldopost token CODE` prints. "
        "A file is better.",
    )
    token_file: SecretFile | None = Field(default=None, description="File that holds the token.")
    credential: SecretCredential | None = Field(
        default=None, description="Name of a systemd credential that holds the token."
    )
    silent_days: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="In place of `alerts.silent_days`; 0: this one may be silent."
    )
    sign: SignSettings = SignSettings()
    matching: MatchingSettings = MatchingSettings()
    invoices: InvoiceSettings = InvoiceSettings()
    thresholds: ThresholdSettings = ThresholdSettings()

    @model_validator(mode="after")
    def _has_one_token(self) -> "AdministrationSettings":
        given = [key for key in TOKEN_KEYS if getattr(self, key) is not None]
        if len(given) > 1:
            raise wrong(f"the token is given {len(given)} times", f"keep one of {', '.join(given)}", given[-1])
        return self

    @property
    def secret(self) -> SecretStr | None:
        """The token, wherever it was given."""
        return self.token or self.token_file or self.credential


class RouteSettings(Table):
    """Which mail belongs to which administration. The first route that matches wins."""

    mailbox: Text = Field(description="The `name` of the mailbox in which the mail lies.")
    senders: Annotated[tuple[AddressPattern, ...], Field(min_length=1)] = Field(
        alias="from", description="Addresses of the senders; `*` stands for any run of characters."
    )
    recipients: tuple[AddressPattern, ...] = Field(
        default=(),
        alias="to",
        description="Addresses that the mail was sent to, such as `saldo+nl01@example.com`; left out: any.",
    )
    administration: Text = Field(description="The `code` of the administration.")
    authenticate: Annotated[
        tuple[Literal["dkim", "authentication-results", "token", "none"], ...], Field(min_length=1)
    ] = Field(
        default=("dkim",),
        description="How the sender must prove to be who they say they are, all of: `dkim`, "
        '`authentication-results`, `token`. `["none"]` trusts every From, forged or not.',
    )


class AlertSettings(Table):
    """Who is told when something needs a person."""

    to: tuple[Address, ...] = Field(default=(), description="Addresses of the people who look after the daemon.")
    mailbox_minutes: Annotated[int, Field(ge=0)] = Field(
        default=15, description="Tell when a mailbox could not be read for so long. 0 here and below: never."
    )
    reply_hours: Annotated[int, Field(ge=0)] = Field(
        default=4, description="Tell when replies could not be sent for so long."
    )
    held_days: Annotated[int, Field(ge=0)] = Field(
        default=3, description="Tell when nobody has answered about a held export for so long."
    )
    silent_days: Annotated[int, Field(ge=0)] = Field(
        default=7, description="Tell when an administration that usually sends exports has sent none for so long."
    )


class MetricSettings(Table):
    """Figures for Prometheus, at `http://127.0.0.1:PORT/metrics`."""

    port: Port | None = Field(default=None, description="Port on loopback to serve them on; left out: none.")


class LimitSettings(Table):
    """What a mail may cost. Sizes are bytes, or text such as `50 MiB`."""

    largest_mail: ByteSize = Field(
        default=ByteSize(50 * 1024**2), gt=0, description="A larger mail is refused without being fetched."
    )
    largest_file: ByteSize = Field(
        default=ByteSize(200 * 1024**2), gt=0, description="Largest file out of an archive, counted after unpacking."
    )
    largest_plain_file: ByteSize = Field(
        default=ByteSize(2 * 1024**3), gt=0, description="Largest file that was not packed, as for `saldopost import`."
    )
    child_memory: ByteSize = Field(
        default=ByteSize(1024**3),
        ge=256 * 1024**2,
        description="Memory (address space) that reading one mail may take; it is refused if it takes more.",
    )
    child_cpu_seconds: Annotated[int, Field(ge=1, le=3600)] = Field(
        default=60,
        description="Processor time that reading one mail may take; twice as much by the clock. It is refused if it "
        "takes more.",
    )


class RetentionSettings(Table):
    """How long things are kept."""

    files_days: Annotated[int, Field(ge=1)] = Field(
        default=90,
        description="Days for which received files are kept: `approve`, `undo` and `retry` need them. Transactions of "
        "own invoices that did not come yet are remembered for as long.",
    )
    messages_days: Annotated[int, Field(ge=1)] = Field(
        default=400, description="Days for which the record of a mail and its reply is kept."
    )


class Settings(Table):
    """The whole file."""

    store: StoreSettings = StoreSettings()
    smtp: SmtpSettings | None = None  # needed as soon as there is a mailbox
    mailboxes: tuple[MailboxSettings, ...] = ()
    administrations: Annotated[tuple[AdministrationSettings, ...], Field(min_length=1)]
    routes: tuple[RouteSettings, ...] = ()
    oauth2: tuple[OAuth2Settings, ...] = ()
    trust: TrustSettings = TrustSettings()
    caps: CapSettings = CapSettings()
    alerts: AlertSettings = AlertSettings()
    metrics: MetricSettings = MetricSettings()
    limits: LimitSettings = LimitSettings()
    retention: RetentionSettings = RetentionSettings()
