"""Sections 7 to 9 of a calibration as blocks: pairing raters, what more ratings would bring, what has changed.

Nothing here computes a statistic. Raters are named in cells only, not in sentences.
"""

from collections.abc import Sequence

from grader.calibration import Calibration, Team
from grader.files import number_text
from grader.reports.blocks import Block, Cell, Column, Lines, Section, Table
from grader.reports.calibration.sentences import COEFFICIENTS, IN_POINTS, SHARES
from grader.statistics import Estimate

# --- 7: whom to pair -------------------------------------------------------------------------------


def pairing_section(found: Calibration, names: Sequence[str]) -> Section:
    """Who should rate with whom."""
    plan = found.pairing
    blocks: list[Block] = []
    if plan.teams:
        blocks.append(_teams_table(plan.teams, names))
    if plan.training:
        columns = (Column("rater", "Rater"), Column("mentor", "With"), Column("reason", "Because"))
        rows = tuple((names[one.rater], names[one.mentor], one.reason) for one in plan.training)
        blocks.append(Table("training_pairs", "For training: with a steady colleague", columns, rows))
    if plan.rotation:
        blocks.append(_rotation_table(found, names))
    if not blocks:
        blocks.append(Lines(("Nobody shares an answer with anybody yet: there is nothing to pair by.",)))
    return Section("pairing", "Whom to pair?", tuple(blocks))


def _teams_table(teams: Sequence[Team], names: Sequence[str]) -> Table:
    columns = (
        Column("first", "Rater"),
        Column("second", "With"),
        Column("third", "And", optional=True),
        Column("bias", "Mean severity (points)", "move"),
        Column("error", "Typical error of their mean", "number"),
    )
    rows = tuple((*_three(team, names), team.bias, team.error) for team in teams)
    rule = "Strict with lenient, so that the mean of a team is close to that of the whole panel."
    return Table("teams", "For fair scores: severities that cancel out", columns, rows, rule)


def _three(team: Team, names: Sequence[str]) -> tuple[str | None, ...]:
    """The names of a team, of two or three."""
    return (*(names[rater] for rater in team.raters), None)[:3]


def _rotation_table(found: Calibration, names: Sequence[str]) -> Table:
    columns = (Column("answer", "Answer", "count"), Column("first", "Rater"), Column("second", "Rater"))
    rows = tuple((number, names[one], names[other]) for number, (one, other) in enumerate(found.pairing.rotation, 1))
    rule = "Repeat the list for more answers. Every pair that meets shares two answers, and all raters stay comparable."
    return Table("rotation", "A rotation: who rates the next answers", columns, rows, rule)


# --- 8: what if ------------------------------------------------------------------------------------


def plan_section(found: Calibration) -> Section:
    """What more raters or more double marking would bring."""
    plan = found.plan
    columns: tuple[Column, ...] = (
        Column("reliability", "Reliability", "number"),
        Column("raters", "Raters to average", "count"),
        Column("fewest", "at best", "count"),
        Column("most", "at worst", "count"),
    )
    raters = tuple((one.target, one.raters, one.fewest, one.most) for one in plan.raters)
    blocks: list[Block] = [
        Table(
            "raters_needed",
            "How many raters must be averaged",
            columns,
            raters,
            "Spearman-Brown from ICC(A,1); at best and at worst from the ends of its interval.",
        )
    ]
    columns = (
        Column("statistic", "For an interval of ±.10 of"),
        Column("needed", "Answers by two or more", "count"),
        Column("more", "More than now", "count"),
        Column("reason", "Now", optional=True, long=True),
    )
    marking: tuple[tuple[Cell, ...], ...] = tuple(
        (COEFFICIENTS[name], one.needed, one.more, one.reason) for name, one in plan.marking.items()
    )
    blocks.append(Table("double_marking", "How much more double marking", columns, marking))
    if plan.flips:
        cut = number_text(found.scale.cut or 0.0)
        columns = (Column("n_raters", "Raters averaged", "count"), Column("flips", "Of 100 candidates", "number"))
        rows = tuple((one.n_raters, one.of_100) for one in plan.flips)
        caption = f"How many of 100 candidates another panel would put on the other side of {cut}"
        blocks.append(Table("flips", caption, columns, rows, "From the variance components, for normal scores."))
    return Section("plan", "What would more raters bring?", tuple(blocks))


# --- 9: change -------------------------------------------------------------------------------------


def changes_section(found: Calibration) -> Section:
    """What has changed since earlier ratings."""
    columns = (
        Column("statistic", "Statistic"),
        Column("earlier", "Then", "number"),
        Column("now", "Now", "number"),
        Column("difference", "Change", "move", dot_plot=True),
        Column("word", "On its interval", "flag"),
    )
    titles = {**SHARES, **IN_POINTS, **COEFFICIENTS}
    rows = tuple(
        (
            titles[name],
            change.earlier,
            change.now,
            change.difference,
            _direction(change.difference, better_up=name != "sem"),
        )
        for name, change in found.changes.items()
    )
    rule = (
        "Better or worse where the whole 95 % interval of the difference is on one side of 0. It comes from drawing "
        "the answers of both files together (paired bootstrap)."
    )
    return Section(
        "changes",
        "What has changed since last time?",
        (Table("changes", "Agreement then and now", columns, rows, rule),),
    )


def _direction(difference: Estimate, *, better_up: bool) -> str | None:
    if difference.low is None or difference.high is None:
        return None
    if difference.low > 0 or difference.high < 0:
        return "better" if (difference.low > 0) == better_up else "worse"
    return "cannot be told"
