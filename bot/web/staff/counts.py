"""How many cases came in, by day and by why they are in the inbox."""

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import gradio as gr

from bot.records import inbox
from bot.records.inbox import Count
from bot.records.tables import Kind
from bot.web.articles import TEMPLATES
from bot.web.staff.desk import ROLES, Desk, told
from bot.web.staff.parts import on, spoken, table

DAYS = 30  # that the counts go back
HEIGHT, STEP = 160, 20  # of the plot, and from one day to the next, in its own units
COLOURS = dict(zip(Kind, ("#2f7d4f", "#a01313", "#b06a00", "#17595a", "#5a4fa0", "#333333"), strict=True))


@dataclass(frozen=True)
class Bar:
    """Part of a day's bar in the plot, y from its top."""

    x: int
    y: float
    height: float
    colour: str
    says: str


def counts_panel(desk: Desk) -> None:
    """Fills its part of the open page: a plot, and the same numbers to be read."""
    gr.HTML(f"<h2>Counts</h2><p>Cases of the last {DAYS} days, by day in UTC and by why they are here.</p>")
    plot = gr.HTML(elem_id="counts", elem_classes="table")

    def fill(request: gr.Request) -> str:
        with told():
            desk.who(request, *ROLES["inbox"])
            days = [desk.records.now().date() - datetime.timedelta(days=back) for back in reversed(range(DAYS))]
            begin = datetime.datetime.combine(days[0], datetime.time(), datetime.UTC)
            return counts_html(inbox.per_day(desk.records, begin, desk.records.now()), days)

    on(None, fill, None, [plot])


def counts_html(counts: Sequence[Count], days: Sequence[datetime.date]) -> str:
    """The plot and the table."""
    numbers = {(count.day, count.kind): count.cases for count in counts}
    rows = [
        (f"{day}", *(str(numbers.get((day, kind), 0)) for kind in Kind))
        for day in reversed(days)
        if any((day, kind) in numbers for kind in Kind)
    ]
    most = max((sum(numbers.get((day, kind), 0) for kind in Kind) for day in days), default=0)
    return TEMPLATES.get_template("staff_counts.html").render(
        bars=list(_bars(numbers, days, most)),
        most=most,
        width=STEP * len(days),
        height=HEIGHT,
        days=days,
        kinds=[(spoken(kind), COLOURS[kind]) for kind in Kind],
        table=table("Cases by day", ("Day", *map(spoken, Kind)), rows) if rows else "",
    )


def _bars(numbers: dict[tuple[datetime.date, Kind], int], days: Sequence[datetime.date], most: int) -> Iterator[Bar]:
    for place, day in enumerate(days):
        top = float(HEIGHT)
        for kind in Kind:
            if cases := numbers.get((day, kind), 0):
                height = HEIGHT * cases / most
                top -= height
                yield Bar(place * STEP, top, height, COLOURS[kind], f"{day}, {spoken(kind)}: {cases}")
