"""Settings that other programs must find in the store: what its views add up."""

from daemon.settings import Settings
from store.database import Store
from store.subledgers import note_settings
from store.transit import find_adding


def note_totals(store: Store, settings: Settings) -> None:
    """Write down which administrations add what is in transit to their totals, if that is not as it was.

    Raises StoreUnavailable and StoreBroken.
    """
    with store.read() as tx:
        adding = find_adding(tx)
    adds = {one.code: one.invoices.in_transit == "add" for one in settings.administrations}
    changed = [one for one in settings.administrations if adds[one.code] != (one.code in adding)]
    if changed:
        with store.write() as tx:
            for one in sorted(changed, key=lambda one: one.code):  # in one order, as two may do it at once
                note_settings(tx, one.code, one.currency, adds_in_transit=adds[one.code])
