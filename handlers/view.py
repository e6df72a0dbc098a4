"""A report put into words: what text and HTML both show, in one order, so that neither says more than the other."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

from handlers import account_list
from handlers.account_list import accounts_findings, accounts_phrase, accounts_tables
from handlers.ageing import Bar, bar
from handlers.codes import CODES
from handlers.codes.numbers import spell
from handlers.language import N_, Voice, clean
from handlers.points import Point, points
from handlers.question import question
from handlers.report import Report, Settled, Verdict
from handlers.spreadsheet import Attachment
from handlers.tables import Table, crossings, tables
from parsers.records import File, Finding, Side
from store.records import ImportState

FILES = 10  # names in one line

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
SIDES: dict[Side, str] = {"receivable": N_("receivables"), "payable": N_("payables")}
TITLES: dict[Side, str] = {"receivable": N_("Receivables (A/R)"), "payable": N_("Payables (A/P)")}
STATES: dict[ImportState, str] = {
    "applied": N_("The open balances were updated."),
    "unchanged": N_("Nothing changed."),
    "held": N_("On hold: the balances stay as they were."),
    "refused": N_("Not processed: the balances stay as they were."),
    "rejected": N_("Put aside: the balances stay as they were."),
    "superseded": N_("A newer export took its place."),
    "undone": N_("Taken back: the balances are as they were before it."),
}
STEPS = (
    N_(
        "In Exact Online choose Import/Export > XML > Financial (Dutch: Financieel), "
        "then A/R (Te vorderen) for debtors or A/P (Te betalen) for creditors."
    ),
    N_("Leave all filters empty, so that every open item is in it, and export."),
    N_("Attach every file you get (ARs_1.xml, ARs_2.xml, … or APs_1.xml, …) to one mail to this address."),
)


@dataclass(frozen=True, slots=True)
class Section:
    """One side."""

    title: str
    state: ImportState
    code: str  # of the state
    status: str
    files: str
    points: tuple[Point, ...]
    tables: tuple[Table, ...]
    bar: Bar | None  # what is open by due date
    control: str  # the total to compare with Exact's own list; "" where nothing was applied
    remarks: tuple[Point, ...]  # about single items


@dataclass(frozen=True, slots=True)
class View:
    """The whole reply."""

    language: str
    verdict: Verdict
    subject: str
    headline: str
    lead: str
    question_title: str
    question: tuple[str, ...]  # what the reader can do about what is on hold; none where nothing is
    points: tuple[Point, ...]
    sections: tuple[Section, ...]
    attached: str  # what is in the attached spreadsheet; "" where there is none
    steps_title: str
    steps: tuple[str, ...]  # how to make the export that was meant, in Exact; none where it was made
    footer: tuple[str, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of all that is said, each once."""
        sections = [[part.code, *(point.code for point in (*part.points, *part.remarks))] for part in self.sections]
        return tuple(dict.fromkeys([point.code for point in self.points] + list(chain(*sections))))


def view(report: Report, voice: Voice, attachment: Attachment | None = None) -> View:
    """The report in words, and what is in the attachment."""
    verdict, administration = voice.say(HEADLINES[report.verdict]), clean(report.policy.name, 60)
    findings = report.refused
    if not (report.settled or report.accounts or findings or report.notes):
        findings = (Finding("nothing-to-import"),)
    return View(
        language=report.policy.language,
        verdict=report.verdict,
        subject=_head(verdict, ", ".join(_topics(report, voice)), voice) + f" – {administration}",
        headline=_headline(verdict, report, findings, voice),
        lead=_lead(report, voice),
        question_title=voice.say("What you can do"),
        question=tuple(question(report, {side: voice.say(name) for side, name in SIDES.items()}, voice)),
        points=points((*findings, *report.notes), voice),
        sections=(*_sections(report.settled, voice), *_of_accounts(report, voice)),
        attached=_attached(attachment, voice),
        steps_title=voice.say("How to make the right export"),
        steps=_steps((*findings, *report.notes), voice),
        footer=_footer(report, administration, voice),
    )


def _head(verdict: str, details: str, voice: Voice) -> str:
    return voice.say("%(verdict)s: %(details)s", {"verdict": verdict, "details": details})


def _topics(report: Report, voice: Voice) -> list[str]:
    """What the mail was about, for the subject."""
    topics = [voice.say(SIDES[side.subledger.side]) for side in report.settled]
    topics += [voice.say(account_list.ACCOUNTS)] if report.accounts else []
    topics += dict.fromkeys(clean(finding.file, 40) for finding in report.refused if finding.file)
    return topics[:3] or [voice.say("no export in your mail")]


def _headline(verdict: str, report: Report, findings: tuple[Finding, ...], voice: Voice) -> str:
    """The first line. Where one thing alone was stopped, it says why."""
    stopped = [side.decision.findings for side in report.settled if side.state in ("held", "refused")]
    if report.accounts and report.accounts.state == "refused":
        stopped.append(tuple(accounts_findings(report.accounts, alone=False)))
    reasons = points(stopped[0] if stopped else findings or report.notes, voice)
    if report.verdict in ("held", "refused") and len(stopped) + len(findings) <= 1 and reasons:
        return f"{verdict}. {reasons[0].what}"
    phrases = [_phrase(side, report.verdict, voice) for side in report.settled]
    phrases += [accounts_phrase(report.accounts, voice)] if report.accounts else []
    if findings:
        phrases.append(voice.count("%(number)s file cannot be used", "%(number)s files cannot be used", len(findings)))
    return _head(verdict, "; ".join(phrases), voice)


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


def _lead(report: Report, voice: Voice) -> str:
    """What the reader is to do."""
    if report.verdict == "applied" and any(side.comparison and not side.comparison.last for side in report.settled):
        return voice.say(
            "This was a first import. Please compare the total with Exact's own list of open items, this once."
        )
    files = [file for part in (*report.settled, report.accounts) if part for file in part.files]
    warnings = (warning for file in files for warning in file.warnings)
    if report.verdict == "applied" and any(CODES[warning.code].severity == "warning" for warning in warnings):
        return voice.say("It is done. At the end is something that you may want to look at.")
    return voice.say(LEADS[report.verdict])


def _sections(sides: Iterable[Settled], voice: Voice) -> tuple[Section, ...]:
    """A section per side; a file that speaks of both sides tells its warnings once."""
    sections: list[Section] = []
    told: set[int] = set()
    for settled in sides:
        warnings = [
            replace(warning, file=warning.file or file.name)
            for file in settled.files
            if file.index not in told
            for warning in file.warnings
        ]
        told.update(file.index for file in settled.files)
        sections.append(_section(settled, warnings, voice))
    return tuple(sections)


def _of_accounts(report: Report, voice: Voice) -> Iterator[Section]:
    """The section of the files of accounts, if there are any."""
    accounts = report.accounts
    if accounts is None:
        return
    warnings = (replace(one, file=one.file or file.name) for file in accounts.files for one in file.warnings)
    yield Section(
        title=voice.say(account_list.TITLE),
        state=accounts.state,
        code=spell(accounts.state),
        status=voice.say(account_list.STATES[accounts.state]),
        files=_named(accounts.files, voice),
        points=points(accounts_findings(accounts, alone=not report.settled), voice),
        tables=() if accounts.state == "refused" else tuple(accounts_tables(accounts.changes, voice)),
        bar=None,
        control="",
        remarks=points(warnings, voice),
    )


def _section(settled: Settled, warnings: Iterable[Finding], voice: Voice) -> Section:
    comparison = settled.comparison
    told = settled.state in ("applied", "unchanged") or settled.decision.approvable  # else the figures mislead
    control = ""
    if comparison and settled.state in ("applied", "unchanged"):
        total = {"total": voice.money(comparison.total_after)}
        control = voice.say(
            "Control total: %(total)s. The total of Exact's own list of open items should equal it.", total
        )
    return Section(
        title=voice.say(TITLES[settled.subledger.side]),
        state=settled.state,
        code=spell(settled.state),
        status=voice.say(STATES[settled.state]),
        files=_named(settled.files, voice),
        points=points(settled.decision.findings, voice),
        tables=_tables(settled, voice) if told else (),
        bar=bar(settled.ageing, voice) if settled.ageing and settled.state == "applied" else None,
        control=control,
        remarks=points(warnings, voice),
    )


def _tables(settled: Settled, voice: Voice) -> tuple[Table, ...]:
    if settled.comparison is None:
        return ()
    figures = tuple(tables(settled.comparison, voice, settled.state != "held"))
    return (*figures, *crossings(settled.crossed, voice)) if settled.state == "applied" else figures


def _named(files: tuple[File, ...], voice: Voice) -> str:
    names = [clean(file.name, 60) for file in files[:FILES]]
    return ", ".join(filter(None, (*names, voice.others(len(files) - len(names)))))


def _steps(findings: Iterable[Finding], voice: Voice) -> tuple[str, ...]:
    return tuple(voice.say(step) for step in STEPS) if any(CODES[f.code].shows_steps for f in findings) else ()


def _attached(attachment: Attachment | None, voice: Voice) -> str:
    if attachment is None:
        return ""
    if attachment.is_whole:
        return voice.say("The attached spreadsheet lists every account, with its balance before and after.")
    return voice.say("The attached spreadsheet lists every account whose balance differs.")


def _footer(report: Report, administration: str, voice: Voice) -> tuple[str, ...]:
    answered = {"subject": clean(report.subject, 80), "moment": voice.moment(report.received_at)}
    about = (
        N_("Answer to your mail “%(subject)s” of %(moment)s")
        if answered["subject"]
        else N_("Answer to your mail of %(moment)s")
    )
    return (
        voice.say("Reference: %(ref)s", {"ref": report.ref}),
        voice.say("Administration: %(name)s (%(code)s)", {"name": administration, "code": report.policy.code}),
        voice.say(about, answered),
        voice.say("This mail was written by Saldopost, automatically."),
    )
