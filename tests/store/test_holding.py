"""What becomes of an import that waits for a yes, and of the mails whose state hangs on it."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from staged_exports import NOW, PAYABLE, RECEIVABLE, Account, apply_export, new_import, stage

from store import holding, imports, messages, outbox
from store.balances import iterate_balances
from store.database import Store
from store.records import (
    ImportMoved,
    ImportUnknown,
    MailKey,
    Message,
    NotHeld,
    Outcome,
    OutgoingMail,
    Subledger,
)
from store.undoing import undo

LATER = NOW + timedelta(hours=1)


def receive(store: Store, uid: int) -> int:
    with store.write() as tx:
        return messages.remember(tx, MailKey("main", "INBOX", 1, uid), 1, NOW, NOW, Random(uid)).id


def finish(store: Store, message_id: int, state: str = "held", *, wait: bool = False, **more: object) -> None:
    """End the mail in that state with one reply, moved to its folder."""
    not_before = NOW + timedelta(minutes=15) if wait else None
    reply = OutgoingMail("jan@bakker.example", "", f"<{message_id}@x>", b"", not_before=not_before)
    with store.write() as tx:
        messages.finish(tx, message_id, Outcome(state, "doubt", "nl01", (reply,), **more), NOW)
        messages.mark_moved(tx, [(message_id, state, None)])


def hold(store: Store, accounts: list[Account], *, joined: bool = False, of: Subledger = RECEIVABLE, **more) -> int:
    with store.staging() as staging:
        stage(staging, accounts)
        comparison = staging.compare(of)
        with staging.transaction() as tx:
            new = new_import(of, state="held", reason="doubt", approvable=True, **more)
            return holding.hold(tx, comparison, new, "EUR", NOW, joined=joined)


def approve(store: Store, import_id: int, accounts: list[Account], of: Subledger = RECEIVABLE) -> None:
    with store.staging() as staging:
        stage(staging, accounts)
        comparison = staging.compare(of)
        with staging.transaction() as tx:
            assert (
                staging.apply(tx, comparison, new_import(of), "EUR", LATER, approved=import_id, by="jan") == import_id
            )


def states(store: Store) -> dict[int, str]:
    with store.read() as tx:
        return {one.id: one.state for one in imports.list_imports(tx)}


def mail(store: Store, message_id: int) -> Message:
    with store.read() as tx:
        return next(one for one in messages.list_messages(tx) if one.id == message_id)


def balances(store: Store) -> dict[str | None, int]:
    with store.read() as tx:
        return {row.code: row.open_import for row in iterate_balances(tx)}


EXPORT = [Account("1", [("A", 100)])]


def test_what_is_held_changes_no_balance_and_is_found_with_all_that_was_noted(store: Store):
    apply_export(store, [Account("1", [("A", 1)])])
    message_id = receive(store, 1)
    import_id = hold(
        store,
        EXPORT,
        message_id=message_id,
        sender="jan@bakker.example",
        mailbox="main",
        route="main jan",
        findings='[{"code":"doubt"}]',
        report_message_id="<ask@x>",
    )
    with store.read() as tx:
        held = holding.find_held(tx, RECEIVABLE)
        assert holding.find_held(tx, PAYABLE) is None
        assert holding.find_held_by_report(tx, ["<other@x>", "<ask@x>"]) == [held]
        assert holding.find_held_by_report(tx, ["<other@x>"]) == []
        assert holding.find_by_id(tx, import_id) == held
    assert held is not None
    assert (held.id, held.state, held.base_import_id, held.approvable) == (import_id, "held", 1, True)
    assert (held.message_id, held.sender, held.mailbox, held.route) == (
        message_id,
        "jan@bakker.example",
        "main",
        "main jan",
    )
    assert (held.findings, held.report_message_id, len(held.files)) == ('[{"code":"doubt"}]', "<ask@x>", 1)
    assert balances(store) == {"1": 1}


def test_a_yes_applies_it_under_its_own_id(store: Store):
    apply_export(store, [Account("1", [("A", 1)])])
    message_id = receive(store, 1)
    import_id = hold(store, EXPORT, message_id=message_id)
    finish(store, message_id)
    approve(store, import_id, EXPORT)
    assert balances(store) == {"1": 100}
    assert states(store) == {1: "applied", 2: "applied"}
    assert (mail(store, message_id).state, mail(store, message_id).moved) == ("applied", False)
    with store.read() as tx:
        one = holding.find_by_id(tx, import_id)
        assert imports.find_standing(tx, RECEIVABLE).last.id == import_id
    assert (one.decided_by, one.decided_at, one.recorded_at) == ("jan", LATER, NOW)
    with pytest.raises(NotHeld):
        approve(store, import_id, EXPORT)


def test_a_no_refuses_its_mail(store: Store):
    message_id = receive(store, 1)
    import_id = hold(store, EXPORT, message_id=message_id)
    finish(store, message_id)
    with store.write() as tx:
        assert holding.reject(tx, import_id, LATER, "jan").state == "rejected"
        with pytest.raises(NotHeld, match="it is rejected"):
            holding.reject(tx, import_id, LATER, "jan")
        with pytest.raises(ImportUnknown):
            holding.reject(tx, 99, LATER, "jan")
    refused = mail(store, message_id)
    assert (refused.state, refused.reason, refused.moved) == ("refused", "rejected", False)
    assert balances(store) == {}


@pytest.mark.parametrize("newer", ["held", "applied"])
def test_a_newer_one_supersedes_it(store: Store, newer: str):
    message_id = receive(store, 1)
    import_id = hold(store, EXPORT, message_id=message_id, report_message_id="<ask@x>")
    finish(store, message_id)
    if newer == "held":
        hold(store, [Account("1", [("A", 7)])])
    else:
        apply_export(store, [Account("1", [("A", 7)])])
    assert states(store) == {1: "superseded", 2: newer}
    old = mail(store, message_id)
    assert (old.state, old.reason, old.moved) == ("unchanged", "superseded", False)
    with store.read() as tx:
        found = holding.find_held_by_report(tx, ["<ask@x>"])
    assert [(one.id, one.state, one.superseded_by) for one in found] == [(import_id, "superseded", 2)]
    with pytest.raises(NotHeld):
        approve(store, import_id, EXPORT)


def test_both_sides_wait_apart(store: Store):
    hold(store, EXPORT)
    hold(store, [Account("1", [("A", 1)], side="payable")], of=PAYABLE)
    assert states(store) == {1: "held", 2: "held"}


def test_a_reply_that_was_held_back_is_cancelled_and_one_that_was_not_is_sent(store: Store):
    waits, asked = receive(store, 1), receive(store, 2)
    hold(store, EXPORT, message_id=waits)
    finish(store, waits, wait=True)
    hold(store, EXPORT, message_id=asked)
    finish(store, asked)
    apply_export(store, EXPORT)
    assert (mail(store, waits).reply, mail(store, asked).reply) == ("none", "queued")


def test_a_reply_that_tells_of_the_other_side_too_is_sent(store: Store):
    both = receive(store, 1)
    hold(store, EXPORT, message_id=both)
    hold(store, [Account("1", [("A", 1)], side="payable")], of=PAYABLE, message_id=both)
    finish(store, both, wait=True)
    apply_export(store, EXPORT)
    assert (mail(store, both).state, mail(store, both).reply) == ("held", "queued")
    apply_export(store, [Account("1", [("A", 1)], side="payable")], PAYABLE)
    with store.read() as tx:
        assert outbox.count_states(tx) == {"cancelled": 1}
    assert mail(store, both).state == "unchanged"


def test_a_mail_takes_the_worst_of_its_imports_and_files(store: Store):
    message_id = receive(store, 1)
    receivable = hold(store, EXPORT, message_id=message_id)
    payable = hold(store, [Account("1", [("A", 1)], side="payable")], of=PAYABLE, message_id=message_id)
    finish(store, message_id)
    approve(store, receivable, EXPORT)
    assert mail(store, message_id).state == "held"
    with store.write() as tx:
        holding.reject(tx, payable, LATER, "jan")
    assert mail(store, message_id).state == "refused"


def test_a_file_that_was_refused_still_counts_after_a_yes(store: Store):
    message_id = receive(store, 1)
    import_id = hold(store, EXPORT, message_id=message_id)
    finish(store, message_id, other_state="refused")
    approve(store, import_id, EXPORT)
    assert (mail(store, message_id).state, mail(store, message_id).reason) == ("refused", "files-refused")


def test_the_same_files_again_wait_for_the_same_answer(store: Store):
    first, again = receive(store, 1), receive(store, 2)
    import_id = hold(store, EXPORT, message_id=first)
    finish(store, first)
    with store.write() as tx:
        holding.wait_with(tx, import_id, again)
        holding.wait_with(tx, import_id, again)
    finish(store, again)
    approve(store, import_id, EXPORT)
    assert (mail(store, first).state, mail(store, again).state) == ("applied", "applied")
    with store.write() as tx, pytest.raises(NotHeld):
        holding.wait_with(tx, import_id, again)


def test_pages_of_several_mails_end_together(store: Store):
    mails = [receive(store, uid) for uid in (1, 2, 3)]
    hold(store, EXPORT, message_id=mails[0])
    finish(store, mails[0], wait=True)
    hold(store, EXPORT, message_id=mails[1], joined=True)
    finish(store, mails[1], wait=True)
    assert [mail(store, one).state for one in mails] == ["held", "held", None]
    with store.staging() as staging:
        stage(staging, EXPORT)
        comparison = staging.compare(RECEIVABLE)
        with staging.transaction() as tx:
            staging.apply(tx, comparison, new_import(message_id=mails[2]), "EUR", LATER, joined=True)
            messages.finish(tx, mails[2], Outcome("applied"), LATER)
    assert [mail(store, one).state for one in mails] == ["applied"] * 3
    assert [mail(store, one).reply for one in mails] == ["none"] * 3
    assert states(store) == {1: "superseded", 2: "superseded", 3: "applied"}


def test_a_yes_to_figures_that_changed_is_asked_anew_under_the_same_id(store: Store):
    apply_export(store, [Account("1", [("A", 7)])])
    import_id = hold(store, EXPORT, ref="HELD-22", report_message_id="<ask@x>")
    with store.write() as tx:
        undo(tx, 1, NOW, "jan")
    with store.staging() as staging:
        stage(staging, EXPORT)
        comparison = staging.compare(RECEIVABLE)
        new = new_import(state="held", reason="doubt", ref="OTHER-2", report_message_id="<again@x>")
        with staging.transaction() as tx:
            holding.hold_again(tx, import_id, comparison, new, "EUR", LATER)
        outdated = replace(comparison, account_version=0)
        with pytest.raises(ImportMoved), staging.transaction() as tx:
            holding.hold_again(tx, import_id, outdated, new, "EUR", LATER)
    with store.read() as tx:
        held = holding.find_held(tx, RECEIVABLE)
    assert held is not None
    assert (held.id, held.ref, held.base_import_id) == (import_id, "HELD-22", None)
    assert (held.report_message_id, held.recorded_at) == ("<again@x>", LATER)


def test_an_import_that_moved_holds_nothing(store: Store):
    with store.staging() as staging:
        stage(staging, EXPORT)
        comparison = staging.compare(RECEIVABLE)
        apply_export(store, [Account("1", [("A", 7)])])
        new = new_import(state="held")
        with pytest.raises(ImportMoved), staging.transaction() as tx:
            holding.hold(tx, comparison, new, "EUR", NOW)
    assert states(store) == {1: "applied"}
