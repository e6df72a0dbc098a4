"""Every event of the log, and what it means: docs/events.md is made from this table and from the code that logs.

`python -m daemon.events > docs/events.md`
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from importlib.resources import files
from typing import NamedTuple

# As `journalctl --priority` calls them.
PRIORITIES = {"debug": "debug", "info": "info", "warning": "warning", "error": "err", "critical": "crit"}
LEVELS = {**{level: level for level in PRIORITIES}, "exception": "error"}

# What happened, and what to do where something is to be done.
MEANINGS: dict[str, str] = {
    # The process.
    "ready": "Every mailbox was reached once, or has failed and said so.",
    "stopping": "It was told to stop: the mails at hand are finished.",
    "stopped": "It ended in order.",
    "left-with-work-unfinished": "It was told to stop and a mail took too long; it is taken up again after the start.",
    "settings-doubtful": "Something in the settings is perhaps not meant: `saldopost check` shows the line.",
    "settings-read-anew": "The settings were read again (SIGHUP) and hold from now on.",
    "settings-refused": "The new settings are wrong, and the old ones stay: mend them and reload.",
    "settings-not-read-again": "Only the daemon reads its settings again: restart this command.",
    "settings-met-a-bug": "A fault of Saldopost while the settings were read again; the old ones stay.",
    "thread-died": "A fault of Saldopost ended a thread: restart, and report it with the traceback.",
    "bug": "A fault of Saldopost ended a command: report it with the traceback.",
    # Mails.
    "mail-finished": "A mail has its final state; `reason` says why, `code` is its number in codes.md.",
    "mail-waits": "A mail cannot be judged yet, for the DNS gives no answer: it is tried again.",
    "mail-met-a-bug": "A fault of Saldopost with one mail, which is tried three times; other mails go on.",
    "mail-read-ahead-not-given-back": "What was laid out of a mail in advance could not be cleared; no harm is done.",
    "mail-unreadable": "The server does not hand out this mail, though it lists it: look at it there.",
    "mail-moved": "A mail now lies in the folder of its state.",
    "mails-moved": "Mails now lie in the folder of their state.",
    "mail-is-gone": "A mail that was to be moved lies nowhere any more: somebody else moved or deleted it.",
    "mail-vanished": "A mail was gone before it was finished: somebody else moved or deleted it.",
    "signature-weak": "A good signature by a key that is short: tell the sender's administrator.",
    "signatures-unreadable": "The signatures of a mail could not be read; it is quarantined.",
    "answer-understood": "Somebody answered a held report: `meaning` is yes, no or unclear.",
    "reply-withheld": "A mail is not answered; `reason` says why.",
    "reply-capped": "There were too many replies, so this one waits or is left out.",
    "purged": "What was kept long enough was deleted.",
    # Mailboxes.
    "mailbox-waits": "A mailbox cannot be read; `error` says why and what to do, `seconds` when it is tried again.",
    "mailbox-works-again": "It can be read again.",
    "mailbox-reconnects": "The server hung up between two looks, as many do.",
    "mailbox-hung-up": "The server hung up while it was waited for new mail, as many do.",
    "mailbox-not-drained": "`run --once` could not read a mailbox.",
    "mailbox-met-a-bug": "A fault of Saldopost with one mailbox; the others go on.",
    "moved-mails-stay-flagged-as-deleted": "The server has neither MOVE nor UIDPLUS: expunge the folder now and then.",
    "leases-not-renewed": "The store could not be asked to keep the mailboxes for this daemon; others may take over.",
    # Figures.
    "metrics-served": "The figures for Prometheus are served on this port.",
    "metrics-not-served": "The port of `[metrics]` cannot be had: another program has it.",
    "metrics-without-store": "The store did not answer when Prometheus asked.",
    # Replies.
    "mail-sent": "The SMTP server took a reply or an alert.",
    "mail-not-taken": "The SMTP server did not take it now: it is tried again, for two days.",
    "mail-given-up": "The SMTP server refused it for good, or for two days: the sender has no reply.",
    "courier-waits": "No mail can be sent: they wait in the store, however long.",
    "courier-met-a-bug": "A fault of Saldopost in sending; it goes on.",
    "outbox-not-drained": "`run --once` could not send what waits.",
    "replies-remain": "`run --once` ends, and some replies wait for a later try.",
    # People.
    "alarm": "Something needs a person: `what` and `mend` say it.",
    "alarm-over": "It does not any more.",
    "alarms-not-checked": "The store could not be asked what needs a person.",
    "alarms-met-a-bug": "A fault of Saldopost while it looked for what needs a person.",
    "alert": "A mail to the people in `alerts.to` was put into the outbox.",
}

TOP = """\
# Events

The log has one event on one line: its name, then its fields as `key=value`. Under systemd each line bears its priority,
so that

```sh
journalctl --unit saldopost --priority warning
journalctl --unit saldopost --grep 7KQ2-M4
```

show what may need you, and all that happened to one mail: every line about a mail has its `ref`. A bug has its whole
traceback in the field `traceback`, on the same line. No line holds a password, an amount or the text of a mail.

Names never change their meaning. What libraries log stands there too, under their own names, but only warnings.
"""


class Logged(NamedTuple):
    """One place in the code that logs."""

    event: str
    level: str
    fields: tuple[str, ...]


def find_logged() -> Iterator[Logged]:
    """All events that the code logs, read from its source."""
    for path in sorted(files("daemon").rglob("*.py")):  # type: ignore[attr-defined]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                for level in _levels(node.func):
                    fields = tuple(_fields(node))
                    yield from (Logged(event, level, fields) for event in _events(node.args[0]))


def render_page() -> str:
    """docs/events.md."""
    levels: dict[str, set[str]] = defaultdict(set)
    fields: dict[str, dict[str, None]] = defaultdict(dict)
    for logged in find_logged():
        levels[logged.event].add(logged.level)
        fields[logged.event].update(dict.fromkeys(logged.fields))
    lines = [TOP, "| event | priority | fields | meaning |", "| --- | --- | --- | --- |"]
    for event, meaning in MEANINGS.items():
        order = [name for level, name in PRIORITIES.items() if level in levels[event]]
        shown = " ".join(f"`{field}`" for field in fields[event])
        lines.append(f"| `{event}` | {', '.join(order)} | {shown} | {meaning} |")
    return "\n".join(lines) + "\n"


def _levels(func: ast.expr) -> tuple[str, ...]:
    """Of `log.warning(…)` and the like; of `tell(…)` both that are meant by it; none of other calls."""
    if isinstance(func, ast.Attribute) and func.attr in LEVELS and "log" in ast.unparse(func.value).casefold():
        return (LEVELS[func.attr],)
    return ("warning", "error") if isinstance(func, ast.Name) and func.id == "tell" else ()


def _fields(call: ast.Call) -> Iterator[str]:
    """What a line of it can have beside `ref`. Raises ValueError for a call that does not tell."""
    for word in call.keywords:
        match word:
            case ast.keyword(arg=None):
                raise ValueError(f"name each field: {ast.unparse(call)}")
            case ast.keyword(arg="extra", value=ast.Dict(keys=keys)):
                yield from (key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str))
            case ast.keyword(arg="exc_info"):
                yield "traceback"
            case ast.keyword(arg=str(name)):
                yield name
    if isinstance(call.func, ast.Attribute) and call.func.attr == "exception":
        yield "traceback"


def _events(argument: ast.expr) -> list[str]:
    if isinstance(argument, ast.IfExp):
        return [*_events(argument.body), *_events(argument.orelse)]
    return [argument.value] if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else []


if __name__ == "__main__":
    sys.stdout.write(render_page())
