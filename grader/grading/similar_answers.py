"""Answers from different candidates in the same or nearly the same words.

Identical answers are flagged in their grades. Nearly identical ones are grouped, to compare the scores they received.
Own code, not scikit-learn: it has no leader algorithm, and complete linkage needs the distances of all pairs of texts.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt

from grader.encoders import StaticEncoder
from grader.schema import Answer, Grade
from grader.text import normalise, words

Floats = npt.NDArray[np.float32]

# Shorter answers are equal by chance: in two sets of school science (Beetle, SciEntsBank) 8 and 10 % of the answers
# with fewer than 10 words have the same words as another one, of the longer ones 5 and 1 %.
_MIN_WORDS = 10
# A cosine. One of twenty words left out gives .99, a misspelt one .97 to .99, an added "not" .99. Independent answers
# to one question have .79 to .9 with their nearest neighbour. (114 practice answers.)
NEARNESS = 0.98
# Scores that differ by less than this share of the full score count as equal.
_EQUAL_WITHIN = 0.005
_BLOCK = 512  # texts that are compared with all leaders in one matrix product


def words_digest(answer: Answer) -> bytes | None:
    """A digest that is equal for answers to one question in the same words; `None` below ten words.

    Words are compared after normalisation and in lower case.
    """
    lower_case = [word.lower() for word in words(normalise(answer.answer).text)]
    if len(lower_case) < _MIN_WORDS:
        return None
    text = "\0".join([answer.question_id, *lower_case])
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def flag_duplicate(grade: Grade) -> Grade:
    """Flag the grade of an answer that another candidate gave too as `duplicate`.

    It is no reason for review: the short right answers of a class repeat each other. The score stays, because it
    depends on the answer alone.
    """
    return grade.model_copy(update={"flags": (*grade.flags, "duplicate")})


def flag_duplicate_row(row: dict[str, Any]) -> dict[str, Any]:
    """The same for a grade as a row of a file."""
    return row | {"flags": [*row["flags"], "duplicate"]}


@dataclass(frozen=True)
class SimilarAnswers:
    """A group of similar answers to one question.

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
        return self.high - self.low <= _EQUAL_WITHIN * self.max_score


def group_similar_answers(grades: Iterable[Grade]) -> list[SimilarAnswers]:
    """Find the groups of similar answers to each question; those with unequal scores first, then the largest.

    A vector of each different answer is held in memory, 1.5 kB each.
    """
    by_question: defaultdict[str, dict[str, list[Grade]]] = defaultdict(dict)
    for grade in grades:
        text = normalise(grade.answer).text
        if text.strip():
            by_question[grade.question_id].setdefault(text, []).append(_without_details(grade))
    encoder = StaticEncoder()
    groups: list[SimilarAnswers] = []
    for question_id, same in by_question.items():
        texts = list(same)
        for members in leader_clusters(_vectors(encoder, texts), nearness=NEARNESS):
            found = [grade for at in members for grade in same[texts[at]]]
            if len(found) > 1:
                groups.append(_group(question_id, found))
    return sorted(groups, key=lambda group: (group.has_equal_scores, -len(group.answer_ids)))


def _without_details(grade: Grade) -> Grade:
    """The grade without points and texts, to save memory."""
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
    """Unit vectors of texts, shape `(n_texts, dim)`: means of the words' vectors, weighted by rarity."""
    sums = []
    for encoded in encoder.encode(texts):
        weights = encoded.rarity if encoded.rarity.any() else np.ones_like(encoded.rarity)
        total = weights @ encoded.vectors
        sums.append(total / max(float(np.linalg.norm(total)), 1e-9))
    return np.array(sums, np.float32)


def leader_clusters(vectors: Floats, *, nearness: float) -> list[list[int]]:
    """Group texts by their cosine with the first text of each group, its leader.

    A text joins the group with the nearest leader if their cosine is at least `nearness`; else it leads a new group. So
    every member is near the leader, and no chain of small differences joins very different texts.

    Args:
        vectors: unit vectors, shape `(n_texts, dim)`.
        nearness: a cosine, above 0 and up to 1.

    Returns:
        the indices in each group, in order; every text is in one group. Time is proportional to texts times groups.

    Raises:
        ValueError: `nearness` is out of range.

    Source: the leader algorithm, Hartigan (1975), "Clustering Algorithms", chapter 3.

    """
    if not 0 < nearness <= 1:
        raise ValueError(f"nearness must be above 0 and at most 1, got {nearness}")
    groups: list[list[int]] = []
    leaders = np.empty((0, vectors.shape[1]), np.float32)
    # Tolerance, so that rounding does not separate equal vectors.
    wanted = nearness - 1e-5
    for start in range(0, len(vectors), _BLOCK):
        some = vectors[start : start + _BLOCK]
        near = some @ leaders.T if len(leaders) else np.zeros((len(some), 1), np.float32)
        best, cosine = near.argmax(axis=1), near.max(axis=1)
        within = some @ some.T
        new: list[int] = []  # indices of the leaders in this block
        for at in range(len(some)):
            # The nearest leader, of this block or an earlier one; the earlier one on a tie.
            here = int(within[at, new].argmax()) if new else -1
            if new and within[at, new[here]] > max(cosine[at], wanted):
                groups[len(groups) - len(new) + here].append(start + at)
            elif cosine[at] >= wanted:
                groups[best[at]].append(start + at)
            else:
                new.append(at)
                groups.append([start + at])
        leaders = np.concatenate([leaders, some[new]])
    return groups
