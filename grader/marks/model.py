"""From marked answers to the fractions that people would give others, with intervals and the nearest marked answers.

A monotone map brings the grader's fractions to the people's scale. For questions with two or more marked answers a
Gaussian process on the similarity to these corrects them further. `bounds` limits what this may add.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grader.errors import InputError
from grader.marks.bounds import Bounded, FlaggedMark, bound, lifts
from grader.marks.gaussian_process import PRIOR, GaussianProcess, MarkedQuestion, Variances, fit_variances
from grader.marks.records import (
    AnswerFeatures,
    Correction,
    FittedParameters,
    LeaveOneOut,
    MarkedAnswer,
    MarkedNeighbour,
)
from grader.marks.score_map import FEWEST_MARKS, ScoreMap, fit_score_map
from grader.marks.similarity import TextFeatures, similarities, weighted_containment
from grader.statistics import conformal_quantile

Floats = NDArray[np.float64]

# Marked answers of a question from which the Gaussian process applies; with one, the map alone is as good.
FEWEST_OF_QUESTION = 2
# Marked answers of a question that the process uses at most, evenly spread over their ids, to limit memory.
_MAX_OF_QUESTION = 1000
# Share of new marks that an interval may miss.
ALPHA = 0.1
# Nearest marked answers that a correction names.
_N_NEAREST = 3
# Folds over questions (or answers of a single question) for the error of the map alone.
_FOLDS = 5


class _Question(NamedTuple):
    """The marked answers of one question, and its index in the Gaussian process if it is in there."""

    answers: tuple[MarkedAnswer, ...]
    texts: TextFeatures
    process_index: int | None


class MarksModel:
    """A model fitted to marked answers that corrects the fractions of others.

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
        indices = {name: index for index, name in enumerate(large)}
        self._questions = {
            name: _Question(tuple(group), _text_features([a.features for a in group]), indices.get(name))
            for name, group in ((name, _spread(group)) for name, group in groups.items())
        }
        score_map = parameters.score_map if parameters else _map_of(self.marked)
        blocks = [_marked_question(self._questions[name], score_map) for name in large]
        variances = parameters.variances if parameters else fit_variances(blocks)
        self._process = GaussianProcess(blocks, variances)
        self.parameters = parameters or FittedParameters(
            score_map,
            variances,
            lifts(_flagged(answer, score_map) for answer in self.marked),
            half_width=_half_width(_standardised_errors(blocks, self._process)),
            half_width_unmarked=_half_width(np.abs(score_map_errors(self.marked))),
        )

    def n_marked(self, question_id: str) -> int:
        """Marked answers of a question."""
        found = self._questions.get(question_id)
        return len(found.answers) if found else 0

    def correct(self, question_id: str, seen: AnswerFeatures) -> Correction:
        """Predict what people would give an answer."""
        return self.correct_many(question_id, [seen])[0]

    def correct_many(self, question_id: str, seen: Sequence[AnswerFeatures]) -> list[Correction]:
        """Predict what people would give some answers to one question, in order; none depends on the others."""
        if not seen:
            return []
        mapped = self.parameters.score_map([answer.fraction for answer in seen])
        found = self._questions.get(question_id)
        if found is None or found.process_index is None:
            half_widths = np.full(len(seen), self.parameters.half_width_unmarked)
            cosines = (
                np.zeros((len(seen), 0)) if found is None else _text_features(seen).vectors @ found.texts.vectors.T
            )
            means = mapped
        else:
            alike = similarities(_text_features(seen), found.texts)
            marks = np.array([answer.mark for answer in found.answers])
            containment = weighted_containment(alike.containment, marks)
            predicted = self._process.predict(
                found.process_index, mapped, containment, alike.embedding_kernel, alike.lexical_kernel
            )
            means, half_widths, cosines = predicted.mean, self.parameters.half_width * predicted.spread, alike.cosine
        answers = found.answers if found else ()
        rows = zip(seen, means.tolist(), half_widths.tolist(), cosines, strict=True)
        return [self._corrected(*row, answers) for row in rows]

    def _corrected(
        self, seen: AnswerFeatures, mean: float, half_width: float, cosines: Floats, answers: tuple[MarkedAnswer, ...]
    ) -> Correction:
        if "no_answer" in seen.flags:
            return Correction(seen.fraction, seen.fraction, seen.fraction, len(answers), bounded_by="no_answer")
        bounded = self._bounded(seen, min(1.0, max(0.0, mean)), float(cosines.max(initial=-1.0)))
        near = np.argsort(-cosines, kind="stable")[:_N_NEAREST]
        return Correction(
            fraction=bounded.fraction,
            low=max(0.0, min(bounded.fraction, mean - half_width)),
            high=min(1.0, max(bounded.fraction, mean + half_width)),
            n_marked=len(answers),
            nearest=tuple(MarkedNeighbour(answers[i].answer_id, float(cosines[i]), answers[i].mark) for i in near),
            bounded_by=bounded.by,
        )

    def covariance(self, question_id: str, seen: Sequence[AnswerFeatures]) -> Floats:
        """Covariance of the predictions for some answers to one question, without noise, shape `(n, n)`.

        Its diagonal is the variance that marks of these answers could remove.
        """
        mine = _text_features(seen)
        among = similarities(mine, mine)
        found = self._questions.get(question_id)
        if found is None or found.process_index is None:
            return self._process.prior(among.embedding_kernel, among.lexical_kernel)
        alike = similarities(mine, found.texts)
        return self._process.posterior(
            found.process_index,
            alike.embedding_kernel,
            alike.lexical_kernel,
            among.embedding_kernel,
            among.lexical_kernel,
        )

    def leave_one_out(self) -> list[LeaveOneOut]:
        """Predict every marked answer of a question with two or more from the others alone."""
        found = []
        for group, predicted in zip(self._large(), self._process.leave_one_out(), strict=True):
            cosines = group.texts.vectors @ group.texts.vectors.T
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
            share_beyond_question=seen.share_beyond_question,
            lifts=self.parameters.lifts,
        )

    def _large(self) -> list[_Question]:
        """The questions in the Gaussian process, in its order."""
        found = (question for question in self._questions.values() if question.process_index is not None)
        return sorted(found, key=lambda question: question.process_index or 0)


def _usable(marked: Sequence[MarkedAnswer]) -> tuple[MarkedAnswer, ...]:
    """The marked answers that are not blank, sorted by question and id."""
    kept = (answer for answer in marked if "no_answer" not in answer.features.flags)
    return tuple(sorted(kept, key=lambda answer: (answer.question_id, answer.answer_id)))


def _spread(group: list[MarkedAnswer]) -> list[MarkedAnswer]:
    if len(group) <= _MAX_OF_QUESTION:
        return group
    return [group[index] for index in np.linspace(0, len(group) - 1, _MAX_OF_QUESTION).astype(int)]


def _text_features(seen: Sequence[AnswerFeatures]) -> TextFeatures:
    return TextFeatures(np.stack([answer.vector for answer in seen]).astype(float), [answer.words for answer in seen])


def _flagged(answer: MarkedAnswer, score_map: ScoreMap) -> FlaggedMark:
    seen = answer.features
    return FlaggedMark(seen.flags, seen.fraction, float(score_map(seen.fraction)), answer.mark)


def _map_of(marked: Sequence[MarkedAnswer]) -> ScoreMap:
    return fit_score_map([answer.features.fraction for answer in marked], [answer.mark for answer in marked])


def _marked_question(found: _Question, score_map: ScoreMap) -> MarkedQuestion:
    alike = similarities(found.texts, found.texts)
    marks = np.array([answer.mark for answer in found.answers])
    mapped = score_map([answer.features.fraction for answer in found.answers])
    containment = weighted_containment(alike.containment, marks, exclude_self=True)
    return MarkedQuestion(marks, mapped, containment, alike.embedding_kernel, alike.lexical_kernel)


def _standardised_errors(questions: Sequence[MarkedQuestion], process: GaussianProcess) -> Floats:
    """Error of each leave-one-out prediction in its standard deviations, shape `(n_marked,)`."""
    pairs = zip(questions, process.leave_one_out(), strict=True)
    return np.concatenate([np.zeros(0), *(np.abs(b.marks - np.clip(p.mean, 0, 1)) / p.spread for b, p in pairs)])


def _half_width(errors: Floats) -> float:
    """Conformal half-width of an interval; practically unbounded where marks are too few for the promised coverage."""
    return min(conformal_quantile(errors, alpha=ALPHA), 1e6)


def prior_covariance(seen: Sequence[AnswerFeatures]) -> Floats:
    """Covariance of the marks of some answers to one question before any mark is known, without noise, `(n, n)`."""
    texts = _text_features(seen)
    alike = similarities(texts, texts)
    process = GaussianProcess([], Variances(*PRIOR, containment_mean=0.0, containment_sd=1.0))
    return process.prior(alike.embedding_kernel, alike.lexical_kernel)


def score_map_errors(marked: Sequence[MarkedAnswer]) -> Floats:
    """Cross-validated error of the score map alone on each answer, in their order.

    The folds are of questions, or of answers where there is a single question.
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
