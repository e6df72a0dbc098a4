"""Exact's IDs: GUIDs, with or without braces, in either case."""

import re

_GUID = re.compile(r"\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}?", re.IGNORECASE | re.ASCII)


def read_guid(text: str | None) -> str | None:
    """The GUID in lower case without braces; None if `text` is not one."""
    match = _GUID.fullmatch(text.strip()) if text else None
    return match.group(1).lower() if match else None
