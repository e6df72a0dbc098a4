"""Small builders of mails, for every test that needs one."""

import base64
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

SENDER = "boekhouding@bakker.example"
RECIPIENT = "saldo+nl01@example.com"
DATE = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def mail(
    *files: tuple[str, bytes],
    sender: str = SENDER,
    to: str = RECIPIENT,
    subject: str = "Openstaande posten",
    date: datetime | None = DATE,
    message_id: str | None = "<export-1@bakker.example>",
    text: str = "Goedemorgen,\n\nhierbij de export.\n",
    headers: tuple[tuple[str, str], ...] = (),
) -> bytes:
    """A mail as a usual program sends it: text, and each (name, content) as an attachment in base64."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    if date:
        message["Date"] = format_datetime(date)
    if message_id:
        message["Message-ID"] = message_id
    for name, value in headers:
        message[name] = value
    message.set_content(text)
    for name, content in files:
        maintype, _, subtype = ("application/zip" if name.endswith(".zip") else "application/xml").partition("/")
        message.add_attachment(content, maintype=maintype, subtype=subtype, filename=name)
    return message.as_bytes()


def raw_mail(*lines: str, body: str = "") -> bytes:
    """A mail from header lines just as they are given, for the malformed."""
    return "\r\n".join([*lines, "", body]).encode("utf-8", "surrogateescape")


def multipart(boundary: str, *parts: bytes, subtype: str = "mixed", headers: str = f"From: {SENDER}\r\n") -> bytes:
    """A multipart entity around raw parts, each with its own header block; `headers` go above Content-Type."""
    head = f'{headers}MIME-Version: 1.0\r\nContent-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode()
    delimiter = f"--{boundary}\r\n".encode()
    return head + b"".join(delimiter + one + b"\r\n" for one in parts) + f"--{boundary}--\r\n".encode()


def part(content: bytes, *lines: str, encoding: str = "base64") -> bytes:
    """A raw leaf with the given header lines."""
    body = base64.encodebytes(content).replace(b"\n", b"\r\n") if encoding == "base64" else content
    return "\r\n".join([*lines, f"Content-Transfer-Encoding: {encoding}", "", ""]).encode() + body
