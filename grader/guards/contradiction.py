"""Cheap checks of one statement against one point that it resembles: whether it says the opposite.

Similar words are no proof. Polarity, opposites, numbers, quantifiers and roles are compared where the two texts say
otherwise the same. Nothing here measures similarity of meaning, and nothing speaks about texts that are worded apart.
"""

from collections.abc import Sequence
from typing import NamedTuple

from grader.guards.claims import Claim
from grader.guards.finding import Finding
from grader.guards.polarity import denies_the_opposite, flips, negation, tells_a_denial
from grader.guards.roles import comparison_is_turned, roles
from grader.text import differing_quantities, word_set

# Part of every signature: raised when the rules change.
RULES_VERSION = 4
# Share of a point's content words that a statement must repeat before a difference counts as a denial. Below it the
# two may speak of different things.
_NEAR_COPY = 0.8
# Swapped roles are only told from free word order when hardly anything else differs.
_ALMOST_IDENTICAL = 0.85
# A claim of more words than this has to have at least this share of them in the statement as they are.
_FEW, _HALF = 3, 0.5
# Content words beside a number that show what it counts.
_TELLING = 2

# From this probability on the verifier's word alone is enough; the higher one holds for a statement that has all words
# of the point and no denial of its own, as a longer sentence around the claim has.
_SURELY, _VERY_SURELY, _NEVER = 0.7, 0.97, 2.0
# Below this the verifier is sure that nothing is turned round, and a rule that saw an opposite or a negation is wrong.
_SURELY_NOT = 0.02
# What the verifier knows better than the rules; exchanged roles it does not see, and numbers not always.
_VERIFIABLE = ("negation", "opposite")
# A denial counts when its segment comes this near to the best statement of the point.
_RIVAL = 0.85

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
    """What the guards say of one point and a whole answer.

    Attributes:
        finding: what speaks against the point, or `None`.
        segment: the segment in which it stands.

    """

    finding: Finding | None
    segment: int


NO_CONTRADICTION = ContradictionCheck(None, 0)


def near_best_segments(recalls: Sequence[float]) -> list[int]:
    """Segments that come nearly as close to stating a point as the best one, in order."""
    bound = _RIVAL * max(recalls, default=0.0)
    return [index for index, recall in enumerate(recalls) if recall > 0 and recall >= bound]


def check_point(
    wordings: Sequence[Claim],
    statements: Sequence[Claim],
    recalls: Sequence[float],
    denied: Sequence[float | None],
) -> ContradictionCheck:
    """Look for a contradiction of one point in every segment that comes near to stating it, not only in the best.

    Args:
        wordings: the point's text and aliases; a statement that agrees with one of them contradicts none.
        statements: the segments of the answer.
        recalls: how much of the point each segment states by itself, 0..1.
        denied: how likely each segment denies the point as a trained verifier has it, 0..1; `None` where not asked.

    """
    against: list[tuple[Finding, int]] = []
    agreed = 0.0
    for index in near_best_segments(recalls):
        finding = _finding(wordings, statements[index], denied[index])
        if finding is not None:
            against.append((finding, index))
        elif recalls[index] > agreed and not any(any(flips(wording, statements[index])) for wording in wordings):
            agreed = recalls[index]
    if not against:
        return NO_CONTRADICTION
    finding, index = max(against, key=lambda found: (found[0].certain, recalls[found[1]]))
    # A claim that stands as well elsewhere outweighs an opposite word, which may belong to another claim of the same
    # shape ("high bias underfits, high variance overfits"), but not its plain negation.
    if (finding.kind != "negation" and agreed >= recalls[index]) or (
        finding.kind == "number" and _counts_elsewhere(wordings, statements, index)
    ):
        finding = finding._replace(kind="rival", certain=False)
    return ContradictionCheck(finding, index)


def _counts_elsewhere(wordings: Sequence[Claim], statements: Sequence[Claim], index: int) -> bool:
    """Whether another statement has the number that is nearly all of the point: then this one counts something else."""
    others = [quantity for at, said in enumerate(statements) if at != index for quantity in said.quantities]
    return bool(others) and any(
        len(wording.told) < _TELLING
        and differing_quantities(wording.quantities, [*statements[index].quantities, *others]) is None
        for wording in wordings
    )


def _finding(wordings: Sequence[Claim], statement: Claim, denied: float | None) -> Finding | None:
    """What the rules say of all wordings, and what the verifier says where it was asked."""
    findings = [finding for wording in wordings if (finding := find_contradiction(wording, statement)) is not None]
    finding = findings[0] if len(findings) == len(wordings) else None
    if denied is None:
        return finding
    if finding is None and all(denied >= _needed(own, statement) for own in wordings):
        return Finding("denial", True, 0, len(statement.text), "says the opposite of the point in nearly its words")
    if finding is not None and finding.kind in _VERIFIABLE and denied < _SURELY_NOT:
        return None
    return finding


def _needed(point: Claim, statement: Claim) -> float:
    """How sure the verifier must be; more than 1 where the statement denies the opposite."""
    if denies_the_opposite(point, statement):
        return _NEVER
    repeats = point.stems <= statement.stems and tells_a_denial(statement) <= tells_a_denial(point)
    return _VERY_SURELY if repeats else _SURELY


def find_contradiction(point: Claim, statement: Claim) -> Finding | None:
    """What makes a statement that resembles a point deny it, or `None`.

    A statement is only looked at when it repeats most of the point's content words (opposites count as repeated).
    A denial twice over is none: "not unfair" is "fair".
    """
    if not point.content or not statement.content:
        return None
    told = point.told
    if len(told) > _FEW and len(told & statement.stems) < _HALF * len(told):
        return None  # cheap: opposites in the place of most words would be another claim
    opposed = list(flips(point, statement))
    turned = {point.words[i].stem for i, _ in opposed}
    shared = len(told & (statement.stems | turned)) / len(told) if told else 1.0
    if shared < _NEAR_COPY:
        return None
    exchanged = comparison_is_turned(point, statement)
    if exchanged and all(statement.words[j].stem in point.stems for _, j in opposed):
        opposed = []  # "training needs more than testing" turned round has no opposites but those it compares
    denied = negation(point, statement, opposed, turned=exchanged)
    if denied is not None or (exchanged and opposed):
        return denied
    return (
        _number(point, statement)
        or _quantifier(point, statement)
        or (roles(point, statement) if len(told & statement.stems) >= _ALMOST_IDENTICAL * len(told) else None)
    )


def _number(point: Claim, statement: Claim) -> Finding | None:
    """A quantity of the point for which the statement has another of the same kind."""
    pair = differing_quantities(point.quantities, statement.quantities)
    if pair is None:
        return None
    own, other = pair
    return Finding("number", True, other.start, other.end, f"says '{other.text}' where the point says '{own.text}'")


def _quantifier(point: Claim, statement: Claim) -> Finding | None:
    """A strong word (all, always, must) of the point weakened (some, sometimes, may), or the other way round."""
    for mine, theirs, verb in ((_STRONG, _WEAK, "weakens"), (_WEAK, _STRONG, "overstates")):
        lost = [w for w in point.words if w.text in mine and w.text not in statement.plain]
        gained = [w for w in statement.words if w.text in theirs and w.text not in point.plain]
        if lost and gained:
            word = gained[0]
            return Finding(
                "quantifier", False, word.start, word.end, f"'{word.text}' {verb} the point's '{lost[0].text}'"
            )
    return None
