"""Sections 4 to 6 of a calibration as blocks: questions, rubric points with what to do about them, the agenda.

Nothing here computes a statistic. Raters are named in cells only, not in sentences.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from grader.calibration import AgendaItem, Calibration, PointAdvice, PointRules
from grader.files import number_text
from grader.phrases import natural
from grader.reports.blocks import ROWS_SHOWN, Block, Column, Discussion, Heat, Lines, Section, Table
from grader.reports.calibration.agreement import shown_raters

# What an action means, in words, and the CSS class of its row.
ACTIONS: Final = {
    "check": ("check: wrong or mis-keyed?", "alert"),
    "talk": ("talk to that rater", "alert"),
    "reword": ("reword or add an anchor", "alert"),
    "drop": ("merge, drop, or make harder or easier", "alert"),
    "merge": ("merge with its twin", "alert"),
    "fix_for_machine": ("fix for the machine", "alert"),
    "keep": ("keep", "good"),
    "not_enough_data": ("not enough data", ""),
}
_MACHINE_COLUMNS: Final = (
    Column("machine", "Machine differs", "share"),
    Column("machine_bias", "Gives more or less", "move", optional=True),
)
_HEAT_POINTS = 24  # rows of the heat map
_LEAST_SHOWN = 10  # rows that are shown in any case; further points without advice are not


# --- 4: questions ----------------------------------------------------------------------------------


def questions_section(found: Calibration, names: Sequence[str]) -> Section:
    """Which questions cause disagreement, the worst first."""
    if not found.questions:
        text = "The ratings do not say which question an answer is to: add a column question_id."
        return Section("questions", "Which questions cause disagreement?", (Lines((text,)),))
    columns = (
        Column("question_id", "Question"),
        Column("n_answers", "Answers", "count", optional=True),
        Column("n_double_marked", "By two or more", "count", optional=True),
        Column("krippendorff_alpha", "Alpha", "number", dot_plot=True, ends=(1.0,)),
        Column("exact", "Same score", "share"),
        Column("sem", "Another rater moves it by", "number"),
        Column("rater_share", "From who rates", "share", optional=True),
        Column("mean_score", "Mean", "number", optional=True),
    )
    rows = tuple(
        (
            question_name(found, one.question),
            one.n_answers,
            one.n_double_marked,
            one.alpha,
            one.exact,
            one.sem,
            one.rater_share,
            one.mean,
        )
        for one in found.questions
    )
    table = Table(
        "questions",
        "Agreement on each question, the least first",
        columns,
        rows,
        "Alpha: Krippendorff's, 1 agreement, 0 chance. From who rates: share of the variance of scores that comes from "
        "strictness. Questions whose intervals overlap have no order.",
    )
    blocks: list[Block] = [table]
    if any(one.flagged for one in found.on_questions):
        blocks.append(_interactions_table(found, names))
    return Section("questions", "Which questions cause disagreement?", tuple(blocks))


def question_name(found: Calibration, number: int) -> str | None:
    """The id of a question; `None` for -1, and for the empty id of answers without a question."""
    return (found.arrays.question_ids[number] or None) if number >= 0 else None


def _interactions_table(found: Calibration, names: Sequence[str]) -> Table:
    columns = (
        Column("question_id", "Question"),
        Column("rater", "Rater"),
        Column("mean", "Gives more or less here (points)", "move"),
        Column("n_ratings", "n", "count"),
        Column("q_value", "q", "number", optional=True),
    )
    flagged = sorted((one for one in found.on_questions if one.flagged), key=lambda one: one.q_value)
    rows = tuple((question_name(found, one.cell), names[one.rater], one.mean, one.n, one.q_value) for one in flagged)
    return Table(
        "raters_on_questions",
        "Where one rater alone differs, beyond being strict or lenient everywhere",
        columns,
        rows,
        "q: chance of a false alarm after all raters and questions were looked at (Benjamini-Hochberg), below .10; and "
        "half a level apart at least.",
    )


# --- 5: points -------------------------------------------------------------------------------------


def points_section(found: Calibration, names: Sequence[str]) -> Section:
    """Which rubric points cause disagreement, and what to do about each."""
    heading = "Which rubric points cause disagreement?"
    if not found.points:
        text = "There are no ratings of rubric points: add a column point_id, one row a point, to see which to reword."
        return Section("points", heading, (Lines((text,)),))
    return Section("points", heading, (_advice_table(found, names), _heat_map(found, names)))


def _advice_table(found: Calibration, names: Sequence[str]) -> Table:
    with_machine = any(one.machine is not None for one in found.points)
    columns = [
        Column("question_id", "Question"),
        Column("point_id", "Point", long=True),
        Column("split_rate", "Two raters differ", "share", dot_plot=True, ends=(1.0,)),
        Column("action", "To do", "flag"),
        Column("rater", "Rater"),
        Column("reason", "Because", optional=True, long=True),
        Column("award_rate", "Given", "share"),
        Column("ac1", "AC1", "number", optional=True),
        Column("rest_correlation", "r with the rest", "number", in_csv_only=True),
        Column("twin", "Twin", in_csv_only=True),
        Column("n_common", "n", "count", optional=True),
        *(_MACHINE_COLUMNS if with_machine else ()),
    ]
    ranked = sorted(found.points, key=_urgency)
    rows = tuple(
        (
            *_place(found, one.point),
            one.split_rate,
            ACTIONS[one.action][0],
            _odd_rater(one, names),
            None if one.action == "not_enough_data" else "; ".join(reason for _, reason in one.reasons),
            one.award_rate,
            one.ac1,
            one.rest_correlation,
            None if one.twin is None else _place(found, one.twin.point)[1],
            one.n_common,
            *([one.machine, one.machine_bias] if with_machine else []),
        )
        for one in ranked
    )
    return Table(
        "points",
        "Rubric points, what calls for action first",
        tuple(columns),
        rows,
        _rules(PointRules()),
        row_classes=tuple(ACTIONS[one.action][1] for one in ranked),
        max_rows=min(ROWS_SHOWN, max(_LEAST_SHOWN, sum(one.action != "not_enough_data" for one in ranked))),
    )


def _urgency(one: PointAdvice) -> tuple[int, float, int]:
    """Sort key: points that call for action first, then those on which raters differ most."""
    calls = {"not_enough_data": 2, "keep": 1}.get(one.action, 0)
    return calls, -(one.split_rate.value or 0.0), one.point


def _rules(rules: PointRules) -> str:
    return (
        f"check: interval of the correlation with the rest of the answer below {rules.rest:g}. talk: one rater differs "
        "from all others (q < .10, by 20 of 100 awards). reword: interval of the share on which two raters differ "
        f"above {rules.split:.0%}, no single rater. drop: given on more than {rules.common:.0%}, interval above "
        f"{rules.common_low:.0%}, or on fewer than {rules.rare:.0%}, interval below {rules.rare_high:.0%}. merge: phi "
        f"with another point above {rules.phi:g}, interval above {rules.phi_low:g}. fix for the machine: people agree, "
        f"interval of the share on which it differs above {rules.machine:.0%}. Below {rules.least_common} answers with "
        "two ratings of a point there is no advice."
    )


def _place(found: Calibration, point: int) -> tuple[str | None, str]:
    question, name = found.arrays.points[point]
    text = found.point_texts.get((question, name))
    return question or None, f"{name}: {text}" if text else name


def _odd_rater(one: PointAdvice, names: Sequence[str]) -> str | None:
    """The rater who differs from all colleagues on a point, if it is only one."""
    raters = {cell.rater for cell in one.outliers}
    return names[raters.pop()] if len(raters) == 1 else None


def _heat_map(found: Calibration, names: Sequence[str]) -> Table:
    """How often each rater gives each point; the CSV has all raters and points."""
    form = found.first_points
    if form is None or form.points is None:  # there is no advice on points then
        raise ValueError("there are no ratings of points")
    raters = shown_raters(found.overview, names)
    cells = form.points * form.n_raters + form.raters
    size = len(found.arrays.points) * form.n_raters
    n = np.bincount(cells, minlength=size)
    sums = np.bincount(cells, weights=form.scores, minlength=size)
    shares = (sums / np.where(n > 0, n, np.nan)).reshape(-1, form.n_raters)
    columns = (
        Column("question_id", "Question"),
        Column("point_id", "Point", long=True),
        *(Column(f"given_by_{names[rater]}", names[rater], "share") for rater in raters),
    )
    ranked = sorted(found.points, key=_urgency)[:_HEAT_POINTS]
    rows = tuple((*_place(found, one.point), *(_known(shares[one.point, rater]) for rater in raters)) for one in ranked)
    some = (
        "" if len(raters) == len(names) and len(ranked) == len(found.points) else " (those that call for action first)"
    )
    caption = f"How much of each point each rater gives{some}"
    return Table("points_by_rater", caption, columns, rows, heat=Heat(2, 0.0, 1.0))


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


# --- 6: agenda -------------------------------------------------------------------------------------


def agenda_section(found: Calibration, names: Sequence[str]) -> Section:
    """What to discuss: the answers on which raters are furthest apart."""
    heading = "What to discuss (30 minutes)"
    if not found.agenda:
        return Section("agenda", heading, (Lines(("There is no answer on which two raters differ.",)),))
    blocks: list[Block] = [_agenda_table(found, names)]
    if not any(found.arrays.answer_ids[item.answer] in found.texts for item in found.agenda):
        blocks.append(Lines(("Give the answers (--answers) to see their texts here.",)))
    blocks += [_discussion(found, item, names) for item in found.agenda]
    return Section("agenda", heading, tuple(blocks))


def _agenda_table(found: Calibration, names: Sequence[str]) -> Table:
    columns = (
        Column("answer_id", "Answer"),
        Column("question_id", "Question"),
        Column("spread", "Apart (points)", "number"),
        Column("fair_spread", "Without strictness", "number"),
        Column("split_at_cut", "Across the cut", "flag"),
        Column("scores", "Who gave what", optional=True, long=True),
        Column("ask", "Ask", "flag"),
    )
    rows = tuple(
        (
            found.arrays.answer_ids[item.answer],
            question_name(found, item.question),
            item.spread,
            item.fair_spread,
            "yes" if item.split else None,
            "; ".join(f"{who} {gave}" for who, gave in _votes(item, names)),
            _question(item),
        )
        for item in found.agenda
    )
    rule = "Answers across the cut first, then the widest apart; two of a question at most. Only blind ratings count."
    return Table("agenda", "The answers that are worth the time", columns, rows, rule)


def _votes(item: AgendaItem, names: Sequence[str]) -> list[tuple[str, str]]:
    given = sorted(zip(item.raters, item.scores, strict=True), key=lambda vote: (-vote[1], natural(names[vote[0]])))
    return [(names[rater], number_text(round(score, 2))) for rater, score in given]


def _question(item: AgendaItem) -> str:
    return "a different bar?" if item.different_bar else "different evidence?"


def _discussion(found: Calibration, item: AgendaItem, names: Sequence[str]) -> Discussion:
    answer = found.arrays.answer_ids[item.answer]
    question = question_name(found, item.question)
    why = f"{number_text(round(item.spread, 2))} points apart"
    if item.split:
        why += f", on both sides of {number_text(found.scale.cut or 0.0)}"
    ask = (
        "Most of this is strictness: where is the bar, and which words of the rubric say so?"
        if item.different_bar
        else "Strictness does not explain it: which words did each of you see, and what do they show?"
    )
    return Discussion(
        heading=answer if question is None else f"{answer} ({question})",
        why=why,
        text=found.texts.get(answer, ""),
        question=ask,
        votes=tuple(_votes(item, names)),
        table=_votes_table(found, item, names),
    )


def _votes_table(found: Calibration, item: AgendaItem, names: Sequence[str]) -> Table | None:
    """Each rater's scores for the points on which they differ."""
    form = found.first_points
    if form is None or form.points is None or not item.points:
        return None
    own = form.take(form.answers == item.answer)
    given = {
        (int(point), int(rater)): float(share)
        for point, rater, share in zip(own.points, own.raters, own.scores, strict=True)  # type: ignore[arg-type]
    }
    raters = sorted({rater for _, rater in given}, key=lambda rater: natural(names[rater]))
    columns = (
        Column("point", "Point", long=True),
        *(Column(names[rater], names[rater], "share") for rater in raters),
        Column("quote", "Words that the grader found", long=True),
    )
    answer = found.arrays.answer_ids[item.answer]
    rows = tuple(
        (
            _place(found, point)[1],
            *(given.get((point, rater)) for rater in raters),
            found.quotes.get((answer, found.arrays.points[point][1])),
        )
        for point in item.points
    )
    heat = Heat(1, 0.0, 1.0, end=1 + len(raters))
    return Table("votes", "The points on which raters differ", columns, rows, heat=heat)
