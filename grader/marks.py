"""What people marked -> the fraction that they would give other answers, with an interval and what speaks for it.

A monotone map brings the grader's fractions to the people's scale; from two marked answers a question on, likeness to
these moves them further. Marks never lift what is no answer to the question (`marks_bounds`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grader.conformal import conformal_quantile
from grader.errors import InputError
from grader.likeness import Said, likeness, told
from grader.marks_bounds import Flagged, bound, lifts
from grader.marks_model import MarkedQuestion, MarksModel, Variances, fit_variances
from grader.score_map import FEWEST_MARKS, ScoreMap, fit_score_map

Floats = NDArray[np.float64]

# Marked answers that a question needs before likeness to them counts; with one, the map alone does as well.
FEWEST_OF_QUESTION = 2
# Share of new marks that an interval may miss.
ALPHA = 0.1
# An interval over more of the scale than this says nothing: a person should look.
WIDE = 0.8
# Marked answers that are named beside a grade.
_NEAREST = 3
# Folds over questions (or answers of a single question) for the error of the map alone.
_FOLDS = 5


class Seen(NamedTuple):
    """What is known of an answer without marks.

    Attributes:
        fraction: what it earns, 0..1.
        flags: of its grade.
        topic: highest cosine of its vector with the question's or a rubric point's, -1..1.
        vector: unit vector of the whole text, shape `(dim,)`.
        words: distinct words, with how much each tells (> 0).

    """

    fraction: float
    flags: tuple[str, ...]
    topic: float
    vector: NDArray[np.float32]
    words: Mapping[str, float]


class Marked(NamedTuple):
    """An answer with the fraction that people gave it, 0..1."""

    answer_id: str
    question_id: str
    mark: float
    seen: Seen


@dataclass(frozen=True)
class Learned:
    """What was learned from marked answers; with these it is all that is needed to grade others.

    Attributes:
        score_map: to the people's scale.
        variances: of the model within questions.
        lifts: by flag, how much more people give flagged answers than their bound leaves them.
        reach: standard deviations that an interval reaches to each side.
        reach_elsewhere: fractions that it reaches where no answer to the question is marked.

    """

    score_map: ScoreMap
    variances: Variances
    lifts: Mapping[str, float]
    reach: float
    reach_elsewhere: float


class Near(NamedTuple):
    """A marked answer beside a new one: its id, the cosine of the two, and its mark as a fraction."""

    answer_id: str
    cosine: float
    mark: float


class Corrected(NamedTuple):
    """What marks make of a grade.

    Attributes:
        fraction: with marks, 0..1.
        low, high: an interval that holds what people give in 9 of 10 cases.
        n_marked: marked answers of the question.
        nearest: the marked answers that are most like it, nearest first.
        bounded_by: the flag that kept marks from lifting it (further).

    """

    fraction: float
    low: float
    high: float
    n_marked: int
    nearest: tuple[Near, ...] = ()
    bounded_by: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether the interval is so wide that a person should look."""
        return self.high - self.low > WIDE


class LeftOut(NamedTuple):
    """A marked answer and what the others let expect of it before any bound: a fraction, its standard deviation."""

    answer: Marked
    expected: float
    spread: float

    @property
    def off(self) -> float:
        """How many standard deviations the mark is off."""
        return abs(self.answer.mark - self.expected) / self.spread


class _Marks(NamedTuple):
    """The marked answers of one question and their place in the model."""

    answers: tuple[Marked, ...]
    said: Said
    place: int | None


class Marks:
    """Applies what was learned from marked answers to others.

    The order of the marked answers does not matter. Blank answers are left out: a rule decides them.

    Args:
        marked: answers with their marks.
        learned: what `learn` made of the same answers; made here if left out.

    Raises:
        InputError: when fewer than ten answers are marked.

    """

    def __init__(self, marked: Sequence[Marked], learned: Learned | None = None) -> None:
        self.marked = _usable(marked)
        if len(self.marked) < FEWEST_MARKS:
            raise InputError(
                f"{len(self.marked)} answers with words are marked, {FEWEST_MARKS} are needed to learn from them"
            )
        groups: dict[str, list[Marked]] = {}
        for answer in self.marked:
            groups.setdefault(answer.question_id, []).append(answer)
        large = [name for name, group in groups.items() if len(group) >= FEWEST_OF_QUESTION]
        self._questions = {
            name: _Marks(tuple(group), _said([a.seen for a in group]), large.index(name) if name in large else None)
            for name, group in groups.items()
        }
        score_map = learned.score_map if learned else _map_of(self.marked)
        blocks = [_block(self._questions[name], score_map) for name in large]
        variances = learned.variances if learned else fit_variances(blocks)
        self._model = MarksModel(blocks, variances)
        self.learned = learned or Learned(
            score_map,
            variances,
            lifts(_flagged(answer, score_map) for answer in self.marked),
            reach=_reach(np.array([found.off for found in self.left_out()])),
            reach_elsewhere=_reach(np.abs(map_errors(self.marked))),
        )

    def n_marked(self, question_id: str) -> int:
        """Marked answers of a question."""
        found = self._questions.get(question_id)
        return len(found.answers) if found else 0

    def correct(self, question_id: str, seen: Seen) -> Corrected:
        """What people would give an answer."""
        return self.correct_many(question_id, [seen])[0]

    def correct_many(self, question_id: str, seen: Sequence[Seen]) -> list[Corrected]:
        """What people would give some answers to one question, in order; none depends on the others."""
        if not seen:
            return []
        mapped = self.learned.score_map([answer.fraction for answer in seen])
        found = self._questions.get(question_id)
        if found is None or found.place is None:
            reach = np.full(len(seen), self.learned.reach_elsewhere)
            cosines = np.zeros((len(seen), 0)) if found is None else _said(seen).vectors @ found.said.vectors.T
            means = mapped
        else:
            alike = likeness(_said(seen), found.said)
            marks = np.array([answer.mark for answer in found.answers])
            predicted = self._model.predict(
                found.place, mapped, told(alike.contained, marks), alike.closeness, alike.shared
            )
            means, reach, cosines = predicted.mean, self.learned.reach * predicted.spread, alike.cosine
        answers = found.answers if found else ()
        rows = zip(seen, mapped.tolist(), means.tolist(), reach.tolist(), cosines, strict=True)
        return [self._corrected(*row, answers) for row in rows]

    def _corrected(
        self, seen: Seen, mapped: float, mean: float, reach: float, cosines: Floats, answers: tuple[Marked, ...]
    ) -> Corrected:
        if "no_answer" in seen.flags:
            return Corrected(seen.fraction, seen.fraction, seen.fraction, len(answers), bounded_by="no_answer")
        left = bound(
            min(1.0, max(0.0, mean)),
            flags=seen.flags,
            fraction=seen.fraction,
            mapped=mapped,
            topic=max(seen.topic, float(cosines.max(initial=-1.0))),
            lifts=self.learned.lifts,
        )
        near = np.argsort(-cosines, kind="stable")[:_NEAREST]
        return Corrected(
            fraction=left.fraction,
            low=max(0.0, min(left.fraction, mean - reach)),
            high=min(1.0, max(left.fraction, mean + reach)),
            n_marked=len(answers),
            nearest=tuple(Near(answers[i].answer_id, float(cosines[i]), answers[i].mark) for i in near),
            bounded_by=left.by,
        )

    def left_out(self) -> list[LeftOut]:
        """Every marked answer of a question with two or more, as it would be graded if its own mark were unknown."""
        return [
            LeftOut(answer, min(1.0, max(0.0, mean)), spread)
            for group, predicted in zip(self._large(), self._model.left_out(), strict=True)
            for answer, mean, spread in zip(group.answers, *map(np.ndarray.tolist, predicted), strict=True)
        ]

    def _large(self) -> list[_Marks]:
        """The questions in the model, in its order."""
        return sorted((g for g in self._questions.values() if g.place is not None), key=lambda group: group.place or 0)


def _usable(marked: Sequence[Marked]) -> tuple[Marked, ...]:
    """The marked answers that say something, in an order of their own."""
    kept = (answer for answer in marked if "no_answer" not in answer.seen.flags)
    return tuple(sorted(kept, key=lambda answer: (answer.question_id, answer.answer_id)))


def _said(seen: Sequence[Seen]) -> Said:
    return Said(np.stack([answer.vector for answer in seen]).astype(float), [answer.words for answer in seen])


def _flagged(answer: Marked, score_map: ScoreMap) -> Flagged:
    seen = answer.seen
    return Flagged(seen.flags, seen.fraction, float(score_map(seen.fraction)), answer.mark)


def _map_of(marked: Sequence[Marked]) -> ScoreMap:
    return fit_score_map([answer.seen.fraction for answer in marked], [answer.mark for answer in marked])


def _block(found: _Marks, score_map: ScoreMap) -> MarkedQuestion:
    alike = likeness(found.said, found.said)
    marks = np.array([answer.mark for answer in found.answers])
    mapped = score_map([answer.seen.fraction for answer in found.answers])
    return MarkedQuestion(marks, mapped, told(alike.contained, marks, own=True), alike.closeness, alike.shared)


def _reach(sizes: Floats) -> float:
    """How far intervals reach: everything, where there are too few marks to promise less."""
    return min(conformal_quantile(sizes, alpha=ALPHA), 1e6)


def map_errors(marked: Sequence[Marked]) -> Floats:
    """Error of the score map alone on each answer, learned without the answers of its fold of questions.

    With a single question the folds are of answers. In the order of the answers.
    """
    names = sorted({answer.question_id for answer in marked})
    keys = [names.index(answer.question_id) for answer in marked] if len(names) > 1 else list(range(len(marked)))
    fold = np.array(keys) % min(_FOLDS, len(set(keys)))
    errors = np.zeros(len(marked))
    for number in set(fold.tolist()):
        score_map = _map_of([answer for answer, of in zip(marked, fold, strict=True) if of != number])
        for index in np.flatnonzero(fold == number).tolist():
            errors[index] = float(score_map(marked[index].seen.fraction)) - marked[index].mark
    return errors
