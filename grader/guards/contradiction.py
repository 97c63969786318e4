"""Whether a statement contradicts a point that it resembles: polarity, antonyms, numbers, quantifiers and roles.

Two texts are compared only where most of their words agree. Nothing here measures similarity of meaning or judges
paraphrases.
"""

from collections.abc import Sequence
from typing import NamedTuple

from grader.guards.claims import Claim, Finding, with_numbers_as_in
from grader.guards.polarity import denies_the_opposite, find_negation, has_denial, opposite_pairs
from grader.guards.roles import find_swapped_roles, has_swapped_comparison
from grader.text import differing_quantities, word_set

# Part of every signature; raise it when the rules change.
RULES_VERSION = 7
# Share of a point's content words that a statement must repeat before a difference counts as a denial. Below it the
# two may be about different things.
_NEAR_COPY = 0.8
# Swapped roles differ reliably from free word order only when hardly anything else differs.
_ALMOST_IDENTICAL = 0.85
# Of a claim with more words than the first, the statement must have at least this share unchanged.
_FEW, _HALF = 3, 0.5
# Content words beside a number from which it is clear what it counts.
_MIN_CONTEXT = 2

# Probabilities from which the verifier alone is enough. The higher one holds for a statement with all words of the
# point and no further denial, such as a longer sentence around the claim.
_SURE, _VERY_SURE, _NEVER = 0.7, 0.97, 2.0
# Below this probability the verifier overrules an antonym or a negation that the rules found.
_SURELY_NOT = 0.02
# Findings on which the verifier is more reliable than the rules. It misses swapped roles and some numbers.
_VERIFIABLE = ("negation", "opposite")
# Segments whose recall is at least this share of the best segment's are checked for a denial.
_NEAR_BEST = 0.85

_STRONG = word_set(
    "all every each always must never only entirely completely any fully guarantee guarantees guaranteed requires"
)
_WEAK = word_set(
    """
    some sometimes may might can could often usually possibly perhaps partly partially rarely occasionally few
    several maybe probably
    """
)


class ContradictionCheck(NamedTuple):
    """The guards' result for one point and a whole answer.

    Attributes:
        finding: the contradiction, or `None`.
        segment: index of its segment.

    """

    finding: Finding | None
    segment: int


NO_CONTRADICTION = ContradictionCheck(None, 0)


def near_best_segments(recalls: Sequence[float]) -> list[int]:
    """Indices of the segments whose recall of a point is nearly the best one, in order."""
    threshold = _NEAR_BEST * max(recalls, default=0.0)
    return [index for index, recall in enumerate(recalls) if recall > 0 and recall >= threshold]


def check_point(
    wordings: Sequence[Claim],
    statements: Sequence[Claim],
    recalls: Sequence[float],
    denied: Sequence[float | None],
) -> ContradictionCheck:
    """Look for a contradiction of one point in every segment whose recall is nearly the best one.

    Args:
        wordings: the point's text and aliases; a statement that agrees with one of them contradicts none.
        statements: the segments of the answer.
        recalls: how much of the point each segment states by itself, 0..1.
        denied: probability, by the trained verifier, that each segment denies the point; `None` where it did not run.

    """
    against: list[tuple[Finding, int]] = []
    agreed = 0.0
    for index in near_best_segments(recalls):
        finding = _finding(wordings, statements[index], denied[index])
        if finding is not None:
            against.append((finding, index))
        elif recalls[index] > agreed and not any(
            any(opposite_pairs(wording, statements[index])) for wording in wordings
        ):
            agreed = recalls[index]
    if not against:
        return NO_CONTRADICTION
    finding, index = max(against, key=lambda found: (found[0].certain, recalls[found[1]]))
    # Another segment that states the point outweighs an antonym, which may belong to a parallel claim ("high bias
    # underfits, high variance overfits"), but not a plain negation.
    if (finding.kind != "negation" and agreed >= recalls[index]) or (
        finding.kind == "number" and _counts_elsewhere(wordings, statements, index)
    ):
        finding = finding._replace(kind="rival", certain=False)
    return ContradictionCheck(finding, index)


def _counts_elsewhere(wordings: Sequence[Claim], statements: Sequence[Claim], index: int) -> bool:
    """Whether the point is little more than its number and another statement has that number."""
    others = [quantity for at, statement in enumerate(statements) if at != index for quantity in statement.quantities]
    return bool(others) and any(
        len(wording.stems_without_numbers) < _MIN_CONTEXT
        and differing_quantities(wording.quantities, [*statements[index].quantities, *others]) is None
        for wording in wordings
    )


def _finding(wordings: Sequence[Claim], statement: Claim, denied: float | None) -> Finding | None:
    """The rules' finding against all wordings, combined with the verifier's probability where there is one."""
    findings = [
        finding
        for wording in wordings
        if (finding := find_contradiction(wording, with_numbers_as_in(statement, wording))) is not None
    ]
    finding = findings[0] if len(findings) == len(wordings) else None
    if denied is None:
        return finding
    if finding is None and all(denied >= _needed_probability(own, statement) for own in wordings):
        return Finding("denial", True, 0, len(statement.text), "says the opposite of the point in nearly its words")
    if finding is not None and finding.kind in _VERIFIABLE and denied < _SURELY_NOT:
        return None
    return finding


def _needed_probability(point: Claim, statement: Claim) -> float:
    """The probability that the verifier needs; more than 1 where the statement denies the opposite."""
    if denies_the_opposite(point, statement):
        return _NEVER
    repeats = point.stems <= statement.stems and has_denial(statement) <= has_denial(point)
    return _VERY_SURE if repeats else _SURE


def find_contradiction(point: Claim, statement: Claim) -> Finding | None:
    """How a statement that resembles a point contradicts it, or `None`.

    Only a statement that repeats most of the point's content words is compared (opposites count as repeated). Two
    denials cancel each other: "not unfair" is "fair".
    """
    if not point.content or not statement.content:
        return None
    content = point.stems_without_numbers
    if len(content) > _FEW and len(content & statement.stems) < _HALF * len(content):
        return None  # fast exit: with opposites for most words it would be another claim
    opposed = list(opposite_pairs(point, statement))
    replaced = {point.words[i].stem for i, _ in opposed}
    shared = len(content & (statement.stems | replaced)) / len(content) if content else 1.0
    if shared < _NEAR_COPY:
        return None
    swapped = has_swapped_comparison(point, statement)
    if swapped and all(statement.words[j].stem in point.stems for _, j in opposed):
        opposed = []  # in a swapped "training needs more than testing" the opposites are the things compared
    denied = find_negation(point, statement, opposed, swapped=swapped)
    if denied is not None or (swapped and opposed):
        return denied
    return (
        _number(point, statement)
        or _quantifier(point, statement)
        or (
            find_swapped_roles(point, statement)
            if len(content & statement.stems) >= _ALMOST_IDENTICAL * len(content)
            else None
        )
    )


def _number(point: Claim, statement: Claim) -> Finding | None:
    """A quantity of the point for which the statement has a different one of the same kind."""
    pair = differing_quantities(point.quantities, statement.quantities)
    if pair is None:
        return None
    own, other = pair
    return Finding("number", True, other.start, other.end, f"says '{other.text}' where the point says '{own.text}'")


def _quantifier(point: Claim, statement: Claim) -> Finding | None:
    """A strong word (all, always, must) of the point replaced by a weak one (some, sometimes, may), or the reverse."""
    for mine, theirs, verb in ((_STRONG, _WEAK, "weakens"), (_WEAK, _STRONG, "overstates")):
        lost = [w for w in point.words if w.text in mine and w.text not in statement.lower_words]
        gained = [w for w in statement.words if w.text in theirs and w.text not in point.lower_words]
        if lost and gained:
            word = gained[0]
            return Finding(
                "quantifier", False, word.start, word.end, f"'{word.text}' {verb} the point's '{lost[0].text}'"
            )
    return None
