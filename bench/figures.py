"""What a benchmark found, as rows of a table and as JSON."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from measuring import Run
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    what: str
    ours: tuple[Run, ...]
    floor: tuple[Run, ...]  # run in turns with ours
    largest_ratio: float | None  # that is still fast enough; None where more is better
    growth: int | None = None  # bytes of the store, kept files aside

    @property
    def ratio(self) -> float:
        """The median of the pairs: what slows the machine for a while slows both of a pair."""
        return median(ours.seconds / floor.seconds for ours, floor in zip(self.ours, self.floor, strict=True))

    @property
    def cpu_ratio(self) -> float:
        """The same for the CPU time of all processes together, which tells more while the machine is busy."""
        return median(ours.cpu / floor.cpu for ours, floor in zip(self.ours, self.floor, strict=True))

    def to_json(self) -> dict[str, object]:
        return {
            "what": self.what,
            "ours_seconds": [round(run.seconds, 3) for run in self.ours],
            "floor_seconds": [round(run.seconds, 3) for run in self.floor],
            "ratio": round(self.ratio, 3),
            "largest_ratio": self.largest_ratio,
            "cpu_ratio": round(self.cpu_ratio, 3),
            "ours_cpu_seconds": [round(run.cpu, 2) for run in self.ours],
            "floor_cpu_seconds": [round(run.cpu, 2) for run in self.floor],
            "ours_memory_bytes": max(run.memory for run in self.ours),
            "floor_memory_bytes": max(run.memory for run in self.floor),
            "locked_seconds": [round(run.locked, 3) for run in self.ours],
            "growth_bytes": self.growth,
            "said": [run.output for run in (*self.ours, *self.floor) if run.output and len(run.output) < 200],
        }


def measure(
    what: str,
    pairs: int,
    ours: Callable[[], Run],
    floor: Callable[[], Run],
    largest_ratio: float | None,
    growth: Callable[[], int] | None = None,
) -> Figure:
    """Ours, floor, ours, floor …; `growth` is asked after each run of ours, and the last answer counts."""
    runs: list[tuple[Run, Run]] = []
    grown = None
    for _ in range(pairs):
        own = ours()
        grown = growth() if growth else None
        runs.append((own, floor()))
    return Figure(what, tuple(one for one, _ in runs), tuple(two for _, two in runs), largest_ratio, grown)


def show(figures: list[Figure]) -> Table:
    table = Table("what", *("ours", "floor", "ratio", "at most", "CPU", "memory", "floor's", "locked", "growth"))
    for column in table.columns[1:]:
        column.justify = "right"
    for one in figures:
        table.add_row(
            one.what,
            f"{median(run.seconds for run in one.ours):.2f} s",
            f"{median(run.seconds for run in one.floor):.2f} s",
            f"{one.ratio:.2f}",
            "" if one.largest_ratio is None else f"{one.largest_ratio:.1f}",
            f"{one.cpu_ratio:.2f}",
            _megabytes(max(run.memory for run in one.ours)),
            _megabytes(max(run.memory for run in one.floor)),
            f"{median(run.locked for run in one.ours):.2f} s",
            "" if one.growth is None else _megabytes(one.growth),
        )
    return table


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.0f} MB"
