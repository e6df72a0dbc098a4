"""Exact's IDs: GUIDs, with or without braces, in either case."""

import re

_HEX = "[0-9A-Fa-f]"  # not IGNORECASE, which takes twice the time
_GUID = re.compile(rf"\{{?({_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}})\}}?")


def read_guid(text: str | None) -> str | None:
    """The GUID in lower case without braces; None if `text` is not one."""
    match = _GUID.fullmatch(text.strip()) if text else None
    return match.group(1).lower() if match else None
