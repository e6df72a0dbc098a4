"""Text from strangers, made fit to stand in a reply, a log line or a header."""

import re
import unicodedata

LONGEST_NAME = 120
LONGEST_FRAGMENT = 80

_BLANK = re.compile(r"[\s\x00\x85\u2028\u2029]")


def visible(text: str, longest: int) -> str:
    """One line of NFC text without control, format, surrogate and unassigned characters, at most `longest` long."""
    # Printable, in Python's sense, is what is neither control nor format nor a blank other than the space.
    if text.isprintable() and len(text) <= longest and "  " not in text and unicodedata.is_normalized("NFC", text):
        return text.strip()
    spaced = _BLANK.sub(" ", text[: longest * 20])
    kept = "".join(c for c in spaced if unicodedata.category(c)[0] != "C")
    # Composing can lengthen text, so it is cut last.
    return " ".join(unicodedata.normalize("NFC", kept).split())[:longest].strip()


def file_name(name: str) -> str:
    """The base name of what a sender calls a file: no path of either system, never only dots; may be empty."""
    base = visible(re.split(r"[/\\]", name)[-1], LONGEST_NAME)
    return base if base.strip(".") else ""


def fragment(text: str) -> str:
    """What a finding quotes of the sender's text."""
    return visible(text, LONGEST_FRAGMENT)
