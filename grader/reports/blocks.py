"""What a report is made of: sections of sentences, tables and pictures. A table is the same on a page and as CSV.

Nothing here knows what is reported. Numbers keep their precision until they are shown.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from markupsafe import Markup

from grader.reports.charts import Axis, axis
from grader.statistics import Estimate

# How a cell is shown. A `share` is shown in percent; a `move` with its sign.
Kind = Literal["text", "count", "tenth", "number", "share", "move", "flag"]
Cell = str | float | int | bool | Estimate | None
Rows = tuple[tuple[Cell, ...], ...]

_PARTS: Final = ("low", "high", "n", "note")  # of an estimate, beside its value
_SMALL: Final = 4  # columns of a table that does not fill a page
ROWS_SHOWN: Final = 60  # of a table on a page; the CSV has them all


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        name: in the CSV, in small letters with underscores.
        heading: on the page.
        kind: how its cells are shown; any but text and flags may be an `Estimate`, which takes four columns in the CSV.
        dot_plot: whether a dot plot of the estimates, all on one axis, is shown beside them.
        zero: where the dot plot has a line; `None` for no line.
        ends: values that the dot plot always spans, besides the line.
        optional: whether it may be left out on a narrow screen.
        long: whether its cells are sentences.
        in_csv_only: whether a page has no room for it.
    """

    name: str
    heading: str
    kind: Kind = "text"
    dot_plot: bool = False
    zero: float | None = 0.0
    ends: tuple[float, ...] = ()
    optional: bool = False
    long: bool = False
    in_csv_only: bool = False


@dataclass(frozen=True, slots=True)
class Heat:
    """How a table becomes a picture: the higher a cell, the fuller its colour.

    Attributes:
        first, end: the columns from the first that is coloured to the one before which colour ends.
        low, high: the values without and with all colour.
        bad: whether high is bad.
        by_root: whether colour grows with the square root, so that one high cell does not make all others pale.
    """

    first: int
    low: float
    high: float
    bad: bool = False
    by_root: bool = False
    end: int = 1_000_000

    def share(self, value: float) -> float:
        """How full the colour is, 0 to 1."""
        if self.high <= self.low:
            return 0.0
        share = min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))
        return math.sqrt(share) if self.by_root else share


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns.

    Attributes:
        name: of the CSV file, without its ending.
        caption: what it shows, in one line.
        columns, rows: as many cells in each row as there are columns.
        rule: the rule by which its words are chosen, or how to read it, shown below; may be empty.
        heat: how it is coloured, if it is.
        row_classes: a class of the style sheet for each row, never untrusted text; empty or as many as rows.
        max_rows: how many rows a page shows.
    """

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: Rows
    rule: str = ""
    heat: Heat | None = None
    row_classes: tuple[str, ...] = ()
    max_rows: int = ROWS_SHOWN

    @property
    def shown(self) -> Rows:
        """The rows that a page has room for."""
        return self.rows[: self.max_rows]

    @property
    def shown_columns(self) -> list[int]:
        """The columns that a page shows: those that have room and hold anything."""
        return [
            number
            for number, column in enumerate(self.columns)
            if not column.in_csv_only and (number == 0 or any(row[number] is not None for row in self.shown))
        ]

    @property
    def is_small(self) -> bool:
        """Whether it needs only the width of its words."""
        shown = [self.columns[number] for number in self.shown_columns]
        return len(shown) <= _SMALL and not any(column.dot_plot or column.long for column in shown)

    def span(self, column: int) -> Axis:
        """The axis of a column's picture."""
        shown = self.columns[column]
        cells = [row[column] for row in self.shown]
        ends = [end for cell in cells if isinstance(cell, Estimate) for end in (cell.value, cell.low, cell.high)]
        return axis(ends, include=(*shown.ends, *(() if shown.zero is None else (shown.zero,))))

    def csv_columns(self) -> list[str]:
        """The names of the columns in the CSV: of an estimate also its ends, its number of answers and its note."""
        names = []
        for number, column in enumerate(self.columns):
            names.append(column.name)
            if any(isinstance(row[number], Estimate) for row in self.rows):
                names += [f"{column.name}_{part}" for part in _PARTS]
        return names

    def csv_rows(self) -> Iterator[Mapping[str, Any]]:
        """The rows by name of the column, as in `csv_columns`."""
        for row in self.rows:
            flat: dict[str, Any] = {}
            for column, cell in zip(self.columns, row, strict=True):
                flat[column.name] = cell.value if isinstance(cell, Estimate) else cell
                if isinstance(cell, Estimate):
                    flat |= {f"{column.name}_{part}": getattr(cell, part) for part in _PARTS}
            yield flat


@dataclass(frozen=True, slots=True)
class Lines:
    """Sentences, as paragraphs, a list, a verdict or small print."""

    texts: tuple[str, ...]
    look: Literal["paragraphs", "list", "verdict", "rule"] = "paragraphs"


@dataclass(frozen=True, slots=True)
class Facts:
    """A few numbers with their names."""

    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, and the table that holds its numbers."""

    markup: Markup
    table: Table


@dataclass(frozen=True, slots=True)
class Discussion:
    """An answer to discuss: the reason, its text, each rater's score, and what to ask.

    Attributes:
        heading, why, text, question: in words; `text` may be empty.
        votes: raters and their scores.
        table: votes by rubric point, if there are any.
    """

    heading: str
    why: str
    text: str
    question: str
    votes: tuple[tuple[str, str], ...]
    table: Table | None = None


Block = Lines | Facts | Table | Picture | Discussion


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the blocks under it."""

    anchor: str
    heading: str
    blocks: tuple[Block, ...]


def report_tables(sections: Sequence[Section]) -> Iterator[Table]:
    """Every table of a report, in order, also those that stand beside pictures."""
    for section in sections:
        for block in section.blocks:
            if isinstance(block, Table):
                yield block
            elif isinstance(block, Picture):
                yield block.table
