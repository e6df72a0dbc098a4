"""The words of answers in Dutch, English, German and French, as they stand after `str.casefold` (so ss for ß)."""

import re


def _phrases(heads: str, tails: str) -> set[str]:
    """Each head alone, and with each tail; both are separated by `|`."""
    first = [head.strip() for head in heads.split("|")]
    return {*first, *(f"{head} {tail.strip()}" for head in first for tail in tails.split("|"))}


YES = frozenset(
    _phrases(
        "ja|oke|oké|ok|okay|akkoord|accoord|ja akkoord|ja oke|ja oké|ja ok",
        "hoor|graag|bedankt|dank u|dank u wel|dank je|dank je wel|prima|klopt|dat klopt|dit klopt|het klopt|is goed"
        "|dat is goed|dit is goed|dit is alles|dat is alles",
    )
    | _phrases("goed|is goed|dat is goed|dit is goed|prima|klopt|dat klopt|dit klopt|dit is alles|dat is alles", "zo")
    | _phrases("goedgekeurd|ga akkoord|ik ga akkoord|wij gaan akkoord", "bedankt|hiermee")
    | _phrases(
        "yes|yep|ok|okay|yes ok|yes okay|yes please|correct|agreed|approve|approved|confirmed|go ahead|i approve",
        "please|thanks|thank you|that is right|that's right|it is right|that is correct|that's correct|it is correct"
        "|this is correct|that is everything|that's everything|this is everything|go ahead|approved",
    )
    | _phrases("ja|ok|okay|ja ok", "bitte|danke|gerne|stimmt|das stimmt|passt|das passt|richtig|das ist richtig")
    | _phrases("ja|ok", "das ist alles|einverstanden|genehmigt|in ordnung|vielen dank")
    | _phrases(
        "einverstanden|in ordnung|passt|das passt|stimmt|das stimmt|richtig|genehmigt|freigegeben", "so|danke|bitte"
    )
    | _phrases(
        "oui|d'accord|oui d'accord|ok|c'est bon|oui c'est bon|approuvé|j'approuve|c'est correct|c'est exact",
        "merci|merci beaucoup|svp|s'il vous plaît|c'est correct|c'est exact|c'est juste|c'est tout|tout est là",
    )
)
NO = frozenset(
    _phrases("nee|neen", "bedankt|dank u|dank je|klopt niet|dat klopt niet|dit klopt niet|niet akkoord|niet goed")
    | _phrases("niet akkoord|klopt niet|dit klopt niet|dat klopt niet|niet goed|niet verwerken", "bedankt")
    | _phrases("afkeuren|afgekeurd|afwijzen|afgewezen|geen akkoord", "graag|bedankt|aub")
    | _phrases("no|nope|reject|rejected|not approved|do not apply|that is wrong|this is wrong", "thanks|thank you")
    | _phrases("no|no thanks", "please|reject|that is wrong|that's wrong|this is wrong|not correct|do not apply")
    | _phrases("nein", "danke|bitte|vielen dank|stimmt nicht|das stimmt nicht|das ist falsch|nicht einverstanden")
    | _phrases("nicht einverstanden|stimmt nicht|das stimmt nicht|ablehnen|abgelehnt|falsch", "bitte|danke")
    | _phrases("non", "merci|svp|c'est faux|pas d'accord|ce n'est pas bon|ce n'est pas correct|c'est incorrect")
    | _phrases("pas d'accord|refuser|refusé|rejeter|rejeté|c'est faux|incorrect", "merci|svp")
)


_GREETINGS = (
    "beste|geachte|hallo|hoi|dag|goedemorgen|goedemiddag|goedenavond|goedendag|l s",
    "dear|hi|hello|good morning|good afternoon|good evening|good day",
    "guten morgen|guten tag|guten abend|sehr geehrter?|sehr geehrtes?|lieber?|liebes|moin",
    "bonjour|bonsoir|madame|monsieur|cher|chère",
)
_CLOSINGS = (
    "(?:met )?(?:vriendelijke|hartelijke|beste) groet(?:en)?|groet(?:en|jes)?|gr|mvg|m v g|hoogachtend",
    "(?:alvast )?bedankt",
    "(?:kind |best |warm |many )?regards|kr|cheers|sincerely|yours (?:sincerely|faithfully|truly)|thanks|thank you",
    "(?:mit )?(?:freundlichen?|besten?|herzlichen?|vielen?|lieben?|schönen?) (?:grüssen?|gruss)|grüsse|gruss|mfg|vg|lg",
    "hochachtungsvoll|(?:vielen )?danke?",
    "(?:bien )?cordialement|bien à vous|(?:sincères |meilleures )?salutations|cdlt|cdt|merci",
)
# Words that may take an answer back when they stand in what follows it.
_RESERVATIONS = (
    "maar|wacht\\w*|nog|eerst|niet|geen|tenzij|behalve|stop|later|morgen|nee|neen|alleen|zodra|wanneer|indien|mits|verwerk\\w*",
    "but|wait|first|not|don't|unless|except|hold|tomorrow|only|when|if|after|provided|process",
    "aber|warte\\w*|erst|nicht|kein\\w*|ausser|später|nein|nur|sobald|wenn|falls|verarbeit\\w*",
    "mais|attend\\w*|d'abord|pas|sauf|plus tard|demain|non|seulement|quand|après|traite\\w*",
    r"(?<!\d )no(?![.:]|\W*\d)",  # neither in a postal code (1234 NO) nor as in "VAT no. 1"
)
_DISCLAIMERS = (
    "disclaimer|confidential|vertraulich|avis de confidentialité",
    r"(?:the|de|die|les) (?:information|informatie|informationen|informations)\b",
    r"(?:this|dit|deze|diese|ce|cet)\b[\w ]{0,12}?\b(?:e-?mail\w*|message|bericht|nachricht|courriel)\b",
)

GREETING = re.compile(rf"(?:{'|'.join(_GREETINGS)})(?: [\w'-]{{1,30}}){{0,4}}")
CLOSING = re.compile(rf"(?:{'|'.join(_CLOSINGS)})(?: [^\W\d][\w'-]{{0,30}}){{0,5}}")
RESERVATION = re.compile(rf"^(?:p\.? ?s|n\.? ?b)\b|\b(?:{'|'.join(_RESERVATIONS)})\b")
DISCLAIMER = re.compile("|".join(_DISCLAIMERS))
