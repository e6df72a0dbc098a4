"""What a file of accounts says of an account, as the store takes it."""

from parsers.records import Card
from store.records import AccountCard


def account_card(card: Card) -> AccountCard:
    """Whoever is neither customer nor supplier is not made an account."""
    return AccountCard(
        exact_id=card.exact_id,
        code=card.code,
        name=card.name,
        credit_limit=card.credit_limit,
        unlimited=card.unlimited,
        may_create=card.is_customer is not False or card.is_supplier is True,
    )
