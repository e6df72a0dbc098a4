"""docs/settings.md, written from the models: `python -m daemon.settings.reference > docs/settings.md`."""

import json
from collections.abc import Iterator

import click
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from daemon.settings.schema import model_in, tables

_TOP = """\
# Settings

Saldopost reads one TOML file: the one named by `--config`, else by `$SALDOPOST_CONFIG`, else `./config.toml`, else
`/etc/saldopost/config.toml`. `saldopost check` says whether it is right, and if not, where and how to mend it.
`config.example.toml` is a whole file with every key.

## Environment variables

A key of `[store]` or `[smtp]` can be overridden: `SALDOPOST_` + table + `__` + key, in capitals, such as
`SALDOPOST_STORE__URL`, `SALDOPOST_SMTP__HOST` or `SALDOPOST_SMTP__PASSWORD_FILE`. A password given there, in whichever
of the three ways, takes the place of the one in the file.

## Passwords

`[smtp]` (if it has a `username`) and each `[[mailboxes]]` take exactly one of `password_file`, `credential` and
`password`. They are read when the settings are loaded, and never shown: not in a log, and not in the line that an error
quotes. With systemd, `LoadCredential=imap-password:/etc/saldopost/imap-password` in the unit and
`credential = "imap-password"` here keep the file readable for root alone.
"""


def render_reference() -> str:
    return "\n".join([_TOP, *_sections()])


def _sections() -> Iterator[str]:
    for header, model in tables():
        yield f"## `{header}`\n\n{model.__doc__}\n"
        yield "| key | default | meaning |\n| --- | --- | --- |"
        yield from (_row(field.alias or name, field) for name, field in model.model_fields.items() if _is_plain(field))
        yield ""


def _row(key: str, field: FieldInfo) -> str:
    return f"| `{key}` | {_default(field)} | {field.description} |"


def _is_plain(field: FieldInfo) -> bool:
    return model_in(field.annotation) is None


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None or field.default is None:
        return ""
    if field.default is PydanticUndefined:
        return "**required**"
    default = list(field.default) if isinstance(field.default, tuple) else field.default
    return f"`{default.human_readable() if hasattr(default, 'human_readable') else json.dumps(default)}`"


if __name__ == "__main__":
    click.echo(render_reference(), nl=False)
