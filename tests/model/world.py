"""Who owes what, in plain lists and dicts: whose blocks are these, and what is open after one more export.

Nothing of the program is used here. Amounts are cents; all is in one currency.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Item(NamedTuple):
    number: str  # "" for none
    invoiced: str
    due: str
    cents: int


class Block(NamedTuple):
    exact_id: str | None
    code: str | None
    name: str
    items: tuple[Item, ...]


@dataclass
class Account:
    exact_id: str | None
    code: str | None
    name: str


@dataclass
class Party:
    """The blocks of an export that belong to one account; `account` is its place in the world, None if it is new."""

    exact_id: str | None
    code: str | None
    name: str
    items: list[tuple[int, Item]]  # with the number of the file
    codes: set[str]
    account: int | None = None


class Matched(NamedTuple):
    parties: list[Party]
    nameless: int
    ambiguous: int


class World:
    """What one administration looks like after some imports, one after the other."""

    def __init__(self) -> None:
        self.accounts: list[Account] = []
        self.open: dict[tuple[int, str], list[Item]] = {}
        self.ever_open: dict[tuple[int, str], set[str]] = defaultdict(set)

    def known(self, side: str) -> dict[int, list[Item]]:
        return {account: items for (account, of), items in self.open.items() if of == side and items}

    def match(self, files: Sequence[list[Block]]) -> Matched:
        """Find an account by its ID; by its code only where the file or the account has no ID."""
        with_id: dict[str, Party] = {}
        with_code: dict[str, Party] = {}
        nameless = 0
        for number, blocks in enumerate(files):
            for block in blocks:
                key, parties = (block.exact_id, with_id) if block.exact_id else (block.code, with_code)
                if key is None:
                    nameless += 1
                    continue
                party = parties.setdefault(key, Party(block.exact_id, block.code, block.name, [], set()))
                party.items += [(number, item) for item in block.items]
                party.codes |= {block.code} if block.code else set()
                party.code = min(party.codes, default=None)
                party.name = max(party.name, block.name)
        for party in with_id.values():
            party.account = self._find(lambda known, party=party: known.exact_id == party.exact_id)
        for place, known in enumerate(self.accounts):
            bearers = [party for party in with_id.values() if party.account is None and party.code == known.code]
            if known.exact_id is None and len(bearers) == 1:
                bearers[0].account = place
        taken = {party.account for party in with_id.values()}
        left = []
        for party in with_code.values():
            found = self._find(lambda known, party=party: known.exact_id is None and known.code == party.code)
            party.account = None if found in taken else found
            left += [party] if party.account is None else []
        taken |= {party.account for party in with_code.values()}
        joined, ambiguous = [], 0
        for party in left:
            in_file = [other for other in with_id.values() if party.code in other.codes]
            in_store = [
                place
                for place, known in enumerate(self.accounts)
                if known.exact_id and known.code == party.code and place not in taken
            ]
            if len(in_file) + len(in_store) > 1:
                ambiguous += 1
            elif in_file:
                in_file[0].items += party.items
                joined.append(party)
            elif in_store:
                party.account = in_store[0]
        parties = [*with_id.values(), *(party for party in with_code.values() if party not in joined)]
        return Matched(parties, nameless, ambiguous)

    def apply(self, side: str, files: Sequence[list[Block]]) -> None:
        """What is not in the export is paid."""
        for account, of in self.open:
            if of == side:
                self.open[account, of] = []
        for party in self.match(files).parties:
            if party.account is None:
                party.account = len(self.accounts)
                self.accounts.append(Account(party.exact_id, party.code, party.name))
            known = self.accounts[party.account]
            known.name, known.code = party.name or known.name, party.code or known.code
            known.exact_id = known.exact_id or party.exact_id
            items = [item for _, item in party.items]
            self.open[party.account, side] = items
            self.ever_open[party.account, side] |= {item.number for item in items}

    def balances(self, administration: str) -> list[tuple[str, str, str, str, str, int]]:
        """Side by side and account by account, those at zero too."""
        found = []
        for (account, side), items in self.open.items():
            known = self.accounts[account]
            total = sum(item.cents for item in items)
            found.append((administration, side, known.exact_id or "", known.code or "", known.name, total))
        return sorted(found)

    def _find(self, fits: Callable[[Account], bool]) -> int | None:
        return next((place for place, known in enumerate(self.accounts) if fits(known)), None)
