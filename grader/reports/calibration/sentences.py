"""The sentences of a calibration: the verdict, what figures mean, the rules behind words. Without names.

A page may be passed on without names, so no sentence has any; names are in tables only.
"""

from collections.abc import Iterator
from typing import Final

from grader.calibration import BANDS, CLAIMS, EARLY, Calibration
from grader.files import number_text
from grader.phrases import count
from grader.statistics import Estimate

CONTEXT: Final = (
    "For comparison: the mean reliability of interviewers is .44 when they interview separately and .74 when they sit "
    "on one panel (Huffcutt, Culbertson & Weyhrauch 2013, 125 coefficients)."
)
STRENGTH_RULE: Final = (
    f"How much may be said: below {EARLY} answers with two or more raters no word at all, below {BANDS} an early "
    f"indication, from {BANDS} on words, from {CLAIMS} on claims about single people and groups."
)

# The title of each statistic, by its unit.
SHARES: Final = {"exact": "Same score", "adjacent": "Within one level"}
IN_POINTS: Final = {
    "sem": "Another rater moves a score by (points)",
    "flips": "Of 100 candidates, change side of the cut",
}
COEFFICIENTS: Final = {
    "quadratic_weighted_kappa": "Quadratic-weighted kappa, mean over pairs",
    "pearson_r": "Correlation r, mean over pairs",
    "krippendorff_alpha": "Krippendorff's alpha",
    "icc_a1": "ICC(A,1): one rater",
    "icc_ak": "ICC(A,k): mean of the panel",
    "icc_c1": "ICC(C,1): one rater, strictness adjusted",
    "icc_ck": "ICC(C,k): mean, strictness adjusted",
    "gwet_ac1": "Gwet's AC1, same score or not",
}


def verdict_sentences(found: Calibration) -> tuple[str, ...]:
    """How far raters agree, what that means for a score and a candidate, and whether anybody stands out."""
    return tuple(_sentences(found))


def _sentences(found: Calibration) -> Iterator[str]:
    strength, statistics = found.overview.strength, found.agreement.statistics
    n = found.overview.n_double_marked
    if strength == "none":
        yield (
            f"No verdict: {count(n, 'answer')} with two or more raters. An early indication needs {EARLY}, "
            f"a verdict {BANDS}."
        )
        return
    early = f"An early indication, from {count(n, 'answer')}: two" if strength == "early" else "Two"
    sentence = f"{early} raters give the same score {_share(statistics['exact'])} of the time"
    if not one_level_is_all(found):
        sentence += f" and are within one level {_share(statistics['adjacent'])}"
    yield sentence + "."
    yield from _what_it_means(found)
    if strength == "claims":
        odd = sum(profile.verdict.label not in ("aligned", "not_enough_data") for profile in found.raters)
        if odd and len(found.raters) == 2:
            yield "The two raters differ in a way that is both certain and large; only a third can show who is off."
        else:
            yield f"{_of_raters(odd, len(found.raters))} from colleagues in a way that is both certain and large."


def one_level_is_all(found: Calibration) -> bool:
    """Whether all scores that anybody gave are within one level, so that nearness says nothing."""
    scores = found.first_totals.scores
    return bool(scores.size) and float(scores.max() - scores.min()) <= found.scale.step


def _what_it_means(found: Calibration) -> Iterator[str]:
    statistics = found.agreement.statistics
    sem, flips = statistics["sem"], statistics.get("flips")
    if sem.value is not None:
        sentence = f"Another rater would typically move a score by {_points(sem)}"
        if flips is not None and flips.value is not None and found.scale.cut is not None:
            sentence += (
                f", and {flips.value:.0f} of 100 candidates{_range(flips, '.0f')} would change side of the line "
                f"at {number_text(found.scale.cut)}"
            )
        yield sentence + "."


def _of_raters(n: int, of: int) -> str:
    if n == 0:
        return "No rater differs"
    return f"{n} of {count(of, 'rater')} " + ("differs" if n == 1 else "differ")


def _share(estimate: Estimate) -> str:
    if estimate.value is None:
        return "an unknown share"
    ends = ""
    if estimate.low is not None and estimate.high is not None:
        ends = f" ({100 * estimate.low:.0f} to {100 * estimate.high:.0f} %)"
    return f"{100 * estimate.value:.0f} %{ends}"


def _points(estimate: Estimate) -> str:
    return f"{estimate.value:#.2g} points{_range(estimate, '#.2g')}"


def _range(estimate: Estimate, form: str) -> str:
    if estimate.low is None or estimate.high is None:
        return ""
    return f" ({estimate.low:{form}} to {estimate.high:{form}})"


def context_sentences(found: Calibration) -> tuple[str, ...]:
    """Figures for comparison, and the rules of how much may be said."""
    forms = f"k is {found.agreement.usual_raters}, the usual number of people who rate an answer that several rate."
    return (CONTEXT, f"In the mean of the panel {forms}", STRENGTH_RULE)
