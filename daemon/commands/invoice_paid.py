"""`saldopost invoices paid`: invoices that a person knows to be paid, whatever exports say."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from daemon.commands.account_choice import choose_account
from daemon.commands.decisions import person
from daemon.commands.invoice_choice import Chosen, choice_options, refuse, say
from daemon.commands.invoice_rows import Pair, pair
from daemon.commands.program import Program
from store.own_records import BatchChanges, InvoiceChoice, OwnInvoice, TrackedInvoice

if TYPE_CHECKING:
    from store.database import Transaction


@click.command("paid")
@choice_options
@click.option("--account", metavar="EXACT", help="Of this account in Exact: its code, Exact ID or a part of its name.")
@click.option("--undo", is_flag=True, help="Take the mark back.")
@click.pass_obj
def paid(program: Program, chosen: Chosen, account: str | None, undo: bool) -> None:
    """Note that invoices were paid.

    One of your own that no export has shown yet counts no more from now on: it was paid before Exact knew of it.

    With mode = "invoices", one that Exact shows is called "paid-by-hand" and stays so; NUMBER may be the one in Exact.
    The balance (import) is what Exact says it is, all the same. With mode = "balances" it is left to the exports.

    \b
    Examples:
      saldopost invoices paid FAC-2026-0003 -a nl01
      saldopost invoices paid 1 -a nl01 --account 10042
      saldopost invoices paid FAC-2026-0003 -a nl01 --undo

    More: docs/own-invoices.md
    """
    if not chosen.numbers:
        raise click.UsageError("give the numbers of the invoices")
    administration = program.administration(chosen.administration)
    follows = undo or administration.mode == "invoices"  # a mark may be older than the mode
    with program.store() as store, store.write() as tx:
        from store.subledgers import lock

        lock(tx, administration.code, administration.currency)
        found = _find(tx, administration.code, chosen, account, follows=follows)
        if undo:
            found = {number: [one for one in pairs if _is_marked(one)] for number, pairs in found.items()}
        unclear = {number: [_shown(one) for one in pairs] for number, pairs in found.items() if len(pairs) > 1}
        unknown = [number for number, pairs in found.items() if not pairs]
        if unclear or unknown:
            refuse(administration.code, unknown, unclear)
        changes = [_write(tx, administration.code, one, undo=undo) for pairs in found.values() for one in pairs]
    say(_add(changes), administration.currency, "Not marked as paid any more" if undo else "Marked as paid")


def _find(
    tx: "Transaction", administration: str, chosen: Chosen, account: str | None, *, follows: bool
) -> dict[str, list[Pair]]:
    """What each number may mean: own invoices, by their own number before that in Exact, and what Exact alone has."""
    from store.own_invoices import list_invoices
    from store.tracking import iterate_tracked

    account_id = choose_account(tx, administration, account).id if account is not None else None
    own = list(
        list_invoices(
            tx, administration=administration, side=chosen.side, numbers=chosen.numbers, account_id=account_id
        )
    )
    numbers = tuple(dict.fromkeys((*chosen.numbers, *(one.exact_number for one in own if one.exact_number))))
    tracked = (
        list(
            iterate_tracked(tx, administration, side=chosen.side, account_id=account_id, numbers=numbers, paid_too=True)
        )
        if follows
        else []
    )
    pairs = list(pair(own, tracked))
    return {number: [one for one in _named(pairs, number) if _fits(one, chosen)] for number in chosen.numbers}


def _named(pairs: Sequence[Pair], number: str) -> list[Pair]:
    by_own = [one for one in pairs if one.own is not None and one.own.number == number]
    return [
        *(by_own or [one for one in pairs if one.own is not None and one.own.exact_number == number]),
        *(one for one in pairs if one.own is None and one.tracked is not None and number in _numbers(one.tracked)),
    ]


def _numbers(one: TrackedInvoice) -> tuple[str, ...]:
    return (one.number, one.your_ref) if one.side == "payable" else (one.number,)


def _fits(one: Pair, chosen: Chosen) -> bool:
    """Customer and kind are words about own invoices: where they are said, Exact's alone are not meant."""
    if one.own is None:
        return chosen.customer is None and chosen.kind is None
    return chosen.customer in (None, one.own.customer_code) and chosen.kind in (None, one.own.kind)


def _shown(one: Pair) -> OwnInvoice | TrackedInvoice:
    shown = one.own or one.tracked
    assert shown is not None
    return shown


def _is_marked(one: Pair) -> bool:
    own, tracked = one
    return (own is not None and own.status == "paid") or (tracked is not None and tracked.marked_at is not None)


def _write(tx: "Transaction", administration: str, of: Pair, *, undo: bool) -> BatchChanges:
    from daemon.assembly import now
    from store import own_invoices, tracking

    own, tracked = of
    if tracked is not None and not (undo and tracked.marked_at is None):
        on, account_id, named = tracked.side, tracked.account_id, (tracked.number,)
        if undo:
            changes = tracking.unmark_paid(tx, administration, named, side=on, account_id=account_id)
        else:
            changes = tracking.mark_paid(tx, administration, named, now(), person(), side=on, account_id=account_id)
        return replace(changes, amount_dc=tracked.open_dc if changes.matched else 0)
    assert own is not None
    choice = InvoiceChoice((own.number,), own.side, own.customer_code, kind=own.kind)
    if undo:
        return own_invoices.resume(tx, administration, choice, now(), person(), "paid")
    return own_invoices.end(tx, administration, choice, "paid", now(), person())


def _add(changes: Iterable[BatchChanges]) -> BatchChanges:
    found = list(changes)
    return BatchChanges(
        matched=sum(one.matched for one in found),
        already=sum(one.already for one in found),
        amount_dc=sum(one.amount_dc for one in found),
    )
