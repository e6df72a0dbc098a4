"""What a person wrote above the mail that they answer: the quote, the signature and the telephone's line cut off."""

import re
from collections.abc import Iterator

from lxml import etree

from parsers.charsets import decode
from parsers.message import Part, walk_parts

LONGEST_BODY = 256 * 1024  # bytes of a text part that are looked at
LONGEST_ANSWER = 4000  # characters

_BLOCKS = {"address", "article", "blockquote", "br", "div", "footer", "header", "hr", "li", "p", "pre", "td", "tr"}
_LINE = "_" * 10
_UNSEEN = {"head", "script", "style", "title"}
# The containers in which mail programs put the mail that is answered.
_QUOTES = re.compile(
    r"\b(?:gmail_quote|gmail_attr|moz-cite-prefix|yahoo_quoted|protonmail_quote|divRplyFwdMsg|appendonsend)"
)

# "On 21 Nov 2025, at 22:57, Saldopost <saldo@example.com> wrote:", often broken into two or three lines.
_ATTRIBUTION = re.compile(
    r"(?:on\b.*\d.*\bwrote|op\b.*\d.*\b(?:schreef\b.*|geschreven)|am\b.*\d.*\bschrieb\b.*|le\b.*\d.*\ba écrit)\s*:",
    re.IGNORECASE,
)
_ATTRIBUTION_BEGINS = re.compile(r"(?:on|op|am|le)\b", re.IGNORECASE)
_RULE = re.compile(r"_{5,}|-{3,}.{2,60}-{3,}|-{10,}|={10,}")  # "-----Original Message-----", Outlook's line
_FROM = re.compile(r"\*?(?:from|van|von|de)\s?:", re.IGNORECASE)
_NEXT_FIELD = re.compile(
    r"\*?(?:sent|date|to|subject|verzonden|datum|aan|onderwerp|gesendet|an|betreff|envoyé|date|à|objet)\s?:",
    re.IGNORECASE,
)
# "Sent from my iPhone", "Outlook voor Android downloaden<https://…>": the line that a telephone adds.
_SENT_FROM = (
    "sent from|get|verzonden (?:vanaf|vanuit|met|via)|verstuurd (?:vanaf|vanuit|met|via)|download"
    "|outlook (?:voor|für|pour)|gesendet (?:von|mit|aus)|von|holen sie sich"
    "|envoyé (?:de|depuis|à partir de)|obtenir|télécharger"
)
_DEVICE = (
    "my|mijn|meinem|mon|the|de|der|outlook|iphone|ipad|ios|android|samsung|galaxy|mail|mobile|mobiel|for|voor|für|pour"
    "|phone|smartphone|handy|téléphone|apparaat|toestel|device|tablet|yahoo|proton|gmail|app|gesendet|downloaden"
)
_TELEPHONE = re.compile(rf"(?:{_SENT_FROM})(?: (?:{_DEVICE}))+(?:\s*<https?://[^>\s]{{1,200}}>)?\.?", re.IGNORECASE)


def answer_text(raw: bytes) -> str:
    """The text that the sender of `raw` wrote above what they quote; "" if there is none.

    From the first text of the mail itself that is not blank, plain or HTML, never from a mail within it. What is longer
    than an answer ever is comes cut, and is still longer than any yes. Raises `Refused` as `walk_parts` does.
    """
    for part in walk_parts(raw, largest=len(raw)):  # its files were opened before: it is not too large
        if part.is_body and not part.is_forwarded and (lines := _lines(part)):
            return "\n".join(_above_quote(lines)).strip()[:LONGEST_ANSWER]
    return ""


def _lines(part: Part) -> list[str]:
    """The lines of a text part, without blank ones at both ends; none where it has nothing to read."""
    text = decode(part.content[:LONGEST_BODY], part.charset or "utf-8")
    if part.content_type == "text/html":
        text = _readable(text)
    return [line.rstrip() for line in text.replace("\u00a0", " ").strip().splitlines()]


def _above_quote(lines: list[str]) -> list[str]:
    kept: list[str] = []
    for at, line in enumerate(lines):
        if _ends_answer(line.strip(), [other.strip() for other in lines[at + 1 : at + 4]]):
            break
        if not _TELEPHONE.fullmatch(line.strip()):
            kept.append(line)
    return kept


def _ends_answer(line: str, following: list[str]) -> bool:
    """Whether the quote or the signature begins with `line`."""
    if line.startswith((">", "|")) or line == "--" or _RULE.fullmatch(line):
        return True
    if _FROM.match(line):
        return any(_NEXT_FIELD.match(other) for other in following)
    if _ATTRIBUTION_BEGINS.match(line):
        begun = (" ".join([line, *following[:count]]).strip() for count in range(3))
        return any(len(text) <= 400 and _ATTRIBUTION.fullmatch(text) for text in begun)
    return False


def _readable(html: str) -> str:
    """The text of an HTML part line by line, up to the container in which the mail that is answered stands."""
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
    try:
        root = etree.fromstring(html.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:  # nothing that a reader would call a document
        return ""
    return "".join(_pieces(root)) if root is not None else ""


def _pieces(root: etree._Element) -> Iterator[str]:
    unseen = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        unseen += (element.tag in _UNSEEN) * (1 if event == "start" else -1)
        if event == "start" and _is_quote(element):
            return
        if element.tag in _BLOCKS:
            yield f"\n{_LINE}\n" if element.tag == "hr" and event == "start" else "\n"
        text = element.text if event == "start" else element.tail
        if text and not unseen:
            yield re.sub(r"\s+", " ", text)


def _is_quote(element: etree._Element) -> bool:
    return element.tag == "blockquote" or bool(_QUOTES.search(f"{element.get('class')} {element.get('id')}"))
