"""Where in a TOML text a key stands. tomllib gives no positions, so only when something is wrong is it read again."""

import tomllib
from collections.abc import Iterator
from typing import Any, NamedTuple

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

from daemon.settings.schema import KeyPath


class Place(NamedTuple):
    """A piece of one line; line and column count from 1, the column in characters."""

    line: int
    column: int
    width: int


class Places(NamedTuple):
    """Of a key path the key and the value. An element of an array has its header or its value at both."""

    key: Place
    value: Place


def find_places(text: str) -> dict[KeyPath, Places]:
    """The place of every key path of a valid TOML document; `[[array]]` elements count from 0."""
    return dict(_Reading(text).read())


class _Reading:
    def __init__(self, text: str) -> None:
        self.source = text.encode()
        self.lines = self.source.split(b"\n")
        self.elements: dict[KeyPath, int] = {}  # how many `[[table]]` headers an array has had

    def read(self) -> Iterator[tuple[KeyPath, Places]]:
        root = Parser(Language(tree_sitter_toml.language())).parse(self.source).root_node
        for node in root.named_children:
            if node.type == "pair":
                yield from self._pair((), node)
            elif node.type in ("table", "table_array_element"):
                header, *pairs = node.named_children
                path = self._table(_parts(header), opens=node.type == "table_array_element")
                place = self._place(header)
                yield path, Places(place, place)
                for pair in pairs:
                    if pair.type == "pair":
                        yield from self._pair(path, pair)

    def _table(self, parts: list[str], *, opens: bool) -> KeyPath:
        """The path that a header means: below an array of tables, its last element."""
        path: KeyPath = ()
        for depth, part in enumerate(parts, start=1):
            path = (*path, part)
            if opens and depth == len(parts):
                self.elements[path] = self.elements.get(path, 0) + 1
            if path in self.elements:
                path = (*path, self.elements[path] - 1)
        return path

    def _pair(self, path: KeyPath, pair: Node) -> Iterator[tuple[KeyPath, Places]]:
        key, value = [node for node in pair.named_children if node.type != "comment"][:2]
        for part in _parts(key):
            path = (*path, part)
            yield path, Places(self._place(key), self._place(value))
        yield from self._inside(path, value)

    def _inside(self, path: KeyPath, value: Node) -> Iterator[tuple[KeyPath, Places]]:
        inner = [node for node in value.named_children if node.type != "comment"]
        if value.type == "inline_table":
            for pair in inner:
                yield from self._pair(path, pair)
        elif value.type == "array":
            for index, element in enumerate(inner):
                place = self._place(element)
                yield (*path, index), Places(place, place)
                yield from self._inside((*path, index), element)

    def _place(self, node: Node) -> Place:
        row, start = node.start_point
        line = self.lines[row]
        end = node.end_point[1] if node.end_point[0] == row else len(line.rstrip())
        return Place(row + 1, len(line[:start].decode()) + 1, max(1, len(line[start:end].decode())))


def _parts(key: Node) -> list[str]:
    """`a."b.c".d` as its three parts."""
    assert key.text is not None
    if key.type == "bare_key":
        return [key.text.decode()]
    parts = []
    table: Any = tomllib.loads(f"{key.text.decode()} = 0")
    while isinstance(table, dict):
        ((part, table),) = table.items()
        parts.append(part)
    return parts
