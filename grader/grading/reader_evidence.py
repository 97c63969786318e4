"""The sentence that carries a reader's verdict, where the point's wording does not lead to it."""

from collections.abc import Sequence
from typing import NamedTuple

from grader.grading.drafts import Draft
from grader.reader import Reading, Task
from grader.schema import Evidence, PointGrade
from grader.text import Span, segments

# Coverage from which the best-matching stretch is trusted as evidence.
_SHOWN_BY_WORDING = 0.35


class EvidenceSearch(NamedTuple):
    """What is to be read once more: each sentence of an answer beside the points whose evidence is looked for.

    Attributes:
        draft: of the answer.
        spans: its sentences, in characters of the normalised text, at least two.
        points: indices of the points.

    """

    draft: Draft
    spans: tuple[Span, ...]
    points: tuple[int, ...]

    @property
    def tasks(self) -> list[Task]:
        """One for each sentence."""
        rubric, texts = self.draft.rubric, tuple(self.draft.points[index].text for index in self.points)
        question = "" if rubric is None else rubric.question
        return [Task(question, self.draft.text.text[start:end], texts) for start, end in self.spans]

    def found(self, readings: Sequence[Sequence[Reading]]) -> Draft:
        """The draft with, for each point, the sentence that states (or contradicts) it most as evidence.

        Args:
            readings: of the tasks, shape `(n_sentences, n_points)`.

        """
        points = list(self.draft.points)
        for column, index in enumerate(self.points):
            point = points[index]
            by_sentence = [_support(point, row[column]) for row in readings]
            start, end = self.draft.text.original_span(*self.spans[by_sentence.index(max(by_sentence))])
            evidence = Evidence(text=self.draft.answer.answer[start:end], start=start, end=end)
            points[index] = point.model_copy(update={"evidence": evidence})
        return self.draft._replace(points=tuple(points))


def evidence_search(draft: Draft) -> EvidenceSearch | None:
    """What to read for the evidence of a draft; `None` where the wording shows it or there is one sentence only.

    A high coverage is trusted where the point is not called contradicted.
    """
    points = tuple(
        index
        for index, point in enumerate(draft.points)
        if point.decided_by == "reader"
        and point.evidence is not None
        and (point.status == "contradicted" or (point.coverage or 0.0) < _SHOWN_BY_WORDING)
    )
    if not points:
        return None
    spans = tuple(segments(draft.text.text))
    return EvidenceSearch(draft, spans, points) if len(spans) > 1 else None


def _support(point: PointGrade, reading: Reading) -> float:
    """How much one sentence speaks for the verdict, in logits."""
    return reading.contradicted if point.status == "contradicted" else reading.stated
