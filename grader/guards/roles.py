"""Whether a statement swaps two roles of a point that it words alike ("A calls B" and "B calls A")."""

from collections import Counter
from collections.abc import Sequence

from grader.guards.claims import Claim, Finding, Word
from grader.text import word_set

# Words whose two sides can be swapped without changing the meaning.
_SYMMETRIC = word_set(
    """
    equal equals equally resemble resembles match matches differ differs versus linked mix mixes mixed
    """
)
# Small words that mark roles. Where these differ, the order of words proves nothing.
_ROLE_MARKERS = word_set("by with of from to into for in on at after before when if because since which that who")
# Content words that the statement may add between the two.
_MAX_ADDED = 2
_SHORTEST_NAME = 2


def find_swapped_roles(point: Claim, statement: Claim) -> Finding | None:
    """Two of the point's content words around a third that have swapped places."""
    if has_swapped_comparison(point, statement):
        mine, theirs = _compared(point), _compared(statement)
        reason = f"compares with '{theirs.text}' instead of '{mine.text}'" if mine and theirs else ""
        return Finding("roles", True, theirs.start, theirs.end, reason) if theirs else None
    mine_at, theirs_at = _common(point, statement)
    if statement.lower_words & _SYMMETRIC:
        return None
    order = {j: place for place, j in enumerate(sorted(theirs_at))}
    places = [order[j] for j in theirs_at]
    for first in range(len(places) - 2):
        for last in range(first + 2, len(places)):
            between = places[first + 1 : last]
            swapped = places[last] < min(between) and max(between) < places[first] and between == sorted(between)
            if swapped and _worded_alike(
                (point, mine_at[first], mine_at[last]), (statement, theirs_at[last], theirs_at[first])
            ):
                one, other = point.words[mine_at[first]], point.words[mine_at[last]]
                word = statement.words[theirs_at[last]]
                reason = f"has '{one.text}' and '{other.text}' change places"
                return Finding("roles", True, word.start, word.end, reason)
    return None


def _common(point: Claim, statement: Claim) -> tuple[list[int], list[int]]:
    """Indices of the content words that both have exactly once, in the point's order."""
    mine, theirs = (Counter(claim.words[i].stem for i in claim.content) for claim in (point, statement))
    at = {statement.words[j].stem: j for j in statement.content}
    own = [
        i
        for i in point.content
        if mine[point.words[i].stem] == theirs[point.words[i].stem] == 1 and len(point.words[i].text) >= _SHORTEST_NAME
    ]
    return own, [at[point.words[i].stem] for i in own]


def _worded_alike(mine: tuple[Claim, int, int], theirs: tuple[Claim, int, int]) -> bool:
    """Whether two stretches `(claim, first word, last word)` have the same role markers and few other new words."""
    own, other = (claim.words[first : last + 1] for claim, first, last in (mine, theirs))
    if _role_markers(own) != _role_markers(other):
        return False
    return len({word.stem for word in other if word.content} - mine[0].stems) <= _MAX_ADDED


def _role_markers(words: Sequence[Word]) -> Counter[str]:
    return Counter(word.text for word in words if word.text in _ROLE_MARKERS or not word.text[0].isalnum())


def has_swapped_comparison(point: Claim, statement: Claim) -> bool:
    """Whether the two compare the same things in swapped order ("A is faster than B", "B is faster than A")."""
    mine, theirs = _compared(point), _compared(statement)
    if mine is None or theirs is None or mine.stem == theirs.stem:
        return False
    before = {word.stem for word in statement.words if word.start < theirs.start}
    return mine.stem in before and any(word.stem == theirs.stem and word.start < mine.start for word in point.words)


def _compared(claim: Claim) -> Word | None:
    """The first content word after "than"."""
    at = next((i for i, word in enumerate(claim.words) if word.text == "than"), len(claim.words))
    return next((word for word in claim.words[at:] if word.content), None)
