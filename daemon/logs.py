"""Logs: one event, one line. Readable in a terminal; key=value with a level prefix where systemd reads along.

Event names are words with hyphens, such as `mail-applied`; what belongs to them goes into fields. The `ref` of the
mail at hand is bound once (`structlog.contextvars.bound_contextvars(ref=…)`) and stands in each line about it.
Libraries log through the same, but never below INFO: there they show what they send, passwords and amounts included.
"""

import json
import logging
import threading
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog

_OURS = ("daemon", "handlers", "parsers", "store")
_TALKATIVE = ("sqlalchemy", "alembic", "asyncio", "imapclient", "py.warnings")  # SQLAlchemy shows amounts at INFO
_PRIORITY = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}  # sd-daemon(3)

Event = MutableMapping[str, Any]


def configure_logs(stream: TextIO, environment: Mapping[str, str], *, level: int = logging.INFO) -> None:
    """Send all logs to this stream, in the form that suits its reader. Replaces what was configured before."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.addFilter(_is_fit_to_show)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(stream, environment)],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(level, logging.INFO), force=True)
    for name in _OURS:
        logging.getLogger(name).setLevel(level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    logging.captureWarnings(True)
    threading.excepthook = _log_thread


def _rendering(stream: TextIO, environment: Mapping[str, str]) -> list[structlog.typing.Processor]:
    in_terminal = stream.isatty()
    if not in_terminal and ("JOURNAL_STREAM" in environment or "INVOCATION_ID" in environment):
        return [structlog.processors.format_exc_info, render_for_journal]
    return [
        _disarm,
        structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False),
        structlog.dev.ConsoleRenderer(
            colors=in_terminal and "NO_COLOR" not in environment,
            pad_event_to=0,
            exception_formatter=structlog.dev.plain_traceback,  # the rich one shows local variables, passwords included
        ),
    ]


def render_for_journal(_logger: object, _method: str, event: Event) -> str:
    """`<6>mail-applied ref=7KQ2-M4 items=12`: the priority that journald takes off (sd-daemon(3)), then one line."""
    priority = _PRIORITY[event.pop("level")]
    name = event.pop("event")
    traceback = event.pop("exception", None)
    fields = {**event, "traceback": traceback} if traceback else event
    return f"<{priority}>{_quote(name, ' ')}" + "".join(f" {key}={_quote(value)}" for key, value in fields.items())


def _quote(value: object, plain: str = "") -> str:
    """As JSON where a reader could not see where the value ends."""
    text = "" if value is None else str(value)
    bare = text.isprintable() and not any(mark in text and mark not in plain for mark in ' ="\\')
    return text if bare and (text or value is None) else json.dumps(text, ensure_ascii=not text.isprintable())


def _disarm(_logger: object, _method: str, event: Event) -> Event:
    """Control characters out of a mail must not move the cursor of the terminal that shows the log."""
    for key, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            event[key] = "".join(mark if mark.isprintable() else " " if mark == "\n" else "\ufffd" for mark in value)
    return event


def _is_fit_to_show(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.INFO or record.name.partition(".")[0] in _OURS


def _log_thread(failed: threading.ExceptHookArgs) -> None:
    assert failed.exc_value is not None
    logging.getLogger("daemon").critical(
        "thread-died", extra={"thread_name": failed.thread and failed.thread.name}, exc_info=failed.exc_value
    )
