"""Grades and attempts as tests of practice write them."""

from datetime import UTC, datetime, timedelta

from grader.practice.exercises import Exercise
from grader.practice.history import Aid, Attempt
from grader.schema import Evidence, Grade, PointGrade, Rubric, RubricPoint

BEGIN = datetime(2026, 3, 1, 9, tzinfo=UTC)


def exercise(name: str, topic: str | None = None, *, n_points: int = 2, **fields: object) -> Exercise:
    points = tuple(RubricPoint(id=f"p{n}", text=f"Point {n} of {name}.") for n in range(1, n_points + 1))
    values = {"question_id": name, "question": f"What about {name}?", "reference_answer": "It is so.", "points": points}
    return Exercise(Rubric.model_validate({**values, **fields}), topic)


def grade(of: Exercise, *credits: float | None, signature: str = "s") -> Grade:
    """A grade with a credit for each point; `None` was not judged."""
    points = []
    for point, credit in zip(of.rubric.points, credits, strict=True):
        word = "not_judged" if credit is None else "covered" if credit == 1 else "partial" if credit else "missing"
        points.append(
            PointGrade(
                point_id=point.id,
                text=point.text,
                status=word,  # type: ignore[arg-type]  # one of the literals
                coverage=credit,
                credit=credit,
                weight=point.weight,
                evidence=Evidence(text="So", start=0, end=2) if credit else None,
                decided_by="embedding",
                rationale="",
            )
        )
    earned = [credit for credit in credits if credit is not None]
    share = sum(earned) / len(earned) if earned else 0.0
    return Grade(
        answer_id="a",
        question_id=of.question_id,
        score=10 * share,
        max_score=10,
        fraction=share,
        points=tuple(points),
        signature=signature,
        answer="So it is.",
    )


def attempt(of: Exercise, *credits: float | None, number: int = 1, days: float = 0, aid: Aid = "none") -> Attempt:
    """A try, some days after the first of March."""
    at = BEGIN + timedelta(days=days)
    return Attempt(number, of.question_id, "So it is.", at, of.topic, aid, None, grade(of, *credits))
