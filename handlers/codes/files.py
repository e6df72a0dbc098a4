"""Mails and files that cannot be opened, or are not what was meant."""

from handlers.codes.code import EXPORT_ANEW, FOLLOW_STEPS, SPLIT_UP, Code, Manner
from handlers.language import N_


def _refused(what: str, todo: str, **manners: Manner) -> Code:
    return Code("refused", what, todo, manners=manners)


def _mistaken(what: str, todo: str = FOLLOW_STEPS) -> Code:
    """Something else was attached: the reader is told how to make the right export."""
    return Code("refused", what, todo, steps=True)


FILES: dict[str, Code] = {
    "mail-too-large": _refused(N_("The mail is larger than %(limit)s."), SPLIT_UP, limit="size"),
    "line-too-long": _refused(N_("A line of the mail is too long to be real."), SPLIT_UP),
    "header-too-large": _refused(N_("The header of the mail is larger than %(limit)s."), SPLIT_UP, limit="size"),
    "too-many-headers": _refused(N_("The mail has more than %(limit)s header fields."), SPLIT_UP),
    "too-many-parameters": _refused(N_("A header of the mail has more than %(limit)s parameters."), SPLIT_UP),
    "too-many-parts": _refused(N_("The mail has more than %(limit)s parts."), SPLIT_UP),
    "nested-too-deep": _refused(N_("The parts of the mail lie more than %(limit)s deep in each other."), SPLIT_UP),
    "too-much-memory": _refused(N_("%(file)s takes more memory to read than any real export does."), EXPORT_ANEW),
    "too-much-time": _refused(N_("%(file)s takes longer to read than any real export does."), EXPORT_ANEW),
    "reader-died": _refused(N_("%(file)s cannot be read: the program that reads it breaks down on it."), EXPORT_ANEW),
    "nothing-attached": _mistaken(N_("There is nothing attached to your mail.")),
    "not-exact-globe": _mistaken(
        N_("%(file)s comes from Exact Globe, not from Exact Online, and has no open items as they are needed here.")
    ),
    "not-transactions": _mistaken(
        N_("%(file)s is Exact's export of transactions (GLTransactions), not that of open items.")
    ),
    "not-other-topic": _mistaken(N_("%(file)s is another export of Exact Online (%(topic)s), not that of open items.")),
    "not-other-xml": _mistaken(N_("%(file)s is XML, but no export of Exact Online (it begins with %(root)s).")),
    "not-html": _mistaken(
        N_("%(file)s is a web page saved as a file, often the page to log in, and not the export itself."),
        N_("Log in to Exact Online first, then follow the steps below."),
    ),
    "not-spreadsheet": _mistaken(N_("%(file)s is a spreadsheet (Excel), not the XML file of the export.")),
    "not-csv": _mistaken(N_("%(file)s is a list with separators (CSV), not the XML file of the export.")),
    "not-pdf": _mistaken(N_("%(file)s is a PDF, not the XML file of the export.")),
    "not-winmail": _mistaken(
        N_("%(file)s is made by Outlook, which packed your attachment so that only Outlook can open it."),
        N_("Set the format of your mail to HTML or plain text (not Rich Text) and attach the XML file once more."),
    ),
    "not-encrypted-mail": _mistaken(
        N_("Your mail is encrypted or signed so that its attachments cannot be opened here."),
        N_("Send the mail without encryption (S/MIME or PGP)."),
    ),
    "not-rar": _mistaken(
        N_("%(file)s is a rar archive, which is not opened here."), N_("Send the XML file as it is, or in a zip file.")
    ),
    "not-7z": _mistaken(
        N_("%(file)s is a 7z archive, which is not opened here."), N_("Send the XML file as it is, or in a zip file.")
    ),
    "not-archive": _mistaken(
        N_("%(file)s is an archive of a kind that is not opened here (%(kind)s)."),
        N_("Send the XML file as it is, or in a zip file."),
    ),
    "not-encrypted-zip": _mistaken(
        N_("%(file)s is locked with a password."), N_("Make the zip file without a password, or attach the XML itself.")
    ),
    "not-known": _mistaken(N_("%(file)s is not an export of Exact Online.")),
    "file-empty": _mistaken(N_("%(file)s is empty: there is nothing in the file.")),
    "part-damaged": _refused(
        N_("%(file)s was damaged on its way: the mail program did not send it whole."),
        N_("Attach the file once more to a new mail."),
    ),
    "file-too-large": _refused(
        N_("%(file)s is larger than %(limit)s."),
        N_("Choose a smaller page size in Exact Online, or ask the administrator of Saldopost to allow more."),
        limit="size",
    ),
    "archive-damaged": _refused(
        N_("%(file)s is damaged or cut off, so it cannot be unpacked."), N_("Make the zip file anew and send it again.")
    ),
    "archive-method": _refused(
        N_("%(file)s is packed in a way that is not opened here."),
        N_("Make an ordinary zip file, as Windows and macOS do, or attach the XML itself."),
    ),
    "archive-nested": _refused(
        N_("%(file)s has another archive in it."), N_("Put the XML files themselves in one zip file.")
    ),
    "archive-too-many-files": _refused(
        N_("%(file)s holds more than %(limit)s files."), N_("Put only the export's files in the zip file.")
    ),
    "archive-repeated-name": _refused(
        N_("%(file)s holds two files of the same name."), N_("Make the zip file anew, each file in it once.")
    ),
    "archive-overlap": _refused(
        N_("%(file)s is not made as a zip file should be."), N_("Make the zip file anew and send it again.")
    ),
    "archive-ratio": _refused(
        N_("%(file)s unpacks to more than %(limit)s times its size, as no export does."),
        N_("Attach the XML itself, without packing it."),
    ),
    "archive-empty": _refused(
        N_("%(file)s is empty: there is no file in it."),
        N_("Put the export's files in the zip file and send it again."),
    ),
    "xml-broken": _refused(N_("%(file)s has a mistake in its XML: %(reason)s."), EXPORT_ANEW),
    "xml-truncated": _refused(N_("%(file)s ends too early: the file was cut off."), EXPORT_ANEW),
    "xml-doctype": _refused(N_("%(file)s begins with a DOCTYPE, which an export never has."), EXPORT_ANEW),
    "xml-encoding": _refused(
        N_("%(file)s is written in characters that exports never use (%(encoding)s)."), EXPORT_ANEW
    ),
    "xml-encoding-wrong": _refused(
        N_("%(file)s is not written in the characters that it claims (%(encoding)s)."), EXPORT_ANEW
    ),
    "xml-prolog": _refused(N_("%(file)s has too much before its first element to be an export."), EXPORT_ANEW),
    "xml-limit": _refused(N_("%(file)s goes over a limit that no export comes near: %(reason)s."), EXPORT_ANEW),
    "more-mistakes": _refused(
        N_("In %(file)s there are more mistakes than these, not listed here: %(count)s."),
        N_("Mend them in the same way; sent again, the file tells those that are left."),
    ),
}
