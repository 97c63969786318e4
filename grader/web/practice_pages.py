"""The pages to practise: a question, an answer, what it is worth, a hint, the reference; and what was learned."""

from collections.abc import Mapping
from threading import Lock
from typing import Any, cast
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from grader.errors import GraderError
from grader.grading import Grader
from grader.practice import (
    Aid,
    Attempt,
    Exercise,
    History,
    compare_grades,
    due_dates,
    hint,
    missed_points,
    never_tried,
    next_question,
    points_missed,
    question_progress,
    study_list,
    topic_progress,
)
from grader.reports import grade_card
from grader.schema import Answer
from grader.web.pages import fault, first_field, form_fields, page
from grader.web.rubric_editing import with_rubric

_PICKS = {"due": "what is due", "weakness": "what went worst", "new": "what is new"}
_LATEST = 200  # tries that the page of progress lists


def add_practice_pages(
    app: FastAPI, grader: Grader, exercises: Mapping[str, Exercise], history: History, lock: Lock
) -> None:
    """Add the pages to practise.

    Args:
        app: what serves.
        grader: that knows the rubrics of the exercises.
        exercises: by question id.
        history: where tries are kept, the same as of `grader practice`.
        lock: held while the grader works.

    """
    topics = list(dict.fromkeys(each.topic for each in exercises.values() if each.topic))

    def graded(attempt: Attempt) -> Attempt:
        """An attempt with its grade, which is kept. One that was sent before the server was killed gets it now."""
        if attempt.grade is not None or attempt.question_id not in exercises:
            return attempt
        answer = Answer(answer_id=f"try-{attempt.attempt_id}", question_id=attempt.question_id, answer=attempt.answer)
        with lock:
            own = with_rubric(grader, exercises[attempt.question_id].rubric)
            return history.save_grade(attempt, own.grade(answer))

    @app.get("/practise", include_in_schema=False)
    def ask(
        request: Request, by: str = "due", topic: str = "", question: str | None = None, after: str | None = None
    ) -> Response:
        if by not in _PICKS:
            return fault(request, "There is no such way to pick a question.", status=404)
        if question is not None and question not in exercises:
            return fault(request, "There is no such question to practise.", status=404)
        pool = exercises if question is None else {question: exercises[question]}
        try:
            choice = next_question(
                pool, history.attempts(), by=cast(Any, by), topic=(topic or None) if question is None else None,
                skip=() if after is None else (after,),
            )  # fmt: skip
        except GraderError as error:
            return fault(request, str(error), status=404)
        return page(
            "practise.html.jinja", tab="practise", rater=None, choice=choice, by=by, topic=topic, topics=topics,
            picks=_PICKS, questions=exercises, fixed=question is not None,
        )  # fmt: skip

    @app.post("/practise", include_in_schema=False)
    async def take(request: Request) -> Response:
        fields = await form_fields(request)
        name, text, aid = (first_field(fields, each) for each in ("question", "answer", "aid"))
        by, topic = first_field(fields, "by"), first_field(fields, "topic")
        if name not in exercises or aid not in ("none", "hint", "reference"):
            return fault(request, "There is no such question to practise.", status=404)
        if not text.strip():
            return fault(request, "The answer is blank: write something first.")

        def keep() -> Attempt:
            return graded(history.save_answer(name, text, topic=exercises[name].topic, aid=cast(Aid, aid)))

        try:
            attempt = await run_in_threadpool(keep)
        except GraderError as error:
            return fault(request, str(error))
        return RedirectResponse(f"/practise/{attempt.attempt_id}?{urlencode({'by': by, 'topic': topic})}", 303)

    @app.get("/practise/progress", include_in_schema=False)
    def progress() -> HTMLResponse:
        for left in history.attempts():
            graded(left)
        attempts = history.attempts()
        return page(
            "progress.html.jinja", tab="progress", rater=None,
            topics=topic_progress(exercises, attempts), rows=question_progress(exercises, attempts),
            study=study_list(exercises, attempts), missed=missed_points(exercises, attempts),
            never=never_tried(exercises, attempts), due=due_dates(attempts), path=history.path,
            tries=[each for each in reversed(attempts) if each.question_id in exercises][:_LATEST],
            questions=exercises,
        )  # fmt: skip

    @app.get("/practise/{attempt_id}", include_in_schema=False)
    def result(request: Request, attempt_id: int, by: str = "due", topic: str = "", show: str = "") -> Response:
        found = next((each for each in history.attempts() if each.attempt_id == attempt_id), None)
        if found is None or found.question_id not in exercises:
            return fault(request, "There is no such try.", status=404)
        try:
            attempt = graded(found)
        except GraderError as error:
            return fault(request, str(error))
        grade, exercise = attempt.grade, exercises[attempt.question_id]
        if grade is None:  # only for the type: `graded` gives one
            return fault(request, "This try has no grade.")
        before = history.before(attempt)
        comparison = None if before is None or before.grade is None else compare_grades(before.grade, grade)
        missed = points_missed(exercise.rubric, grade)
        # As `grader practice --hints` does it: one hint at the first try; missing points and reference come after it.
        hinted = hint(exercise, grade) if attempt.aid == "none" and show != "all" else None
        told = grade.points if hinted is None else tuple(point for point in grade.points if point not in missed)
        return page(
            "practised.html.jinja", tab="practise", rater=None, attempt=attempt, exercise=exercise, grade=grade,
            card=grade_card(grade.model_copy(update={"points": told}), "a"), hinted=hinted, n_missed=len(missed),
            before=before, comparison=comparison, by=by if by in _PICKS else "due", topic=topic,
            next_query=urlencode({"by": by, "topic": topic, "after": attempt.question_id}),
            all_query=urlencode({"by": by, "topic": topic, "show": "all"}),
        )  # fmt: skip
