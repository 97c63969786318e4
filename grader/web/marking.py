"""Marking a pile: what a person has marked, what that says of the rest, what to mark next.

Each person sees and teaches with their own marks alone, so several people mark blind to each other.
"""

import math
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import RLock
from typing import NamedTuple

from grader.calibration import USUAL_DIFFERENCE, Forecast, UnmarkedAnswer, forecast_agreement
from grader.errors import InputError
from grader.grading import fraction
from grader.marks import FEWEST_MARKS, Correction, MarkedAnswer, as_stored
from grader.phrases import count, number, shorten
from grader.schema import Grade
from grader.statistics import root_mean_squared_error
from grader.web.pile import Pile, PileAnswer
from grader.web.store import Mark, MarkStore, now

# Answers in common from which two people are compared.
_IN_COMMON = 10


class Difference(NamedTuple):
    """How far two people are apart, as a fraction of the scale (root mean square), and in how many answers."""

    value: float
    n: int


@dataclass(frozen=True)
class QuestionState:
    """One question on the page: `needed` more marks bring the grader as near as a second person, `None`: unknown."""

    question_id: str
    text: str
    n: int
    n_marked: int
    error: float | None
    needed: int | None


@dataclass(frozen=True)
class Desk:
    """What one person sees.

    Attributes:
        marks: theirs, by answer id.
        forecast: what these say of the rest.
        proposed: by answer id, the score on their scale that the grader proposes now, rounded as people give it.
        questions: in order of the pile.
        waiting: answers without a mark, the most useful first.
        second: how far a second person is from them.
        is_enough: whether the grader agrees with them as a second person would, on every question.
        sentence: the same in words.
        n_stale: marks of answers whose words have changed since; they do not count.

    """

    marks: Mapping[str, Mark]
    forecast: Forecast
    proposed: Mapping[str, float]
    questions: tuple[QuestionState, ...]
    waiting: tuple[PileAnswer, ...]
    second: Difference
    is_enough: bool
    sentence: str
    n_stale: int


class Marking:
    """The marks of all people on one pile.

    Args:
        pile: graded.
        store: of its marks.

    """

    def __init__(self, pile: Pile, store: MarkStore) -> None:
        self.pile = pile
        self.store = store
        self._lock = RLock()
        self._desks: dict[str, tuple[tuple[int, ...], Desk]] = {}

    def marks(self) -> list[Mark]:
        """The marks that count and are of the answers as they are."""
        known = self.pile.by_id
        return [m for m in self.store.marks() if m.answer_id in known and known[m.answer_id].text_hash == m.text_hash]

    def desk(self, rater: str) -> Desk:
        """What a person sees now."""
        with self._lock:
            marks = self.marks()
            key = tuple(mark.id for mark in marks)
            kept = self._desks.get(rater)
            if kept is None or kept[0] != key:
                kept = self._desks[rater] = (key, self._desk(rater, marks))
            return kept[1]

    def _desk(self, rater: str, marks: Sequence[Mark]) -> Desk:
        mine = {mark.answer_id: mark for mark in marks if mark.rater == rater}
        stale = {mark.answer_id for mark in self.store.marks() if mark.rater == rater} - mine.keys()
        marked, open_ones = [], []
        for each in self.pile.markable:
            name = each.answer.answer_id
            if each.features is None:
                continue
            if name in mine:
                share = mine[name].score / (each.grade.max_score or 1.0)
                marked.append(as_stored(MarkedAnswer(name, each.answer.question_id, share, each.features)))
            else:
                open_ones.append(UnmarkedAnswer(name, each.answer.question_id, each.features))
        forecast = forecast_agreement(marked, open_ones)
        second = self._second_person(rater, marks)
        questions = tuple(self._questions(mine, forecast, second))
        # Answers without features (blank, in another language, to an open question) come last.
        order = {name: place for place, name in enumerate(forecast.next_ids)}
        waiting = [each for each in self.pile.markable if each.answer.answer_id not in mine]
        waiting.sort(key=lambda each: (each.features is None, order.get(each.answer.answer_id, len(order))))
        enough = bool(mine) and all(question.needed == 0 for question in questions if question.n > question.n_marked)
        return Desk(
            marks=mine,
            forecast=forecast,
            proposed={
                each.answer.answer_id: score
                for each in self.pile.markable
                if (score := proposed_score(each.grade, forecast.expected.get(each.answer.answer_id))) is not None
            },
            questions=questions,
            waiting=tuple(waiting),
            second=second,
            is_enough=enough,
            sentence=_sentence(questions, forecast, second, len(mine), len(waiting), enough),
            n_stale=len(stale),
        )

    def _second_person(self, rater: str, marks: Sequence[Mark]) -> Difference:
        mine = {mark.answer_id: mark.score for mark in marks if mark.rater == rater}
        pairs = [
            (mine[mark.answer_id] / full, mark.score / full)
            for mark in marks
            if mark.rater != rater
            and mark.answer_id in mine
            and (full := self.pile.by_id[mark.answer_id].grade.max_score) is not None
        ]
        if len(pairs) < _IN_COMMON:
            return Difference(USUAL_DIFFERENCE, 0)
        return Difference(root_mean_squared_error(*zip(*pairs, strict=True)), len(pairs))

    def _questions(self, mine: Mapping[str, Mark], forecast: Forecast, second: Difference) -> Iterable[QuestionState]:
        found = {question.question_id: question for question in forecast.questions}
        groups: dict[str, list[PileAnswer]] = {}
        for each in self.pile.markable:
            groups.setdefault(each.answer.question_id, []).append(each)
        for name, group in groups.items():
            n_marked = sum(each.answer.answer_id in mine for each in group)
            told = found.get(name)
            errors = () if told is None else told.errors
            yield QuestionState(
                name,
                self.pile.rubrics[name].question or name,
                len(group),
                n_marked,
                error=errors[0] if errors else None,
                needed=0 if n_marked == len(group) else None if told is None else told.marks_needed(second.value),
            )

    def score_of_points(self, answer: PileAnswer, credits: Mapping[str, float]) -> float | None:
        """What an answer earns when a person decides some points, and the grader the others; on the scale's step.

        Raises:
            InputError: a point that the rubric does not have, or a credit outside 0..1.

        """
        rubric = self.pile.rubrics[answer.answer.question_id]
        known: dict[str, float | None] = dict.fromkeys((point.id for point in rubric.points), None)
        known |= {point.point_id: point.credit for point in answer.grade.points}
        for name, credit in credits.items():
            if name not in known or not 0 <= credit <= 1:
                raise InputError(f"there is no point '{shorten(name, 40)}' with a credit of {credit}")
        share = fraction(rubric, {**known, **credits})
        if share is None:
            return None
        return answer.grade.model_copy(
            update={"score": share * rubric.max_score, "ungraded_reason": None}
        ).rounded_score

    def mark(
        self,
        rater: str,
        answer: PileAnswer,
        score: float,
        *,
        seen: int,
        credits: Mapping[str, float],
        why: str = "",
        together: Sequence[PileAnswer] = (),
    ) -> None:
        """Store a person's score of an answer and of those marked together with it.

        Args:
            rater: who.
            answer: what.
            score: 0 to the question's full score.
            seen: the id of the person's mark that the page showed, 0 for none.
            credits: of the points that the person decided, by point id.
            why: their reason.
            together: similar answers, not marked yet, which get the same score.

        Raises:
            InputError: the score or a point is impossible.
            ConflictError: the person has marked one of them in another window since.

        """
        full = answer.grade.max_score
        if full is None or not math.isfinite(score) or not 0 <= score <= full:
            raise InputError(f"expected a score from 0 to {number(full or 0)}, found {score}")
        self.score_of_points(answer, credits)
        if not {each.number for each in together} <= set(answer.similar):
            raise InputError("only similar answers to the same question can be marked together")
        proposed = self.desk(rater).proposed
        batch = secrets.token_hex(8)
        self.store.add(
            [
                Mark(
                    0, batch, each.answer.answer_id, each.text_hash, rater, now(), score, credits, why,
                    each.grade.rounded_score, proposed.get(each.answer.answer_id), each.grade.signature,
                )
                for each in (answer, *together)
            ],
            seen={answer.answer.answer_id: seen},
        )  # fmt: skip


def proposed_score(grade: Grade, expected: Correction | None) -> float | None:
    """The score that the grader proposes: on the person's scale where that is known, as people round it."""
    if expected is None or grade.max_score is None:
        return grade.rounded_score
    return grade.model_copy(update={"score": expected.fraction * grade.max_score}).rounded_score


def _sentence(
    questions: Sequence[QuestionState],
    forecast: Forecast,
    second: Difference,
    n_marked: int,
    n_waiting: int,
    enough: bool,
) -> str:
    if not n_waiting:
        return "Every answer is marked."
    if forecast.error is None:
        left = FEWEST_MARKS - n_marked
        if left <= 0 or not forecast.questions:
            return "What is left has no words that could be compared: mark it yourself."
        return f"After {count(left, 'more mark')} the grader begins to learn from you."
    if enough:
        return (
            "It is enough: the grader now agrees with you as well as a second person. "
            "You can stop and export, or look at what it is least sure of."
        )
    open_ones = [q for q in questions if q.n > q.n_marked and q.needed != 0]
    sure = [q for q in open_ones if q.needed]
    if sure:
        next_one = min(sure, key=lambda q: q.needed or 0)
        return (
            f"After {count(next_one.needed or 0, 'more mark')} on \u201c{shorten(next_one.text, 60)}\u201d "
            "the grader will agree with you as well as a second person."
        )
    hard = open_ones[0]
    return (
        f"On \u201c{shorten(hard.text, 60)}\u201d the grader is not expected to agree with you as well as a second "
        "person, even after more marks: mark these yourself."
    )
