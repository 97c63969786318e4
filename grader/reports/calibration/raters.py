"""Section 3 of a calibration as blocks: who is strict, who is unpredictable, what scores would be without strictness.

Nothing here computes a statistic; names stand in cells and never in sentences, so that a page can leave them out.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from grader.calibration import Calibration, Overview, RaterProfile, RaterRules
from grader.phrases import natural
from grader.reports.blocks import Block, Cell, Column, Heat, Section, Table
from grader.reports.calibration.agreement import shown_raters


def _rule_of_words(rules: RaterRules) -> str:
    return (
        "A word is given when the difference from colleagues is certain (95 % interval, and still so after all raters "
        f"were looked at: Benjamini-Hochberg) and large: strict or lenient from {rules.severity:g} SD of all scores, "
        f"and on that side of the panel's mean as well; noisy from {rules.noisy:g} times the panel's error variance, "
        f"compressing up to {rules.compressing:g} of the colleagues' spread, halo up to {rules.halo:g} of their spread "
        f"over the points of an answer, drifting from {rules.drift:g} SD between first and last rating. Below "
        f"{rules.least_common} answers in common with a colleague there is no word, below {rules.early_below} it is an "
        "early indication. Raters whose intervals overlap have no order."
    )


def raters_section(found: Calibration, names: Sequence[str]) -> Section:
    """Severity and other effects of each rater, and what the scores would be without strictness."""
    order = sorted(range(len(found.raters)), key=lambda rater: natural(names[rater]))
    blocks: list[Block] = [_severity_table(found, names, order)]
    if found.gold or found.repeats:
        blocks.append(_records_table(found, names, order))
    if found.overview.n_double_marked:
        blocks.append(_apart_table(found.overview, names))
    blocks.append(_fair_table(found))
    return Section("raters", "Who is strict, and who is unpredictable?", tuple(blocks))


def _severity_table(found: Calibration, names: Sequence[str], order: Sequence[int]) -> Table:
    columns = (
        Column("rater", "Rater"),
        Column("n_ratings", "n", "count", optional=True),
        Column("severity", "Severity (points)", "move", dot_plot=True),
        Column("against_colleagues", "Beside colleagues", "move"),
        Column("label", "In a word", "flag"),
        Column("standardized_severity", "in SD", "move", optional=True),
        Column("consistency", "Noise", "number", optional=True),
        Column("spread", "Spread", "number", optional=True),
        Column("halo", "Halo", "number", optional=True),
        Column("drift", "Drift", "move", optional=True),
        *([Column("group", "Group", "count")] if not found.overview.connected else []),
    )
    group_of = {rater: number for number, group in enumerate(found.overview.components, 1) for rater in group}
    rows = tuple(
        (
            names[rater],
            *_rater_cells(found, found.raters[rater]),
            *([group_of[rater]] if not found.overview.connected else []),
        )
        for rater in order
    )
    caption = "Severity: how much more (+) or less (\u2212) than the panel a rater gives"
    if not found.overview.connected:
        caption += "; only within a group"
    row_classes = tuple(_row_class(found.raters[rater].verdict.label) for rater in order)
    return Table("raters", caption, columns, rows, _rule_of_words(RaterRules()), row_classes=row_classes)


def _records_table(found: Calibration, names: Sequence[str], order: Sequence[int]) -> Table:
    """Results of raters on gold answers and on answers that they rated before."""
    columns = [Column("rater", "Rater")]
    if found.gold:
        columns += [
            Column("gold_accuracy", "Within tolerance", "share", dot_plot=True, ends=(1.0,)),
            Column("gold_error", "Mean error (points)", "move"),
            Column("stop", "Stop rule", "flag"),
            Column("stop_reason", "Because", optional=True, long=True),
        ]
    if found.repeats:
        columns += [
            Column("same_again", "Same score again", "share"),
            Column("own_error", "Own error (points)", "number"),
        ]
    rows = tuple((names[rater], *_record_cells(found, rater)) for rater in order)
    about = " and ".join(
        what for what, there in (("gold answers", found.gold), ("answers rated again", found.repeats)) if there
    )
    return Table("rater_records", f"Raters on {about}", tuple(columns), rows)


def _record_cells(found: Calibration, rater: int) -> Iterator[Cell]:
    if found.gold:
        gold = found.gold[rater]
        yield from (gold.accuracy, gold.mean_error.estimate)
        yield None if gold.stop_after is None else f"stopped after {gold.stop_after}"
        yield gold.reason
    if found.repeats:
        yield from (found.repeats[rater].exact, found.repeats[rater].standard_error)


def _apart_table(seen: Overview, names: Sequence[str]) -> Table:
    """Who disagrees with whom."""
    raters = shown_raters(seen, names)
    cells = [[_off_diagonal(seen, r, s) for s in raters] for r in raters]
    columns = (Column("rater", ""), *(Column(f"apart_from_{names[r]}", names[r], "number") for r in raters))
    rows = tuple((names[r], *row) for r, row in zip(raters, cells, strict=True))
    most = max((cell for row in cells for cell in row if cell is not None), default=1.0)
    rule = "Mean distance of their scores on the answers that both rated, in points; strictness is part of it."
    return Table(
        "who_disagrees_with_whom", "Who disagrees with whom", columns, rows, rule, heat=Heat(1, 0.0, most, bad=True)
    )


def _off_diagonal(seen: Overview, one: int, other: int) -> float | None:
    value = float(seen.pairs.distance[one, other])
    return None if one == other or np.isnan(value) else value


def _fair_table(found: Calibration) -> Table:
    """Each answer with its mean as given and without strictness, the largest difference first."""
    model, arrays = found.model, found.arrays
    n = np.bincount(found.first_totals.answers, minlength=found.first_totals.n_answers)
    rated = np.flatnonzero(n)
    moved = np.nan_to_num(model.fair[rated] - model.raw[rated])
    columns = (
        Column("answer_id", "Answer"),
        Column("n_ratings", "Ratings", "count"),
        Column("raw", "Mean as given", "number"),
        Column("fair", "Fair average", "number"),
        Column("difference", "Difference", "move"),
    )
    rows = tuple(
        (
            arrays.answer_ids[answer],
            int(n[answer]),
            float(model.raw[answer]),
            _known(model.fair[answer]),
            _known(model.fair[answer] - model.raw[answer]),
        )
        for answer in rated[np.argsort(-np.abs(moved), kind="stable")]
    )
    rule = "Fair average: the mean of score minus severity. It stands beside what was given and replaces nothing."
    if not np.any(np.abs(moved) > 1e-9):
        rule += " Here it is the mean as given for every answer: strictness evens out where everybody rates everything."
    return Table(
        "fair_averages",
        "Scores without strictness, the most moved first",
        columns,
        rows,
        rule,
        max_rows=10 if np.any(np.abs(moved) > 1e-9) else 0,
    )


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def standardized_severity(found: Calibration, profile: RaterProfile) -> float | None:
    """Severity in standard deviations of all scores."""
    sd = float(found.first_totals.scores.std(ddof=1)) if found.first_totals.n_ratings > 1 else 0.0
    return None if profile.severity.value is None or sd == 0 else profile.severity.value / sd


def _rater_cells(found: Calibration, profile: RaterProfile) -> tuple[Cell, ...]:
    effects, verdict = profile.effects, profile.verdict
    return (
        profile.n_ratings,
        profile.severity,
        effects.against_colleagues.estimate,
        verdict.label.replace("_", " ") + (" (early indication)" if verdict.early else ""),
        standardized_severity(found, profile),
        effects.consistency.estimate,
        effects.spread.estimate,
        effects.halo.estimate,
        effects.drift.estimate,
    )


def _row_class(label: str) -> str:
    return {"aligned": "good", "not_enough_data": "", "strict": "strict", "lenient": "lenient"}.get(label, "alert")
