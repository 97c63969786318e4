"""What marks may not do: lift answers that say nothing, guarded ones and such that are about something else.

Pure rules on flags and numbers. The score map is monotone, so what earned less than another answer without marks still
does on the people's scale; only likeness to marked answers could reward an attack, and that is what is bounded here.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

# These keep at most what they earn without marks: there is no answer in them, or it talks to the examiner.
NEVER_GAIN = frozenset({"no_answer", "question_echo", "gibberish", "instructions"})
# So do lists of keywords, unless people gave marked lists more.
NOT_BY_LIKENESS = frozenset({"keyword_list"})
# Guarded, but honest answers are among them: they move along the people's scale as any answer with that fraction
# does, and gain nothing from being like marked answers, of which a denial or a shuffle is a near copy.
BY_SCALE_ALONE = frozenset({"contradiction", "word_salad"})
# Highest cosine with the question, a rubric point or a marked answer: below the first an answer is about something
# else and gains nothing, from the second on it may gain all. Of texts about other matters 95 % stay below .17; of the
# answers of four scored sets 98 % are above .17 to .35 (docs/marks.md).
OFF_TOPIC, ON_TOPIC = 0.2, 0.3
OFF_TOPIC_FLAG = "off_topic"
# An answer that states next to nothing (fractions up to this are chance) and has fewer words of its own than this share
# says nothing, or the question again in other words. Of the weak but honest sample answers none has less than .56. One
# that is this much like a marked answer is left to likeness: some questions are answered in their own words.
_NOTHING, _OWN, _LIKE = 0.08, 0.3, 0.8
SAYS_NOTHING_FLAG = "says_nothing"
# Marked answers with a flag that it takes to say anything about the flag, and how many more the doubt is worth.
_FEWEST_FLAGGED = 2
_DOUBT = 2.0


class Flagged(NamedTuple):
    """A marked answer for the bounds: its fraction without marks, that on the people's scale, what people gave."""

    flags: tuple[str, ...]
    fraction: float
    mapped: float
    mark: float


def lifts(marked: Iterable[Flagged]) -> dict[str, float]:
    """How much more people give answers with a flag than its bound leaves them, by flag, 0..1.

        lift = max(0, sum_i (y_i - bound_i) / (n + 2))     over the n marked answers with the flag

    Undefined: flags with fewer than two marked answers are left out.
    """
    excess: dict[str, list[float]] = {}
    for answer in marked:
        for flag in answer.flags:
            if flag in NOT_BY_LIKENESS | BY_SCALE_ALONE:
                bound = answer.mapped if flag in BY_SCALE_ALONE else answer.fraction
                excess.setdefault(flag, []).append(answer.mark - bound)
    return {
        flag: max(0.0, sum(found) / (len(found) + _DOUBT))
        for flag, found in sorted(excess.items())
        if len(found) >= _FEWEST_FLAGGED
    }


class Bounded(NamedTuple):
    """A fraction with marks, and the flag that kept it from rising further, if one did."""

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
    own: float,
    lifts: Mapping[str, float],
) -> Bounded:
    """What is left of a fraction that marks suggest.

    Args:
        expected: what people would give, 0..1.
        flags: of the answer.
        fraction: what it earns without marks, 0..1.
        mapped: that fraction on the people's scale.
        topic: highest cosine with the question or a point, -1..1.
        nearest: highest cosine with a marked answer of the question, -1..1.
        own: share of its words that the question does not have, 0..1.
        lifts: from `lifts`.

    Returns:
        never more than `expected`.

    """
    best = Bounded(expected)
    for flag in flags:
        limit = expected
        if flag in NEVER_GAIN:
            limit = fraction
        elif flag in NOT_BY_LIKENESS:
            limit = fraction + lifts.get(flag, 0.0)
        elif flag in BY_SCALE_ALONE:
            limit = max(fraction, mapped) + lifts.get(flag, 0.0)
        if limit < best.fraction:
            best = Bounded(limit, flag)
    if best.fraction > fraction and fraction < _NOTHING and own < _OWN and nearest < _LIKE:
        best = Bounded(fraction, SAYS_NOTHING_FLAG)
    about = max(topic, nearest)
    if best.fraction > fraction and about < ON_TOPIC:
        share = max(0.0, (about - OFF_TOPIC) / (ON_TOPIC - OFF_TOPIC))
        best = Bounded(fraction + share * (best.fraction - fraction), OFF_TOPIC_FLAG)
    return best
