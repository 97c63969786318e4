"""Criteria that a system must meet to score in people's place, and whether the data show that it does.

A criterion passes when the whole interval meets it, fails when the whole interval misses it, and is otherwise open:
with few answers a point estimate misses a criterion by chance (of 50 answers an unbiased system shows |SMD| > .15 in
17 % of the cases).
"""

from typing import Final, Literal, NamedTuple

from grader.phrases import count
from grader.statistics import Estimate

Outcome = Literal["pass", "fail", "cannot tell"]

LEAST_FOR_A_VERDICT: Final = 20
LEAST_FOR_MORE_THAN_AN_INDICATION: Final = 50
LEAST_FOR_A_GROUP_VERDICT: Final = 100

LEAST_KAPPA: Final = 0.70
MOST_DEGRADATION: Final = 0.10
MOST_DIFFERENCE: Final = 0.15
MOST_GROUP_DIFFERENCE: Final = 0.10


class CriterionResult(NamedTuple):
    """An estimate, the rule that it is compared with, and the outcome."""

    estimate: Estimate
    rule: str
    outcome: Outcome | None  # None: too few answers, or undefined; `note` says which
    early: bool  # fewer than 50 answers: an early indication, no more
    note: str | None


def at_least(estimate: Estimate, bar: float, *, rule: str, least: int = LEAST_FOR_A_VERDICT) -> CriterionResult:
    """Judge an estimate that must not be below `bar`.

    Args:
        estimate: with its interval and the number of answers behind it.
        bar: in units of the estimate.
        rule: the rule in words.
        least: below so many answers there is no verdict.
    """
    return _judge(estimate, (bar, float("inf")), rule, least)


def within(estimate: Estimate, reach: float, *, rule: str, least: int = LEAST_FOR_A_VERDICT) -> CriterionResult:
    """Judge an estimate that must stay within -`reach`..`reach`.

    Args:
        estimate: with its interval and the number of answers behind it.
        reach: in units of the estimate.
        rule: the rule in words.
        least: below so many answers there is no verdict.
    """
    return _judge(estimate, (-reach, reach), rule, least)


def ets_triple(
    kappa: Estimate, degradation: Estimate, difference: Estimate
) -> tuple[CriterionResult, CriterionResult, CriterionResult]:
    """Judge a system by the three rules of automated scoring.

    Args:
        kappa: quadratic-weighted kappa of system and person.
        degradation: kappa less the kappa of two people.
        difference: standardized mean difference of system and person.

    Source: Williamson, Xi & Breyer (2012), Educational Measurement: Issues and Practice 31, 2-13; the thresholds that
        RSMTool highlights.
    """
    return (
        at_least(kappa, LEAST_KAPPA, rule="quadratic-weighted kappa with a person of at least .70"),
        at_least(degradation, -MOST_DEGRADATION, rule="at most .10 below the kappa of two people"),
        within(difference, MOST_DIFFERENCE, rule="mean within .15 standard deviations of people's"),
    )


def group_rule(difference: Estimate) -> CriterionResult:
    """Judge the difference of standardized means of a group; from 100 answers on.

    Args:
        difference: of the group.

    Source: the lines that RSMTool draws at .10.
    """
    rule = "group within .10 standard deviations of what people give it"
    return within(difference, MOST_GROUP_DIFFERENCE, rule=rule, least=LEAST_FOR_A_GROUP_VERDICT)


def _judge(estimate: Estimate, allowed: tuple[float, float], rule: str, least: int) -> CriterionResult:
    early = estimate.n < LEAST_FOR_MORE_THAN_AN_INDICATION
    if estimate.low is None or estimate.high is None:
        return CriterionResult(estimate, rule, None, early, estimate.note or "there is no interval to judge by")
    if estimate.n < least:
        return CriterionResult(estimate, rule, None, early, f"{count(estimate.n, 'answer')}: a verdict needs {least}")
    low, high = allowed
    if low <= estimate.low and estimate.high <= high:
        outcome: Outcome = "pass"
    elif estimate.high < low or estimate.low > high:
        outcome = "fail"
    else:
        outcome = "cannot tell"
    return CriterionResult(estimate, rule, outcome, early, None)
