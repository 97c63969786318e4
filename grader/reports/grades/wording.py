"""How a status is shown to people, on the page and in the terminal: by a sign and a word, which need no colour."""

from typing import NamedTuple

from grader.schema import PointGrade, VerdictWord


class Look(NamedTuple):
    """A sign, a word, and what they mean."""

    sign: str
    word: str
    meaning: str


LOOKS = {
    "covered": Look("✓", "covered", "The answer states this point."),
    "partial": Look("◐", "partial", "The answer states a part of this point and earns a share of its weight."),
    "missing": Look("○", "missing", "The answer does not state this point."),
    "contradicted": Look("✗", "contradicted", "The answer says the opposite of this point."),
    "not_judged": Look("\u2013", "not judged", "It could not be decided; the point is left out of the score."),
    "made": Look("✗", "mistake made", "The answer makes this mistake, which costs marks."),
    "avoided": Look("✓", "mistake not made", "The answer does not clearly make this mistake; it costs nothing."),
    "cannot_tell": Look("?", "cannot tell", "A judge cannot tell what the answer says of this point."),
}


def look_as(word: VerdictWord, weight: float) -> str:
    """The key of `LOOKS` for what is said of a point of this weight: `made` or `avoided` for a mistake."""
    if weight > 0 or word in ("not_judged", "cannot_tell"):
        return word
    return "made" if word == "covered" else "avoided"


def look_of(point: PointGrade) -> str:
    """The key of `LOOKS` for what became of a point."""
    return look_as(point.status, point.weight)
