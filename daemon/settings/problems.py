"""What is wrong with the settings, said to the admin: where it stands, what is wrong there and how to mend it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PREFIX = "SALDOPOST_"  # of environment variables

# A secret to the end of its line, and the password in a URL.
_SECRETS = (
    re.compile(
        r"""(?<![\w-])(?:password|token|client_secret|refresh_token)["']?\s*=\s*(?P<secret>.+)""", re.IGNORECASE
    ),
    re.compile(r"""://[^\s/:@"']*:(?P<secret>.+)@"""),
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. Line and column count from 1; without a line it is about the file as a whole.

    `source` is the line as it stands in the file, with secrets left out.
    """

    key: str  # such as `mailboxes[main].poll_seconds`, or the environment variable; "" for the file as a whole
    what: str
    mend: str = ""
    file: Path | None = None
    line: int | None = None
    column: int | None = None
    width: int = 1
    source: str = ""

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        head = ": ".join(part for part in (place, self.key, self.what) if part)
        if not self.source or self.line is None or self.column is None:
            return f"{head}\n  {self.mend}" if self.mend else head
        gutter = " " * len(str(self.line))
        indent = "".join("\t" if character == "\t" else " " for character in self.source[: self.column - 1])
        caret = "^" * max(1, min(self.width, len(self.source) - self.column + 1))
        return f"{head}\n{gutter} |\n{self.line} | {self.source}\n{gutter} | {indent}{caret} {self.mend}".rstrip()


class SettingsError(Exception):
    """The settings cannot be used: everything that is wrong with them, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0)))
        super().__init__("\n\n".join(str(problem) for problem in self.problems))


def hide_secrets(line: str, column: int) -> tuple[str, int]:
    """The line with `…` where a password stands, and the column moved along."""
    for pattern in _SECRETS:
        if match := pattern.search(line):
            begin, end = match.span("secret")
            line = line[:begin] + "…" + line[end:]
            if column > end:
                column -= end - begin - 1
            else:
                column = min(column, begin + 1)
    return line, column
