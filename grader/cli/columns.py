"""`grader columns`: how a file of answers would be read."""

from pathlib import Path
from typing import Annotated

import typer

from grader.cli.console import print_json, say
from grader.cli.options import AsJson, LayoutOption, SheetOption
from grader.phrases import count, shorten


def columns(
    file: Annotated[str, typer.Argument(help="A file of answers, as for `grader grade`; '-' is stdin.")],
    rubrics: Annotated[
        Path | None,
        typer.Option(
            "--rubrics",
            envvar="GRADER_RUBRICS",
            help="The rubrics that have the questions; by default rubrics/, if it is there.",
        ),
    ] = None,
    layout: LayoutOption = None,
    sheet: SheetOption = None,
    as_json: AsJson = False,
) -> None:
    """Say how a file of answers would be read: its layout, questions and students, and what is left out.

    Nothing is graded or written. The whole file is read, so what would stop `grader grade` stops here, too.

    \b
    Examples:
      grader columns moodle_responses.csv --rubrics rubrics/
      grader columns answers.xlsx --layout wide --json
    """
    from grader.files import open_answers
    from grader.rubrics import question_id, read_rubrics

    folder = rubrics or Path("rubrics")
    known = read_rubrics(folder) if rubrics is not None or folder.is_dir() else None
    texts = None if known is None else {name: rubric.question for name, rubric in known.items()}
    found = open_answers(file, questions=texts, layout=layout, sheet=sheet)
    students, n_answers, n_blank = set(), 0, 0
    for _, answer in found.answers:
        n_answers += 1
        n_blank += not answer.answer.strip()
        students.add(answer.candidate)
    students.discard(None)
    reading = found.reading
    questions = [  # where none are known, with the ids that `grader import` would make
        (question_id(name) if how == "made" else name, text or (texts or {}).get(name, ""), how)
        for name, (text, how) in reading.questions.items()
    ]
    if as_json:
        print_json(
            {
                "layout": found.layout,
                "n_rows": reading.n_rows,
                "n_answers": n_answers,
                "n_blank": n_blank,
                "n_students": len(students),
                "n_questions": len(questions),
                "questions": [{"id": name, "question": text, "matched_by": how} for name, text, how in questions],
                "ignored": list(reading.ignored),
            }
        )
        return
    say(found.about)
    rows = f"{count(reading.n_rows, 'row')}, {count(len(students), 'student')}, {count(n_answers, 'answer')}"
    typer.echo(f"{found.layout}: {rows} ({n_blank} blank) to {count(len(questions), 'question')}")
    for name, text, how in questions:
        typer.echo(f"  {name} (by {how}): {shorten(text)}")
    if reading.ignored:
        typer.echo(f"not needed: {', '.join(shorten(name, 40) for name in reading.ignored)}")
