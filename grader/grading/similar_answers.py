"""Answers that are nearly the same: found by their words, and held against the scores that they received."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from grader.encoders import StaticEncoder
from grader.grading.grouping import Floats, like_groups
from grader.schema import Grade
from grader.text import normalise

# One word of twenty left out gives .99, a misspelt one .97 to .99, a "not" that turns the meaning round .99; of answers
# to one question that were written apart the nearest other one has .79 to .9. (114 practice answers.)
NEARNESS = 0.98
# A smaller part of the full score is no difference that anybody sees.
_EQUAL = 0.005


@dataclass(frozen=True)
class SimilarAnswers:
    """A group of like answers to one question.

    Attributes:
        answer_ids: at least two, in input order.
        low, high: the lowest and the highest of their scores, `None` when none of them has one.
        max_score: of the question, `None` for an unknown one.

    """

    question_id: str
    answer_ids: tuple[str, ...]
    low: float | None
    high: float | None
    max_score: float | None

    @property
    def has_equal_scores(self) -> bool:
        """Whether no two scores differ by more than half a percent of the full score."""
        if self.low is None or self.high is None or self.max_score is None:
            return True
        return self.high - self.low <= _EQUAL * self.max_score


def group_similar_answers(grades: Iterable[Grade]) -> list[SimilarAnswers]:
    """Find the groups of like answers to each question; those with unequal scores first, then the largest.

    A vector of each different answer is held in memory, 1.5 kB each.
    """
    by_question: defaultdict[str, dict[str, list[Grade]]] = defaultdict(dict)
    for grade in grades:
        text = normalise(grade.answer).text
        if text.strip():
            by_question[grade.question_id].setdefault(text, []).append(_small(grade))
    encoder = StaticEncoder()
    groups: list[SimilarAnswers] = []
    for question_id, same in by_question.items():
        texts = list(same)
        for members in like_groups(_vectors(encoder, texts), nearness=NEARNESS):
            found = [grade for at in members for grade in same[texts[at]]]
            if len(found) > 1:
                groups.append(_group(question_id, found))
    return sorted(groups, key=lambda group: (group.has_equal_scores, -len(group.answer_ids)))


def _small(grade: Grade) -> Grade:
    """What a group needs of a grade, so that points and texts can be let go."""
    return grade.model_copy(update={"points": (), "answer": "", "feedback": "", "extra": {}})


def _group(question_id: str, grades: Sequence[Grade]) -> SimilarAnswers:
    scores = [grade.score for grade in grades if grade.score is not None]
    return SimilarAnswers(
        question_id=question_id,
        answer_ids=tuple(grade.answer_id for grade in grades),
        low=min(scores, default=None),
        high=max(scores, default=None),
        max_score=grades[0].max_score,
    )


def _vectors(encoder: StaticEncoder, texts: Sequence[str]) -> Floats:
    """Unit vectors, `(n_texts, dim)`: the mean of the words' vectors, rare words counting more."""
    sums = []
    for encoded in encoder.encode(texts):
        weights = encoded.rarity if encoded.rarity.any() else np.ones_like(encoded.rarity)
        total = weights @ encoded.vectors
        sums.append(total / max(float(np.linalg.norm(total)), 1e-9))
    return np.array(sums, np.float32)
