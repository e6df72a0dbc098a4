"""What is open by days past the due date, as a bar that every mail program shows: the cells of a table."""

from dataclasses import dataclass

from handlers.language import N_, Voice
from store.records import Ageing

LABELS = (  # in the order of the fields of Ageing
    N_("Not due yet"),
    N_("1–30 days overdue"),
    N_("31–60 days overdue"),
    N_("61–90 days overdue"),
    N_("Over 90 days overdue"),
)
COLOURS = ("#2e7d32", "#9e9d24", "#f9a825", "#ef6c00", "#c62828")


@dataclass(frozen=True, slots=True)
class Slice:
    """One range of days. `width` is its part of the bar in hundredths; none where more was paid than is owed."""

    label: str
    amount: str
    share: str
    width: int
    colour: str


@dataclass(frozen=True, slots=True)
class Bar:
    """All ranges, from not due to long overdue."""

    title: str
    slices: tuple[Slice, ...]

    @property
    def drawn(self) -> tuple[Slice, ...]:
        """The slices that have a width."""
        return tuple(part for part in self.slices if part.width)


def bar(ageing: Ageing, voice: Voice) -> Bar:
    """`ageing` in words and figures. A share is of what is owed: ranges below zero have none."""
    owed = sum(amount for amount in ageing if amount > 0)
    slices = []
    for amount, label, colour in zip(ageing, LABELS, COLOURS, strict=True):
        part = (amount * 200 + owed) // (owed * 2) if amount > 0 else 0
        share = voice.percent(part) if amount > 0 else "–"
        width = max(part, 1) if amount > 0 else 0  # what is there is seen
        slices.append(Slice(voice.say(label), voice.amount(amount), share, width, colour))
    return Bar(voice.say("By due date"), tuple(slices))
