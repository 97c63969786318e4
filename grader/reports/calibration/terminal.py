"""A calibration as lines of text for a terminal: the verdict, the raters, and what to do; the page has the rest.

Nothing here computes a statistic or prints.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import islice

from grader.calibration import Calibration
from grader.files import number_text
from grader.phrases import count, natural, shorten
from grader.reports.calibration.points import ACTIONS, question_name
from grader.reports.calibration.sentences import COEFFICIENTS, IN_POINTS, SHARES, verdict_sentences
from grader.reports.untrusted_text import clean_for_terminal
from grader.statistics import Estimate

_SHOWN = 5  # questions, points and answers
_ENDS = 3  # of the votes on an answer that many people rated, the highest and the lowest
_NAME = 20


def calibration_lines(found: Calibration, names: Sequence[str]) -> list[str]:
    """What a team must know, on one screen.

    Args:
        found: from `calibrate`.
        names: of each rater.
    """
    return [
        *_overview(found),
        "",
        *verdict_sentences(found),
        "",
        *_statistics(found),
        "",
        *_raters(found, names),
        *_questions(found),
        *_points(found, names),
        *_agenda(found, names),
        *_changes(found),
        *_systems(found),
    ]


def _overview(found: Calibration) -> Iterator[str]:
    seen = found.overview
    linked = "all raters linked" if seen.connected else f"raters in {len(seen.components)} unlinked groups"
    yield (
        f"{count(seen.n_raters, 'rater')}, {count(seen.n_answers, 'answer')}, "
        f"{seen.n_double_marked:,} of them rated by two or more; {count(seen.n_ratings, 'rating')}; {linked}"
    )
    yield from (f"  {note}" for note in seen.notes)


def _statistics(found: Calibration) -> Iterator[str]:
    statistics = found.agreement.statistics
    early = " (early indication)" if found.overview.strength == "early" else ""
    undefined: dict[str | None, list[str]] = {}
    for name, title in {**SHARES, **IN_POINTS, **COEFFICIENTS}.items():
        if name in statistics and statistics[name].value is None:
            undefined.setdefault(statistics[name].note, []).append(title.partition(":")[0].partition(", ")[0])
        elif name in statistics:
            word = found.agreement.verdicts.get(name)
            said = "" if word is None else f"  {word.words}{early}"
            yield f"  {title:<42} {_figure(statistics[name], share=name in SHARES)}{said}"
    for note, titles in undefined.items():
        yield f"  No {', '.join(titles)}: {(note or 'undefined').removeprefix('undefined: ')}"


def _raters(found: Calibration, names: Sequence[str]) -> Iterator[str]:
    apart = not found.overview.connected
    yield f"  {'rater':<{_NAME}} {'n':>6}  {'severity in points':<22} {'vs colleagues':>13}  " + (
        f"{'in a word':<27} group" if apart else "in a word"
    )
    group_of = {rater: number for number, group in enumerate(found.overview.components, 1) for rater in group}
    for rater in sorted(range(len(names)), key=lambda number: natural(names[number])):
        profile = found.raters[rater]
        word = profile.verdict.label.replace("_", " ") + (" (early indication)" if profile.verdict.early else "")
        word = f"{word:<27} {group_of[rater]}" if apart else word
        apart_by = _no_minus_zero(profile.effects.against_colleagues.estimate.value)
        beside = "-" if apart_by is None else f"{apart_by:+.2f}"
        severity = "-" if profile.severity.value is None else _figure(profile.severity, signed=True)
        yield f"  {_cut(names[rater])} {profile.n_ratings:>6,}  {severity:<22} {beside:>13}  {word}"


def _questions(found: Calibration) -> Iterator[str]:
    worst = [one for one in found.questions if one.alpha.low is not None][:_SHOWN]
    if worst:
        yield from ("", "  Least agreement (Krippendorff's alpha)")
        for one in worst:
            yield f"  {_cut(question_name(found, one.question) or '(no question)', 42)} {_figure(one.alpha)}"


def _points(found: Calibration, names: Sequence[str]) -> Iterator[str]:
    urgent = [one for one in found.points if one.action not in ("keep", "not_enough_data")]
    if urgent:
        yield from (
            "",
            f"  Rubric points that call for something: {len(urgent)} of {count(len(found.points), 'point')}",
        )
    for one in sorted(urgent, key=lambda point: -(point.split_rate.value or 0.0))[:_SHOWN]:
        question, point = found.arrays.points[one.point]
        raters = {cell.rater for cell in one.outliers}
        talk = one.action == "talk" and len(raters) == 1
        who = f" ({shorten(clean_for_terminal(names[raters.pop()]), _NAME)})" if talk else ""
        yield f"  {_cut(f'{question} {point}'.strip(), 42)} {ACTIONS[one.action][0]}{who}"


def _agenda(found: Calibration, names: Sequence[str]) -> Iterator[str]:
    if found.agenda:
        yield from ("", "  To discuss")
    for item in islice(found.agenda, _SHOWN):
        given = [
            f"{shorten(clean_for_terminal(names[rater]), _NAME)} {number_text(round(score, 2))}"
            for rater, score in zip(item.raters, item.scores, strict=True)
        ]
        if len(given) > 2 * _ENDS:
            given[_ENDS:-_ENDS] = [f"{len(given) - 2 * _ENDS:,} more"]
        ask = "a different bar?" if item.different_bar else "different evidence?"
        yield f"  {_cut(found.arrays.answer_ids[item.answer], 42)} {', '.join(given)}; {ask}"


def _changes(found: Calibration) -> Iterator[str]:
    if found.changes:
        yield from ("", "  Change since the earlier ratings")
    for name, change in found.changes.items():
        title = {**SHARES, **IN_POINTS, **COEFFICIENTS}[name]
        yield f"  {title:<42} {_figure(change.difference, signed=True)}"


def _systems(found: Calibration) -> Iterator[str]:
    """The results for each machine: each rule, its figure and the outcome."""
    for name, system in found.systems.items():
        beside = f"{count(system.n, 'answer')} with people's scores"
        yield from ("", f"  May {_cut(name).strip()} stand in for a person? From {beside}")
        if found.graded is not None and found.graded.n_ungraded:
            yield f"  {count(found.graded.n_ungraded, 'grade')} without a score left out"
        for one in system.triple:
            early = " (early indication)" if one.early and one.outcome is not None else ""
            said = (
                f"{one.outcome}{early}"
                if one.outcome is not None
                else one.note
                if one.estimate.value is not None
                else ""
            )
            yield f"  {one.rule:<56} {_figure(one.estimate)}  {said}".rstrip()
        rate, beaten = system.stand_in.result.winning_rate, "equals or beats half of the people (alt-test)"
        shown = "-" if math.isnan(rate) else f"{rate:.0%}"
        yield f"  {beaten:<56} {shown}  {system.stand_in.outcome or system.stand_in.note}"


def _figure(estimate: Estimate, *, share: bool = False, signed: bool = False) -> str:
    """A figure with its interval, or why there is none."""
    if estimate.value is None:
        return f"-  ({estimate.note})"
    form = ".0%" if share else "+.2f" if signed else ".2f"
    value, low, high = map(_no_minus_zero, (estimate.value, estimate.low, estimate.high))
    if low is None or high is None:
        return f"{value:{form}}"
    return f"{value:{form}}  [{low:{form}}, {high:{form}}]"


def _no_minus_zero(number: float | None) -> float | None:
    """The number, with 0 in place of one that would be shown as -0.00."""
    return 0.0 if number is not None and round(number, 2) == 0 else number


def _cut(name: str, width: int = _NAME) -> str:
    """A name that cannot steer the terminal, in its column."""
    return f"{shorten(clean_for_terminal(name), width):<{width}}"
