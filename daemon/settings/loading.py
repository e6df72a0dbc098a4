"""Find the settings file, read it, and say all that is wrong with it at once."""

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from daemon.settings.contradictions import find_contradictions
from daemon.settings.models import Settings
from daemon.settings.problems import PREFIX, Problem, SettingsError, hide_secrets
from daemon.settings.schema import KeyPath
from daemon.settings.values import SECRET_KEYS
from daemon.settings.wording import Complaint, explain

PLACES = (Path("config.toml"), Path("/etc/saldopost/config.toml"))


def find_file(given: Path | None = None) -> Path:
    """`--config`, else $SALDOPOST_CONFIG, else ./config.toml, else /etc/saldopost/config.toml.

    A file that was named need not exist: reading it says so.
    """
    if given is not None:
        return given
    if named := os.environ.get(PREFIX + "CONFIG"):
        return Path(named)
    for path in PLACES:
        if path.exists():
            return path
    looked = " or ".join(str(path) for path in PLACES)
    raise SettingsError(
        [Problem("", f"there is no settings file: looked for {looked}", f"name it with --config or ${PREFIX}CONFIG")]
    )


def load_settings(file: Path) -> Settings:
    """The settings in this file under the environment's overrides; passwords are read from their files.

    Raises SettingsError with everything that is wrong.
    """
    text = _read(file)
    tables = _parse(text, file)
    environment = _read_environment()
    for table, keys in environment.items():
        tables[table] = _override(tables.get(table, {}), keys)
    context = {
        "directory": file.absolute().parent,
        "credentials": os.environ.get("CREDENTIALS_DIRECTORY"),
    }
    try:
        settings = Settings.model_validate(tables, context=context)
    except ValidationError as error:
        complaints = [complaint for detail in error.errors() if (complaint := explain(detail))]
    else:
        complaints = list(find_contradictions(settings))
        if not complaints:
            return settings
    raise SettingsError(_locate(complaints, tables, environment, text, file))


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        mend = {
            FileNotFoundError: f"name another with --config or ${PREFIX}CONFIG",
            PermissionError: "let the user that runs saldopost read it, such as by `chgrp saldopost` and `chmod 640`",
        }.get(type(error), "")
        raise SettingsError([Problem("", f"cannot be read: {error.strerror}", mend, file)]) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SettingsError([Problem("", "is not UTF-8 text", "save it as UTF-8", file, line)]) from None


def _parse(text: str, file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([_syntax_problem(str(error), text, file)]) from None


def _syntax_problem(message: str, text: str, file: Path) -> Problem:
    """tomllib's message, with the place that it ends on: `… (at line 3, column 9)`, `… (at end of document)`."""
    lines = text.split("\n")
    what, _, place = message.rpartition(" (at ")
    if match := re.fullmatch(r"line (\d+), column (\d+)\)", place):
        line, column = int(match[1]), int(match[2])
    else:
        line = max(1, text.rstrip("\n").count("\n") + 1)
        column = len(lines[line - 1]) + 1
    before = "\n".join([*lines[: line - 1], lines[line - 1][: column - 1]])
    in_text = before.count('"""') % 2 or before.count("'''") % 2  # a long text may be a password
    source, column = ("", column) if in_text else hide_secrets(lines[line - 1], column)
    return Problem("", f"is not valid TOML: {what[:1].lower()}{what[1:]}", "", file, line, column, 1, source)


def _read_environment() -> Mapping[str, Mapping[str, Any]]:
    if not any(name.upper().startswith(PREFIX) for name in os.environ):
        return {}
    from daemon.settings.environment import read_environment  # pydantic-settings takes a while to load

    return read_environment(os.environ)


def _override(table: Any, keys: Mapping[str, Any]) -> Any:
    """A secret from the environment takes the place of the file's, whichever way each is given."""
    if not isinstance(table, dict):
        return table
    ways = (*SECRET_KEYS, "oauth2")
    replaced = ways if any(key in keys for key in ways) else ()
    return {key: value for key, value in table.items() if key not in replaced} | dict(keys)


def _locate(
    complaints: Iterable[Complaint],
    tables: Mapping[str, Any],
    environment: Mapping[str, Mapping[str, Any]],
    text: str,
    file: Path,
) -> list[Problem]:
    from daemon.settings.places import find_places  # only when something is wrong

    places = find_places(text)
    lines = text.split("\n")
    problems = []
    for complaint in complaints:
        path = complaint.path
        if len(path) > 1 and path[1] in environment.get(str(path[0]), {}):
            name = f"{PREFIX}{path[0]}__{path[1]}".upper()
            problems.append(Problem(name, complaint.what, complaint.mend))
            continue
        key = _spell(path, tables)
        near = path
        while near and near not in places:
            near = near[:-1]
        if not near:
            problems.append(Problem(key, complaint.what, complaint.mend, file))
            continue
        place = places[near].key if complaint.at_key or near != path else places[near].value
        source, column = hide_secrets(lines[place.line - 1], place.column)
        problems.append(Problem(key, complaint.what, complaint.mend, file, place.line, column, place.width, source))
    return problems


def _spell(path: KeyPath, tables: Any) -> str:
    """`mailboxes[main].port`: an element goes by its name or code, else by its number, such as `routes[#2]`."""
    spelled = ""
    for part in path:
        if isinstance(part, str):
            spelled += f".{part}" if spelled else part
            tables = tables.get(part, {}) if isinstance(tables, dict) else {}
        else:
            tables = tables[part] if isinstance(tables, list) and part < len(tables) else {}
            name = tables.get("code" if "administrations" in spelled else "name") if isinstance(tables, dict) else None
            spelled += f"[{name}]" if isinstance(name, str) else f"[#{part + 1}]"
    return spelled
