"""The pages for rubrics: points beside the reference, what the lint says, and what an edit changes."""

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, Response

from grader.errors import GraderError, InputError
from grader.grading import Grader
from grader.practice import Exercise
from grader.reports import cut_into_runs, grade_card
from grader.rubrics import lint
from grader.schema import Answer, Grade, Rubric
from grader.web.pages import fault, first_field, form_fields, is_part, page
from grader.web.pile import Pile
from grader.web.rubric_editing import (
    Row,
    RubricFile,
    added,
    difference,
    drafted,
    merge,
    open_rubric,
    rows_of,
    rubric_text,
    save,
    spans_of,
    split,
    with_rubric,
)

_MOVES_SHOWN = 30


class Move(NamedTuple):
    """A grade of the pile that an edit changes: the answer's place in the pile, its words, and its scores."""

    number: int
    answer: str
    before: float | None
    after: float | None


class Effect(NamedTuple):
    """What an edit changes in the pile: how many grades of how many move, and the greatest moves."""

    n: int
    n_moved: int
    moves: tuple[Move, ...]


def add_rubric_pages(
    app: FastAPI,
    grader: Grader,
    files: Mapping[str, Path],
    exercises: MutableMapping[str, Exercise],
    pile: Pile | None,
    lock: Lock,
) -> None:
    """Add the pages for rubrics.

    Args:
        app: what serves.
        grader: that knows the rubrics.
        files: of the rubrics, by question id; a rubric without one can be tried but not saved.
        exercises: what is practised; gets a rubric that is saved.
        pile: of whose grades the page tells which ones an edit moves.
        lock: held while the grader works, and while a file is compared and written.

    """
    known = dict(grader.rubrics)

    def grade_with(rubric: Rubric, answers: Sequence[Answer]) -> list[Grade]:
        with lock:
            return list(with_rubric(grader, rubric).grade_many(answers))

    def tried(name: str, rubric: Rubric, answer: str) -> Grade | None:
        if not answer.strip():
            return None
        return grade_with(rubric, [Answer(answer_id="tried", question_id=name, answer=answer)])[0]

    def effect(name: str, draft: Rubric) -> Effect:
        old = [each for each in pile.answers if each.answer.question_id == name] if pile else []
        new = grade_with(draft, [each.answer for each in old])
        moves = [
            Move(each.number, each.answer.answer, each.grade.rounded_score, grade.rounded_score)
            for each, grade in zip(old, new, strict=True)
            if each.grade.rounded_score != grade.rounded_score
        ]
        moves.sort(key=lambda move: -abs((move.after or 0.0) - (move.before or 0.0)))
        return Effect(len(old), len(moves), tuple(moves[:_MOVES_SHOWN]))

    def view(file: RubricFile, rows: Sequence[Row], fields: Mapping[str, list[str]], wanted: str) -> dict[str, Any]:
        """What the part below the points shows; a draft that is no rubric yet shows what is wrong with it."""
        name, answer = file.rubric.question_id, first_field(fields, "answer")
        found: dict[str, Any] = {
            "problem": "", "findings": (), "runs": (), "diff": (), "before": None, "after": None, "card": None,
            "effect": None, "has_pile": pile is not None, "answer": answer, "file": file,
        }  # fmt: skip
        try:
            draft = drafted(file.rubric, rows)
            found["findings"] = lint(draft)
            spans = spans_of(draft.points)
            runs = cut_into_runs(draft.reference_answer, list(spans.values()))
            numbers = [at + 1 for at in spans]
            found["runs"] = [(run.text, [numbers[holder] for holder in run.holders]) for run in runs]
            ending = ".yaml" if file.path is None else file.path.suffix.lower()
            found["diff"] = difference(file.text, rubric_text(draft, ending)) if draft != file.rubric else ()
            found["before"], found["after"] = tried(name, file.rubric, answer), tried(name, draft, answer)
            if found["after"] is not None:
                found["card"] = grade_card(found["after"], "t")
            if wanted == "effect":
                found["effect"] = effect(name, draft)
        except GraderError as error:
            found["problem"] = str(error)
        return found

    @app.get("/rubrics", include_in_schema=False)
    def listed() -> HTMLResponse:
        shown = [(name, rubric, len(lint(rubric))) for name, rubric in known.items()]
        return page("rubrics.html.jinja", tab="rubrics", rater=None, rubrics=shown)

    @app.get("/rubrics/edit", include_in_schema=False)
    def edit(request: Request, question: str) -> Response:
        if question not in known:
            return fault(request, "There is no rubric for this question.", status=404)
        try:
            file = opened(question)
        except GraderError as error:
            return fault(request, str(error))
        return shown_page(file, rows_of(file.rubric), {}, file.version)

    def opened(name: str) -> RubricFile:
        file = open_rubric(known[name], files.get(name))
        if file.rubric.question_id != name:
            raise InputError(f"is now for another question ('{file.rubric.question_id}')", source=file.path)
        return file

    def shown_page(
        file: RubricFile, rows: Sequence[Row], fields: Mapping[str, list[str]], seen: str, said: str = "",
        trouble: str = "", wanted: str = "", part: str = "rubric.html.jinja", status: int = 200,
    ) -> HTMLResponse:  # fmt: skip
        return page(
            part, status=status, tab="rubrics", rater=None, rows=rows, seen=seen, said=said, trouble=trouble,
            changed=seen != file.version, **view(file, rows, fields, wanted),
        )  # fmt: skip

    @app.post("/rubrics/edit", include_in_schema=False)
    async def work(request: Request) -> Response:
        fields = await form_fields(request)
        return await run_in_threadpool(worked, request, fields)

    def worked(request: Request, fields: Mapping[str, list[str]]) -> Response:
        name, what, seen = (first_field(fields, each) for each in ("question", "do", "seen"))
        what, _, place = what.partition(":")
        if name not in known:
            return fault(request, "There is no rubric for this question.", status=404)
        try:
            rows, at = _rows(fields), int(place or 0)
            if not 0 <= at < max(len(rows), 1):
                raise ValueError
        except ValueError:
            return fault(request, "Open the rubric again.")
        part = "rubric.html.jinja"
        if is_part(request):
            part = "rubric_work.html.jinja" if what else "rubric_check.html.jinja"  # nothing: somebody types
        try:
            file = opened(name)
        except GraderError as error:
            return fault(request, str(error))
        said = trouble = ""
        try:
            if what in ("save", "over"):
                file, said, trouble = saved(file, rows, seen, over=what == "over")
            if what == "again" or said:
                rows, seen = rows_of(file.rubric), file.version
            else:
                rows = _done(what, at, rows, file.rubric.reference_answer)
        except GraderError as error:
            trouble = str(error)
        return shown_page(file, rows, fields, seen, said, trouble, what, part)

    def saved(file: RubricFile, rows: Sequence[Row], seen: str, *, over: bool) -> tuple[RubricFile, str, str]:
        """Save what the page has: the file as it is then, and what is said of it, or why nothing was saved."""
        with lock:
            now = opened(file.rubric.question_id)
            if now.version != seen and not over:
                return now, "", "The file was changed by somebody else meanwhile: nothing was saved. See below."
            draft = drafted(now.rubric, rows)
            kept = save(now, draft, keep_old=over)
        known[draft.question_id] = draft
        if draft.question_id in exercises:
            exercises[draft.question_id] = replace(exercises[draft.question_id], rubric=draft)
        said = f"Saved in {file.path}." + (f" The text before is in {kept.name}." if kept else "")
        if pile is not None:
            said += " The pile keeps its grades until the server is started again."
        return opened(draft.question_id), said, ""


def _done(what: str, at: int, rows: Sequence[Row], reference: str) -> list[Row]:
    if what == "split":
        return split(rows, at, reference)
    if what == "merge":
        return merge(rows, at)
    if what == "delete":
        return [row for place, row in enumerate(rows) if place != at]
    return added(rows) if what == "add" else list(rows)


def _rows(fields: Mapping[str, list[str]]) -> list[Row]:
    """The points of the form; a `ValueError` where it is none of the page."""
    columns = [fields.get(name, []) for name in ("id", "text", "weight", "span", "new")]
    rows = []
    for name, text, weight, span, is_new in zip(*columns, strict=True):
        start, _, end = span.partition("-")
        rows.append(Row(name, text, weight, (int(start), int(end)) if span else None, is_new == "1"))
    return rows
