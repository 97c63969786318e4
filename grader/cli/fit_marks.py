"""What `grader calibrate --fit` does: learn from the marks given so far and write what was learned."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from grader.cli.console import progress
from grader.cli.options import chosen_settings

if TYPE_CHECKING:
    from grader.calibration import Fitting, Ratings
    from grader.schema import Answer, Rubric


@dataclass(frozen=True)
class FitOptions:
    """Where what was learned goes, and how the answers are graded for it; the same as in `grader grade` later."""

    path: Path
    n_next: int
    encoder: str
    guards: bool | None
    verifier: bool | None


def check_fit(fit: Path | None, answers: str | None, n_next: int) -> None:
    """Refuse options that do not go together.

    Raises:
        typer.BadParameter: `--fit` without `--answers`, `--next` without `--fit`.

    """
    if fit is not None and answers is None:
        raise typer.BadParameter("marks are learned from the texts of the answers: give --answers", param_hint="--fit")
    if fit is None and n_next:
        raise typer.BadParameter("which answers to mark next is learned by --fit", param_hint="--next")


def fit(
    options: FitOptions, ratings: "Ratings", answers: "Sequence[Answer]", rubrics: "dict[str, Rubric]"
) -> "Fitting":
    """Learn from the marks and write the file.

    Raises:
        InputError: there is too little to learn from, or the file cannot be written.
        SetupError: the encoder cannot be loaded.

    """
    from grader.calibration import fit_marks
    from grader.grading import Grader

    settings = chosen_settings(options.encoder, guards=options.guards, verifier=options.verifier)
    found = fit_marks(
        ratings,
        answers,
        Grader(rubrics, settings=settings),
        n_next=options.n_next,
        progress=lambda read: progress(read, "reading", total=len(answers)),
    )
    found.fitted.write(options.path)
    return found
