"""A calibration as the sections of a report, in order, with the appendix: formulas, exclusions, signature."""

import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import version

from grader.__about__ import __version__
from grader.calibration import Calibration
from grader.files import number_text
from grader.phrases import count
from grader.reports.blocks import Column, Lines, Section, Table
from grader.reports.calibration.agreement import agreement_section, data_section
from grader.reports.calibration.planning import changes_section, pairing_section, plan_section
from grader.reports.calibration.points import agenda_section, points_section, questions_section
from grader.reports.calibration.raters import raters_section
from grader.reports.calibration.system import system_sections


def calibration_sections(found: Calibration, names: Sequence[str]) -> tuple[Section, ...]:
    """The sections with these names for the raters.

    Args:
        found: from `calibrate`.
        names: of each rater: `found.arrays.raters`, or `found.pseudonyms` for what is passed on.
    """
    return (
        data_section(found, names),
        agreement_section(found),
        raters_section(found, names),
        questions_section(found, names),
        points_section(found, names),
        agenda_section(found, names),
        pairing_section(found, names),
        plan_section(found),
        *([changes_section(found)] if found.changes else []),
        *system_sections(found),
        appendix_section(found),
    )


# --- appendix -------------------------------------------------------------------------------------

# One line for each figure; the full formulas are in docs/calibration.md.
_FORMULAS = (
    (
        "Same score, within one level",
        "mean over answers of the share of pairs of ratings that agree",
    ),
    (
        "Quadratic-weighted kappa",
        "2 cov / (var + var + (difference of means)^2), mean over pairs of raters",
    ),
    ("Krippendorff's alpha", "1 - observed / expected squared distance, for any number of ratings an answer"),
    (
        "ICC",
        "answer variance by the sum of variances; A with strictness, C without; 1 one rater, k the mean of k",
    ),
    ("Gwet's AC1", "(p_a - p_e) / (1 - p_e), steady where nearly all answers are in one class"),
    ("SEM", "sqrt(rater variance + residual variance): what another rater would typically change"),
    ("Severity", "b_r of score = answer + rater, least squares; standard errors robust by answer (CR2), Student's t"),
    ("Fair average", "mean of score minus severity"),
    ("Noise", "a rater's error variance by the panel's (Grubbs)"),
    ("Spread", "SD of a rater's scores by the colleagues' on the same answers"),
    ("Halo", "SD over the points of an answer by the colleagues'"),
    ("Drift", "score beside colleagues, from the first rating to the last, in points"),
    (
        "Intervals",
        "95 %: by formula where there is one that holds, else by bootstrap over answers",
    ),
)


def appendix_section(found: Calibration) -> Section:
    """Formulas, exclusions, versions and the seed."""
    columns = (Column("figure", "Figure"), Column("formula", "How it is made", long=True))
    return Section(
        "appendix",
        "How these figures were made",
        (
            Table("formulas", "Formulas", columns, _FORMULAS, "In full: docs/calibration.md."),
            Lines(tuple(_left_out(found)), "list"),
            Lines((calibration_signature(found),), "rule"),
        ),
    )


def _left_out(found: Calibration) -> Iterator[str]:
    seen = found.overview
    yield f"{count(seen.n_rows, 'row')} read, {count(seen.n_blank, 'place')} without a score"
    for phase, n in seen.n_not_blind.items():
        yield f"{count(n, 'rating')} of phase '{phase}' left out, because only blind ratings count"
    again = found.arrays.totals.n_ratings - found.first_totals.n_ratings
    if again:
        yield f"{count(again, 'rating')} of an answer that the same rater had rated before: only the first one counts"


def calibration_signature(found: Calibration) -> str:
    """What reproduces the figures: version, settings and seed."""
    cut = "none" if found.scale.cut is None else number_text(found.scale.cut)
    parts = (
        f"grader:{__version__}",
        f"level:{found.scale.level}",
        f"step:{number_text(found.scale.step)}",
        f"cut:{cut}",
        f"seed:{found.seed}",
        f"numpy:{version('numpy')}",
        f"python:{sys.version_info.major}.{sys.version_info.minor}",
    )
    return "|".join(parts)
