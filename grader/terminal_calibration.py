"""A calibration as lines of text for a terminal: the verdict, the raters, and what to do; the page has the rest.

Nothing here computes a statistic or prints.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

from grader.calibration import Calibration
from grader.calibration_points import ACTIONS
from grader.calibration_words import COEFFICIENTS, IN_POINTS, SHARES, verdict_sentences
from grader.calibration_work import question_name
from grader.intervals import Estimate
from grader.phrases import count, natural, shorten
from grader.terminal import clean_terminal

_SHOWN = 5  # questions, points and answers
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
    for name, title in {**SHARES, **IN_POINTS, **COEFFICIENTS}.items():
        if name in found.agreement.statistics:
            word = found.agreement.verdicts.get(name)
            said = "" if word is None else f"  {word.words}"
            yield f"  {title:<42} {_figure(found.agreement.statistics[name], share=name in SHARES)}{said}"


def _raters(found: Calibration, names: Sequence[str]) -> Iterator[str]:
    yield f"  {'rater':<{_NAME}} {'n':>6}  {'severity in points':<24} in a word"
    for rater in sorted(range(len(names)), key=lambda number: natural(names[number])):
        profile = found.raters[rater]
        word = profile.verdict.label.replace("_", " ") + (" (early indication)" if profile.verdict.early else "")
        yield f"  {_cut(names[rater])} {profile.n_ratings:>6,}  {_figure(profile.severity, signed=True):<24} {word}"


def _questions(found: Calibration) -> Iterator[str]:
    worst = [one for one in found.questions if one.alpha.value is not None][:_SHOWN]
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
        who = f" ({shorten(clean_terminal(names[raters.pop()]), _NAME)})" if len(raters) == 1 else ""
        yield f"  {_cut(f'{question} {point}'.strip(), 42)} {ACTIONS[one.action][0]}{who}"


def _agenda(found: Calibration, names: Sequence[str]) -> Iterator[str]:
    if found.agenda:
        yield from ("", "  To discuss")
    for item in islice(found.agenda, _SHOWN):
        given = ", ".join(
            f"{shorten(clean_terminal(names[rater]), _NAME)} {score:g}"
            for rater, score in zip(item.raters, item.scores, strict=True)
        )
        ask = "a different bar?" if item.different_bar else "different evidence?"
        yield f"  {_cut(found.arrays.answer_ids[item.answer], 42)} {given}; {ask}"


def _changes(found: Calibration) -> Iterator[str]:
    if found.changes:
        yield from ("", "  Change since the earlier ratings")
    for name, change in found.changes.items():
        title = {**SHARES, **IN_POINTS, **COEFFICIENTS}[name]
        yield f"  {title:<42} {_figure(change.difference, signed=True)}"


def _figure(estimate: Estimate, *, share: bool = False, signed: bool = False) -> str:
    """A figure with its interval, or why there is none."""
    if estimate.value is None:
        return f"-  ({estimate.note})"
    form = ".0%" if share else "+.2f" if signed else ".2f"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:{form}}"
    return f"{estimate.value:{form}}  [{estimate.low:{form}}, {estimate.high:{form}}]"


def _cut(name: str, width: int = _NAME) -> str:
    """A name that cannot steer the terminal, in its column."""
    return f"{shorten(clean_terminal(name), width):<{width}}"
