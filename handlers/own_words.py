"""What an applied export means for own invoices, and for invoices followed one by one, in words."""

from collections.abc import Iterator, Sequence

from handlers.invoice_list import INVOICES_TITLE, counted
from handlers.language import N_, Voice, clean
from handlers.policy import InvoiceRules
from handlers.report import Settled
from handlers.tables import SHOWN, Table, named
from parsers.records import Finding
from store.own_records import OwnSummary, Recognised, TrackedGroup, TrackedSummary

LARGEST = 5  # of each kind that are named


def own_findings(settled: Settled, rules: InvoiceRules) -> Iterator[Finding]:
    """What somebody ought to look at."""
    own = settled.own
    if own and own.unmatched_count:
        customers = [named(code, name) for code, name in own.unmatched]
        yield Finding("customers-unmatched", values=counted(customers, own.unmatched_count))
    if own and own.ambiguous_count:
        yield Finding("invoices-ambiguous", values={"many": own.ambiguous_count})
    if own and own.overdue_count:
        yield Finding("in-transit-too-long", values={"many": own.overdue_count, "days": rules.in_transit_days})


def own_tables(settled: Settled, rules: InvoiceRules, voice: Voice) -> Iterator[Table]:
    """What the export shows of own invoices, and what goes on counting; then what happened to single invoices."""
    if settled.own is not None and settled.comparison is not None:
        yield from _own(settled.own, settled.comparison.total_after, rules, voice)
    if settled.tracked is not None:
        yield from _tracked(settled.tracked, voice)


def _own(own: OwnSummary, exported: int, rules: InvoiceRules, voice: Voice) -> Iterator[Table]:
    adds_in_transit = rules.in_transit == "add"
    figures = (
        (N_("In this export for the first time"), own.recognised, own.recognised_dc),
        (N_("Not handed to Exact yet"), own.open, own.open_dc),
        (N_("In transit: handed over, and not in an export yet"), own.in_transit, own.in_transit_dc),
    )
    rows = [(voice.say(label), voice.number(count), voice.amount(sum_)) for label, count, sum_ in figures if count]
    if not rows:
        return
    if own.open or own.in_transit:
        label = N_("Open with what is in transit") if adds_in_transit else N_("Open with what was not handed over")
        total = exported + own.open_dc + (own.in_transit_dc if adds_in_transit else 0)
        rows.append((voice.say(label), "", voice.amount(total)))
    yield Table(voice.say(INVOICES_TITLE), ("", voice.say("Number"), _amount(voice)), tuple(rows))
    if own.largest:
        largest = tuple((_invoice(one), voice.amount(one.amount_dc)) for one in own.largest[:LARGEST])
        others = voice.others(own.recognised - len(largest))
        head = (voice.say("Invoice"), _amount(voice))
        yield Table(voice.say("In this export for the first time"), head, largest, others)
    if own.ambiguous:
        unclear = tuple((_invoice(one), voice.amount(one.amount_dc)) for one in own.ambiguous[:SHOWN])
        head = (voice.say("Invoice"), _amount(voice))
        yield Table(voice.say("Perhaps in the export"), head, unclear, voice.others(own.ambiguous_count - len(unclear)))
    if own.overdue:
        overdue = tuple(
            (_invoice(one), voice.number(one.days), voice.amount(one.amount_dc)) for one in own.overdue[:SHOWN]
        )
        yield Table(
            voice.say("Long in transit"),
            (voice.say("Invoice"), voice.say("Days"), _amount(voice)),
            overdue,
            voice.others(own.overdue_count - len(overdue)),
        )


def _tracked(tracked: TrackedSummary, voice: Voice) -> Iterator[Table]:
    groups: Sequence[tuple[str, TrackedGroup]] = (
        (N_("New invoices"), tracked.new),
        (N_("Paid in full"), tracked.paid),
        (N_("Paid in part"), tracked.part_paid),
        (N_("Open again"), tracked.reopened),
    )
    rows = tuple(
        (voice.say(label), voice.number(group.count), voice.amount(group.amount_dc))
        for label, group in groups
        if group.count
    )
    if rows:
        yield Table(voice.say("Invoices one by one"), ("", voice.say("Number"), _amount(voice)), rows)
    for label, group in groups[1:]:
        if group.largest:
            head = (voice.say("Invoice"), voice.say("Before"), voice.say("Now"))
            changes = tuple(
                (_label(one.number, one.code, one.name), voice.amount(one.before_dc), voice.amount(one.after_dc))
                for one in group.largest[:LARGEST]
            )
            yield Table(voice.say(label), head, changes, voice.others(group.count - len(changes)))


def _amount(voice: Voice) -> str:
    return voice.say("In %(currency)s", {"currency": voice.currency})


def _invoice(one: Recognised) -> str:
    return _label(one.number, one.code or one.customer_code, one.name)


def _label(number: str, code: str | None, name: str) -> str:
    return " ".join(filter(None, (clean(number, 30), named(code, name))))
