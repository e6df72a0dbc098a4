"""The demo's three mails: an A/R export, an A/P export in a zip, and an A/R export that was cut off on its way."""

import io
import zipfile
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from importlib import resources

BOOKKEEPER = "Marieke de Vries <marieke@bakker.example>"
ADDRESS = "saldo@saldopost.example"


def build_mails(now: datetime) -> tuple[bytes, ...]:
    """The raw mails, dated `now`, in the order in which they are to be delivered."""
    receivables, payables = _sample("ARs_1.xml"), _sample("APs_1.xml")
    cut_off = receivables[: receivables.index(b"Boulangerie")]
    return (
        _mail(1, "Openstaande posten debiteuren", now, ("ARs_1.xml", "xml", receivables)),
        _mail(2, "Openstaande posten crediteuren", now, ("crediteuren.zip", "zip", _zip("APs_1.xml", payables))),
        _mail(3, "Nog een keer de debiteuren", now, ("ARs_1 (1).xml", "xml", cut_off)),
    )


def _sample(name: str) -> bytes:
    return resources.files("daemon.demo").joinpath("samples", name).read_bytes()


def _zip(name: str, content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return packed.getvalue()


def _mail(number: int, subject: str, now: datetime, attachment: tuple[str, str, bytes]) -> bytes:
    name, subtype, content = attachment
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = BOOKKEEPER, ADDRESS, subject
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<demo-{number}@bakker.example>"
    mail.set_content("Hallo,\n\nHierbij de export uit Exact.\n\nGroet,\nMarieke\n")
    mail.add_attachment(content, maintype="application", subtype=subtype, filename=name)
    return mail.as_bytes()
