"""Sections 1 and 2 of a calibration as blocks: the data, and how far raters agree.

Nothing here computes a statistic; names stand in cells and never in sentences, so that a page can leave them out.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from grader.calibration import Calibration, Overview
from grader.files import number_text
from grader.phrases import count, natural
from grader.reports.blocks import Block, Column, Facts, Heat, Kind, Lines, Picture, Rows, Section, Table
from grader.reports.calibration.sentences import COEFFICIENTS, IN_POINTS, SHARES, context_sentences, verdict_sentences
from grader.reports.charts import Bubble, bubble_chart
from grader.statistics import DECIMALS

_MATRIX_RATERS = 12  # more do not fit on a sheet of paper


# --- 1: data ---------------------------------------------------------------------------------------


def data_section(found: Calibration, names: Sequence[str]) -> Section:
    """Whether this data can answer the question."""
    seen = found.overview
    blocks: list[Block] = [Facts(tuple(_facts(seen)))]
    if seen.notes:
        blocks.append(Lines(seen.notes, "list"))
    if not seen.connected:
        blocks.append(_groups_table(seen, names))
    blocks.append(_common_table(seen, names))
    return Section("data", "Can this data answer the question?", tuple(blocks))


def _facts(seen: Overview) -> Iterator[tuple[str, str]]:
    yield "raters", f"{seen.n_raters:,}"
    yield "answers", f"{seen.n_answers:,}"
    yield "rated by two or more", f"{seen.n_double_marked:,}"
    yield "ratings", f"{seen.n_ratings:,}"
    if seen.n_questions:
        yield "questions", f"{seen.n_questions:,}"
    if seen.n_point_ratings:
        yield "ratings of points", f"{seen.n_point_ratings:,}"
    if seen.n_gold:
        yield "gold answers", f"{seen.n_gold:,}"
    yield "places left blank", f"{seen.n_blank:,}"
    if seen.repeats is not None:
        same = "–" if seen.repeats.exact.value is None else f"{seen.repeats.exact.value:.0%}"
        yield f"same score again ({count(seen.repeats.exact.n, 'repeat')})", same
    if seen.scale is not None:
        ends = dict.fromkeys(map(number_text, seen.scale))
        yield "full score", " to ".join(ends)
    yield "one level", f"{number_text(round(seen.step, 6))} " + ("point" if seen.step == 1 else "points")


def _groups_table(seen: Overview, names: Sequence[str]) -> Table:
    columns = (Column("group", "Group", "count"), Column("rater", "Rater"), Column("n_ratings", "Answers", "count"))
    rows = tuple(
        (number, names[rater], int(seen.pairs.common[rater, rater]))
        for number, group in enumerate(seen.components, 1)
        for rater in group
    )
    return Table("rater_groups", "Raters who can be compared with each other", columns, rows)


def shown_raters(seen: Overview, names: Sequence[str]) -> list[int]:
    """The raters shown in a table with a column for each: those with the most answers, by name."""
    n = np.diag(seen.pairs.common)
    return sorted(np.argsort(-n, kind="stable")[:_MATRIX_RATERS].tolist(), key=lambda rater: natural(names[rater]))


def _common_table(seen: Overview, names: Sequence[str]) -> Table:
    raters = shown_raters(seen, names)
    columns = (Column("rater", ""), *(Column(f"with_{names[r]}", names[r], "count") for r in raters))
    rows: Rows = tuple((names[r], *(int(seen.pairs.common[r, s]) for s in raters)) for r in raters)
    most = max((int(seen.pairs.common[r, s]) for r in raters for s in raters), default=1)
    some = f" (the {len(raters)} raters with the most answers)" if len(raters) < seen.n_raters else ""
    return Table(
        "answers_in_common", f"Answers that two raters have in common{some}", columns, rows, heat=Heat(1, 0, most)
    )


# --- 2: agreement ----------------------------------------------------------------------------------


def agreement_section(found: Calibration) -> Section:
    """How far raters agree, in words and in coefficients."""
    return Section(
        "agreement",
        "How far do raters agree?",
        (
            Lines(verdict_sentences(found), "verdict"),
            *_agreement_tables(found),
            Lines(context_sentences(found), "rule"),
            *([_scores_picture(found)] if found.overview.n_double_marked else []),
        ),
    )


def _agreement_tables(found: Calibration) -> Iterator[Table]:
    caption = "{} (95 % intervals; n: answers that two or more people rated)"
    yield _agreement_table(found, "agreement_in_scores", caption.format("How often two raters agree"), SHARES, "share")
    yield _agreement_table(found, "agreement_in_points", caption.format("What another rater would change"), IN_POINTS)
    yield _agreement_table(found, "agreement_coefficients", caption.format("Coefficients"), COEFFICIENTS)


def _agreement_table(
    found: Calibration, name: str, caption: str, titles: Mapping[str, str], kind: Kind = "number"
) -> Table:
    statistics, verdicts = found.agreement.statistics, found.agreement.verdicts
    shown = [key for key in titles if key in statistics]
    early = " (early indication)" if found.overview.strength == "early" else ""
    in_points = titles is IN_POINTS
    columns = (
        Column("statistic", "Statistic", long=True),
        Column("value", "Value", kind, dot_plot=not in_points, ends=(1.0,)),
        Column("word", "On its interval", "flag"),
        Column("answers", "n", "count", optional=True),
    )
    rows = tuple(
        (titles[key], statistics[key], f"{verdicts[key].words}{early}" if key in verdicts else None, statistics[key].n)
        for key in shown
    )
    remark_titles: defaultdict[str, list[str]] = defaultdict(list)
    for key in shown:
        for remark in (verdicts[key].rule if key in verdicts else None, statistics[key].note):
            if remark:
                remark_titles[remark].append(titles[key].partition(":")[0].partition(", ")[0])
    remarks = (f"{', '.join(about)}: {remark}" for remark, about in remark_titles.items())
    return Table(name, caption, columns, rows, "; ".join(remarks) + ("." if remark_titles else ""))


# How many scores are shown one by one; on longer scales they are rounded to levels.
_LEVELS_SHOWN = 12


def _scores_picture(found: Calibration) -> Picture:
    """Scores of one rater against those of another for the same answers."""
    scores = found.first_totals.scores
    if np.unique(scores).size > _LEVELS_SHOWN:
        scores = np.round(scores / found.scale.step) * found.scale.step
    levels, codes = np.unique(np.round(scores, DECIMALS), return_inverse=True)
    cells = found.first_totals.answers * levels.size + codes
    given = (
        np.bincount(cells, minlength=found.first_totals.n_answers * levels.size).reshape(-1, levels.size).astype(float)
    )
    counts = given.T @ given - np.diag(given.sum(axis=0))  # a rating makes no pair with itself
    names = [number_text(float(level)) for level in levels]
    columns = (Column("score", "Score"), *(Column(f"given_{name}", name, "count") for name in names))
    rows: Rows = tuple((name, *(int(n) or None for n in row)) for name, row in zip(names, counts, strict=True))
    table = Table(
        "scores_against_scores",
        "How often one rater gave the score of the row and another that of the column (each pair counts both ways)",
        columns,
        rows,
        heat=Heat(1, 0.0, float(counts.max(initial=1.0)), by_root=True),
    )
    found_pairs = [
        Bubble(float(levels[x]), float(levels[y]), int(counts[x, y])) for x, y in zip(*np.nonzero(counts), strict=True)
    ]
    return Picture(bubble_chart(found_pairs, "one rater", "another rater"), table)
