"""Section 10 of a calibration as blocks: the machine compared with people.

Nothing here computes a statistic; names stand in cells and never in sentences.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from grader.calibration import Calibration, CriterionResult, SystemRater
from grader.files import number_text
from grader.phrases import count
from grader.reports.blocks import Block, Column, Heat, Kind, Lines, Picture, Rows, Section, Table
from grader.reports.charts import Bubble, Interval, Step, bubble_chart, line_chart
from grader.statistics import Estimate

_TITLES: Final = {
    "quadratic_weighted_kappa": "Quadratic-weighted kappa, machine and person",
    "pearson_r": "Correlation r, machine and person",
    "human_quadratic_weighted_kappa": "Quadratic-weighted kappa, two people",
    "human_pearson_r": "Correlation r, two people",
    "degradation": "Kappa: machine less people",
    "degradation_r": "r: machine less people",
    "disattenuated_r": "r with what people would give without error",
    "prmse": "PRMSE: share of true scores explained",
    "standardized_mean_difference": "Mean: machine less people, in SD",
    "mean_difference": "Mean: machine less people, in points",
    "root_mean_squared_error": "Root mean squared error, in points",
    "exact": "Same score",
    "adjacent": "Within one level",
}
_SHARES: Final = ("exact", "adjacent")
_POINTS: Final = ("mean_difference", "root_mean_squared_error")
_ROW_CLASSES: Final = {"pass": "good", "fail": "alert"}


def system_sections(found: Calibration) -> Iterator[Section]:
    """One section a machine."""
    for number, (name, system) in enumerate(found.systems.items(), 1):
        anchor = "system" if number == 1 else f"system-{number}"
        suffix = "" if number == 1 else f"_{number}"
        heading = "May the grader stand in for a person?"
        if len(found.systems) > 1:
            heading += f" (machine {number} of {len(found.systems)})"
        yield Section(anchor, heading, tuple(_blocks(found, name, system, suffix)))


def _blocks(found: Calibration, name: str, system: SystemRater, suffix: str) -> Iterator[Block]:
    yield Lines(tuple(_introduction(found, name, system)))
    yield _rules_table(system, suffix)
    plain = [name for name in _TITLES if name not in (*_SHARES, *_POINTS)]
    caption = "Machine and people, with 95 % intervals"
    yield _statistics_table(system, f"system_statistics{suffix}", caption, plain)
    yield _statistics_table(system, f"system_in_scores{suffix}", "How often machine and person agree", _SHARES, "share")
    yield _statistics_table(system, f"system_in_points{suffix}", "How far apart they are", _POINTS, dot_plot=False)
    if system.n:
        yield _scores_picture(system, suffix)
    if system.at_cut is not None:
        yield _cut_table(system, suffix)
    if system.groups:
        yield _groups_table(system, suffix)
    if any(step.kappa.value is not None for step in system.kept):
        yield _kept_picture(system, suffix)


def _introduction(found: Calibration, name: str, system: SystemRater) -> Iterator[str]:
    yield (
        f"{name}: {count(system.n, 'answer')} with a score by people and by the machine, {system.n_double:,} of them "
        f"rated by two or more people; {count(system.n_batch, 'answer')} by the machine alone."
    )
    if found.graded is not None and found.graded.n_ungraded:
        yield f"{count(found.graded.n_ungraded, 'grade')} without a score left out."
    if system.batch_mean.value is not None and system.n_batch:
        mean = system.batch_mean
        ends = "" if mean.low is None or mean.high is None else f" ({mean.low:.2f} to {mean.high:.2f})"
        yield (
            f"People would give the answers that only the machine saw {mean.value:.2f} points on average{ends}: its "
            "own mean, corrected by how it differs from people (PPI); the rated answers must be a random sample."
        )


def _rules_table(system: SystemRater, suffix: str) -> Table:
    columns = (
        Column("rule", "Rule", long=True),
        Column("value", "Value", "number"),
        Column("outcome", "On its interval", "flag"),
        Column("answers", "n", "count", optional=True),
        Column("note", "Because", long=True),
    )
    judged = [(one.rule, one.estimate, _outcome(one), one.estimate.n, one.note) for one in system.triple]
    row_classes = [_ROW_CLASSES.get(one.outcome or "", "") for one in system.triple]
    stand_in = system.stand_in
    beaten = f"at least as good as half of the people, less {stand_in.epsilon:g} for being cheaper (alt-test)"
    rate = stand_in.result.winning_rate
    winning = Estimate(float(rate), None, None, stand_in.result.n_answers) if np.isfinite(rate) else None
    rows: Rows = (*judged, (beaten, winning, stand_in.outcome, stand_in.result.n_answers, stand_in.note))
    row_classes.append(_ROW_CLASSES.get(stand_in.outcome or "", ""))
    rule = (
        "A rule passes when the whole 95 % interval keeps it and fails when the whole interval breaks it (Williamson, "
        "Xi & Breyer 2012; alt-test: Calderon, Reichart & Dror 2025)."
    )
    caption = "The rules of automated scoring"
    return Table(f"system_rules{suffix}", caption, columns, rows, rule, row_classes=tuple(row_classes))


def _outcome(judged: CriterionResult) -> str | None:
    if judged.outcome is None:
        return None
    return judged.outcome + (" (early indication)" if judged.early else "")


def _statistics_table(
    system: SystemRater,
    name: str,
    caption: str,
    chosen: Sequence[str],
    kind: Kind = "number",
    *,
    dot_plot: bool = True,
) -> Table:
    columns = (
        Column("statistic", "Statistic"),
        Column("value", "Value", kind, dot_plot=dot_plot, ends=(1.0,)),
        Column("answers", "n", "count", optional=True),
        Column("note", "Note", in_csv_only=True),
    )
    found = [(_TITLES[key], system.statistics[key]) for key in chosen if key in system.statistics]
    rows = tuple((title, one, one.n, one.note) for title, one in found)
    notes = dict.fromkeys(f"{title}: {one.note}" for title, one in found if one.note)
    return Table(name, caption, columns, rows, "; ".join(notes))


def _scores_picture(system: SystemRater, suffix: str) -> Picture:
    levels, counts = system.confusion.levels, system.confusion.counts
    columns = (
        Column("people", "People"),
        *(Column(f"machine_{number_text(float(level))}", number_text(float(level)), "tenth") for level in levels),
        Column("all", "All", "tenth"),
    )
    rows: Rows = tuple(
        (number_text(float(level)), *(float(n) or None for n in row), float(row.sum()))
        for level, row in zip(levels, counts, strict=True)
    )
    rows = (*rows, ("all", *(float(n) for n in counts.sum(axis=0)), float(counts.sum())))
    table = Table(
        f"system_confusion{suffix}",
        "People (rows) against the machine (columns), in answers; an answer with several ratings is shared out",
        columns,
        rows,
        heat=Heat(1, 0.0, float(counts.max(initial=1.0)), by_root=True, end=1 + len(levels)),
    )
    found = [
        Bubble(float(levels[m]), float(levels[h]), max(1, round(float(counts[h, m]))))
        for h, m in zip(*np.nonzero(counts), strict=True)
    ]
    return Picture(bubble_chart(found, "machine", "people"), table)


def _cut_table(system: SystemRater, suffix: str) -> Table:
    at = system.at_cut
    if at is None:
        raise ValueError("there is no cut")
    p_value = at.mcnemar.p_value
    columns = (Column("what", "At the cut"), Column("value", "Value", "share"), Column("answers", "n", "count"))
    rows = (
        ("ratings on the machine's side", at.same_side, at.same_side.n),
        ("rated answers that people pass, by their mean", at.people_pass, at.people_pass.n),
        ("answers of the batch that the machine passes", at.system_passes, at.system_passes.n),
        ("the same, corrected for its errors (Rogan-Gladen)", at.corrected, at.corrected.n),
    )
    rule = f"Passed by people alone: {at.mcnemar.human_only}, by the machine alone: {at.mcnemar.system_only}"
    if np.isfinite(p_value):
        rule += f"; McNemar's test of no difference: p = {p_value:.3f}"
    caption = f"Decisions at {number_text(at.cut)}"
    notes = [one.note for _, one, _ in rows if one.note]
    return Table(f"system_at_cut{suffix}", caption, columns, rows, "; ".join([rule, *dict.fromkeys(notes)]) + ".")


def _groups_table(system: SystemRater, suffix: str) -> Table:
    columns = (
        Column("group", "Group"),
        Column("answers", "n", "count", optional=True),
        Column("difference", "Machine less people, in SD", "move", dot_plot=True, ends=(-0.1, 0.1)),
        Column("outcome", "On its interval", "flag"),
        Column("note", "Because", long=True),
    )
    rows = tuple(
        (one.name, one.n, None, None, "too few answers to be shown")
        if one.difference is None
        else (one.name, one.n, one.difference.estimate, _outcome(one.difference), one.difference.note)
        for one in system.groups
    )
    row_classes = tuple(
        _ROW_CLASSES.get((one.difference and one.difference.outcome) or "", "") for one in system.groups
    )
    rule = "Within .10 SD of what people give the group (RSMTool draws these lines); a verdict needs 100 answers."
    return Table(f"system_groups{suffix}", "Groups of candidates", columns, rows, rule, row_classes=row_classes)


def _kept_picture(system: SystemRater, suffix: str) -> Picture:
    columns = (
        Column("share_sent", "Sent to people", "share"),
        Column("kappa", "Kappa of the rest", "number"),
        Column("answers", "n", "count", optional=True),
    )
    rows = tuple((step.share_sent, step.kappa, step.kappa.n) for step in system.kept)
    rule = "The answers of which the grader is least sure go to people first; kappa with a person on those it keeps."
    table = Table(f"system_abstention{suffix}", "What sending answers to people brings", columns, rows, rule)
    steps = [Step(one.share_sent, Interval(one.kappa.value, one.kappa.low, one.kappa.high)) for one in system.kept]
    level = system.statistics["human_quadratic_weighted_kappa"].value
    return Picture(line_chart(steps, "share sent to people", "kappa of the rest", level=level), table)
