"""The first lines of a reply: the subject, the verdict, and whether there is something to do."""

from collections.abc import Sequence

from handlers.codes import CODES
from handlers.language import N_, Voice, clean
from handlers.own_words import own_findings
from handlers.points import points
from handlers.report import Report, Settled, Verdict
from handlers.told import Told
from parsers.records import Finding, Side

HEADLINES: dict[Verdict, str] = {
    "applied": N_("Updated"),
    "unchanged": N_("Nothing new"),
    "held": N_("Not processed yet, please check"),
    "refused": N_("Not processed"),
    "mixed": N_("Processed in part"),
    "rejected": N_("Put aside"),
    "closed": N_("Already decided"),
}
LEADS: dict[Verdict, str] = {
    "applied": N_("There is nothing you need to do."),
    "unchanged": N_("The balances stay as they were. There is nothing you need to do."),
    "held": N_("The balances stay as they were. Below is what looks wrong, and what you can do."),
    "refused": N_("The balances stay as they were. Below is what is wrong, and what to send instead."),
    "mixed": N_("What could be used is done. Below is what could not, and what you can do."),
    "rejected": N_("The balances stay as they were. Send a new export whenever you have one."),
    "closed": N_("Your answer changed nothing. There is nothing you need to do."),
}
LOOKS: dict[Verdict, str] = {  # in their place where there is a warning
    "applied": N_("It is done. Below is something that you may want to look at."),
    "unchanged": N_("The balances stay as they were. Below is something that you may want to look at."),
}
SIDES: dict[Side, str] = {"receivable": N_("receivables"), "payable": N_("payables")}


def subject(report: Report, others: Sequence[Told], voice: Voice) -> str:
    """The verdict, what the mail was about, and whose books they are."""
    topics = [voice.say(SIDES[side.subledger.side]) for side in report.settled]
    topics += [told.topic for told in others]
    topics += dict.fromkeys(clean(finding.file, 40) for finding in report.refused if finding.file)
    about = ", ".join(topics[:3]) or voice.say("no export in your mail")
    return f"{_joined(report, about, voice)} – {clean(report.policy.name, 60)}"


def headline(report: Report, others: Sequence[Told], findings: tuple[Finding, ...], voice: Voice) -> str:
    """The first line. Where one thing alone was stopped, it says why."""
    stopped = [side.decision.findings for side in report.settled if side.state in ("held", "refused")]
    stopped += [told.findings for told in others if told.state == "refused"]
    files = len({finding.file for finding in findings})
    reasons = points(stopped[0] if stopped else findings or report.notes, voice)
    if report.verdict in ("held", "refused") and len(stopped) + files <= 1 and reasons:
        return f"{voice.say(HEADLINES[report.verdict])}. {reasons[0].what}"
    phrases = [_phrase(side, report.verdict, voice) for side in report.settled]
    phrases += [told.phrase for told in others]
    if files:
        phrases.append(voice.count("%(number)s file cannot be used", "%(number)s files cannot be used", files))
    return _joined(report, "; ".join(phrases), voice)


def _phrase(settled: Settled, verdict: Verdict, voice: Voice) -> str:
    """What became of one side; only its name where the verdict says it already."""
    side, comparison = voice.say(SIDES[settled.subledger.side]), settled.comparison
    values = {"side": side}
    if comparison:
        values |= {"now": voice.money(comparison.total_after), "before": voice.money(comparison.total_before)}
    match settled.state:
        case "applied" if comparison:
            return voice.say(
                N_("%(side)s %(now)s (was %(before)s)") if comparison.last else N_("%(side)s %(now)s"), values
            )
        case "unchanged" if comparison:
            return voice.say("%(side)s still %(before)s", values)
        case "held" if verdict == "mixed":
            return voice.say("%(side)s on hold", values)
        case "refused" if verdict in ("mixed", "held"):
            return voice.say("%(side)s not processed", values)
        case _:
            return side


def lead(report: Report, others: Sequence[Told], voice: Voice) -> str:
    """What the reader is to do."""
    if report.verdict == "applied" and any(side.comparison and not side.comparison.last for side in report.settled):
        return voice.say(
            "This was a first import. Please compare the total with Exact's own list of open items, this once."
        )
    files = [file for part in (*report.settled, *report.others) for file in part.files]
    said = [finding for file in files for finding in file.warnings]
    said += [finding for told in others for finding in told.findings]
    said += [finding for side in report.settled for finding in own_findings(side, report.policy.invoices)]
    is_worth_a_look = any(CODES[finding.code].severity == "warning" for finding in said)
    return voice.say((LOOKS if is_worth_a_look else LEADS).get(report.verdict, LEADS[report.verdict]))


def _joined(report: Report, details: str, voice: Voice) -> str:
    return voice.say("%(verdict)s: %(details)s", {"verdict": voice.say(HEADLINES[report.verdict]), "details": details})
