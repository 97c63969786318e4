"""Coverage -> how likely a person is to say that the point is stated. It moves no score."""

from math import exp

# Logistic regression of people's verdicts on coverage, November 2026, packaged encoder, default settings. Each of four
# sources weighs the same: 5,246 facts in summaries, 267 marked points of physics answers, right or wrong of 600 reading
# and mathematics answers, and of 1,300 short science answers (SemEval-2013 task 7), where coverage is that of the whole
# reference. Left-out sources: calibration error .06 to .21 (docs/accuracy.md).
_INTERCEPT, _SLOPE = -2.08, 3.42


def likely_stated(coverage: float) -> float:
    """The probability in 0..1 that a person finds a point stated, from its coverage in 0..1.

        P = 1 / (1 + exp(2.08 - 3.42 coverage))

    Source: Platt scaling (Platt 1999).
    """
    return 1 / (1 + exp(-_INTERCEPT - _SLOPE * coverage))
