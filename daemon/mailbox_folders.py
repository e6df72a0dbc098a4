"""The folders into which mails are moved when their state is final, wherever the server keeps its folders."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from store.records import MessageState

STATE_FOLDERS: Mapping[MessageState, str] = MappingProxyType(
    {
        "applied": "Processed",
        "unchanged": "Processed",
        "held": "Held",
        "refused": "Refused",
        "quarantined": "Quarantine",
        "ignored": "Ignored",
        "failed": "Failed",
    }
)


class Folders:
    """The folders of one connection. Raises what imapclient raises."""

    def __init__(self, client: IMAPClient) -> None:
        self._client = client
        self._candidates = tuple(_prefixes(client))
        self._found: dict[str, str] = {}

    def find(self, name: str) -> str | None:
        """The server's full name of one of our folders; None if it does not exist."""
        if name not in self._found:
            for prefix in self._candidates:
                if self._client.folder_exists(prefix + name):
                    self._found[name] = prefix + name
                    break
        return self._found.get(name)

    def ensure(self, name: str) -> str:
        """The same, and the folder is made and subscribed to, so that mail programs show it, if it does not exist."""
        return self.find(name) or self._create(name)

    def missing(self) -> tuple[str, ...]:
        """Our folders that would have to be made."""
        return tuple(name for name in dict.fromkeys(STATE_FOLDERS.values()) if self.find(name) is None)

    def forget(self) -> None:
        """Look again: someone may have deleted or renamed a folder."""
        self._found.clear()

    def _create(self, name: str) -> str:
        refused: IMAPClientError | None = None
        for prefix in self._candidates:
            try:
                self._client.create_folder(prefix + name)
                self._client.subscribe_folder(prefix + name)
            except IMAPClientAbortError:
                raise
            except IMAPClientError as error:  # made by someone else at this moment, or not allowed at this place
                refused = error
            if folder := self.find(name):
                return folder
        raise IMAPClientError(f"cannot create the folder {name}: {refused}")


def _prefixes(client: IMAPClient) -> Iterator[str]:
    """What our folder names may have to begin with, the likeliest first (RFC 2342).

    A server that does not tell its namespaces has folders at the top or, like Courier, all below INBOX.
    """
    personal = client.namespace().personal if client.has_capability("NAMESPACE") else None
    if personal:
        yield personal[0][0]
        return
    yield ""
    for _, separator, _ in client.list_folders("", ""):
        if separator:
            yield f"INBOX{separator.decode()}"
