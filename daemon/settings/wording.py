"""What pydantic found wrong, in the words of an admin: which key, what is wrong with it, how to mend it."""

import difflib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic_core import ErrorDetails

from daemon.settings.schema import KeyPath, header_of, keys_of, meaning_of, table_at, tables
from daemon.settings.values import SECRET_KEYS, TOKEN_KEYS

HIDDEN = (*SECRET_KEYS, *TOKEN_KEYS, "client_secret", "refresh_token", "url")


class Complaint(NamedTuple):
    """One thing wrong at a key path. `at_key` when the key itself is wrong, not its value."""

    path: KeyPath
    what: str
    mend: str = ""
    at_key: bool = False


def explain(error: ErrorDetails) -> Complaint | None:
    """None for what only follows from another error."""
    path, context = error["loc"], error.get("ctx", {})
    match error["type"]:
        case "saldopost":
            path = (*path, context["key"]) if context["key"] else path
            return Complaint(path, context["what"], context["mend"])
        case "extra_forbidden":
            return Complaint(path, "unknown key", _suggest(path), at_key=True)
        case "missing":
            what = "the table is missing" if table_at(path) else "the key is missing"
            return Complaint(path, what, _write(path), at_key=True)
        case "default_factory_not_called":
            return None
        case "too_short" if error["input"]:
            return None  # its elements are wrong, which is said of each of them
        case kind:
            return Complaint(
                path, _wanted(kind, context) + _but_is(path, error["input"]), _near_value(error) or meaning_of(path)
            )


def _wanted(kind: str, context: Mapping[str, Any]) -> str:
    match kind:
        case "literal_error":
            return "must be " + str(context["expected"]).replace("'", '"')
        case "string_type":
            return "must be text in quotes"
        case "string_too_short":
            return "must not be empty"
        case "int_type" | "int_parsing" | "int_from_float" | "int_parsing_size":
            return "must be a whole number"
        case "bool_type" | "bool_parsing":
            return "must be true or false, without quotes"
        case "greater_than_equal":
            return f"must be {context['ge']} or more"
        case "greater_than":
            return f"must be more than {context['gt']}"
        case "less_than_equal":
            return f"must be {context['le']} or less"
        case "tuple_type":
            return "must be a list in square brackets"
        case "too_short":
            return "must not be empty"
        case "byte_size" | "byte_size_unit":
            return 'must be a size, in bytes or such as "50 MiB"'
        case "path_type":
            return "must be the path of a file, in quotes"
        case "model_type" | "model_attributes_type" | "dict_type":
            return "must be a table"
        case _:
            return f"is not valid ({kind.replace('_', ' ')})"


def _but_is(path: KeyPath, value: object) -> str:
    """What was given instead, unless it could be a secret or says nothing."""
    if path[-1] in HIDDEN or not isinstance(value, str | int | float) or value == "":
        return ""
    shown = json.dumps(value, ensure_ascii=False)
    return f", not {shown}" if len(shown) <= 60 else ""


def _near_value(error: ErrorDetails) -> str:
    """A listed value that looks like the one given."""
    if error["type"] != "literal_error" or not isinstance(error["input"], str):
        return ""
    listed = [part.strip("' ") for part in error["ctx"]["expected"].replace(" or ", ", ").split(",")]
    near = difflib.get_close_matches(error["input"].lower(), listed, n=1)
    return f'did you mean "{near[0]}"?' if near else ""


def _suggest(path: KeyPath) -> str:
    """What the admin may have meant by a key that is unknown where it stands."""
    key = str(path[-1])
    table = table_at(path[:-1])
    known = keys_of(table) if table else []
    homes = [header for header, other in tables() if other is not table and key in keys_of(other)]
    if homes:
        return f"it belongs in {' or '.join(homes)}"
    if near := difflib.get_close_matches(key, known, n=1):
        return f"did you mean `{near[0]}`?"
    return "known here: " + ", ".join(known)


def _write(path: KeyPath) -> str:
    if table_at(path):
        return f"add {header_of(path)}"
    return f"add a line `{path[-1]} = …`: {meaning_of(path)}".removesuffix(": ")
