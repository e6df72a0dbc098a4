"""Which invoices a command means, and what is said where that is not clear: nothing is guessed."""

import functools
import shlex
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import click

from daemon.commands.output import write_amount
from parsers.display import visible
from store.own_records import BatchChanges, InvoiceChoice, OwnInvoice, OwnKind, TrackedInvoice
from store.records import Side

if TYPE_CHECKING:
    from store.database import Transaction


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was asked for: invoices by their own numbers, and what tells several of one number apart."""

    administration: str | None
    numbers: tuple[str, ...]
    side: Side | None
    customer: str | None
    kind: OwnKind | None

    def choice(self, batch: str | None = None) -> InvoiceChoice:
        return InvoiceChoice(self.numbers, self.side, self.customer, batch, self.kind)

    def fits(self, one: OwnInvoice, number: str) -> bool:
        """Whether it is one of those that are meant by their own `number`."""
        return (
            one.number == number
            and self.side in (None, one.side)
            and self.customer in (None, one.customer_code)
            and self.kind in (None, one.kind)
        )


def choice_options(command: Callable[..., None]) -> Callable[..., None]:
    """`NUMBER...`, `-a`, `--side`, `--customer` and `--kind`, as the argument `chosen`."""

    @click.argument("numbers", metavar="[NUMBER...]", nargs=-1)
    @click.option(
        "-a", "--administration", metavar="CODE", help="The administration; may be left out if there is but one."
    )
    @click.option("--side", type=click.Choice(typing.get_args(Side)), help="To debtors or from creditors.")
    @click.option("--customer", metavar="OWN", help="Of this customer, by your own code.")
    @click.option("--kind", type=click.Choice(typing.get_args(OwnKind)), help="Invoices or credit notes.")
    @functools.wraps(command)
    def choose(
        *given: Any,
        numbers: Sequence[str],
        administration: str | None,
        side: Side | None,
        customer: str | None,
        kind: OwnKind | None,
        **more: Any,
    ) -> None:
        wanted = tuple(dict.fromkeys(number.strip() for number in numbers if number.strip()))
        if numbers and not wanted:
            raise click.UsageError("the number of the invoice is empty")
        command(*given, Chosen(administration, wanted, side, customer, kind), **more)

    return choose


def refuse_unclear(tx: "Transaction", administration: str, chosen: Chosen, changes: BatchChanges) -> None:
    """Raises ClickException if a number is unknown or fits several invoices; then nothing is written."""
    if not changes.unknown and not changes.ambiguous:
        return
    from store.own_invoices import list_invoices

    found = list(list_invoices(tx, administration=administration, side=chosen.side, numbers=changes.ambiguous))
    candidates = {number: [one for one in found if chosen.fits(one, number)] for number in changes.ambiguous}
    refuse(administration, changes.unknown, candidates)


def refuse(
    administration: str, unknown: Sequence[str], ambiguous: Mapping[str, Sequence[OwnInvoice | TrackedInvoice]]
) -> NoReturn:
    """Raises ClickException that names the unknown numbers, and of each of the others what it may mean."""
    lines = [f"{administration} has no such invoice: {visible(number, 120)}" for number in unknown]
    for number, candidates in ambiguous.items():
        lines.append(f"{administration} has several invoices {visible(number, 120)}; say which one is meant:")
        lines += (f"  {_tell_apart(one, candidates)}" for one in candidates)
    raise click.ClickException("\n".join([*lines, "Nothing was changed."]))


def say(changes: BatchChanges, currency: str, done: str) -> None:
    """What came of it, in one line."""
    amount = f"{write_amount(changes.amount_dc, currency)} {currency}"
    left = f"; left as they were: {changes.already}" if changes.already else ""
    forgotten = f"; of invoices that did not come yet: {changes.remembered}" if changes.remembered else ""
    click.echo(f"{done}: {changes.matched} ({amount}){left}{forgotten}")


def _tell_apart(one: OwnInvoice | TrackedInvoice, candidates: Sequence[OwnInvoice | TrackedInvoice]) -> str:
    """The options that mean this one alone, and what people know it by."""
    options = _options(one)
    telling = {
        option: value
        for option, value in options.items()
        if any(_options(other).get(option) != value for other in candidates)
    }
    amount = one.amount_fc if isinstance(one, OwnInvoice) else one.original_fc
    facts = (one.name, one.invoice_date, f"{write_amount(amount, one.currency)} {one.currency}")
    words = " ".join(f"{option} {shlex.quote(visible(value, 120))}" for option, value in telling.items())
    return f"{words}: {', '.join(visible(fact, 120) for fact in facts if fact)}"


def _options(one: OwnInvoice | TrackedInvoice) -> dict[str, str]:
    if isinstance(one, OwnInvoice):
        return {"--customer": one.customer_code, "--side": one.side, "--kind": one.kind}
    return {"--account": one.exact_id or one.code or "", "--side": one.side}
