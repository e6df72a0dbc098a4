"""Mail addresses out of header fields, read so that no two readers can understand them differently.

`email.utils.parseaddr` reads `evil@x,<boss@y>` as evil before Python 3.12. Here an address is taken only from a
field that RFC 5322 section 3.4 understands in one way; source routes, quoted local parts and address literals are
no addresses to us.
"""

import re
from collections.abc import Iterator

_LONGEST_FIELD = 64 * 1024

_ADDRESS = re.compile(
    r"(?=.{3,254}\Z)(?P<local>(?=.{1,64}@)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*)"
    r"@(?P<domain>[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*)",
    re.ASCII,
)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[()<>,;:]|[^"()<>,;:]+|"', re.DOTALL)


def address(text: str) -> str | None:
    """An addr-spec with its domain in lower case; None if it is not a plain one."""
    match = _ADDRESS.fullmatch(text)
    if not match or "=?" in text:
        return None
    return f"{match['local']}@{match['domain'].lower()}"


def only_mailbox(field: str) -> str | None:
    """The address of a field that holds exactly one mailbox, such as From; else None."""
    tokens = _tokens(field)
    if tokens is None or any(token in (",", ";", ":") for token in tokens):
        return None
    return _mailbox(tokens)


def mailboxes(field: str) -> Iterator[str]:
    """The addresses of a list of mailboxes and groups, such as To; what cannot be understood is left out."""
    tokens = _tokens(field)
    entry: list[str] = []
    for piece in [*(tokens or []), ","]:
        if piece == ":":  # the name of a group
            entry = []
        elif piece not in (",", ";"):
            entry.append(piece)
        else:
            mailbox = _mailbox(entry)
            entry = []
            if mailbox:
                yield mailbox


def _mailbox(tokens: list[str]) -> str | None:
    text = [token for token in tokens if token.strip()]
    if "<" not in text and ">" not in text:
        return address(text[0].strip()) if len(text) == 1 else None
    if text.count("<") != 1 or text[-1] != ">" or text[-3:-2] != ["<"]:
        return None
    found = address(text[-2].strip())
    name = "".join(token for token in text[:-3] if not token.startswith('"')).strip()
    # Some programs repeat the address as its own name; another address there is a disguise.
    return found if "@" not in name or address(name) == found else None


def _tokens(field: str) -> list[str] | None:
    """Quoted strings, specials and the text between them, without comments; None if quotes or comments do not close."""
    if len(field) > _LONGEST_FIELD:
        return None
    kept: list[str] = []
    depth = 0
    for match in _TOKEN.finditer(field):
        piece = match.group()
        if piece == '"':
            return None
        if piece == "(":
            depth += 1
        elif piece == ")":
            depth -= 1
            if depth < 0:
                return None
        elif depth == 0:
            kept.append(piece)
    return kept if depth == 0 else None
