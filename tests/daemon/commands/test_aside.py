"""Rows of a list are laid aside whole, and beyond a few megabytes not in memory."""

from collections.abc import Iterator
from typing import Any

from daemon.commands.aside import IN_MEMORY, Aside


def test_rows_come_back_as_they_were_and_as_often_as_they_are_asked_for() -> None:
    rows: list[dict[str, Any]] = [{"name": "Zoë\n", "amount": "1.00", "days": 3, "known": True, "batch": None}, {}]
    with Aside() as aside:
        assert list(aside) == []
        aside.add(rows[:1])
        aside.add(rows[1:])
        assert list(aside) == list(aside) == rows


def test_more_than_fits_in_memory_goes_to_a_file_while_it_comes() -> None:
    sizes: list[bool] = []

    def rows() -> Iterator[dict[str, str]]:
        for _ in range(9):
            sizes.append(aside._file._rolled)  # type: ignore[attr-defined]
            yield {"text": "x" * (IN_MEMORY // 4)}

    with Aside() as aside:
        aside.add(rows())
        assert sizes == [False] * 4 + [True] * 5
        assert len(list(aside)) == 9
