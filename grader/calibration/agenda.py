"""What to talk about: the answers on which raters are furthest apart, and what kind of difference it is."""

from typing import NamedTuple

import numpy as np

from grader.calibration.raters.severity import AdditiveModel
from grader.statistics import Codes, Floats, LongForm, passes

# If removing severity leaves less than this share of the spread, the raters disagree about the bar.
_MOSTLY_SEVERITY = 0.5


class AgendaItem(NamedTuple):
    """An answer to discuss.

    Attributes:
        answer: its code.
        question: the question's, -1 where not known.
        spread: highest minus lowest score, in score points.
        fair_spread: the same after each rater's severity is removed.
        split: whether raters are on both sides of the cut.
        raters: who rated it, the most generous first.
        scores: what they gave, in that order.
        points: codes of the rubric points on which they differ, the most divided first.
        different_bar: whether severity explains most of the spread; otherwise the raters saw different evidence.
    """

    answer: int
    question: int
    spread: float
    fair_spread: float
    split: bool
    raters: tuple[int, ...]
    scores: tuple[float, ...]
    points: tuple[int, ...]
    different_bar: bool


def discussion_agenda(
    form: LongForm,
    model: AdditiveModel,
    *,
    points: LongForm | None = None,
    cut: float | None = None,
    most: int = 8,
    a_question: int = 2,
) -> tuple[AgendaItem, ...]:
    """Return the answers that are worth the team's time: split across the cut first, then by spread.

    Args:
        form: blind totals, as given to `fit_additive`.
        model: the fitted model.
        points: ratings of points of the same answers and raters.
        cut: in score points; a score that reaches it passes.
        most: how many answers at most; half an hour is enough for 5 to 8.
        a_question: how many of one question at most, where questions are known.

    Returns:
        The items, the first to discuss first; answers on which all agree are never among them.

    Undefined: empty without an answer on which two raters differ.
    Source: calibration meetings start from independent scores and ask "different evidence, or different bar?".
    Checked against: cases derived by hand.
    """
    order = np.argsort(form.answers, kind="stable")
    scores, answers = form.scores[order], form.answers[order]
    fair = scores - np.nan_to_num(model.severity[form.raters[order]])
    distinct, begins = np.unique(answers, return_index=True)
    if not distinct.size:
        return ()
    spread = np.maximum.reduceat(scores, begins) - np.minimum.reduceat(scores, begins)
    fair_spread = np.maximum.reduceat(fair, begins) - np.minimum.reduceat(fair, begins)
    split = _split(scores, begins, cut)
    questions = np.full(distinct.size, -1) if form.questions is None else form.questions[order][begins]
    # Equal spreads: the one that severity explains less comes first, then the order of the answers.
    ranking = np.lexsort((distinct, -fair_spread, -spread, ~split))
    chosen: list[int] = []
    per_question: dict[int, int] = {}
    for place in (int(p) for p in ranking if spread[p] > 0):
        question = int(questions[place])
        if len(chosen) == most:
            break
        if question >= 0 and per_question.get(question, 0) >= a_question:
            continue
        per_question[question] = per_question.get(question, 0) + 1
        chosen.append(place)
    ends = np.append(begins[1:], answers.size)
    return tuple(
        _item(form, order[begins[p] : ends[p]], points, float(spread[p]), float(fair_spread[p]), bool(split[p]))
        for p in chosen
    )


def _split(scores: Floats, begins: Codes, cut: float | None) -> np.ndarray:
    if cut is None:
        return np.zeros(begins.size, dtype=bool)
    passed = passes(scores, cut).astype(int)
    both: np.ndarray = np.maximum.reduceat(passed, begins) > np.minimum.reduceat(passed, begins)
    return both


def _item(
    form: LongForm, rows: Codes, points: LongForm | None, spread: float, fair_spread: float, split: bool
) -> AgendaItem:
    rows = rows[np.lexsort((form.raters[rows], -form.scores[rows]))]
    answer = int(form.answers[rows[0]])
    return AgendaItem(
        answer=answer,
        question=-1 if form.questions is None else int(form.questions[rows[0]]),
        spread=spread,
        fair_spread=fair_spread,
        split=split,
        raters=tuple(int(r) for r in form.raters[rows]),
        scores=tuple(float(s) for s in form.scores[rows]),
        points=() if points is None else _divided_points(points, answer),
        different_bar=fair_spread < _MOSTLY_SEVERITY * spread,
    )


def _divided_points(points: LongForm, answer: int) -> tuple[int, ...]:
    """Return the points of an answer that raters gave differently, the largest variance first."""
    own = points.take(points.answers == answer)
    if own.points is None or not own.n_ratings:
        return ()
    codes, places = np.unique(own.points, return_inverse=True)
    n = np.bincount(places)
    means = np.bincount(places, weights=own.scores) / n
    variances = np.bincount(places, weights=own.scores**2) / n - means**2
    return tuple(int(codes[p]) for p in np.argsort(-variances, kind="stable") if variances[p] > 1e-9)
