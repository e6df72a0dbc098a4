import io
import logging
import re
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator

import pytest
import structlog

from daemon.logs import configure_logs

JOURNAL = {"JOURNAL_STREAM": "9:12345"}
Log = Callable[..., io.StringIO]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def log() -> Iterator[Log]:
    """Start logging into a stream; what was configured before comes back afterwards."""
    root = logging.getLogger()
    before, level, excepthook = root.handlers[:], root.level, threading.excepthook

    def start(environment: dict[str, str], stream: io.StringIO | None = None, level: int = logging.INFO) -> io.StringIO:
        stream = stream or io.StringIO()
        configure_logs(stream, environment, level=level)
        return stream

    root.handlers[:] = []
    yield start
    logging.captureWarnings(False)
    root.handlers[:] = before
    root.setLevel(level)
    threading.excepthook = excepthook
    structlog.reset_defaults()


def test_under_systemd_an_event_is_one_line_with_its_priority(log: Log) -> None:
    stream = log(JOURNAL)
    logger = structlog.get_logger("daemon.test")
    logger.info("mail-applied", ref="7KQ2-M4", items=12, subject="Open posten", reason=None, empty="", sum="a=b")
    logger.warning("mailbox-away")
    logger.error("mail-failed")
    logger.critical("store-broken")
    assert stream.getvalue() == (
        '<6>mail-applied ref=7KQ2-M4 items=12 subject="Open posten" reason= empty="" sum="a=b"\n'
        "<4>mailbox-away\n<3>mail-failed\n<2>store-broken\n"
    )


def test_a_traceback_is_one_field_in_the_same_line(log: Log) -> None:
    stream = log(JOURNAL)
    try:
        int("two\nlines")
    except ValueError:
        structlog.get_logger("daemon.test").exception("bug", ref="7KQ2-M4")
        logging.getLogger("daemon.test").exception("bug %s", "again")
    first, second = stream.getvalue().splitlines()
    assert first.startswith('<3>bug ref=7KQ2-M4 traceback="Traceback (most recent call last):\\n')
    assert second.startswith('<3>bug again traceback="Traceback (most recent call last):\\n')
    assert "\\nValueError: invalid literal for int() with base 10: 'two" in first


@pytest.mark.parametrize("evil", ["a\nb", "a\r\n<0>b", "a\x1b[2Jb", "a\u2028b", "a\x85b", "a\x00b", "\u202eb"])
@pytest.mark.parametrize("environment", [JOURNAL, {}])
def test_text_of_a_stranger_cannot_start_a_line_or_move_the_cursor(
    log: Log, environment: dict[str, str], evil: str
) -> None:
    stream = log(environment)
    structlog.get_logger("daemon.test").info("mail-refused", subject=evil)
    (line,) = stream.getvalue().split("\n")[:-1]
    assert line.isprintable()


def test_a_terminal_is_coloured_and_a_file_is_not(log: Log) -> None:
    terminal = log({}, Terminal())
    structlog.get_logger("daemon.test").info("started", mailboxes=2)
    assert "\x1b[" in terminal.getvalue()
    for environment, kind in (({}, io.StringIO()), ({"NO_COLOR": "1"}, Terminal())):
        stream = log(environment, kind)
        structlog.get_logger("daemon.test").info("started", mailboxes=2)
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[info +\] started mailboxes=2\n", stream.getvalue())


def test_in_a_terminal_under_systemd_lines_are_for_people(log: Log) -> None:
    stream = log(JOURNAL, Terminal())
    structlog.get_logger("daemon.test").info("started")
    assert not stream.getvalue().startswith("<")


def test_the_reference_of_a_mail_stands_in_each_line_about_it(log: Log) -> None:
    stream = log(JOURNAL)
    with structlog.contextvars.bound_contextvars(ref="7KQ2-M4"):
        structlog.get_logger("daemon.test").info("ours")
        logging.getLogger("imapclient").warning("a library's")
    structlog.get_logger("daemon.test").info("after")
    assert stream.getvalue() == "<6>ours ref=7KQ2-M4\n<4>a library's ref=7KQ2-M4\n<6>after\n"


@pytest.mark.parametrize("name", ["imapclient", "imapclient.imaplib", "aiosmtplib", "sqlalchemy.engine", "msal"])
def test_what_libraries_send_is_never_shown(log: Log, name: str) -> None:
    stream = log({}, level=logging.DEBUG)
    library = logging.getLogger(name)
    library.setLevel(logging.DEBUG)
    try:
        library.debug("LOGIN saldo geheim")
    finally:
        library.setLevel(logging.NOTSET)
    structlog.get_logger("daemon.test").debug("ours")
    assert "geheim" not in stream.getvalue()
    assert "ours" in stream.getvalue()


@pytest.mark.parametrize("name", ["sqlalchemy.engine.Engine", "alembic.runtime.migration", "asyncio"])
def test_statements_and_their_values_are_not_shown(log: Log, name: str) -> None:
    stream = log({}, level=logging.DEBUG)
    logging.getLogger(name).info("INSERT INTO balance VALUES (4105)")
    logging.getLogger(name).warning("shown")
    assert "INSERT" not in stream.getvalue()
    assert "shown" in stream.getvalue()


@pytest.mark.parametrize("environment", [JOURNAL, {}])
def test_a_traceback_shows_no_variables(log: Log, environment: dict[str, str]) -> None:
    stream = log(environment, Terminal() if not environment else None)
    password = "".join(["ge", "heim"])
    try:
        int("x" * len(password))
    except ValueError:
        structlog.get_logger("daemon.test").exception("bug")
    assert "Traceback" in stream.getvalue()
    assert "geheim" not in stream.getvalue()


def test_debug_is_shown_only_when_asked_for(log: Log) -> None:
    quiet = log(JOURNAL)
    structlog.get_logger("daemon.test").debug("detail")
    assert quiet.getvalue() == ""
    talkative = log(JOURNAL, level=logging.DEBUG)
    structlog.get_logger("store.test").debug("detail")
    assert talkative.getvalue() == "<7>detail\n"


def test_a_warning_of_python_is_an_event(log: Log) -> None:
    stream = log(JOURNAL)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn("something is old", DeprecationWarning, stacklevel=1)
    (line,) = stream.getvalue().splitlines()
    assert line.startswith("<4>")
    assert "DeprecationWarning: something is old" in line


def test_a_thread_that_dies_is_an_event(log: Log) -> None:
    stream = log(JOURNAL)
    thread = threading.Thread(target=lambda: traceback.format_exception(1 / 0), name="poller")
    thread.start()
    thread.join()
    (line,) = stream.getvalue().splitlines()
    assert line.startswith("<2>thread-died ")
    assert "thread_name=poller" in line
    assert "ZeroDivisionError" in line
