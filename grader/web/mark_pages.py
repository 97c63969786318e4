"""The pages for marking: the next answer with the grader's view of it, the rest as it stands now, and the exports."""

import ipaddress
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Literal, cast
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from grader.errors import GraderError
from grader.phrases import number
from grader.reports import grade_card
from grader.schema import PointGrade
from grader.web.exports import FORMS, Export, export
from grader.web.marking import Desk, Marking
from grader.web.pages import fault, first_field, form_fields, is_part, page
from grader.web.pile import PileAnswer
from grader.web.store import ConflictError

SESSION_COOKIE = "grader_session"
_LONGEST_NAME = 60
_REST_SHOWN = 60
Choice = Literal["1", "0.5", "0"]
_CHOICE: Mapping[str, Choice] = {"covered": "1", "partial": "0.5"}


def add_mark_pages(app: FastAPI, marking: Marking | None, *, is_local: bool) -> None:
    """Add the pages for marking.

    Args:
        app: what serves.
        marking: of the pile; without one the page says how to load one.
        is_local: whether only this machine can reach the server, so that one person may use several browsers.

    """
    skipped: defaultdict[str, list[int]] = defaultdict(list)

    if marking is None:

        @app.get("/mark", include_in_schema=False)
        def no_pile() -> HTMLResponse:
            return page("no_pile.html.jinja", tab="mark", rater=None)

        return

    def rater_of(request: Request) -> str | None:
        return marking.store.rater_of(request.cookies.get(SESSION_COOKIE))

    @app.get("/mark", include_in_schema=False)
    def mark_page(request: Request, answer: int | None = None) -> HTMLResponse:
        rater = rater_of(request)
        if rater is None:
            return page("sign_in.html.jinja", tab="mark", rater=None, problem="", pile=marking.pile)
        return show(request, rater, answer)

    @app.post("/signin", include_in_schema=False)
    async def sign_in(request: Request) -> Response:
        name = " ".join(first_field(await form_fields(request), "name").split())
        problem = ""
        if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable() or name.lower().startswith("system:"):
            problem = f"Give a name of 1 to {_LONGEST_NAME} letters."
        elif not is_local and marking.store.is_known(name):
            problem = "This name marks in another browser already: go on there, or take another name."
        if problem:
            return page("sign_in.html.jinja", status=400, tab="mark", rater=None, problem=problem, pile=marking.pile)
        reply = RedirectResponse("/mark", 303)
        secret = await run_in_threadpool(marking.store.sign_in, name)
        reply.set_cookie(SESSION_COOKIE, secret, httponly=True, samesite="strict", max_age=60 * 60 * 24 * 90)
        return reply

    def show(request: Request, rater: str, at: int | None, said: str = "", status: int = 200) -> HTMLResponse:
        desk = marking.desk(rater)
        answers = marking.pile.answers
        later = skipped[rater]
        if at is not None and (not 0 <= at < len(answers) or answers[at].grade.max_score is None):
            return fault(request, "There is no such answer in this pile.", status=404)
        waiting = sorted(desk.waiting, key=lambda each: later.index(each.number) if each.number in later else -1)
        shown = answers[at] if at is not None else next(iter(waiting), None)
        return page(
            "mark_work.html.jinja" if is_part(request) else "mark.html.jinja",
            status=status,
            tab="mark",
            rater=rater,
            said=said,
            **_view(marking, desk, shown),
        )

    def answer_at(at: int) -> PileAnswer | None:
        answers = marking.pile.answers
        return answers[at] if 0 <= at < len(answers) and answers[at].grade.max_score is not None else None

    @app.post("/mark/{at}/points", include_in_schema=False)
    async def points(request: Request, at: int) -> HTMLResponse:
        answer = answer_at(at)
        if rater_of(request) is None or answer is None:
            return fault(request, "Open the page for marking again.", status=404)
        try:
            score = marking.score_of_points(answer, _credits(answer, await form_fields(request)))
        except GraderError as error:
            return fault(request, str(error))
        return page("score.html.jinja", score=score, max_score=answer.grade.max_score, by_points=True)

    @app.post("/mark/{at}", include_in_schema=False)
    async def mark(request: Request, at: int) -> Response:
        rater, answer, fields = rater_of(request), answer_at(at), await form_fields(request)
        if rater is None or answer is None:
            return fault(request, "Open the page for marking again.", status=404)
        try:
            score = float(first_field(fields, "score").replace(",", "."))
            together = [marking.pile.answers[int(each)] for each in fields.get("together", [])]
            seen = int(first_field(fields, "seen"))
        except (ValueError, IndexError):
            return fault(request, "Give a number for the score.")
        try:
            await run_in_threadpool(
                marking.mark,
                rater,
                answer,
                score,
                seen=seen,
                credits=_credits(answer, fields),
                why=first_field(fields, "why").strip(),
                together=together,
            )
        except GraderError as error:
            return fault(request, str(error))
        except ConflictError:
            said = "Another window has marked this meanwhile: nothing was changed. This is how it stands now."
            return await run_in_threadpool(show, request, rater, at, said, 200 if is_part(request) else 409)
        n = f"{number(score)} of {number(answer.grade.max_score or 0)}"
        said = f"Saved: {n}" + (f", {len(together)} like answers, too." if together else ".")
        if not is_part(request):
            return RedirectResponse("/mark", 303)
        return await run_in_threadpool(show, request, rater, None, said)

    @app.post("/later/{at}", include_in_schema=False)
    async def later(request: Request, at: int) -> Response:
        rater = rater_of(request)
        if rater is None or answer_at(at) is None:
            return fault(request, "Open the page for marking again.", status=404)
        skipped[rater] = [*(each for each in skipped[rater] if each != at), at]
        if not is_part(request):
            return RedirectResponse("/mark", 303)
        return await run_in_threadpool(show, request, rater, None, "Left for later.")

    @app.post("/undo", include_in_schema=False)
    async def undo(request: Request) -> Response:
        rater = rater_of(request)
        if rater is None:
            return fault(request, "Open the page for marking again.", status=404)
        undone = await run_in_threadpool(marking.store.undo, rater)
        at = next((marking.pile.by_id[name].number for name in undone if name in marking.pile.by_id), None)
        if not is_part(request):
            return RedirectResponse("/mark" if at is None else f"/mark?answer={at}", 303)
        said = "Undone: this is the answer whose mark was taken back." if undone else "There is nothing to undo."
        return await run_in_threadpool(show, request, rater, at, said)

    @app.get("/export", include_in_schema=False)
    def exports(request: Request) -> Response:
        rater = rater_of(request)
        if rater is None:
            return RedirectResponse("/mark", 303)
        everybody = _is_this_machine(request)
        return page(
            "export.html.jinja", tab="export", rater=rater, forms=FORMS, everybody=everybody,
            raters=sorted({mark.rater for mark in marking.marks() if everybody or mark.rater == rater}),
        )  # fmt: skip

    @app.get("/export/{form}", include_in_schema=False)
    def exported(request: Request, form: str, attempt: str = "", known: bool = False) -> Response:
        rater = rater_of(request)
        if rater is None:
            return RedirectResponse("/mark", 303)
        if form not in FORMS or attempt not in ("", "first", "last", "best"):
            return fault(request, "There is no such file.", status=404)
        marks = [mark for mark in marking.marks() if _is_this_machine(request) or mark.rater == rater]
        try:
            made = export(cast(Export, form), marking.pile, marks, attempts=cast(Any, attempt or None))
        except GraderError as error:
            return fault(request, str(error))
        if made.notes and not known:
            return page("export_notes.html.jinja", tab="export", rater=rater, made=made, form=form, attempt=attempt)
        disposition = f"attachment; filename*=UTF-8''{quote(made.name)}"
        return Response(made.content, media_type=made.media_type, headers={"content-disposition": disposition})


def _view(marking: Marking, desk: Desk, shown: PileAnswer | None) -> dict[str, Any]:
    """What the templates need of an answer and of the rest."""
    if shown is None:
        return {"desk": desk, "shown": None, "pile": marking.pile, "rest": (), "n_rest": 0}
    name, question = shown.answer.answer_id, shown.answer.question_id
    rest = [
        (each, desk.proposed[each.answer.answer_id], desk.forecast.expected.get(each.answer.answer_id))
        for each in marking.pile.markable
        if each.answer.question_id == question
        and each.answer.answer_id not in desk.marks
        and each.answer.answer_id in desk.proposed
    ]
    rest.sort(key=lambda row: -(row[2].high - row[2].low) if row[2] else 0.0)
    mine = desk.marks.get(name)
    answers = marking.pile.answers
    return {
        "desk": desk,
        "pile": marking.pile,
        "shown": shown,
        "card": grade_card(shown.grade, "a"),
        "choices": [_chosen(point, mine.credits if mine else {}) for point in shown.grade.points],
        "machine": [_chosen(point, {}) for point in shown.grade.points],
        "mine": mine,
        "score": mine.score if mine else desk.proposed.get(name),
        "max_score": shown.grade.max_score,
        "by_points": False,
        "expected": None if mine else desk.forecast.expected.get(name),
        "state": next(state for state in desk.questions if state.question_id == question),
        "similar": [answers[at] for at in shown.similar if answers[at].answer.answer_id not in desk.marks],
        "rest": rest[:_REST_SHOWN],
        "n_rest": len(rest),
    }


def _chosen(point: PointGrade, credits: Mapping[str, float]) -> str:
    """Which of the three choices stands for a point: the person's, else the grader's status."""
    if point.point_id in credits:
        return f"{credits[point.point_id]:g}"
    return _CHOICE.get(point.status, "0")


def _credits(answer: PileAnswer, fields: Mapping[str, list[str]]) -> dict[str, float]:
    """The points on which the person does not follow the grader, by id; fields have their numbers."""
    found = {}
    for place, point in enumerate(answer.grade.points, 1):
        given = first_field(fields, f"p{place}")
        if given in ("1", "0.5", "0") and given != _chosen(point, {}):
            found[point.point_id] = float(given)
    return found


def _is_this_machine(request: Request) -> bool:
    """Whether the request comes from the machine of the server, whose user may have everybody's marks."""
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
