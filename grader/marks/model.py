"""What people marked -> the fraction that they would give other answers, with an interval and what speaks for it.

A monotone map brings the grader's fractions to the people's scale; from two marked answers a question on, likeness to
these moves them further. Marks never lift what is no answer to the question (`marks_bounds`).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grader.errors import InputError
from grader.marks.bounds import Bounded, Flagged, bound, lifts
from grader.marks.gaussian_process import GaussianProcess, MarkedQuestion, fit_variances
from grader.marks.records import (
    AnswerFeatures,
    Correction,
    FittedParameters,
    LeaveOneOut,
    MarkedAnswer,
    MarkedNeighbour,
)
from grader.marks.score_map import FEWEST_MARKS, ScoreMap, fit_score_map
from grader.marks.similarity import Said, likeness, told
from grader.statistics import conformal_quantile

Floats = NDArray[np.float64]

# Marked answers that a question needs before likeness to them counts; with one, the map alone does as well.
FEWEST_OF_QUESTION = 2
# Marked answers of a question that likeness looks at, evenly spread over their ids: more would fill the memory.
_MOST = 1000
# Share of new marks that an interval may miss.
ALPHA = 0.1
# Marked answers that are named beside a grade.
_NEAREST = 3
# Folds over questions (or answers of a single question) for the error of the map alone.
_FOLDS = 5


class _Marks(NamedTuple):
    """The marked answers of one question and their place in the model."""

    answers: tuple[MarkedAnswer, ...]
    said: Said
    place: int | None


class MarksModel:
    """Applies what was learned from marked answers to others.

    The order of the marked answers does not matter. Blank answers are left out: a rule decides them.

    Args:
        marked: answers with their marks.
        parameters: fitted to the same answers before; fitted here if left out.

    Raises:
        InputError: when fewer than ten answers are marked.

    """

    def __init__(self, marked: Sequence[MarkedAnswer], parameters: FittedParameters | None = None) -> None:
        self.marked = _usable(marked)
        if len(self.marked) < FEWEST_MARKS:
            raise InputError(
                f"{len(self.marked)} answers with words are marked, {FEWEST_MARKS} are needed to learn from them"
            )
        groups: dict[str, list[MarkedAnswer]] = {}
        for answer in self.marked:
            groups.setdefault(answer.question_id, []).append(answer)
        large = [name for name, group in groups.items() if len(group) >= FEWEST_OF_QUESTION]
        self._questions = {
            name: _Marks(tuple(group), _said([a.features for a in group]), large.index(name) if name in large else None)
            for name, group in ((name, _spread(group)) for name, group in groups.items())
        }
        score_map = parameters.score_map if parameters else _map_of(self.marked)
        blocks = [_block(self._questions[name], score_map) for name in large]
        variances = parameters.variances if parameters else fit_variances(blocks)
        self._model = GaussianProcess(blocks, variances)
        self.parameters = parameters or FittedParameters(
            score_map,
            variances,
            lifts(_flagged(answer, score_map) for answer in self.marked),
            reach=_reach(_standard_errors(blocks, self._model)),
            reach_elsewhere=_reach(np.abs(score_map_errors(self.marked))),
        )

    def n_marked(self, question_id: str) -> int:
        """Marked answers of a question."""
        found = self._questions.get(question_id)
        return len(found.answers) if found else 0

    def correct(self, question_id: str, seen: AnswerFeatures) -> Correction:
        """What people would give an answer."""
        return self.correct_many(question_id, [seen])[0]

    def correct_many(self, question_id: str, seen: Sequence[AnswerFeatures]) -> list[Correction]:
        """What people would give some answers to one question, in order; none depends on the others."""
        if not seen:
            return []
        mapped = self.parameters.score_map([answer.fraction for answer in seen])
        found = self._questions.get(question_id)
        if found is None or found.place is None:
            reach = np.full(len(seen), self.parameters.reach_elsewhere)
            cosines = np.zeros((len(seen), 0)) if found is None else _said(seen).vectors @ found.said.vectors.T
            means = mapped
        else:
            alike = likeness(_said(seen), found.said)
            marks = np.array([answer.mark for answer in found.answers])
            predicted = self._model.predict(
                found.place, mapped, told(alike.contained, marks), alike.closeness, alike.shared
            )
            means, reach, cosines = predicted.mean, self.parameters.reach * predicted.spread, alike.cosine
        answers = found.answers if found else ()
        rows = zip(seen, means.tolist(), reach.tolist(), cosines, strict=True)
        return [self._corrected(*row, answers) for row in rows]

    def _corrected(
        self, seen: AnswerFeatures, mean: float, reach: float, cosines: Floats, answers: tuple[MarkedAnswer, ...]
    ) -> Correction:
        if "no_answer" in seen.flags:
            return Correction(seen.fraction, seen.fraction, seen.fraction, len(answers), bounded_by="no_answer")
        left = self._bounded(seen, min(1.0, max(0.0, mean)), float(cosines.max(initial=-1.0)))
        near = np.argsort(-cosines, kind="stable")[:_NEAREST]
        return Correction(
            fraction=left.fraction,
            low=max(0.0, min(left.fraction, mean - reach)),
            high=min(1.0, max(left.fraction, mean + reach)),
            n_marked=len(answers),
            nearest=tuple(MarkedNeighbour(answers[i].answer_id, float(cosines[i]), answers[i].mark) for i in near),
            bounded_by=left.by,
        )

    def covariance(self, question_id: str, seen: Sequence[AnswerFeatures]) -> Floats:
        """How what is expected of some answers to one question hangs together, noise apart, shape `(n, n)`.

        Its diagonal holds the variances: what marks of these answers would still tell.
        """
        mine = _said(seen)
        among = likeness(mine, mine)
        found = self._questions.get(question_id)
        if found is None or found.place is None:
            return self._model.prior(among.closeness, among.shared)
        alike = likeness(mine, found.said)
        return self._model.posterior(found.place, alike.closeness, alike.shared, among.closeness, among.shared)

    def left_out(self) -> list[LeaveOneOut]:
        """Every marked answer of a question with two or more, as it would be graded if its own mark were unknown."""
        found = []
        for group, predicted in zip(self._large(), self._model.left_out(), strict=True):
            cosines = group.said.vectors @ group.said.vectors.T
            np.fill_diagonal(cosines, -1.0)
            means = np.clip(predicted.mean, 0, 1).tolist()
            for answer, mean, spread, near in zip(
                group.answers, means, predicted.spread.tolist(), cosines.max(axis=1).tolist(), strict=True
            ):
                found.append(LeaveOneOut(answer, mean, spread, self._bounded(answer.features, mean, near).fraction))
        return found

    def _bounded(self, seen: AnswerFeatures, expected: float, nearest: float) -> Bounded:
        return bound(
            expected,
            flags=seen.flags,
            fraction=seen.fraction,
            mapped=float(self.parameters.score_map(seen.fraction)),
            topic=seen.topic,
            nearest=nearest,
            own=seen.own,
            lifts=self.parameters.lifts,
        )

    def _large(self) -> list[_Marks]:
        """The questions in the model, in its order."""
        return sorted((g for g in self._questions.values() if g.place is not None), key=lambda group: group.place or 0)


def _usable(marked: Sequence[MarkedAnswer]) -> tuple[MarkedAnswer, ...]:
    """The marked answers that say something, in an order of their own."""
    kept = (answer for answer in marked if "no_answer" not in answer.features.flags)
    return tuple(sorted(kept, key=lambda answer: (answer.question_id, answer.answer_id)))


def _spread(group: list[MarkedAnswer]) -> list[MarkedAnswer]:
    if len(group) <= _MOST:
        return group
    return [group[index] for index in np.linspace(0, len(group) - 1, _MOST).astype(int)]


def _said(seen: Sequence[AnswerFeatures]) -> Said:
    return Said(np.stack([answer.vector for answer in seen]).astype(float), [answer.words for answer in seen])


def _flagged(answer: MarkedAnswer, score_map: ScoreMap) -> Flagged:
    seen = answer.features
    return Flagged(seen.flags, seen.fraction, float(score_map(seen.fraction)), answer.mark)


def _map_of(marked: Sequence[MarkedAnswer]) -> ScoreMap:
    return fit_score_map([answer.features.fraction for answer in marked], [answer.mark for answer in marked])


def _block(found: _Marks, score_map: ScoreMap) -> MarkedQuestion:
    alike = likeness(found.said, found.said)
    marks = np.array([answer.mark for answer in found.answers])
    mapped = score_map([answer.features.fraction for answer in found.answers])
    return MarkedQuestion(marks, mapped, told(alike.contained, marks, own=True), alike.closeness, alike.shared)


def _standard_errors(blocks: Sequence[MarkedQuestion], model: GaussianProcess) -> Floats:
    """How many standard deviations each mark is off from what the others let expect, shape `(n_marked,)`."""
    pairs = zip(blocks, model.left_out(), strict=True)
    return np.concatenate([np.zeros(0), *(np.abs(b.marks - np.clip(p.mean, 0, 1)) / p.spread for b, p in pairs)])


def _reach(sizes: Floats) -> float:
    """How far intervals reach: everything, where there are too few marks to promise less."""
    return min(conformal_quantile(sizes, alpha=ALPHA), 1e6)


def score_map_errors(marked: Sequence[MarkedAnswer]) -> Floats:
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
            errors[index] = float(score_map(marked[index].features.fraction)) - marked[index].mark
    return errors
