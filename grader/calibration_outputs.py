"""A calibration to files: the page, and a CSV for every table."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.blocks import Section
    from grader.calibration import Calibration


def write_page(found: "Calibration", sections: "Sequence[Section]", path: Path) -> None:
    """The HTML page to a file.

    Args:
        found: from `calibrate`.
        sections: of it, with the names that the page shows.
        path: the file.

    Raises:
        InputError: it cannot be written.
    """
    from grader.calibration_appendix import signature
    from grader.calibration_words import verdict_sentences
    from grader.page_blocks import render_blocks
    from grader.writing import atomic_writer

    page = render_blocks(
        sections,
        title=f"Calibration of {Path(found.source).name}",
        lead=verdict_sentences(found)[:2],
        footer=signature(found),
    )
    with atomic_writer(path) as file:
        file.write(page)


def write_tables(sections: "Sequence[Section]", folder: Path, *, inputs: Sequence[str | Path]) -> None:
    """Every table of the page as a CSV that is safe to open in a spreadsheet.

    Args:
        sections: with the names that the tables show.
        folder: made if it is not there.
        inputs: files that were read and must not be written to.

    Raises:
        InputError: a table cannot be written, or would be written over what was read.
    """
    from grader.blocks import tables
    from grader.outputs import check_outputs
    from grader.writing import make_folder, write_rows

    make_folder(folder)
    files = {folder / f"{table.name}.csv": table for table in tables(sections)}
    check_outputs(*files, inputs=inputs)
    for path, table in files.items():
        write_rows(path, table.flat(), columns=table.flat_columns(), format="csv")
