"""The nouns: what is asked, what counts, what was answered and what it was worth.

Frozen data with derived properties only; nothing here reads, writes or computes a score.
"""

from typing import Any, Literal, NamedTuple, Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator, model_validator

from grader.ids import finite_id, with_point_ids
from grader.scale import scale_step, to_step

Kind = Literal["knowledge", "open"]
Importance = Literal["vital", "okay"]
Status = Literal["covered", "partial", "missing", "contradicted", "not_judged"]
DecidedBy = Literal["embedding", "reader", "judge", "guard", "rule"]
VerdictWord = Literal["covered", "partial", "missing", "contradicted", "cannot_tell", "not_judged"]


_MOST = 1e9  # the largest weight and maximum of a score


class Noun(BaseModel):
    """Frozen, strict about unknown fields, and free of NaN and infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be blank")
    return value


class Question(Noun):
    """One question of a bank. `kind: open` means that `reference_answer` is guidance, not an answer.

    >>> question = Question(id=1, question="What does dropout do?", reference_answer="It disables random units.")
    >>> question.id, question.kind, question.max_score
    ('1', 'knowledge', 10.0)
    """

    id: str
    question: str
    reference_answer: str = Field(
        validation_alias=AliasChoices("reference_answer", "reference", "expected_output", "desired_answer")
    )
    kind: Kind = "knowledge"
    topic: str | None = None
    max_score: float = Field(default=10.0, gt=0, le=_MOST)

    _checks = field_validator("id", "question", "reference_answer")(_not_blank)
    _id = field_validator("id", mode="before")(finite_id)


class QuestionBank(Noun):
    """Questions under one title; ids are unique.

    >>> question = {"id": "dropout", "question": "What does dropout do?", "reference": "It disables random units."}
    >>> QuestionBank(title="Regularization", questions=[question]).questions[0].reference_answer
    'It disables random units.'
    """

    title: str = ""
    questions: tuple[Question, ...]


class RubricPoint(Noun):
    """One thing that an answer must say (weight > 0) or must not say (weight < 0).

    `aliases` are other wordings that count as the same; `group` names an entry of `Rubric.groups`;
    `source_span` is `(start, end)` in characters of the rubric's `reference_answer`.

    >>> point = RubricPoint(id="p1", text="It disables random units.", aliases=["It turns units off at random."])
    >>> point.weight, point.importance
    (1.0, None)
    """

    id: str
    text: str = Field(validation_alias=AliasChoices("text", "criterion", "requirement"))
    weight: float = Field(default=1.0, validation_alias=AliasChoices("weight", "points"))
    importance: Importance | None = None
    group: str | None = None
    aliases: tuple[str, ...] = Field(default=(), max_length=1000)
    source_span: tuple[int, int] | None = None

    _checks = field_validator("id", "text")(_not_blank)
    _id = field_validator("id", mode="before")(finite_id)

    @field_validator("weight")
    @classmethod
    def _weighs_something(cls, weight: float) -> float:
        if weight == 0:
            raise ValueError("must not be 0: a point that is worth nothing cannot be scored")
        if not 1 / _MOST <= abs(weight) <= _MOST:  # their sum and their shares stay numbers
            raise ValueError(
                f"must be between {1 / _MOST:g} and {_MOST:g}, with or without a minus: weights are relative"
            )
        return weight


class PointGroup(Noun):
    """Any `need` of the group's points earn full credit for the whole group."""

    need: int = Field(ge=1)


class Rubric(Noun):
    """What an answer to one question must say, and what each point is worth.

    Weights are relative: `scoring.score` scales their positive sum to `max_score`. Points may be written as in rubric
    files: with `criterion` or `requirement` for `text`, `points` for `weight`, and without an `id` (then `p1`, ...).
    `step` is what scores are rounded to where people read them, in points: 0 rounds nothing, `None` is what fits the
    scale (`scale_step`). It changes no score.

    >>> rubric = Rubric(question_id="dropout", points=[{"criterion": "It disables random units.", "points": 2}])
    >>> rubric.points[0].id, rubric.points[0].text, rubric.points[0].weight
    ('p1', 'It disables random units.', 2.0)
    """

    question_id: str
    question: str = ""
    reference_answer: str = ""
    kind: Kind = "knowledge"
    max_score: float = Field(default=10.0, gt=0, le=_MOST)
    step: float | None = Field(default=None, ge=0)
    points: tuple[RubricPoint, ...]
    groups: dict[str, PointGroup] = Field(default_factory=dict)
    derived_by: str = "hand"

    _checks = field_validator("question_id")(_not_blank)
    _id = field_validator("question_id", mode="before")(finite_id)

    @field_validator("points", mode="before")
    @classmethod
    def _named(cls, points: object) -> object:
        return with_point_ids(points) if isinstance(points, list | tuple) else points

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if not self.points:
            raise ValueError("points: a rubric needs at least one point")
        seen: set[str] = set()
        for point in self.points:
            if point.id in seen:
                raise ValueError(f"points: the id '{point.id}' appears twice")
            seen.add(point.id)
            if point.group is not None and point.group not in self.groups:
                raise ValueError(
                    f"points: '{point.id}' belongs to group '{point.group}', which 'groups' does not define"
                )
            if point.group is not None and point.weight < 0:
                raise ValueError(f"points: '{point.id}' has a negative weight and cannot be in a group")
            if point.source_span is not None:
                start, end = point.source_span
                if not 0 <= start < end <= len(self.reference_answer):
                    raise ValueError(
                        f"points: source_span [{start}, {end}] of '{point.id}' is outside the reference answer "
                        f"({len(self.reference_answer)} characters)"
                    )
        for name, group in self.groups.items():
            size = sum(point.group == name for point in self.points)
            if group.need > size:
                raise ValueError(f"groups: '{name}' needs {group.need} points but has {size}")
        if not any(point.weight > 0 for point in self.points):
            raise ValueError("points: at least one weight must be positive")
        return self


class Answer(Noun):
    """A candidate's answer. `extra` holds the columns that are carried through to the grades.

    Ids may be numbers and become text, as in files.

    >>> Answer(answer_id=7, question_id="dropout", answer="It disables random units.").answer_id
    '7'
    """

    answer_id: str
    question_id: str
    answer: str
    candidate: str | None = None
    extra: dict[str, Any] = Field(default_factory=dict)

    _id = field_validator("answer_id", "question_id", "candidate", mode="before")(finite_id)


class Evidence(Noun):
    """The words that show a point: `answer[start:end] == text`, always.

    >>> answer = "Not sure. It turns units off."
    >>> evidence = Evidence(text="It turns units off.", start=10, end=29)
    >>> answer[evidence.start : evidence.end] == evidence.text
    True
    """

    text: str
    start: int = Field(ge=0)
    end: int = Field(ge=0)


class Verdict(Noun):
    """What one judge said of one point, checked.

    `not_judged` means that there is no usable verdict; `reason` then says why. `quote` is where the answer has the
    words that the judge names, `None` where it names none or they are not there; `supported` says whether an award
    (covered, partial) has such words and they prove something.
    """

    judge: str
    verdict: VerdictWord
    quote: Evidence | None = None
    supported: bool = True
    reason: str = ""


class Rated(NamedTuple):
    """What one way of grading alone gives a point."""

    status: Status
    credit: float | None


_FULL = 0.995  # from this credit on, people read 100 %


class PointGrade(Noun):
    """What one point earned: `coverage` and `credit` in 0..1, `None` when the point was not judged.

    `confidence` is the chance, 0..1, that a person would decide alike; `None` where nothing was judged. `stated` and
    `contradicted` are the calibrated probabilities, 0..1, of a reader; `None` without one. Where judges
    were asked, `verdicts` has what each of them said and `by_embedding` what the point earns without them.

    >>> from grader import Answer, Grader, Rubric
    >>> rubric = Rubric(question_id="dropout", points=[{"text": "It disables random units."}])
    >>> answer = Answer(answer_id="a1", question_id="dropout", answer="Random units are disabled.")
    >>> [point] = Grader([rubric]).grade(answer).points
    >>> point.point_id, point.status, point.decided_by, point.evidence.text
    ('p1', 'covered', 'embedding', 'Random units are disabled.')
    """

    point_id: str
    text: str
    status: Status
    coverage: float | None = Field(ge=0, le=1)
    credit: float | None = Field(ge=0, le=1)
    weight: float
    evidence: Evidence | None
    decided_by: DecidedBy
    rationale: str
    confidence: float | None = Field(default=None, ge=0, le=1)
    stated: float | None = Field(default=None, ge=0, le=1)
    contradicted: float | None = Field(default=None, ge=0, le=1)
    verdicts: tuple[Verdict, ...] = ()
    by_embedding: Rated | None = None

    @property
    def is_full(self) -> bool:
        """Whether it is covered and earns its whole weight, to the percent."""
        return self.status == "covered" and self.credit is not None and self.credit >= _FULL


class NearMark(Noun):
    """A marked answer beside a graded one: what people gave it (0..1), how alike they are (cosine), how it begins."""

    answer_id: str
    mark: float = Field(ge=0, le=1)
    likeness: float
    text: str = ""


class FromMarks(Noun):
    """What people's marks changed in a grade.

    `before` is the fraction without marks; 90 % of such answers are given `low` to `high` by people. `n_marked` answers
    of the question are marked, `nearest` are most like this one. `held_by` names the flag that kept marks from lifting
    the grade (further).
    """

    before: float = Field(ge=0, le=1)
    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)
    n_marked: int = Field(ge=0)
    nearest: tuple[NearMark, ...] = ()
    held_by: str | None = None


class Grade(Noun):
    """One graded answer. `score` is `None` exactly when `ungraded_reason` is set.

    Where people's marks were used, `marks` says what they changed; the points are as without them.

    It carries question, answer and point texts, so that a report needs no other file. `max_score` is `None` only for an
    unknown question. `step` is the rubric's: what the score is rounded to where people read it (`rounded_score`).

    >>> from grader import Answer, Grader, Rubric
    >>> rubric = Rubric(question_id="dropout", points=[{"text": "It disables random units."}])
    >>> answer = Answer(answer_id="a1", question_id="dropout", answer="")
    >>> grade = Grader([rubric]).grade(answer)
    >>> grade.score, grade.max_score, grade.points[0].status, grade.ungraded_reason
    (0.0, 10.0, 'missing', None)
    """

    answer_id: str
    question_id: str
    candidate: str | None = None
    score: float | None
    max_score: float | None
    fraction: float | None
    marks: FromMarks | None = None
    points: tuple[PointGrade, ...] = ()
    feedback: str = ""
    flags: tuple[str, ...] = ()
    needs_review: bool = False
    confidence: float | None = None
    ungraded_reason: str | None = None
    signature: str
    question: str = ""
    answer: str = ""
    step: float | None = Field(default=None, ge=0)
    extra: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _ungraded_has_a_reason(self) -> Self:
        if (self.score is None) != (self.ungraded_reason is not None):
            raise ValueError("score is None exactly when ungraded_reason is set")
        return self

    @property
    def rounded_score(self) -> float | None:
        """The score as people read it, on the nearest step of its scale; `None` without a score."""
        if self.score is None:
            return None
        step = scale_step(self.max_score) if self.step is None else self.step
        return to_step(self.score, step, self.max_score)
