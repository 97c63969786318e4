"""`grader import`: questions and reference answers out of pages and tables."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.console import print_json, say
from grader.cli.options import AsJson
from grader.cli.outputs import OUTPUTS, check_outputs
from grader.phrases import count, shorten

if TYPE_CHECKING:
    from grader.rubrics import ImportResult
    from grader.schema import QuestionBank


def import_(
    ctx: typer.Context,
    source: Annotated[
        str, typer.Argument(help="A page, a table, a question format or a bank; '-' is stdin (any text).")
    ],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The bank to write (YAML).")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a bank that holds something else.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read questions and reference answers from a page, a table or a question format into a question bank.

    Pages: text, Markdown, HTML, Word, Jupyter notebooks. Tables: CSV, TSV, XLSX, JSONL, JSON, Parquet. Formats: GIFT,
    Aiken, Moodle XML, QTI 2.x, text exports of Anki and Quizlet. Of multiple choice the marked option becomes the
    reference answer, and a question without one is refused.

    What is left out (titles, footers, images, questions without an answer) is reported with its line; gaps in the
    numbering are warnings. Questions about a person, and placeholders such as "[This requires a personalized answer
    ...]", become open questions. A file that is there and holds something else is kept, unless --force says otherwise.

    \b
    Examples:
      grader import page.txt -o bank.yaml
      grader import questions.csv --json
      grader import moodle.xml -o bank.yaml
      cat page.md | grader import - > bank.yaml
    """
    from grader.rubrics import import_questions, save_imported, write_bank

    ctx.meta[OUTPUTS] = check_outputs(output, inputs=[source])
    result = import_questions(source)
    if output is not None:
        save_imported(result.bank, output, force=force)
    elif not as_json:
        write_bank(result.bank, "-")
    say_imported(result)
    if as_json:
        print_json(
            {
                "n_questions": len(result.bank.questions),
                "n_open": n_open(result.bank),
                "dropped": [dropped.text for dropped in result.dropped],
                "warnings": [{"line": doubt.line, "text": doubt.text} for doubt in result.doubts],
                "questions": [question.model_dump(mode="json") for question in result.bank.questions],
            }
        )


def say_imported(result: "ImportResult") -> None:
    """What was kept, dropped and doubted, on stderr."""
    for dropped in result.dropped:
        say(f"dropped line {dropped.line} ({dropped.why}): {shorten(dropped.text)}")
    for doubt in result.doubts:
        say(f"warning line {doubt.line}: {doubt.text}")
    n_questions = count(len(result.bank.questions), "question")
    say(f"{n_questions} ({n_open(result.bank)} open), {len(result.dropped)} dropped")


def n_open(bank: "QuestionBank") -> int:
    """How many questions have no fixed reference answer."""
    return sum(question.kind == "open" for question in bank.questions)
