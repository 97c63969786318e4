"""The API: the same calls for programs, with an OpenAPI document at `/v1/openapi.json`. Keys are checked before it."""

from threading import Lock
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from grader.errors import InputError
from grader.files import grade_row
from grader.grading import Grader
from grader.rubrics import derive, lint
from grader.schema import Answer, Question, Rubric

if TYPE_CHECKING:
    from fastapi import FastAPI

_MOST_ANSWERS = 1000


class GradeRequest(BaseModel):
    """Answers to grade, and rubrics for questions that the server does not know or knows otherwise."""

    model_config = ConfigDict(extra="forbid")
    answers: list[Answer] = Field(max_length=_MOST_ANSWERS)
    rubrics: list[Rubric] = Field(default=[], max_length=_MOST_ANSWERS)


class GradeReply(BaseModel):
    """The grades in the order of the answers, as lines of `grades.jsonl`."""

    grades: list[dict[str, Any]]


class DeriveRequest(BaseModel):
    """Questions with their reference answers."""

    model_config = ConfigDict(extra="forbid")
    questions: list[Question] = Field(max_length=_MOST_ANSWERS)


class Finding(BaseModel):
    """What the lint says of a rubric."""

    kind: str
    point_id: str | None
    message: str


class DerivedRubric(BaseModel):
    """A rubric and what the lint says of it."""

    rubric: Rubric
    findings: list[Finding]


class DeriveReply(BaseModel):
    """The rubrics in the order of the questions."""

    rubrics: list[DerivedRubric]


class Problem(BaseModel):
    """Why a request was refused."""

    detail: str


def add_api(app: "FastAPI", grader: Grader, lock: Lock) -> None:
    """Add the addresses of the API; `lock` is held while the grader works."""
    from fastapi import HTTPException

    refused: dict[int | str, dict[str, Any]] = {
        400: {"model": Problem, "description": "The request cannot be used; says why."},
        401: {"description": "No key, or a wrong one."},
        413: {"description": "The request is too large."},
        429: {"description": "Too many requests."},
    }

    @app.post("/v1/grade", tags=["grading"], responses=refused)
    def grade(asked: GradeRequest) -> GradeReply:
        """Grade answers with the server's rubrics, or with those of the request."""
        try:
            used = grader
            if asked.rubrics:
                own = {rubric.question_id: rubric for rubric in asked.rubrics}
                if len(own) < len(asked.rubrics):
                    raise InputError("two rubrics are for the same question")
                used = Grader(
                    {**grader.rubrics, **own}, encoder=grader.encoder, reader=grader.reader, settings=grader.settings
                )
            with lock:
                return GradeReply(grades=[grade_row(each) for each in used.grade_many(asked.answers)])
        except InputError as error:
            raise HTTPException(400, str(error)) from error

    @app.post("/v1/derive", tags=["rubrics"], responses=refused)
    def derive_rubrics(asked: DeriveRequest) -> DeriveReply:
        """Make rubrics from reference answers, each with the findings of the lint."""
        try:
            with lock:
                made = [derive(question) for question in asked.questions]
                findings = [lint(rubric) for rubric in made]
        except InputError as error:
            raise HTTPException(400, str(error)) from error
        return DeriveReply(
            rubrics=[
                DerivedRubric(
                    rubric=rubric,
                    findings=[Finding(kind=f.kind, point_id=f.point_id, message=f.message) for f in found],
                )
                for rubric, found in zip(made, findings, strict=True)
            ]
        )
