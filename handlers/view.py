"""A report put into words: what text and HTML both show, in one order, so that neither says more than the other."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain

from handlers.ageing import Bar, bar
from handlers.codes import CODES
from handlers.codes.numbers import spell
from handlers.first_lines import SIDES, headline, lead, subject
from handlers.language import N_, Voice, clean
from handlers.others import tell_others
from handlers.own_words import own_findings, own_tables
from handlers.points import Point, points
from handlers.policy import InvoiceRules
from handlers.question import question
from handlers.report import Report, Settled, Verdict
from handlers.spreadsheet import Attachment
from handlers.tables import Table, crossings, tables
from handlers.told import Told
from parsers.records import File, Finding, Side
from store.records import ImportState

FILES = 10  # names in one line

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
    findings = report.refused
    if not (report.settled or report.others or findings or report.notes):
        findings = (Finding("nothing-to-import"),)
    others = tuple(tell_others(report, voice))
    said = (*findings, *report.notes, *(finding for told in others for finding in told.findings))
    return View(
        language=report.policy.language,
        verdict=report.verdict,
        subject=subject(report, others, voice),
        headline=headline(report, others, findings, voice),
        lead=lead(report, others, voice),
        question_title=voice.say("What you can do"),
        question=tuple(question(report, {side: voice.say(name) for side, name in SIDES.items()}, voice)),
        points=points((*findings, *report.notes), voice),
        sections=(*_sections(report, voice), *(_section_of(told, voice) for told in others)),
        attached=_attached(attachment, voice),
        steps_title=voice.say("How to make the right export"),
        steps=_steps(said, voice),
        footer=_footer(report, voice),
    )


def _sections(report: Report, voice: Voice) -> tuple[Section, ...]:
    """A section per side; a file that speaks of both sides tells its warnings once."""
    sections: list[Section] = []
    told: set[int] = set()
    for settled in report.settled:
        warnings = [
            replace(warning, file=warning.file or file.name)
            for file in settled.files
            if file.index not in told
            for warning in file.warnings
        ]
        told.update(file.index for file in settled.files)
        sections.append(_section(settled, warnings, report.policy.invoices, voice))
    return tuple(sections)


def _section_of(told: Told, voice: Voice) -> Section:
    """The section of what is no export."""
    warnings = (replace(one, file=one.file or file.name) for file in told.files for one in file.warnings)
    return Section(
        title=told.title,
        state=told.state,
        code=spell(told.state),
        status=told.status,
        files=_named(told.files, voice),
        points=points(told.findings, voice),
        tables=told.tables,
        bar=None,
        control="",
        remarks=points(warnings, voice),
    )


def _section(settled: Settled, warnings: Iterable[Finding], rules: InvoiceRules, voice: Voice) -> Section:
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
        points=points((*settled.decision.findings, *own_findings(settled, rules)), voice),
        tables=_tables(settled, rules, voice) if told else (),
        bar=bar(settled.ageing, voice) if settled.ageing and settled.state == "applied" else None,
        control=control,
        remarks=points(warnings, voice),
    )


def _tables(settled: Settled, rules: InvoiceRules, voice: Voice) -> tuple[Table, ...]:
    if settled.comparison is None:
        return ()
    figures = tuple(tables(settled.comparison, voice, settled.state != "held"))
    return (*figures, *crossings(settled.crossed, voice), *own_tables(settled, rules, voice))


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


def _footer(report: Report, voice: Voice) -> tuple[str, ...]:
    administration = {"name": clean(report.policy.name, 60), "code": report.policy.code}
    answered = {"subject": clean(report.subject, 80), "moment": voice.moment(report.received_at)}
    about = (
        N_("Answer to your mail “%(subject)s” of %(moment)s")
        if answered["subject"]
        else N_("Answer to your mail of %(moment)s")
    )
    where = (
        voice.say("Reference: %(ref)s", {"ref": report.ref}),
        voice.say("Administration: %(name)s (%(code)s)", administration),
    )
    if report.by_hand:
        return where
    return (
        *where,
        voice.say(about, answered),
        voice.say("This mail was written by Saldopost, automatically."),
    )
