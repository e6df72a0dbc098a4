"""What files of own invoices and of transactions changed, in words."""

from collections.abc import Iterator, Sequence

from handlers.language import N_, Voice
from handlers.report import SettledInvoices, SettledTransactions
from handlers.tables import Table, named
from handlers.told import Told
from parsers.records import Finding, Side
from store.own_records import BatchChanges, InvoiceChanges
from store.records import ImportState

EXAMPLES = 5  # named in one sentence

INVOICES = N_("own invoices")
INVOICES_TITLE = N_("Own invoices")
INVOICE_STATES: dict[ImportState, str] = {
    "applied": N_("The invoices were taken over."),
    "unchanged": N_("Nothing changed."),
}
TRANSACTIONS = N_("transactions")
TRANSACTIONS_TITLE = N_("Handed to Exact (transactions)")
TRANSACTION_STATES: dict[ImportState, str] = {
    "applied": N_("The invoices are in transit now, until an export shows them."),
    "unchanged": N_("Nothing changed."),
    "refused": N_("Not processed: nothing in the file is known here."),
}
WAITING: dict[Side, str] = {
    "receivable": N_("Receivables not handed to Exact yet"),
    "payable": N_("Payables not handed to Exact yet"),
}
IN_TRANSIT: dict[Side, str] = {
    "receivable": N_("Receivables in transit"),
    "payable": N_("Payables in transit"),
}


def tell_invoices(invoices: SettledInvoices, voice: Voice) -> Told:
    """How many were new, changed, known; and what counts besides Exact's own figures because of it."""
    changes = invoices.changes
    phrase = voice.say(INVOICES)
    if invoices.state == "applied":
        touched = changes.created + changes.updated
        phrase = voice.count("%(number)s own invoice", "%(number)s own invoices", touched)
    return Told(
        topic=voice.say(INVOICES),
        title=voice.say(INVOICES_TITLE),
        phrase=phrase,
        state=invoices.state,
        status=voice.say(INVOICE_STATES[invoices.state]),
        files=invoices.files,
        findings=tuple(_findings(invoices)),
        tables=tuple(_tables(changes, voice)),
    )


def tell_transactions(transactions: SettledTransactions, voice: Voice) -> Told:
    """How many invoices were handed over, and which transactions are of none."""
    changes = transactions.changes
    phrase = voice.say(TRANSACTIONS)
    if transactions.state == "applied":
        phrase = voice.count("%(number)s invoice in transit", "%(number)s invoices in transit", changes.matched)
    return Told(
        topic=voice.say(TRANSACTIONS),
        title=voice.say(TRANSACTIONS_TITLE),
        phrase=phrase,
        state=transactions.state,
        status=voice.say(TRANSACTION_STATES[transactions.state]),
        files=transactions.files,
        findings=tuple(_findings_of_batch(transactions)),
        tables=() if transactions.state == "refused" else (_batch_table(changes, voice),),
    )


def _findings(invoices: SettledInvoices) -> Iterator[Finding]:
    changes = invoices.changes
    if invoices.reason == "invoices-known":
        yield Finding("invoices-known")
    if changes.stale:
        yield Finding("invoices-older", values={"many": changes.stale})
    if changes.unmatched:
        customers = [named(code, name) for code, name in changes.unmatched]
        yield Finding("customers-unmatched", values=counted(customers))
    if changes.ambiguous:
        yield Finding("invoices-ambiguous", values={"many": changes.ambiguous})
    if invoices.unfindable:
        yield Finding("invoices-unfindable", values=counted(invoices.unfindable))
    if changes.repeated:
        yield Finding("invoices-repeated", values=counted([one.number for one in changes.repeated]))
    for name in invoices.assumed:
        yield Finding("side-assumed", name)


def _findings_of_batch(transactions: SettledTransactions) -> Iterator[Finding]:
    changes = transactions.changes
    if transactions.state == "refused":
        yield Finding("not-transactions", transactions.files[0].name)
    if transactions.reason == "transactions-known":
        yield Finding("transactions-known")
    if changes.unknown:
        code = "transactions-remembered" if changes.remembered else "transactions-unknown"
        yield Finding(code, values=counted(changes.unknown))
    if changes.ambiguous:
        yield Finding("transactions-ambiguous", values=counted(changes.ambiguous))


def counted(things: Sequence[str], count: int | None = None) -> dict[str, str | int]:
    """How many things, or `count` of which these are the first; and some of them."""
    many = len(things) if count is None else count
    shown = ", ".join(thing or "?" for thing in things[:EXAMPLES])
    return {"many": many, "examples": f"{shown}, …" if many > EXAMPLES else shown}


def _tables(changes: InvoiceChanges, voice: Voice) -> Iterator[Table]:
    figures = (
        (voice.say("Invoices and credit notes in the files"), changes.read),
        (voice.say("New"), changes.created),
        (voice.say("Changed"), changes.updated),
        (voice.say("Known already"), changes.unchanged),
        (voice.say("Older than what is known here"), changes.stale),
        (voice.say("of all: handed to Exact already"), changes.handed_over),
        (voice.say("of all: an export shows them already"), changes.seen),
    )
    rows = tuple((label, voice.number(figure)) for n, (label, figure) in enumerate(figures) if figure or n == 0)
    yield Table("", ("", voice.say("Number")), rows)
    amounts = [
        (voice.say(words[of.side]), before, after)
        for of in changes.totals
        for words, before, after in (
            (WAITING, of.open_before, of.open_after),
            (IN_TRANSIT, of.in_transit_before, of.in_transit_after),
        )
        if before or after
    ]
    if amounts:
        head = (
            voice.say("In %(currency)s", {"currency": voice.currency}),
            voice.say("Before"),
            voice.say("Now"),
            voice.say("Difference"),
        )
        yield Table(
            voice.say("Open besides the export"),
            head,
            tuple(
                (label, voice.amount(before), voice.amount(after), voice.difference(after - before))
                for label, before, after in amounts
            ),
        )


def _batch_table(changes: BatchChanges, voice: Voice) -> Table:
    figures = (
        (voice.say("Invoices handed to Exact"), voice.number(changes.matched)),
        (
            voice.say("Their amount, in %(currency)s", {"currency": voice.currency}),
            voice.amount(changes.amount_dc) if changes.matched else "",
        ),
        (voice.say("Known as handed over, or seen, before"), voice.number(changes.already) if changes.already else ""),
        (voice.say("Of no invoice known here"), voice.number(len(changes.unknown)) if changes.unknown else ""),
    )
    rows = tuple((label, figure) for label, figure in figures if figure)
    return Table("", ("", voice.say("Number")), rows)
