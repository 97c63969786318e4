"""`grader grade`: the main job."""

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from grader.cli.console import print_json, progress, progress_of, say
from grader.cli.judge_options import (
    JudgeOptions,
    RunOptions,
    collect_batches,
    judge_choice,
    need_judge,
    open_encoder,
    open_judges,
    say_plan,
    say_power,
    say_totals,
    submit_batches,
)
from grader.cli.options import UNGRADED, AsJson, EncoderOptions, LayoutOption, Rubrics, SheetOption, with_options
from grader.cli.outputs import (
    KEPT,
    OUTPUTS,
    OutputOptions,
    check_outputs,
    grades_format,
    journal_of,
    print_grades,
    say_groups,
    write_grades,
)
from grader.cli.storage import is_stored, local_files, local_name, uri
from grader.cli.students import StudentOptions, write_by_student
from grader.errors import GraderError, InputError
from grader.phrases import count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from grader.batch import Batch, BatchTotals, Engine, Journal
    from grader.files import Attempts, Layout
    from grader.grading import Grader
    from grader.schema import Rubric

DETAILED = 5  # answers whose every point still fits on a screen or two


@dataclass(frozen=True)
class EngineOptions:
    """Where the work is done."""

    engine: Annotated[
        Literal["local", "ray"],
        typer.Option("--engine", help="Where to grade: on this machine, or on a Ray cluster (docs/scale.md)."),
    ] = "local"
    ray_address: Annotated[
        str | None,
        typer.Option("--ray-address", help="The Ray cluster; by default RAY_ADDRESS, else one on this machine."),
    ] = None
    ray_actors: Annotated[
        int | None,
        typer.Option("--ray-actors", min=1, help="How many graders on the cluster; by default one a CPU."),
    ] = None
    ray_gpus: Annotated[
        float | None,
        typer.Option("--ray-gpus", min=0, help="GPUs of each grader, for --encoder torch:...; with .5 two share one."),
    ] = None

    def check(self) -> None:
        """Refuse options of Ray for a run on this machine."""
        if self.engine == "local" and (self.ray_address, self.ray_actors, self.ray_gpus) != (None, None, None):
            problem = "--ray-address, --ray-actors and --ray-gpus need --engine ray"
            raise typer.BadParameter(problem, param_hint="--engine")

    def open(self, grader: "Grader") -> "Engine":
        """What runs the grader."""
        if self.engine == "local":
            from grader.batch import LocalEngine

            return LocalEngine(grader)
        from grader.batch import RayEngine
        from grader.grading import Grader

        make = partial(Grader, grader.rubrics, settings=grader.settings)
        return RayEngine(grader, make, address=self.ray_address, n_actors=self.ray_actors, gpus=self.ray_gpus or 0.0)


@with_options
def grade(
    ctx: typer.Context,
    *,
    answers: Annotated[
        str,
        typer.Argument(
            help="A table (JSONL, JSON, CSV, TSV, XLSX, Parquet), also an export of a learning platform, or a text "
            "(Markdown, TXT, DOCX); '-' is stdin."
        ),
    ],
    layout: LayoutOption = None,
    sheet: SheetOption = None,
    rubrics: Rubrics = Path("rubrics"),
    outputs: OutputOptions,
    students: StudentOptions,
    calibration: Annotated[
        Path | None,
        typer.Option(
            "--calibration",
            envvar="GRADER_CALIBRATION",
            help="Bring scores to the people's scale with what `grader calibrate --fit` has learned from their marks.",
        ),
    ] = None,
    encoder: EncoderOptions,
    judging: JudgeOptions,
    run: RunOptions,
    group: Annotated[
        bool,
        typer.Option("--group", help="Find answers that are nearly the same and say whether their scores are equal."),
    ] = False,
    engine: EngineOptions,
    max_errors: Annotated[
        float | None,
        typer.Option(
            "--max-errors",
            min=0,
            help="Stop when more answers than this come out ungraded or with a failed judge: a number, or a share "
            "below 1 of all answers. What is graded is kept.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Score every answer: the points it states, the words that show them, and what is missing.

    Exit code 3 means that some answers are ungraded (an unknown or an open question); each says why. With --judge an
    LLM looks at what the embedding leaves unclear and at open questions; its awards need words of the answer, its
    replies are kept, and where it fails the embedding's result stands and the answer is flagged.

    Grades that go to a file are kept in a journal beside it (grades.jsonl.journal) as they are made. After a crash or
    Ctrl-C the same command goes on where it stopped; later it grades what is new or changed, and nothing else.

    \b
    Examples:
      grader grade answers.jsonl
      grader grade answers.jsonl --details
      grader grade moodle_responses.csv --format csv > grades.csv
      grader grade answers.csv --rubrics rubrics/ -o grades.jsonl --report report.html
      grader grade answers.md --format csv > grades.csv
      grader grade answers.csv --format markdown > summary.md
      grader grade answers.csv --by student -o class.xlsx --step .5
      grader grade responses.csv --for moodle -o upload.csv --feedback pages/
      grader grade answers.jsonl --calibration marks.json -o grades.jsonl
      cat answers.jsonl | grader grade - --json
      grader grade answers.parquet -o grades.parquet --engine ray --ray-address auto
      grader grade s3://bucket/answers.parquet -o s3://bucket/grades.parquet
      grader grade answers.jsonl --judge gpt-4o-mini --dry-run
      grader grade answers.jsonl --judge qwen3 --judge-url http://localhost:11434/v1 -o grades.jsonl
    """
    from grader.batch import Batch, Journal, Worklist
    from grader.files import check_sheet_rows, remove_temporary_files
    from grader.grading import Grader, group_similar_answers
    from grader.judges import UNPROVEN_WEIGHT
    from grader.marks import read_marks
    from grader.reports import write_report

    need_judge(judging, run, encoder=encoder, reveals=students.needed)
    _check_encoder(encoder, run, engine)
    engine.check()
    form = students.form(grades_format(outputs.format_, outputs.output), outputs.format_)
    students.prepare()
    ctx.meta[OUTPUTS] = check_outputs(
        None if is_stored(outputs.output) else outputs.output,
        outputs.report,
        students.mail_merge,
        inputs=[*([] if is_stored(answers) else [answers]), rubrics, *([] if calibration is None else [calibration])],
    )
    known = _rubrics(rubrics, answers, sheet)
    if outputs.step is not None:
        known = {name: rubric.model_copy(update={"step": outputs.step}) for name, rubric in known.items()}
    choice = judge_choice(judging, run, when="unclear")
    opened = open_judges(choice) if judging.judge else None
    if opened is not None:
        say_power(opened)
    grader = Grader(
        known,
        encoder=open_encoder(encoder, choice, opened),
        settings=encoder.settings(),
        panel=None if opened is None else opened.panel,
        weight=UNPROVEN_WEIGHT if opened is None else opened.weight,
        marks=None if calibration is None else read_marks(calibration),
    )
    grader.prepare()
    if opened is not None:
        collect_batches(opened)
    kept = None if run.dry_run else journal_of(local_name(outputs.output))
    with local_files(answers, outputs.output) as (read, written), Journal(kept) as journal, Worklist() as work:
        if kept is not None and written is not None:
            remove_temporary_files(written)
        steps = {name: rubric.step for name, rubric in known.items()}
        batch = Batch(grader.signature_of, engine.open(grader), journal, work, step_of=steps.get)
        attempts = students.attempt if students.attempt != "best" else "all"
        _take(batch, read, grader, layout, attempts, sheet)
        if form == "xlsx" and outputs.output is not None:
            check_sheet_rows(batch.n_answers, outputs.output)
        _say_kept(batch, journal)
        seconds = _grade_all(ctx, batch, max_errors, kept)
        if opened is not None and run.dry_run:
            say_plan(opened)
            if as_json:
                print_json({"n_answers": batch.n_answers, "judge": opened.plan()})
            return
        totals = _add_up(batch, seconds)
        _check_errors(batch, totals.n_failed, max_errors, kept)  # those of earlier runs count, too
        groups = group_similar_answers(batch) if group else None
        title = f"Grades of {Path(answers).name}"
        if outputs.report is not None:  # before stdout, whose reader may have seen enough
            write_report(batch, outputs.report, title=title, groups=groups)
        if students.needed:
            write_by_student(
                batch,
                students,
                form=None if as_json and written is None else form,
                output=written,
                reveal=judging.reveal,
                name=answers,
                inputs=[] if is_stored(answers) else [answers],
            )
        if not students.by_student:
            write_grades(batch, form, written, as_json=as_json, title=title)
        if ((form == "table" and not students.by_student) or outputs.show) and not as_json:
            all_points = batch.n_answers <= DETAILED if outputs.details is None else outputs.details
            print_grades(list(batch), details=all_points)
        batch.compact_journal()
    if as_json:
        print_json(
            {
                **totals.as_json(),
                "signature": grader.signature,
                "output": None if outputs.output is None else uri(outputs.output),
                **({} if opened is None else {"judge": opened.totals()}),
                **({} if groups is None else {"groups": [asdict(like) for like in groups]}),
            }
        )
    _say_totals(totals)
    if opened is not None:
        submit_batches(opened)
        say_totals(opened, totals.n_judge_failed)
    _say_alike(totals)
    if groups is not None:
        say_groups(groups)
    if totals.n_ungraded:
        raise typer.Exit(UNGRADED)


def _check_encoder(encoder: EncoderOptions, run: RunOptions, engine: EngineOptions) -> None:
    """Refuse an encoder on a server where nothing may be sent, or where many machines would share its limit."""
    if run.dry_run and encoder.is_remote:
        raise InputError("a dry run sends nothing, but this encoder is on a server: leave --encoder out for it")
    if engine.engine == "ray" and encoder.is_remote:
        raise InputError("an encoder on a server has one limit for all machines: leave --engine ray out for it")


def _rubrics(path: Path, answers: str, sheet: str | None) -> "Mapping[str, Rubric]":
    """The rubrics; where there are none yet, those that the right answers of an export give."""
    from grader.files import exported_questions
    from grader.rubrics import derive, import_questions, read_rubrics

    if path.exists() or answers == "-" or is_stored(answers) or not exported_questions(answers, sheet=sheet):
        return read_rubrics(path)
    say(f"{path}: there are no rubrics, so points come from the right answers in {answers}")
    say(f"to see and edit them first: grader derive {answers} -o {path}")
    return {question.id: derive(question) for question in import_questions(answers).bank.questions}


def _take(
    batch: "Batch",
    path: str,
    grader: "Grader",
    layout: "Layout | None",
    attempts: "Attempts | None",
    sheet: str | None,
) -> None:
    """Read all answers before the first is graded: a fault in the last line costs no work."""
    from grader.files import open_answers, source_name

    questions = {name: rubric.question for name, rubric in grader.rubrics.items()}
    file = open_answers(path, questions=questions, layout=layout, attempts=attempts, sheet=sheet)
    if file.layout != "long":
        say(file.about)
    try:
        batch.load(progress(file.answers, "reading"), source=source_name(path))
    except InputError as error:
        if error.field != "answer_id" or file.layout in ("long", "text") or "appears twice" not in error.problem:
            raise
        way_out = "a student has several rows: say with --attempt first, last, best or all which count, or keep one"
        raise InputError(f"{error.problem}; {way_out}", source=error.source, line=error.line) from error


def _say_kept(batch: "Batch", journal: "Journal") -> None:
    if journal.n_dropped:
        lines = count(journal.n_dropped, "line")
        say(f"{journal.source}: {lines} at its end belonged to a chunk that was cut off, and will be made again")
    if batch.n_reused:
        say(f"{batch.n_reused} of {count(batch.n_answers, 'answer')} were graded before: {journal.source}")


def _grade_all(ctx: typer.Context, batch: "Batch", max_errors: float | None, kept: Path | None) -> float:
    """Grade what is left, and return how many seconds it took; an interruption says how to go on."""
    import time

    begin = time.perf_counter()
    try:
        for _ in progress_of(batch.grade(), "grading", total=batch.n_answers):
            _check_errors(batch, batch.n_failed, max_errors, kept)
    except KeyboardInterrupt:
        if kept is not None:
            ctx.meta[KEPT] = f"{_so_far(batch, kept)}: run the same command again to go on"
        raise
    return time.perf_counter() - begin


def _so_far(batch: "Batch", kept: Path) -> str:
    return f"{batch.n_graded} of {count(batch.n_answers, 'answer')} are kept in {kept}"


def _check_errors(batch: "Batch", n_failed: int, max_errors: float | None, kept: Path | None) -> None:
    """Stop a run in which too many answers come out without a usable grade."""
    if max_errors is None:
        return
    limit = max_errors if max_errors >= 1 else max_errors * batch.n_answers
    if n_failed > limit:
        so_far = "" if kept is None else f"; {_so_far(batch, kept)}"
        raise GraderError(f"stopped: {count(n_failed, 'answer')} failed, --max-errors is {max_errors:g}{so_far}")


def _add_up(batch: "Batch", seconds: float) -> "BatchTotals":
    from grader.batch import BatchTotals

    totals = BatchTotals(seconds, batch.n_reused)
    for each in progress(batch, "adding up", total=batch.n_answers):
        totals.add(each)
    return totals


def _say_totals(totals: "BatchTotals") -> None:
    mean = "" if totals.mean_fraction is None else f", mean {totals.mean_fraction:.0%}"
    say(f"{count(totals.n_answers, 'answer')}, {totals.n_ungraded} ungraded{mean}, {totals.seconds:.1f} s")
    for reason, n in totals.reasons.items():
        say(f"ungraded: {n} x {reason}")


def _say_alike(totals: "BatchTotals") -> None:
    if totals.duplicates:
        more = totals.n_duplicates - len(totals.duplicates)
        rest = f" and {more} more" if more else ""
        said = f"{count(totals.n_duplicates, 'answer')} in the words of another candidate (no review)"
        say(f"{said}: {', '.join(totals.duplicates)}{rest}")
