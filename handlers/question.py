"""What the reader of a held report can do: say yes, say no, or send what is missing."""

from collections.abc import Iterator

from handlers.language import Voice
from handlers.report import Report, Settled
from parsers.records import Side

BY_HAND = (  # who calls `import` reads English
    "Is it right all the same? Then call `saldopost imports approve` with the reference below.",
    "Is it wrong? Import a new export, or call `saldopost imports reject` with the reference.",
)


def question(report: Report, names: dict[Side, str], voice: Voice) -> Iterator[str]:
    """A sentence for each thing to do; none where nothing is on hold. `names` are the sides in this language."""
    held = [side for side in report.settled if side.state == "held"]
    asked = [side for side in held if side.decision.approvable]
    if asked:
        about = {"sides": voice.listed([names[side.subledger.side] for side in asked])}
        if len(report.settled) > 1:
            yield voice.say("Your answer is about %(sides)s.", about)
        if report.by_hand:
            yield from BY_HAND
        else:
            yield voice.say(
                "Is it right all the same? Answer this mail with only the word “yes”, and the balances are updated."
            )
            yield voice.say("Is it wrong? Send a new export, or answer with only the word “no”.")
            yield _reference(report, asked, voice)
    if any(finding.code == "pages-missing" for side in held for finding in side.decision.findings):
        yield voice.say(
            "Send the missing page: with it the export is complete. A yes does not help, for without that page nobody "
            "can tell what is paid and what is not."
        )
    elif len(asked) < len(held):
        yield voice.say(
            "A yes does not help where accounts or pages are wrong: that must be mended first, as said below."
        )


def _reference(report: Report, asked: list[Settled], voice: Voice) -> str:
    imports = [str(side.import_id) for side in asked if side.import_id is not None]
    if not imports:
        return voice.say("The administrator of Saldopost can decide too, by reference %(ref)s.", {"ref": report.ref})
    values = {"imports": voice.listed(imports)}
    return voice.say("The administrator of Saldopost can decide too, by import %(imports)s.", values)
