"""The tables that environment variables override, key by key: SALDOPOST_STORE__URL, SALDOPOST_SMTP__HOST."""

from collections.abc import Iterable
from typing import Any

from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

from daemon.settings.models import SmtpSettings, StoreSettings
from daemon.settings.problems import PREFIX, Problem, SettingsError


class Overridable(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__")
    store: StoreSettings
    smtp: SmtpSettings


def read_environment(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The overriding keys by table, as text. A variable among `names` that looks like one but is none is an error."""
    tables = tuple(f"{PREFIX}{table}".upper() for table in Overridable.model_fields)
    problems = [
        Problem(name, "environment variables override [store] and [smtp] only, key by key", f"such as {tables[0]}__URL")
        for name in sorted(names)
        if name.upper() in tables
        or (
            name.upper().startswith(PREFIX)
            and "__" in name
            and not name.upper().startswith(tuple(f"{table}__" for table in tables))
        )
    ]
    if problems:
        raise SettingsError(problems)
    return EnvSettingsSource(Overridable)()
