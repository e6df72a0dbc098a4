"""What files of accounts changed, in words."""

from collections.abc import Iterator

from handlers.language import N_, Voice
from handlers.report import SettledAccounts
from handlers.tables import SHOWN, Table, named
from handlers.told import Told
from parsers.records import Finding
from store.records import CardChanges, ImportState

ACCOUNTS = N_("accounts")
TITLE = N_("Accounts")
STATES: dict[ImportState, str] = {
    "applied": N_("Names, codes and credit limits were updated."),
    "unchanged": N_("Nothing changed."),
    "refused": N_("Not processed: names and credit limits stay as they were."),
}


def tell_accounts(accounts: SettledAccounts, voice: Voice, *, alone: bool) -> Told:
    """`alone`: the mail held no export."""
    return Told(
        topic=voice.say(ACCOUNTS),
        title=voice.say(TITLE),
        phrase=_phrase(accounts, voice),
        state=accounts.state,
        status=voice.say(STATES[accounts.state]),
        files=accounts.files,
        findings=tuple(_findings(accounts, alone=alone)),
        tables=() if accounts.state == "refused" else tuple(_tables(accounts.changes, voice)),
    )


def _findings(accounts: SettledAccounts, *, alone: bool) -> Iterator[Finding]:
    if accounts.state == "refused":
        yield Finding("list-ambiguous", values={"examples": ", ".join(accounts.changes.ambiguous[:5])})
    if accounts.state == "unchanged":
        yield Finding("accounts-known")
    if alone and accounts.state != "refused":
        yield Finding("accounts-only")


def _tables(changes: CardChanges, voice: Voice) -> Iterator[Table]:
    """How many accounts were touched and in what way, and who is above the credit limit because of it."""
    figures = (
        (voice.say("Accounts in the list"), changes.cards),
        (voice.say("New accounts"), changes.created),
        (voice.say("Changed accounts"), changes.changed),
        (voice.say("of which with another name"), changes.renamed),
        (voice.say("of which with another credit limit"), changes.limits),
    )
    rows = tuple((label, voice.number(figure)) for n, (label, figure) in enumerate(figures) if figure or n == 0)
    yield Table("", ("", voice.say("Number")), rows)
    if changes.largest_over:
        head = tuple(voice.say(word) for word in (N_("Account"), N_("Limit"), N_("Open"), N_("Room left")))
        above = tuple(
            (
                named(change.code, change.name),
                voice.amount(change.limit),
                voice.amount(change.after),
                voice.amount(change.limit - change.after),
            )
            for change in changes.largest_over[:SHOWN]
        )
        yield Table(voice.say("Now above the credit limit"), head, above, voice.others(changes.over - len(above)))


def _phrase(accounts: SettledAccounts, voice: Voice) -> str:
    match accounts.state:
        case "applied":
            touched = accounts.changes.created + accounts.changes.changed
            return voice.count("%(number)s account", "%(number)s accounts", touched)
        case "refused":
            return voice.say("accounts not processed")
        case _:
            return voice.say(ACCOUNTS)
