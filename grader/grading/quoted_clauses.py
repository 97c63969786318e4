"""What the clauses that judges quote state by themselves: each is read as if it were the whole answer."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from grader.grading.confidence import STATED
from grader.grading.drafts import Draft
from grader.schema import Answer, PointGrade
from grader.text import Span

_SAYS_THE_OPPOSITE = "the clause that the judge quotes contradicts the point"
_SAYS_NOTHING = "the clause that the judge quotes says nothing of the point"
# Chance of being stated, by the clause alone, up to which it says nothing of a point.
_UNRELATED = 0.2


class QuotedClauses:
    """Points as clauses state them, by question, text of the clause and point."""

    def __init__(self, points: Mapping[tuple[str, str], Mapping[str, PointGrade]]) -> None:
        self._points = points

    def objection(self, draft: Draft, clause: Span, point_id: str) -> str:
        """Why a clause of an answer does not show a point; empty where it may, or was not read."""
        point = self.point(draft, clause, point_id)
        if point is None or point.coverage is None:
            return ""
        if point.status == "contradicted":
            return _SAYS_THE_OPPOSITE
        stated = STATED.stated(point.coverage) if point.stated is None else point.stated
        return _SAYS_NOTHING if stated <= _UNRELATED else ""

    def point(self, draft: Draft, clause: Span, point_id: str) -> PointGrade | None:
        """A point as a clause of an answer states it by itself; `None` if that was not read."""
        return self._points.get((draft.answer.question_id, draft.text.text[slice(*clause)]), {}).get(point_id)


def read_clauses(
    quoted: Iterable[tuple[str, str]], draft: Callable[[Sequence[Answer]], Sequence[Draft]]
) -> QuotedClauses:
    """Read clauses, each once.

    Args:
        quoted: question id and clause.
        draft: reads answers.

    """
    clauses = list(dict.fromkeys(quoted))
    answers = [
        Answer(answer_id=str(number), question_id=question_id, answer=clause)
        for number, (question_id, clause) in enumerate(clauses)
    ]
    drafts = draft(answers) if answers else []
    return QuotedClauses(
        {key: {point.point_id: point for point in read.points} for key, read in zip(clauses, drafts, strict=True)}
    )
