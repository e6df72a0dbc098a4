"""What stands above the quote, in the forms that mail programs write it."""

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.answer_text import LONGEST_ANSWER, LONGEST_BODY, answer_text
from parsers.records import Refused

QUOTED = "> Nog niet verwerkt, graag even controleren.\n> Antwoord met alleen het woord “ja”.\n"


def mail(plain: str | None, html: str | None = None, charset: str = "utf-8") -> bytes:
    message = EmailMessage()
    message["From"] = "marieke@bakker.example"
    if plain is not None:
        message.set_content(plain, charset=charset)
        if html is not None:
            message.add_alternative(html, subtype="html")
    else:
        message.set_content(html, subtype="html", charset=charset)
    return message.as_bytes()


ATTRIBUTIONS = {
    "Gmail, nl": "Op vr 21 nov 2025 om 22:57 schreef Saldopost <saldo@example.com>:",
    "Gmail, en": "On Fri, 21 Nov 2025 at 22:57, Saldopost <saldo@example.com> wrote:",
    "Gmail, en, broken": "On Fri, 21 Nov 2025 at 22:57, Saldopost\n<saldo@example.com> wrote:",
    "Gmail, de": "Am Fr., 21. Nov. 2025 um 22:57 Uhr schrieb Saldopost <saldo@example.com>:",
    "Gmail, fr": "Le ven. 21 nov. 2025 à 22:57, Saldopost <saldo@example.com> a écrit :",
    "Apple Mail, nl": "> Op 21 nov 2025, om 22:57 heeft Saldopost <saldo@example.com> het volgende geschreven:\n> \n",
    "iPhone, nl": "Op 21 nov 2025 om 22:57 heeft Saldopost <saldo@example.com> het volgende geschreven:\n\n",
    "iPhone, fr": "Le 21 nov. 2025 à 22:57, Saldopost <saldo@example.com> a écrit :\n\n",
    "Thunderbird, nl": "Op 21-11-2025 om 22:57 schreef Saldopost:",
    "Thunderbird, de": "Am 21.11.25 um 22:57 schrieb Saldopost:",
    "Thunderbird, en": "On 21/11/2025 22:57, Saldopost wrote:",
    "Outlook, nl": "Van: Saldopost <saldo@example.com>\nVerzonden: vrijdag 21 november 2025 22:57\nAan: Marieke\n",
    "Outlook, en": "From: Saldopost <saldo@example.com>\nSent: Friday, November 21, 2025 10:57 PM\nTo: Marieke\n",
    "Outlook, de": "Von: Saldopost <saldo@example.com>\nGesendet: Freitag, 21. November 2025 22:57\nAn: Marieke\n",
    "Outlook, fr": "De : Saldopost <saldo@example.com>\nEnvoyé : vendredi 21 novembre 2025 22:57\nÀ : Marieke\n",
    "Outlook on the web": "________________________________\nVan: Saldopost <saldo@example.com>\n",
    "Outlook, bold": "*Van:* Saldopost <saldo@example.com>\n*Verzonden:* vrijdag 21 november 2025 22:57\n",
    "old Outlook, nl": "-----Oorspronkelijk bericht-----\nVan: Saldopost",
    "old Outlook, en": "-----Original Message-----\nFrom: Saldopost",
    "old Outlook, de": "-----Ursprüngliche Nachricht-----\nVon: Saldopost",
    "old Outlook, fr": "-----Message d'origine-----\nDe : Saldopost",
}


@pytest.mark.parametrize("attribution", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS)
def test_the_answer_ends_where_a_mail_program_begins_the_quote(attribution: str) -> None:
    assert answer_text(mail(f"Ja\n\n{attribution}\n{QUOTED}")) == "Ja"


@pytest.mark.parametrize(
    "line",
    [
        "Sent from my iPhone",
        "Verzonden vanaf mijn iPhone",
        "Verstuurd vanaf mijn iPad",
        "Von meinem iPhone gesendet",
        "Envoyé de mon iPhone",
        "Get Outlook for iOS<https://aka.ms/o0ukef>",
        "Outlook voor Android downloaden",
        "Verzonden vanuit Outlook voor iOS",
        "Sent from Outlook for Android <https://aka.ms/AAb9ysg>",
    ],
)
def test_the_line_of_a_telephone_is_no_part_of_the_answer(line: str) -> None:
    assert answer_text(mail(f"Ja\n\n{line}\n\n{ATTRIBUTIONS['iPhone, nl']}{QUOTED}")) == "Ja"


def test_a_person_who_writes_like_a_telephone_is_heard() -> None:
    assert answer_text(mail("Ja\nVon mir aus erst morgen")) == "Ja\nVon mir aus erst morgen"


def test_a_signature_is_cut_off() -> None:
    assert answer_text(mail("Ja\n\n-- \nMarieke de Vries\nBakker Expeditie B.V.\n")) == "Ja"


def test_a_sentence_that_only_looks_like_a_quote_stays() -> None:
    said = "Op maandag schreef ik al: nee\nVan: mij mag het niet"
    assert answer_text(mail(said)) == said


def test_an_answer_below_the_quote_is_not_seen() -> None:
    assert answer_text(mail(f"{ATTRIBUTIONS['Thunderbird, nl']}\n{QUOTED}\nJa\n")) == ""


def test_an_answer_of_html_alone_is_read() -> None:
    gmail = (
        '<div dir="ltr">Ja</div><br><div class="gmail_quote"><div class="gmail_attr">Op vr 21 nov 2025 schreef '
        "Saldopost:<br></div><blockquote>Antwoord met alleen “ja”.</blockquote></div>"
    )
    outlook = (
        "<html><head><style>p {color: red}</style></head><body><p>Ja</p><p>&nbsp;</p>"
        "<div style='border-top:solid'><p><b>Van:</b> Saldopost<br><b>Verzonden:</b> vrijdag<br><b>Aan:</b> M</p></div>"
        "<p>Nog niet verwerkt</p></body></html>"
    )
    mobile = '<div>Ja</div><div id="ms-outlook-mobile-signature"><br></div><hr><div id="divRplyFwdMsg">Van: x</div>'
    assert [answer_text(mail(None, html)) for html in (gmail, outlook, mobile)] == ["Ja", "Ja", "Ja"]


def test_the_plain_text_goes_before_the_html_unless_it_is_blank() -> None:
    assert answer_text(mail("Ja\n", "<p>Nee</p>")) == "Ja"
    assert answer_text(mail(" \n", "<p>Nee</p>")) == "Nee"


def test_a_mail_within_the_mail_gives_no_answer() -> None:
    inner = EmailMessage()
    inner.set_content("Ja\n")
    outer = EmailMessage()
    outer.set_content(" \n")
    outer.add_attachment(inner)
    assert answer_text(outer.as_bytes()) == ""


def test_an_attached_text_gives_no_answer() -> None:
    message = EmailMessage()
    message.set_content("\n")
    message.add_attachment("Ja\n", filename="antwoord.txt")
    assert answer_text(message.as_bytes()) == ""


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "windows-1252"])
def test_letters_beyond_ascii_come_through(charset: str) -> None:
    assert answer_text(mail("Oké, approuvé\n", charset=charset)) == "Oké, approuvé"


def test_a_long_text_comes_cut() -> None:
    assert len(answer_text(mail("ja " * 100_000))) == LONGEST_ANSWER
    assert answer_text(mail(None, "<p>" + "ja " * LONGEST_BODY)).startswith("ja ja")


def test_a_mail_over_the_limits_is_refused() -> None:
    with pytest.raises(Refused):
        answer_text(b"Subject: x\n\n" + b"x" * 100_000)


@given(st.binary(max_size=400), st.sampled_from(["text/plain", "text/html"]))
def test_no_bytes_bring_it_down(body: bytes, content_type: str) -> None:
    raw = f"Content-Type: {content_type}\r\n\r\n".encode() + body
    assert len(answer_text(raw)) <= LONGEST_ANSWER


@given(st.text(st.sampled_from("<>/abdivhrpq \n&;\"='"), max_size=300))
def test_no_html_brings_it_down(html: str) -> None:
    assert len(answer_text(mail(None, html + "\n"))) <= LONGEST_ANSWER
