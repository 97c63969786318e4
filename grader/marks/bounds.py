"""Limits on what marks may add to answers that are empty, guarded or off topic.

Pure rules on flags and numbers. The score map is monotone, so it keeps the order of answers. Only similarity to marked
answers could reward an attack, and these limits prevent that.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

# Answers with these flags never gain: they hold no answer, or a prompt injection.
NEVER_GAIN = frozenset({"no_answer", "question_echo", "gibberish", "instructions"})
# Keyword lists gain only as far as people gave marked keyword lists more.
NOT_BY_SIMILARITY = frozenset({"keyword_list"})
# Guarded answers, some of them honest: the score map applies to them as to any other, but similarity to marked answers
# adds nothing, for a denial or a shuffle is nearly a copy of a good answer.
BY_SCALE_ALONE = frozenset({"contradiction", "word_salad"})
# Highest cosine with the question, a rubric point or a marked answer: below the first an answer is off topic and gains
# nothing, from the second on it may gain everything. 95 % of off-topic texts stay below .17; in four scored sets 98 %
# of the answers are above .17 to .35 (docs/marks.md).
OFF_TOPIC, ON_TOPIC = 0.2, 0.3
OFF_TOPIC_FLAG = "off_topic"
# An answer says nothing when its fraction is below the first (that much is chance) and the share of its words beyond
# the question is below the second; weak but honest sample answers have at least .56. It is exempt when its cosine with
# a marked answer reaches the third: some questions can be answered in the question's words.
_CHANCE_FRACTION, _FEW_NEW, _SIMILAR = 0.08, 0.3, 0.8
SAYS_NOTHING_FLAG = "says_nothing"
# Marked answers that the lift of a flag needs, and the number of answers that its shrinkage towards 0 is worth.
_MIN_FLAGGED = 2
_SHRINKAGE = 2.0


class FlaggedMark(NamedTuple):
    """A marked answer with its flags, fraction without marks, that fraction on the people's scale, and its mark."""

    flags: tuple[str, ...]
    fraction: float
    mapped: float
    mark: float


def lifts(marked: Iterable[FlaggedMark]) -> dict[str, float]:
    """How much more people give answers with a flag than its bound allows, by flag, 0..1.

        lift = max(0, sum_i (y_i - bound_i) / (n + 2))     over the n marked answers with the flag

    Undefined: flags with fewer than two marked answers are left out.
    """
    excess: dict[str, list[float]] = {}
    for answer in marked:
        for flag in answer.flags:
            if flag in NOT_BY_SIMILARITY | BY_SCALE_ALONE:
                bound = answer.mapped if flag in BY_SCALE_ALONE else answer.fraction
                excess.setdefault(flag, []).append(answer.mark - bound)
    return {
        flag: max(0.0, sum(found) / (len(found) + _SHRINKAGE))
        for flag, found in sorted(excess.items())
        if len(found) >= _MIN_FLAGGED
    }


class Bounded(NamedTuple):
    """A limited fraction, and the flag that limited it, if one did."""

    fraction: float
    by: str | None = None


def bound(
    expected: float,
    *,
    flags: Sequence[str],
    fraction: float,
    mapped: float,
    topic: float,
    nearest: float,
    share_beyond_question: float,
    lifts: Mapping[str, float],
) -> Bounded:
    """Limit the fraction that marks predict.

    Args:
        expected: predicted mark, 0..1.
        flags: of the answer.
        fraction: without marks, 0..1.
        mapped: that fraction on the people's scale.
        topic: highest cosine with the question or a point, -1..1.
        nearest: highest cosine with a marked answer of the question, -1..1.
        share_beyond_question: share of its words that the question does not have, 0..1.
        lifts: from `lifts`.

    Returns:
        a fraction that is never more than `expected`.

    """
    best = Bounded(expected)
    for flag in flags:
        limit = expected
        if flag in NEVER_GAIN:
            limit = fraction
        elif flag in NOT_BY_SIMILARITY:
            limit = fraction + lifts.get(flag, 0.0)
        elif flag in BY_SCALE_ALONE:
            limit = max(fraction, mapped) + lifts.get(flag, 0.0)
        if limit < best.fraction:
            best = Bounded(limit, flag)
    if (
        best.fraction > fraction
        and fraction < _CHANCE_FRACTION
        and nearest < _SIMILAR
        and share_beyond_question < _FEW_NEW
    ):
        best = Bounded(fraction, SAYS_NOTHING_FLAG)
    about = max(topic, nearest)
    if best.fraction > fraction and about < ON_TOPIC:
        share = max(0.0, (about - OFF_TOPIC) / (ON_TOPIC - OFF_TOPIC))
        best = Bounded(fraction + share * (best.fraction - fraction), OFF_TOPIC_FLAG)
    return best
