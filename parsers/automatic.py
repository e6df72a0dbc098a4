"""Which mails nobody wrote, so that nobody is answered: two programs must never answer each other (RFC 3834)."""

import re

from parsers.addresses import address
from parsers.headers import Fields

_COMMENT = re.compile(r"\([^()]*\)")
_ROBOT = re.compile(r"owner-.*|.*-request|.*-bounces(\+.*)?|mailer-daemon|postmaster", re.IGNORECASE | re.DOTALL)
_REPORTS = ("multipart/report", "message/delivery-status")


def automatic_reason(fields: Fields, sender: str | None) -> str | None:
    """Why nobody waits for an answer, as a word that never changes; None for a person's mail.

    Our own address and our own Message-ID domain are for the caller to know.
    """
    return_paths = [_plain(value) for value in fields.all("return-path")]
    if any(_token(value) != "no" for value in fields.all("auto-submitted")):
        return "auto-submitted"
    if "<>" in return_paths:
        return "null-return-path"
    if len(return_paths) > 1:
        return "repeated-return-path"
    if any(_is_robot(one) for one in (sender, *(address(path.strip("<>")) for path in return_paths))):
        return "robot-address"
    if any(name.startswith("list-") for name in fields.values):
        return "list"
    if any(_token(value) in ("bulk", "list", "junk") for value in fields.all("precedence")):
        return "precedence"
    for name in ("x-loop", "x-auto-response-suppress", "x-autoreply", "x-autorespond"):
        if fields.all(name):
            return name
    if any(_token(value) in _REPORTS for value in fields.all("content-type")):
        return "report"
    return None


def _is_robot(sender: str | None) -> bool:
    return sender is not None and _ROBOT.fullmatch(sender.rpartition("@")[0]) is not None


def _token(value: str) -> str:
    return _plain(value).split(";", 1)[0].lower()


def _plain(value: str) -> str:
    return "".join(_COMMENT.sub("", value[:1000]).split())
