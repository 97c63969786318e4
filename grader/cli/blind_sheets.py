"""`grader calibrate --blind-sheets`: sheets for raters who mark blind, without a server."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.console import say
from grader.phrases import count

if TYPE_CHECKING:
    from grader.files import Layout


@dataclass(frozen=True)
class BlindSheetOptions:
    """Whether sheets are written, and in which form."""

    blind_sheets: Annotated[
        Path | None,
        typer.Option(
            "--blind-sheets",
            help="Write a sheet for each of --raters into this new folder: the answers of --answers in an order of its "
            "own, without names, with the points of --rubrics to tick.",
        ),
    ] = None
    html: Annotated[
        bool,
        typer.Option("--html", help="With --blind-sheets: pages for the browser, which save CSV, and no workbooks."),
    ] = False

    def check(self, ratings: Sequence[str], raters: Sequence[str], answers: str | None) -> None:
        """Refuse options that do not go together."""
        if self.blind_sheets is None:
            if self.html:
                raise typer.BadParameter("is about --blind-sheets FOLDER", param_hint="--html")
            if not ratings:
                problem = "name a file with ratings, or write sheets for raters with --blind-sheets FOLDER"
                raise typer.BadParameter(problem, param_hint="{ratings}")
            return
        if ratings:
            problem = f"writes sheets and reads no ratings: leave '{ratings[0]}' out"
            raise typer.BadParameter(problem, param_hint="--blind-sheets")
        if answers is None or not raters:
            raise typer.BadParameter("needs --answers FILE and --raters kim,lee", param_hint="--blind-sheets")
        twice = next((name for name in raters if raters.count(name) > 1), None)
        if twice is not None:
            raise typer.BadParameter(f"'{twice}' is named twice", param_hint="--raters")

    def write(self, raters: Sequence[str], answers: str, rubrics: Path, *, layout: "Layout | None", seed: int) -> None:
        """Write the sheets and their key, and say what to do with them."""
        from grader.calibration import plan_blind_marking, write_key
        from grader.files import make_folder, read_answers
        from grader.reports import write_blind_sheets
        from grader.rubrics import read_rubrics

        folder = self.blind_sheets or Path()
        known = read_rubrics(rubrics)
        questions = {name: rubric.question for name, rubric in known.items()}
        given = list(read_answers(answers, questions=questions, layout=layout))
        key = plan_blind_marking(given, known, _file_names(raters), seed=seed)
        make_folder(folder)
        write_key(key, folder)
        files = write_blind_sheets(key, folder, html=self.html)
        blank = len(given) - len(key.answers)
        left_out = f" ({count(blank, 'blank one')} left out)" if blank else ""
        say(f"{folder}: {count(len(key.answers), 'answer')}{left_out} for {', '.join(file.name for file in files)}")
        ending = "csv" if self.html else "xlsx"
        say(f"send each rater a sheet; {folder}/key.json has the names and stays here")
        say(f"when the {ending} files are back in {folder}: grader calibrate {folder}/*.{ending}")


def _file_names(raters: Sequence[str]) -> dict[str, str]:
    """By name of a file, safe on every file system and different for each, the rater."""
    from grader.files import slug

    names: dict[str, str] = {}
    for place, rater in enumerate(raters, 1):
        name = slug(rater)[:60] or f"rater-{place}"
        names[name if name not in names and name != "key" else f"{name}-{place}"] = rater
    return names
