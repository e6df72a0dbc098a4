"""The figures of one side as tables of text, in one language."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from handlers.language import N_, Voice, clean
from store.records import AccountChange, Comparison, CreditCrossing

SHOWN = 10  # accounts in one table


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text; the first column is aligned left, all others are figures."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    more: str = ""


def tables(comparison: Comparison, voice: Voice, applied: bool) -> Iterator[Table]:
    """What a bookkeeper wants to see of `comparison`, the most telling first.

    What was not applied is told as what would become of it: the balance as it is now, beside the export's.
    """
    then, now = (voice.say("Before"), voice.say("Now")) if applied else (voice.say("Now"), voice.say("In the export"))
    yield _totals(comparison, then, now, voice)
    if comparison.last and comparison.largest:
        yield _changed(comparison, then, now, voice)
    if comparison.largest_zeroed:
        title = voice.say(N_("Now at zero") if applied else N_("Not in the export: would become zero"))
        yield _short(title, then, comparison.zeroed, [(c, c.before) for c in comparison.largest_zeroed], voice)
    if comparison.largest_reopened:
        figures = [(c, c.after) for c in comparison.largest_reopened]
        yield _short(voice.say("Newly open"), now, comparison.reopened_accounts, figures, voice)
    if comparison.largest_created:
        title = voice.say("New accounts, which match none that was known")
        yield _short(title, now, comparison.created, [(c, c.after) for c in comparison.largest_created], voice)
    if any(total.currency != voice.currency for total in comparison.currencies):
        yield _currencies(comparison, voice)


def crossings(crossed: Sequence[CreditCrossing], voice: Voice) -> Iterator[Table]:
    """Whose balance passed the credit limit: those now above it first, the farthest first; then those back under."""
    head = tuple(voice.say(word) for word in (N_("Account"), N_("Limit"), N_("Now"), N_("Room left")))
    above = [change for change in crossed if change.after > change.limit]
    back = [change for change in crossed if change.after <= change.limit]
    for title, changes in ((N_("Now above the credit limit"), above), (N_("Back under the credit limit"), back)):
        if changes:
            changes.sort(key=lambda change: (change.limit - change.after, change.code or "", change.name))
            rows = tuple(
                (
                    named(change.code, change.name),
                    *(voice.amount(of) for of in (change.limit, change.after, change.limit - change.after)),
                )
                for change in changes[:SHOWN]
            )
            yield Table(voice.say(title), head, rows, voice.others(len(changes) - len(rows)))


def _totals(comparison: Comparison, then: str, now: str, voice: Voice) -> Table:
    receivable = comparison.subledger.side == "receivable"
    labels = (
        voice.say("Open, in %(currency)s", {"currency": voice.currency}),
        voice.say(N_("Debtors with open items") if receivable else N_("Creditors with open items")),
        voice.say("Open items"),
    )
    after = (comparison.total_after, comparison.accounts, comparison.items)
    figures = (voice.amount(after[0]), voice.number(after[1]), voice.number(after[2]))
    if comparison.last is None:
        return Table("", ("", now), tuple(zip(labels, figures, strict=True)))
    before = (comparison.total_before, comparison.accounts_before, comparison.items_before)
    columns = (
        labels,
        (voice.amount(before[0]), voice.number(before[1]), voice.number(before[2])),
        figures,
        (voice.difference(after[0] - before[0]), *(voice.change(after[n] - before[n]) for n in (1, 2))),
    )
    return Table("", ("", then, now, voice.say("Difference")), tuple(zip(*columns, strict=True)))


def _changed(comparison: Comparison, then: str, now: str, voice: Voice) -> Table:
    rows = tuple(
        (_label(c), voice.amount(c.before), voice.amount(c.after), voice.difference(c.after - c.before))
        for c in comparison.largest[:SHOWN]
    )
    head = (voice.say("Account"), then, now, voice.say("Difference"))
    return Table(voice.say("What changed most"), head, rows, voice.others(comparison.changed - len(rows)))


def _short(title: str, head: str, count: int, figures: list[tuple[AccountChange, int]], voice: Voice) -> Table:
    rows = tuple((_label(change), voice.amount(figure)) for change, figure in figures[:SHOWN])
    return Table(title, (voice.say("Account"), head), rows, voice.others(count - len(rows)))


def _currencies(comparison: Comparison, voice: Voice) -> Table:
    rows = tuple(
        (clean(c.currency, 8), voice.number(c.items), voice.amount(c.open_fc, c.currency), voice.amount(c.open_dc))
        for c in comparison.currencies
    )
    own = voice.say("In %(currency)s", {"currency": voice.currency})
    return Table(voice.say("By currency"), (voice.say("Currency"), voice.say("Items"), voice.say("Open"), own), rows)


def _label(change: AccountChange) -> str:
    return named(change.code, change.name) or clean(change.exact_id or "?")


def named(code: str | None, name: str) -> str:
    """An account as a table shows it."""
    return " ".join(filter(None, (clean(code or "", 20), clean(name, 60))))
