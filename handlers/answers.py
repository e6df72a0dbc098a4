"""Answers to the report of a held import: only a yes, only a no, or something that is asked again.

Strict on purpose: a yes changes balances. An answer may begin with a greeting and end with a closing and whatever
signature stands below it; what is between must be one of the phrases below, letter by letter, and nothing else. A
question mark, a second sentence, or a word of reservation in the signature makes it unclear.
"""

import re
from dataclasses import replace
from datetime import datetime
from typing import Literal

from handlers.answer_words import CLOSING, DISCLAIMER, GREETING, NO, RESERVATION, YES
from handlers.report import Answer, Settled
from parsers.records import Finding

Meaning = Literal["yes", "no", "unclear"]

MOST_LINES = 60  # of an answer with its signature
_PUNCTUATION = re.compile(r"[.,;:!()\"“”„«»*_…-]+")


def understand(text: str, sender: str = "") -> Meaning:
    """What an answer says. `text` is what stands above the quote (`parsers.answer_text`), `sender` its address.

    Below the yes or the no may stand a closing ("Met vriendelijke groet,") with a signature of any kind, as long as no
    word of it takes anything back; without a closing only the sender's own name, as far as the address confirms it.
    """
    lines = [line for line in (_plain(line) for line in text.splitlines()) if line]
    if not lines or len(lines) > MOST_LINES:
        return "unclear"
    if len(lines) > 1 and GREETING.fullmatch(_bare(lines[0])):
        lines = lines[1:]
    end = next((at for at, line in enumerate(lines) if at and CLOSING.fullmatch(_bare(line))), None)
    said, signature = (lines, []) if end is None else (lines[:end], lines[end:])
    if end is None and len(lines) > 1 and _is_name(lines[-1], sender):
        said = lines[:-1]
    if len(said) != 1 or _takes_back(signature):
        return "unclear"
    phrase = said[0] if "?" in said[0] else _bare(said[0])
    return "yes" if phrase in YES else "no" if phrase in NO else "unclear"


def take(settled: Settled, answer: Answer, ref: str, asked_at: datetime) -> Settled:
    """`settled`, which an answer was about, with how the answer was taken said first.

    `ref` and `asked_at` are those of the held export: its reference, and when it was asked about. For `closed` the
    state of `settled` is what became of the import: applied, rejected, superseded or undone.
    """
    code = f"answer-closed-{settled.state}" if answer == "closed" else f"answer-{answer}"
    taken = Finding(code, values={"ref": ref, "asked_at": asked_at.isoformat()})
    decision = settled.decision
    told = () if answer in ("rejected", "closed") else decision.findings
    return replace(settled, answer=answer, decision=replace(decision, reason=code, findings=(taken, *told)))


def _plain(line: str) -> str:
    return " ".join(line.replace("\u2019", "'").replace("\u00a0", " ").replace("\u200b", "").casefold().split())


def _bare(line: str) -> str:
    return " ".join(_PUNCTUATION.sub(" ", line).split())


def _is_name(line: str, sender: str) -> bool:
    """Whether `line` is the name that the sender's own address has before the at sign."""
    words = _bare(line).split()
    known = set(re.split(r"[._+-]", sender.casefold().rpartition("@")[0]))
    return 0 < len(words) <= 4 and all(word in known for word in words)


def _takes_back(signature: list[str]) -> bool:
    for line in signature:
        if DISCLAIMER.match(line):
            return False
        if RESERVATION.search(line) or "?" in line:
            return True
    return False
