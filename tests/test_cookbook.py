"""The recipes of `docs/cookbook.md` do what they say, and what they make is what the platforms take."""

import csv
import io
from pathlib import Path

import openpyxl
import pytest

from tests.support.cookbook import PAGE, files_of, recipes_of, run_recipe, with_outputs

STUDENTS = ["Chidi Abara", "Ida Berg", "Rui Costa"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders of all recipes, after the page has been compared."""
    folder = tmp_path_factory.mktemp("cookbook")
    assert with_outputs(PAGE.read_text(), folder) == PAGE.read_text(), "docs/cookbook.md is stale: run `make docs`"
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_every_recipe_gives_the_same_students_the_same_totals(made: Path) -> None:
    moodle, canvas, forms, gradescope = (
        rows(made / name) for name in ("1/upload.csv", "2/upload.csv", "3/class.csv", "4/scores.csv")
    )
    assert [f"{row['First name']} {row['Last name']}" for row in moodle] == STUDENTS
    assert [row["Student"] for row in canvas] == ["    Points Possible", *STUDENTS]
    assert [row["Full name"] for row in forms] == [row["Name"] for row in gradescope] == STUDENTS
    totals = [
        [row["Bread quiz (Real)"] for row in moodle],
        [row["Bread quiz (4711)"] for row in canvas[1:]],
        [row["total"] for row in forms],
        [row["Total Score"] for row in gradescope],
    ]
    first, *others = [[float(total) for total in each] for each in totals]
    assert others == [first] * 3
    good, *less = first
    assert 10 >= good > max(less) and min(less) > 0 and float(canvas[0]["Bread quiz (4711)"]) == 10


def test_what_a_recipe_names_besides_is_there(made: Path) -> None:
    assert [row["Email Address"] for row in rows(made / "3" / "mail.csv")] == [
        "chidi@example.edu",
        "ida@example.edu",
        "rui@example.edu",
    ]
    assert (made / "5" / "calibration.html").read_text().startswith("<!DOCTYPE html>")
    sheet = openpyxl.load_workbook(made / "5" / "interviews.xlsx").worksheets[0]
    assert [cell.value for cell in sheet[3]] == ["A. Ito", "Dough", 3.5, 2, 3.5, 3]
    assert "kind: open" in (made / "6" / "bank.yaml").read_text()


def test_a_moodle_export_of_forty_students_goes_through_the_recipe(tmp_path: Path) -> None:
    recipe = recipes_of(PAGE.read_text())[0]
    header, *sample = csv.reader(files_of(recipe)["responses.csv"].splitlines())
    text = io.StringIO()
    given = [[f"Name{n}", "Same", f"s{n:03}@example.edu", *sample[n % 3][3:]] for n in range(40)]
    csv.writer(text).writerows([header, *given])
    run_recipe(recipe, {"responses.csv": text.getvalue()}, tmp_path / "forty")
    upload = rows(tmp_path / "forty" / "upload.csv")
    assert [row["Email address"] for row in upload] == [row[2] for row in given]
    totals = [float(row["Bread quiz (Real)"]) for row in upload]
    assert totals == [totals[n % 3] for n in range(40)] and totals[0] > max(totals[1:3])
    assert len(list((tmp_path / "forty" / "pages").iterdir())) == 40
