"""What a single value of the settings must look like; the errors say how to mend it."""

import zoneinfo
from ipaddress import ip_address
from pathlib import Path

from babel.core import get_global
from pydantic import BaseModel, SecretStr, ValidationInfo
from pydantic_core import PydanticCustomError

SECRET_KEYS = ("password", "password_file", "credential")
TOKEN_KEYS = ("token", "token_file", "credential")
LARGEST_SECRET = 65536  # bytes


def wrong(what: str, mend: str = "", key: str = "") -> PydanticCustomError:
    """The error of one value, for `daemon.settings.problems` to show; `key` if it is another than the one validated."""
    return PydanticCustomError("saldopost", "{what}", {"what": what, "mend": mend, "key": key})


def check_one_secret(table: BaseModel, *, needed: bool) -> None:
    """A password in one of the three ways, or `oauth2` in its place; neither if nobody logs in."""
    ways = (*SECRET_KEYS, "oauth2")
    given = [key for key in ways if getattr(table, key) is not None]
    if needed and not given:
        raise wrong("there is no password", "give one of `password_file`, `credential` and `password`, or `oauth2`")
    if len(given) > 1:
        raise wrong(f"the password is given {len(given)} times", f"keep one of {_listed(given)}", given[-1])
    if given and not needed:
        raise wrong("there is a password, but no `username`", "add `username`, or remove the password", given[0])


def check_given_once(table: BaseModel, keys: list[str], what: str) -> None:
    """Exactly one of these keys must hold the secret."""
    given = [key for key in keys if getattr(table, key) is not None]
    if not given:
        raise wrong(f"there is no {what}", f"give one of {_listed(keys)}", "name")
    if len(given) > 1:
        raise wrong(f"the {what} is given {len(given)} times", f"keep one of {_listed(given)}", given[-1])


def read_password_file(value: object, info: ValidationInfo) -> SecretStr:
    """The secret in the file at this path, which counts from the directory of the settings file."""
    if not isinstance(value, str):
        raise wrong("must be the path of a file, in quotes")
    return _read_secret(_directory(info) / value)


def read_credential(value: object, info: ValidationInfo) -> SecretStr:
    """The secret in the systemd credential of this name (systemd.exec(5), `LoadCredential=`)."""
    if not isinstance(value, str) or "/" in value or value in ("", ".", ".."):
        raise wrong("must be the name of a systemd credential: a file name without a slash")
    directory = (info.context or {}).get("credentials")
    if not directory:
        raise wrong(
            "there are no systemd credentials here: $CREDENTIALS_DIRECTORY is not set",
            f"start it as a unit with `LoadCredential={value}:…`, or use `password_file`",
        )
    return _read_secret(Path(directory) / value)


def _read_secret(path: Path) -> SecretStr:
    try:
        with path.open("rb") as file:
            secret = file.read(LARGEST_SECRET + 1)
    except OSError as error:
        raise _unreadable(path, error) from None
    if len(secret) > LARGEST_SECRET:
        raise wrong(f"{path} is too large to hold a password")
    try:
        text = secret.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise wrong(f"{path} is not UTF-8 text") from None
    if not text:
        raise wrong(f"{path} is empty")
    return SecretStr(text)


def check_readable(path: Path, info: ValidationInfo) -> Path:
    path = _directory(info) / path
    try:
        path.open("rb").close()
    except OSError as error:
        raise _unreadable(path, error) from None
    return path


def _unreadable(path: Path, error: OSError) -> PydanticCustomError:
    return wrong(f"{path} cannot be read: {error.strerror}", "must be a file that the user of the daemon may read")


def check_store_url(url: str) -> str:
    if not url.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
        raise wrong(
            "must begin with sqlite:/// or postgresql://",
            'such as "sqlite:////var/lib/saldopost/saldopost.db"',
        )
    return url


def check_currency(code: str) -> str:
    if code not in get_global("all_currencies"):
        raise wrong(f"{code!r} is not a currency code of ISO 4217", 'three capital letters, such as "EUR"')
    return code


def check_time_zone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise wrong(f"{name!r} is not a time zone that is known here", 'such as "Europe/Amsterdam"') from None
    return name


def check_ip_address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise wrong(f"{text!r} is not an IP address", 'such as "192.0.2.53"') from None


def check_address_pattern(pattern: str) -> str:
    if pattern != "*" and "@" not in pattern:
        raise wrong(f"{pattern!r} has no @ and would match no address", f'for a whole domain: "*@{pattern}"')
    if any(mark in pattern for mark in " <>,;"):
        raise wrong(f"{pattern!r} is not one bare address", 'without name and angle brackets: "someone@example.com"')
    return pattern


def check_address(address: str) -> str:
    if "*" in address:
        raise wrong(f"{address!r} is a pattern, but a mail needs an address")
    if "@" not in address:
        raise wrong(f"{address!r} has no @", 'one bare address: "someone@example.com"')
    return check_address_pattern(address)


def check_sender(text: str) -> str:
    from email.utils import getaddresses  # slow to import

    addresses = getaddresses([text])
    address = addresses[0][1] if len(addresses) == 1 else ""
    local, _, domain = address.rpartition("@")
    if not local or not domain or any(mark in address for mark in ' "(),:;<>[\\]') or not text.isprintable():
        raise wrong(f"{text!r} is not one address", 'such as "Saldopost <saldo@example.com>"')
    return text


def check_url(url: str) -> str:
    if not url.startswith("https://") or not url.isprintable() or " " in url:
        raise wrong("must be an address that begins with https://")
    return url


def _directory(info: ValidationInfo) -> Path:
    return Path((info.context or {}).get("directory", "."))


def _listed(keys: list[str]) -> str:
    named = [f"`{key}`" for key in keys]
    return ", ".join(named[:-2]) + (", " if named[:-2] else "") + " and ".join(named[-2:])
