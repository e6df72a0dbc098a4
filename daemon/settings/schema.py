"""What the models say about the file: which tables there are, under which headers, with which keys."""

import typing
from collections.abc import Iterator

from pydantic import BaseModel

from daemon.settings.models import Settings

KeyPath = tuple[str | int, ...]  # as pydantic and tomllib see it: elements of an array count from 0


def tables() -> Iterator[tuple[str, type[BaseModel]]]:
    """Each table of the settings with its TOML header, in the order in which they are documented."""
    yield from _tables_in(Settings, ())


def _tables_in(model: type[BaseModel], path: KeyPath) -> Iterator[tuple[str, type[BaseModel]]]:
    for name, field in model.model_fields.items():
        if inner := model_in(field.annotation):
            yield header_of((*path, name)), inner
            yield from _tables_in(inner, (*path, name))


def header_of(path: KeyPath) -> str:
    """`[store]`, `[[mailboxes]]`, `[administrations.sign]`."""
    names = [part for part in path if isinstance(part, str)]
    array = len(names) == 1 and typing.get_origin(Settings.model_fields[names[0]].annotation) is tuple
    return f"[[{names[0]}]]" if array else f"[{'.'.join(names)}]"


def table_at(path: KeyPath) -> type[BaseModel] | None:
    """The model of the table at a key path; None where a plain value stands, or nothing."""
    model: type[BaseModel] | None = Settings
    for part in path:
        if isinstance(part, str):
            field = model.model_fields.get(part) if model else None
            model = model_in(field.annotation) if field else None
    return model


def keys_of(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def meaning_of(path: KeyPath) -> str:
    """What the value at a key path is for, in a sentence; "" for a table, and where nothing is known."""
    while path and not isinstance(path[-1], str):
        path = path[:-1]
    table = table_at(path[:-1])
    fields = {field.alias or name: field for name, field in table.model_fields.items()} if table and path else {}
    return (fields[str(path[-1])].description or "") if path and str(path[-1]) in fields else ""


def model_in(annotation: object) -> type[BaseModel] | None:
    """The model in `Model`, `Model | None` or `tuple[Model, ...]`."""
    if isinstance(annotation, type) and typing.get_origin(annotation) is None:
        return annotation if issubclass(annotation, BaseModel) else None
    return next((model for part in typing.get_args(annotation) if (model := model_in(part))), None)
