"""The cards of the accounts: names, codes, Exact IDs and credit limits, as files of accounts give them.

An account is found by its ID; by its code only where the card or the stored account has no ID. Each card is held
against what the cards before it left, so that a later one wins.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from itertools import islice

from sqlalchemy import ColumnElement, Connection, and_, bindparam, insert, select, update

from store.recognising import notice_accounts
from store.records import AccountCard, CardChanges, CreditCrossing
from store.schema import account, balance
from store.subledgers import lock, renew_accounts

LARGEST_OVER = 10  # debtors that are named
MOST_AMBIGUOUS = 20  # codes that are named
_CHUNK = 900  # cards that are looked up at once; SQLite takes 999 parameters at least


def apply_cards(tx: Connection, administration: str, currency: str, cards: Iterable[AccountCard]) -> CardChanges:
    """Write what the cards say, in a writing transaction, and tell what it changed; takes the administration's lock.

    `currency`: ISO 4217, of the limits. Codes that fit several accounts are told, and then nothing is written. If two
    IDs claim the code of an account that has none, within `_CHUNK` cards, neither gets it. Comparisons that are under
    way are to be made again if accounts are found otherwise now.
    """
    lock(tx, administration, currency)
    told = _Told()
    savepoint = tx.begin_nested()
    for chunk in _chunks(cards):
        accounts = _Accounts(tx, administration, chunk)
        for card in chunk:
            accounts.take(card, told)
        accounts.write(told)
    if told.ambiguous:
        savepoint.rollback()
        return CardChanges(told.cards, 0, 0, 0, 0, 0, ambiguous=tuple(sorted(told.ambiguous)[:MOST_AMBIGUOUS]))
    savepoint.commit()
    if told.created or told.found_otherwise:
        notice_accounts(tx, administration)
        renew_accounts(tx, administration)
    return CardChanges(
        told.cards, told.created, told.changed, told.renamed, told.limits, told.over, tuple(told.largest_over)
    )


@dataclass(slots=True)
class _Told:
    """What was changed so far."""

    cards: int = 0
    created: int = 0
    changed: int = 0
    renamed: int = 0
    limits: int = 0
    over: int = 0
    largest_over: list[CreditCrossing] = field(default_factory=list)
    ambiguous: set[str] = field(default_factory=set)
    found_otherwise: bool = False  # an account got an ID or another code


@dataclass(slots=True, eq=False)
class _Account:
    """An account as it will be; `stored` is how it is, None for a new one."""

    id: int | None
    exact_id: str | None
    code: str | None
    name: str
    credit_limit: int | None
    stored: tuple[str | None, str | None, str, int | None] | None
    open_total: int = 0  # as a debtor

    @property
    def fields(self) -> tuple[str | None, str | None, str, int | None]:
        return self.exact_id, self.code, self.name, self.credit_limit


class _Accounts:
    """The accounts that a chunk of cards may mean, and what becomes of them."""

    def __init__(self, tx: Connection, administration: str, chunk: Sequence[AccountCard]) -> None:
        self._tx, self._administration = tx, administration
        codes = {card.code for card in chunk if card.code}
        self._by_id: dict[str, _Account] = {}
        self._by_code: dict[str, list[_Account]] = {code: [] for code in codes}
        self._claims: dict[str, set[str]] = {code: set() for code in codes}  # the IDs under which cards name a code
        for card in chunk:
            if card.code and card.exact_id:
                self._claims[card.code].add(card.exact_id)
        # One key after the other: under an OR, SQLite would read every account.
        by_id = self._find(account.c.exact_id, {card.exact_id for card in chunk if card.exact_id})
        known = {one.id: one for one in by_id}
        ids = {one.exact_id for one in known.values()}
        wanted = {card.code for card in chunk if card.code and card.exact_id not in ids}
        self._all = [*known.values()]
        self._all += [one for one in self._find(account.c.code, wanted) if one.id not in known]
        for one in self._all:
            self._enter(one)

    def take(self, card: AccountCard, told: _Told) -> None:
        told.cards += 1
        meant = self._choose(card)
        if len(meant) > 1:
            told.ambiguous.add(card.code or "")
        elif meant:
            self._change(meant[0], card)
        elif card.may_create:
            new = _Account(None, card.exact_id, card.code, card.name, card.credit_limit, None)
            self._all.append(new)
            self._enter(new)

    def write(self, told: _Told) -> None:
        """Write what differs, and tell of it. Updates come first: a new account may take a code that they set free."""
        new = [_row(one) for one in self._all if one.stored is None]
        changed = [one for one in self._all if one.stored not in (None, one.fields)]
        if changed:
            self._tx.execute(_UPDATE, [{"account_id": one.id, **_row(one)} for one in changed])
        if new:
            self._tx.execute(insert(account), [{"administration": self._administration, **row} for row in new])
        told.created += len(new)
        told.changed += len(changed)
        crossed = []
        for one in changed:
            assert one.stored is not None
            exact_id, code, name, limit = one.stored
            told.found_otherwise |= (exact_id, code) != (one.exact_id, one.code)
            told.renamed += name != one.name
            told.limits += limit != one.credit_limit
            if _is_over(one.open_total, one.credit_limit) and not _is_over(one.open_total, limit):
                crossed.append(_crossing(one))
        told.over += len(crossed)
        told.largest_over = nlargest(LARGEST_OVER, [*told.largest_over, *crossed], key=_excess)

    def _choose(self, card: AccountCard) -> Sequence[_Account]:
        """The account that a card means; none if it is not known, several if nobody can tell."""
        if card.exact_id and card.exact_id in self._by_id:
            return [self._by_id[card.exact_id]]
        bearers = self._by_code[card.code] if card.code else []
        nameless = [one for one in bearers if one.exact_id is None]
        if card.exact_id:
            return nameless if card.code and len(self._claims[card.code]) == 1 else []
        return nameless or bearers

    def _change(self, known: _Account, card: AccountCard) -> None:
        if card.code and known.code != card.code:
            if known in self._by_code.get(known.code or "", ()):
                self._by_code[known.code or ""].remove(known)
            self._by_code[card.code].append(known)
            known.code = card.code
        if card.exact_id and known.exact_id is None:
            known.exact_id = card.exact_id
            self._by_id[card.exact_id] = known
        known.name = card.name or known.name
        if card.unlimited or card.credit_limit is not None:
            known.credit_limit = card.credit_limit

    def _enter(self, one: _Account) -> None:
        if one.exact_id:
            self._by_id[one.exact_id] = one
        if one.code in self._by_code:
            self._by_code[one.code].append(one)

    def _find(self, column: ColumnElement[str | None], keys: Iterable[str]) -> Iterator[_Account]:
        rows = self._tx.execute(
            _ACCOUNTS.where(account.c.administration == self._administration, column.in_(sorted(keys)))
        ).all()
        for row in rows:
            fields = (row.exact_id, row.code, row.name, row.credit_limit)
            yield _Account(row.id, *fields, stored=fields, open_total=row.open_total or 0)


def _chunks(cards: Iterable[AccountCard]) -> Iterator[list[AccountCard]]:
    rest = iter(cards)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk


def _row(one: _Account) -> dict[str, str | int | None]:
    return {"exact_id": one.exact_id, "code": one.code, "name": one.name, "credit_limit": one.credit_limit}


def _is_over(open_total: int, limit: int | None) -> bool:
    return limit is not None and open_total > limit


def _crossing(one: _Account) -> CreditCrossing:
    assert one.credit_limit is not None
    return CreditCrossing(one.code, one.name, one.credit_limit, one.open_total, one.open_total)


def _excess(crossing: CreditCrossing) -> tuple[int, str, str]:
    return crossing.after - crossing.limit, crossing.code or "", crossing.name


_ACCOUNTS = select(
    account.c.id,
    account.c.exact_id,
    account.c.code,
    account.c.name,
    account.c.credit_limit,
    (balance.c.open_import + balance.c.open_invoices + balance.c.in_transit).label("open_total"),
).join(balance, and_(balance.c.account_id == account.c.id, balance.c.side == "receivable"), isouter=True)
_UPDATE = (
    update(account)
    .where(account.c.id == bindparam("account_id"))
    .values({name: bindparam(name) for name in ("exact_id", "code", "name", "credit_limit")})
)
