"""Short references such as `7KQ2-M4`: what a person reads aloud, and what stands in log, store and reply."""

from random import Random

from sqlalchemy import Connection, select

from store.schema import import_, message

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that is mistaken for another: no 0 O, no 1 I L, no U


def make_reference(random: Random) -> str:
    """Six random characters, of 729 million; whether it is taken is not known."""
    characters = random.choices(ALPHABET, k=6)
    return f"{''.join(characters[:4])}-{''.join(characters[4:])}"


def find_free_reference(tx: Connection, random: Random) -> str:
    """A reference that no message and no import bears, for an import from the command line."""
    while True:
        reference = make_reference(random)
        taken = select(message.c.id).where(message.c.ref == reference)
        if tx.execute(taken.union_all(select(import_.c.id).where(import_.c.ref == reference))).first() is None:
            return reference
