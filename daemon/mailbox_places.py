"""Where moved mails lie: as the server tells (COPYUID, RFC 4315 section 3), else found by size, arrival and bytes.

Searches hold sizes and dates of the server's own and nothing that a mail says.
"""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from imapclient import IMAPClient

from store.records import Place

_DAYS_AROUND = timedelta(days=2)  # servers search by the date in a time zone of theirs


def forget_places(client: IMAPClient) -> None:
    """Before a MOVE or COPY: what the server said of an earlier one counts no more."""
    client._imap.response("COPYUID")


def read_places(client: IMAPClient, folder: str, most: int) -> dict[int, Place]:
    """Where the mails of the last MOVE or COPY lie now, by their UID before; empty if the server does not tell."""
    _, said = client._imap.response("COPYUID")
    places: dict[int, Place] = {}
    for line in said:
        words = line.decode("ascii", "replace").split() if line else []
        if len(words) != 3 or not words[0].isdigit():
            continue
        before, after = list(_uids(words[1], most)), list(_uids(words[2], most))
        if len(before) == len(after):
            places |= {old: Place(folder, int(words[0]), new) for old, new in zip(before, after, strict=True)}
    return places


def find_mail(
    client: IMAPClient, path: str, size: int, arrived_at: datetime, sha256: str | None
) -> tuple[int, int] | None:
    """UIDVALIDITY and UID of a mail in the folder `path`, the newest of several; None if it is not there.

    Without a hash (a mail that was never read) size and arrival have to do.
    """
    uidvalidity: int = client.select_folder(path, readonly=True)[b"UIDVALIDITY"]
    day = arrived_at.date()
    wanted = ["UNDELETED", "SINCE", day - _DAYS_AROUND, "BEFORE", day + _DAYS_AROUND + timedelta(days=1)]
    wanted += ["SMALLER", size + 1] + (["LARGER", size - 1] if size else [])
    found = client.fetch(client.search(wanted), ["RFC822.SIZE", "INTERNALDATE"])
    for uid in sorted(found, reverse=True):
        arrived = found[uid].get(b"INTERNALDATE")
        if found[uid].get(b"RFC822.SIZE") != size or arrived is None or arrived.astimezone(UTC) != arrived_at:
            continue
        if sha256 is None or _hash(client, uid) == sha256:
            return uidvalidity, uid
    return None


def _hash(client: IMAPClient, uid: int) -> str | None:
    raw = client.fetch([uid], ["BODY.PEEK[]"]).get(uid, {}).get(b"BODY[]")
    return None if raw is None else hashlib.sha256(raw).hexdigest()


def _uids(sequence_set: str, most: int) -> Iterator[int]:
    """The numbers of `4:6,9`, at most one more than `most`: a server may say anything."""
    count = 0
    for run in sequence_set.split(","):
        first, _, last = run.partition(":")
        if not first.isdigit() or not (last or first).isdigit():
            return
        low, high = sorted((int(first), int(last or first)))
        for uid in range(low, high + 1):
            if count > most:
                return
            count += 1
            yield uid
