"""`saldopost imports approve`, `reject` and `undo`: what a person decides about an import."""

import getpass
import secrets
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from daemon.commands.exits import Exit
from daemon.commands.program import Program
from daemon.commands.progress import progress

if TYPE_CHECKING:
    from handlers.importing import Conclusion
    from handlers.policy import Policy
    from handlers.report import Answer, Settled
    from parsers.protocol import Frame
    from store.database import Store, Transaction
    from store.records import HeldImport, ImportState


@click.command("approve")
@click.argument("given", metavar="ID")
@click.pass_obj
def approve(program: Program, given: str) -> None:
    """Say yes to a held import: apply it after all. Its reference does as well as its ID.

    It is read and compared again. If the balances changed since it was asked about, it stays held with new figures
    (exit code 3); if no yes helps, because a page is missing, say, it is not applied (exit code 4). Who mailed the
    export is told when it was applied.

    \b
    Examples:
      saldopost imports list --state held
      saldopost imports approve 12

    More: docs/rules.md
    """
    from daemon.reading import start_reading

    start_reading(mails=False)
    from daemon.assembly import build_rereader, now
    from handlers import approving
    from parsers.protocol import Items
    from store import imports

    with program.store() as store, store.staging() as staging:
        held = _find(store, given, "held")
        policy = _policy(program, held)
        asked = approving.Asked(held.id, policy, person())
        rereader = build_rereader(program.settings, store)

        def conclude(settled: "Settled") -> "Conclusion":
            return _tell_sender(program, policy, held, settled)

        with store.read() as tx:
            (found,) = imports.find_imports(tx, str(held.id))
        with progress("reading", found.items) as advance:

            def reread(*of: Any) -> "Iterator[Frame]":
                for frame in rereader.reread(*of):
                    advance(len(frame.rows) if isinstance(frame, Items) else 0)
                    yield frame

            settled = approving.approve(asked, staging, store, now(), reread, conclude)
    sys.exit(_say(held, settled))


@click.command("reject")
@click.argument("given", metavar="ID")
@click.pass_obj
def reject(program: Program, given: str) -> None:
    """Say no to a held import: it is put aside for good. Nobody is told by mail. Its reference does as well.

    \b
    Examples:
      saldopost imports reject 12

    More: docs/rules.md
    """
    from daemon.assembly import now
    from handlers import approving
    from handlers.importing import Conclusion

    with program.store() as store:
        held = _find(store, given, "held")
        asked = approving.Asked(held.id, _policy(program, held), person())
        settled = approving.reject(asked, store, now(), lambda _settled: Conclusion(lambda _tx: None))
    sys.exit(_say(held, settled))


@click.command("undo")
@click.argument("given", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def undo(program: Program, given: str, yes: bool) -> None:
    """Take back the last applied import of a side: the balances are what they would be had it never been.

    It can be repeated, import by import, back through history. The reference does as well as the ID.

    \b
    Examples:
      saldopost imports list -a nl01 --state applied -n 1
      saldopost imports undo 12

    More: docs/rules.md
    """
    from daemon.assembly import now
    from store import undoing
    from store.records import NotLast

    with program.store() as store:
        found = _find(store, given, "applied")
        import_id, of = found.id, found.subledger
        if not yes:
            click.confirm(f"Take back import {import_id} ({found.ref}), {of.administration} {of.side}?", abort=True)
        try:
            with progress("taking back"), store.write() as tx:
                undone = undoing.undo(tx, import_id, now(), person())
        except NotLast as error:
            raise click.ClickException(str(error)) from error
    stands = f"import {undone.last_import_id} stands again" if undone.last_import_id else "no import stands now"
    click.echo(
        f"import {import_id} ({undone.ref}) undone: {undone.deleted} items gone, {undone.reopened} open again, "
        f"{undone.removed} accounts removed; {stands}"
    )


def _find(store: "Store", given: str, wanted: "ImportState") -> "HeldImport":
    """The import of this ID or reference; of several with one reference, the one in the state that is wanted."""
    from store import holding, imports

    with store.read() as tx:
        found = imports.find_imports(tx, given)
        fitting = [one for one in found if one.state == wanted] or found
        if not fitting:
            raise click.ClickException(f"there is no import {given}")
        if len(fitting) > 1:
            ids = " and ".join(str(one.id) for one in fitting)
            raise click.ClickException(f"{given} stands for the imports {ids}: name one of them")
        return holding.find_by_id(tx, fitting[0].id)


def _policy(program: Program, held: "HeldImport") -> "Policy":
    from daemon.settings import build_policy

    return build_policy(program.administration(held.subledger.administration))


def person() -> str:
    return f"{getpass.getuser()} (command line)"


def _tell_sender(program: Program, policy: "Policy", held: "HeldImport", settled: "Settled") -> "Conclusion":
    """Who mailed an export that is applied after all gets the report of it, in answer to the question."""
    from daemon.assembly import now
    from daemon.settings import build_identity
    from handlers.etiquette import mailable
    from handlers.importing import Conclusion
    from handlers.render import render
    from handlers.reply import compose
    from handlers.report import Report
    from parsers.records import Envelope
    from store import outbox

    smtp = program.settings.smtp
    if settled.answer != "approved" or smtp is None or held.sender is None or mailable(held.sender) is None:
        return Conclusion(lambda _tx: None, held.report_message_id)
    findings = settled.decision.findings[1:]  # the first says that the reader answered yes
    shown = replace(settled, answer=None, decision=replace(settled.decision, reason="", findings=findings))
    report = Report(held.ref, policy, held.arrived_at, settled=(shown,))
    question = Envelope(held.report_message_id, held.sender, (), (), "", None, (), (), None, ())
    reply = compose(
        render(report), held.sender, smtp.sender, question, held.ref, now(),
        build_identity(program.settings).domain, secrets.token_bytes,
    )  # fmt: skip

    def write(tx: "Transaction") -> None:
        outbox.add(tx, reply, now(), held.message_id)

    return Conclusion(write, held.report_message_id)


def _say(held: "HeldImport", settled: "Settled") -> Exit:
    """What became of it, in one line, and the exit code."""
    text, code = _WORDS[settled.answer or "closed"]
    blocking = settled.decision.findings[1].code if settled.answer == "blocked" else ""
    click.echo(f"import {held.id} ({held.ref}): {text.format(state=settled.decision.state, blocking=blocking)}")
    return code


_WORDS: dict["Answer", tuple[str, Exit]] = {
    "approved": ("applied", Exit.DONE),
    "rejected": ("rejected", Exit.DONE),
    "outdated": ("held again: the balances changed since it was asked about; look and approve again", Exit.HELD),
    "blocked": ("not applied: no yes helps ({blocking})", Exit.REFUSED),
    "closed": ("decided already: it is {state}", Exit.PERSON),
}
