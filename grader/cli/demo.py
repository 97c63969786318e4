"""`grader demo`: the sample files, to try the other commands on."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from grader.cli.console import say


def demo(
    folder: Annotated[Path, typer.Argument(help="Where to write them; created if it does not exist.")] = Path("demo"),
) -> None:
    """Write the sample bank, rubrics, answers and ratings, to try the other commands on.

    Nothing is overwritten: where one of these files is there already and differs, nothing is written at all.

    \b
    Examples:
      grader demo
      grader demo sample && cd sample && grader grade answers.jsonl
    """
    from grader.errors import InputError
    from grader.files import SAMPLES, make_folder, output_errors, sample_path

    files = {
        folder / name / file.relative_to(sample_path(name)): file
        for name in SAMPLES
        for file in ([sample_path(name)] if sample_path(name).is_file() else sorted(sample_path(name).iterdir()))
    }
    for target, source in files.items():
        if target.exists() and (not target.is_file() or target.read_bytes() != source.read_bytes()):
            raise InputError("is there already and is not the sample: name another folder", source=target)
    for target, source in files.items():
        make_folder(target.parent)
        with output_errors(target):
            shutil.copyfile(source, target)
    say(f"written to {folder}: {', '.join(SAMPLES)}")
    say(f"next: cd {folder}; grader grade answers.jsonl; grader practice; grader calibrate ratings.csv")
