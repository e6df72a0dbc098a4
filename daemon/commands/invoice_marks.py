"""`saldopost invoices batch`, `unbatch`, `paid` and `cancel`: what a person says of invoices."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from daemon.commands.decisions import person
from daemon.commands.invoice_choice import Chosen, choice_options, refuse_unclear, say
from daemon.commands.program import Program
from store.own_records import BatchChanges

if TYPE_CHECKING:
    from store.database import Transaction


@click.command("batch")
@choice_options
@click.option("--all", "all_", is_flag=True, help="All that is open, or all of --customer or --side.")
@click.option("--name", required=True, metavar="NAME", help="What the batch is called: a new one, or one to add to.")
@click.pass_obj
def batch(program: Program, chosen: Chosen, all_: bool, name: str) -> None:
    """Note that invoices were handed to Exact: they are in transit until an export shows them.

    Give their NUMBERs, or --all. A mailed transactions.xml does the same by itself.

    \b
    Examples:
      saldopost invoices batch -a nl01 --all --name 2026-W10
      saldopost invoices batch -a nl01 FAC-2026-0001 FAC-2026-0002 --name 2026-W10

    More: docs/own-invoices.md
    """
    from daemon.assembly import now
    from store import batches

    if all_ == bool(chosen.numbers):
        raise click.UsageError("give the numbers of the invoices, or --all")
    if not name.strip():
        raise click.UsageError("--name is empty")

    def write(tx: "Transaction", code: str) -> BatchChanges:
        return batches.batch(tx, code, chosen.choice(), name.strip(), now(), person())

    _carry_out(program, chosen, write, f"In transit to Exact, in batch {name.strip()}")


@click.command("unbatch")
@choice_options
@click.option("--name", metavar="NAME", help="Only what is in this batch; without numbers all of it.")
@click.pass_obj
def unbatch(program: Program, chosen: Chosen, name: str | None) -> None:
    """Note that invoices were not handed to Exact after all: they are open again.

    Give their NUMBERs, or the --name of a batch. What an export shows by now stays seen.

    \b
    Examples:
      saldopost invoices unbatch -a nl01 --name 2026-W10
      saldopost invoices unbatch -a nl01 FAC-2026-0002

    More: docs/own-invoices.md
    """
    from daemon.assembly import now
    from store import batches

    if not chosen.numbers and name is None:
        raise click.UsageError("give the numbers of the invoices, or the --name of a batch")

    def write(tx: "Transaction", code: str) -> BatchChanges:
        return batches.unbatch(tx, code, chosen.choice(batch=name), now(), person())

    _carry_out(program, chosen, write, "Open again", batch=name)


@click.command("cancel")
@choice_options
@click.option("--undo", is_flag=True, help="Take it back: they count again.")
@click.pass_obj
def cancel(program: Program, chosen: Chosen, undo: bool) -> None:
    """Note that invoices will never arrive in Exact: they count no more.

    For what was made by mistake, or is booked in Exact in another way. Sent again, it stays cancelled.

    \b
    Examples:
      saldopost invoices cancel FAC-2026-0003 -a nl01
      saldopost invoices cancel FAC-2026-0003 -a nl01 --undo

    More: docs/own-invoices.md
    """
    from daemon.assembly import now
    from store import own_invoices

    if not chosen.numbers:
        raise click.UsageError("give the numbers of the invoices")

    def write(tx: "Transaction", code: str) -> BatchChanges:
        if undo:
            return own_invoices.resume(tx, code, chosen.choice(), now(), person(), "cancelled")
        return own_invoices.end(tx, code, chosen.choice(), "cancelled", now(), person())

    _carry_out(program, chosen, write, "Counting again" if undo else "Cancelled")


def _carry_out(
    program: Program,
    chosen: Chosen,
    write: Callable[["Transaction", str], BatchChanges],
    done: str,
    batch: str | None = None,
) -> None:
    """Write it under the administration's lock, and say what came of it.

    Nothing is written if a number is unclear, or if the customer or batch that was named has no invoices at all.
    """
    administration = program.administration(chosen.administration)
    with program.store() as store, store.write() as tx:
        changes = write(tx, administration.code)
        refuse_unclear(tx, administration.code, chosen, changes)
        wanted = [f"{what} {name}" for what, name in (("customer", chosen.customer), ("batch", batch)) if name]
        if wanted and not (changes.matched or changes.already or changes.remembered):
            raise click.ClickException(f"{administration.code} has no such invoices of {' and '.join(wanted)}")
    say(changes, administration.currency, done)
