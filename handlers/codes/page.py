"""docs/codes.md, written from the tables: `python -m handlers.codes.page > docs/codes.md`."""

import re
import sys
from collections.abc import Iterator

from handlers.codes import CODES
from handlers.codes.numbers import MEANINGS, NUMBERS, spell

TOP = """\
# Codes

Whatever becomes of a mail, and whatever is worth saying about it, has a code. It stands

- in the reply, small, behind what it is about;
- in the header of the reply, for programs: `X-Saldopost-State: held` is what became of the mail,
  `X-Saldopost-Codes: SP-103, SP-214` are the codes of all that the reply says, and `X-Saldopost-Ref` is its reference;
- in the log, where `mail-finished` has the `reason` as a word and its `code`;
- in `saldopost messages` and `saldopost imports`, which show the word as `reason`.

A code and its word never change and are never used again for something else.
"""
SECTIONS = {
    1: "What became of a mail or an import",
    2: "What was decided about an export, and why",
    3: "How an answer was taken",
    4: "Files of accounts, and lists as CSV",
    5: "Mails and files that cannot be used",
    6: "Open items",
    7: "Why a mail was quarantined",
    8: "Why a mail was ignored",
    9: "Own invoices and transactions",
}
NOTES = {7: "The ways out are in [sender-trust.md](sender-trust.md). No reply speaks of these: nobody is answered.\n"}


def render_page() -> str:
    """The whole page."""
    return "\n".join([TOP, *_sections()])


def _sections() -> Iterator[str]:
    for hundred, title in SECTIONS.items():
        words = [word for word, number in NUMBERS.items() if number // 100 == hundred]
        yield f"## {title}\n"
        if hundred in NOTES:
            yield NOTES[hundred]
        if any(word in CODES for word in words):
            yield "| code | word | what happens | what it says | what to do |\n| --- | --- | --- | --- | --- |"
            yield from (_told(word) for word in words)
        else:
            yield "| code | word | meaning |\n| --- | --- | --- |"
            yield from (f"| {spell(word)} | `{word}` | {MEANINGS[word]} |" for word in words)
        yield ""


def _told(word: str) -> str:
    code = CODES[word]
    return f"| {spell(word)} | `{word}` | {code.severity} | {_bare(code.what)} | {_bare(code.todo)} |"


def _bare(sentence: str) -> str:
    """A sentence with `…` where the figures of the case stand."""
    return re.sub(r"%\(\w+\)s", "…", sentence)


if __name__ == "__main__":
    sys.stdout.write(render_page())
