"""A calibration to files: the page, and a CSV for every table."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grader.calibration import Calibration
    from grader.reports import Section


def write_page(found: "Calibration", sections: "Sequence[Section]", path: Path) -> None:
    """The HTML page to a file.

    Args:
        found: from `calibrate`.
        sections: of it, with the names that the page shows.
        path: the file.

    Raises:
        InputError: it cannot be written.
    """
    from grader.files import atomic_writer
    from grader.reports import calibration_signature, render_sections_page, verdict_sentences

    page = render_sections_page(
        sections,
        title=f"Calibration of {Path(found.source).name}",
        lead=verdict_sentences(found)[:2],
        footer=calibration_signature(found),
    )
    with atomic_writer(path) as file:
        file.write(page)


def write_tables(sections: "Sequence[Section]", folder: Path, *, inputs: Sequence[str | Path]) -> None:
    """Every table of the page as a CSV that is safe to open in a spreadsheet and to print on a terminal.

    Args:
        sections: with the names that the tables show.
        folder: made if it is not there.
        inputs: files that were read and must not be written to.

    Raises:
        InputError: a table cannot be written, or would be written over what was read.
    """
    from grader.cli.outputs import check_outputs
    from grader.files import make_folder, write_rows
    from grader.reports import report_tables

    make_folder(folder)
    files = {folder / f"{table.name}.csv": table for table in report_tables(sections)}
    check_outputs(*files, inputs=inputs)
    for path, table in files.items():
        names = _clean_names(table.flat_columns())
        rows = ({names[name]: _clean(value) for name, value in row.items()} for row in table.flat())
        write_rows(path, rows, columns=list(names.values()), format="csv")


def _clean(value: Any) -> Any:
    from grader.reports import clean_for_terminal

    return clean_for_terminal(value) if isinstance(value, str) else value


def _clean_names(columns: Sequence[str]) -> dict[str, str]:
    """What columns are called in the file: names of raters are among them, and no two may become one."""
    names: dict[str, str] = {}
    for column in columns:
        name = _clean(column)
        alike = sum(_clean(other) == name for other in names)
        names[column] = f"{name} ({alike + 1})" if alike else name
    return names
