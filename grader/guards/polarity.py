"""Whether a statement that resembles a point denies it, by negations or by antonyms.

Nothing here decides whether the two resemble each other.
"""

from collections.abc import Iterator, Sequence

from grader.guards.antonyms import are_opposites, may_any_oppose, may_oppose
from grader.guards.claims import NEGATORS, SCOPE, Claim, Finding, Word
from grader.text import FUNCTION_WORDS, word_set

# Small words that have an opposite. They go with many words ("linked with", "based on"), so neighbours must agree.
_PARTICLES = word_set(
    "on off in into out up down ahead behind front back before after above over below under inside outside with without"
)
# Words other than negations that can express a denial.
_IMPLICIT_NEGATIONS = word_set(
    """
    miss misses missing absent absence unlike prevent prevents prevented preventing eliminate eliminates eliminated
    exclude excludes free impossible unnecessary only instead except rather nobody nothing zero alone own
    """
)
# Words of a statement about another case, for which the opposite may hold.
_CONDITIONS = word_set("if unless would otherwise compared contrast unlike")


def opposite_pairs(point: Claim, statement: Claim) -> Iterator[tuple[int, int]]:
    """Indices of opposite words, one in the point and one in the statement, that have the same place in both."""
    if not may_any_oppose(point.antonyms, statement.antonyms):
        return
    missing = [
        i
        for i, word in enumerate(point.words)
        if _can_have_opposite(word) and may_oppose(word.text, statement.antonyms) and not _has_word(point, i, statement)
    ]
    if not missing:
        return
    new = [
        j for j, word in enumerate(statement.words) if _can_have_opposite(word) and not _has_word(statement, j, point)
    ]
    for i in missing:
        for j in new:
            if not are_opposites(point.words[i].text, statement.words[j].text):
                continue
            # Where the statement has both opposites ("if long less, if short more"), each belongs to its own claim.
            names_both = any(are_opposites(statement.words[k].text, statement.words[j].text) for k in new)
            following = _next_content(point, i)
            same_following = following is not None and following == _next_content(statement, j)
            if (same_following or not names_both) and _same_place(point, i, statement, j):
                yield i, j
                break


def denies_the_opposite(point: Claim, statement: Claim) -> bool:
    """Whether a statement agrees with a point by denying the opposite: "is not unstable" for "is stable"."""
    return any(point.words[i].denied != statement.words[j].denied for i, j in opposite_pairs(point, statement))


def adds_condition(point: Claim, statement: Claim) -> bool:
    """Whether a statement names a condition that the point does not ("if", "otherwise")."""
    return not statement.lower_words & _CONDITIONS <= point.lower_words


def has_denial(claim: Claim) -> bool:
    """Whether a claim denies anything, by a negation or by a word such as "prevents"."""
    return bool(claim.negations) or not claim.lower_words.isdisjoint(_IMPLICIT_NEGATIONS)


def _has_word(claim: Claim, at: int, other: Claim) -> bool:
    """Whether the other claim has this word as well, and no opposite of it in the same place.

    The place is the one before the same next word; it is compared only where the other claim has that word.
    """
    word = claim.words[at]
    if word.text not in other.lower_words and word.stem not in other.all_stems:
        return False
    following = _next_content(claim, at)
    if following is None or following not in other.stems:
        return True
    places = [j for j, same in enumerate(other.words) if same.stem == word.stem]
    return any(_next_content(other, j) == following for j in places) or not any(
        _next_content(other, j) == following and are_opposites(word.text, rival.text)
        for j, rival in enumerate(other.words)
    )


def _next_content(claim: Claim, at: int) -> str | None:
    """The stem of the next word if it is a content word."""
    word = claim.words[at + 1] if at + 1 < len(claim.words) else None
    return word.stem if word is not None and word.content else None


def _can_have_opposite(word: Word) -> bool:
    """Whether a word may have an opposite; negations are counted separately."""
    return word.text[0].isalpha() and word.text not in NEGATORS


def _same_place(point: Claim, i: int, statement: Claim, j: int) -> bool:
    """Whether two words have the same neighbours: for small words the adjacent one, for others one nearby."""
    own, other = point.words[i].text, statement.words[j].text
    if own in _PARTICLES or other in _PARTICLES:
        before = _neighbour(point, i, -1)
        return _following(point, i) == _following(statement, j) != "" or (
            before == _neighbour(statement, j, -1) is not None
            and "" in (_following(point, i), _following(statement, j))
        )
    if own in FUNCTION_WORDS:
        return any(
            _neighbour(point, i, step) is not None and _neighbour(point, i, step) == _neighbour(statement, j, step)
            for step in (-1, 1)
        )
    mine, theirs = (
        {word.stem for word in claim.words[max(0, at - SCOPE) : at + SCOPE + 1] if word.text[0].isalnum()}
        for claim, at in ((point, i), (statement, j))
    )
    return bool(mine & theirs) or len(point.content) == 1


def _following(claim: Claim, at: int) -> str:
    """The stem of the next content word, empty where there is none."""
    return next((word.stem for word in claim.words[at + 1 :] if word.content), "")


def _neighbour(claim: Claim, at: int, step: int) -> str | None:
    """The stem of the word before (-1) or after (1) a word."""
    return claim.words[at + step].stem if 0 <= at + step < len(claim.words) else None


def find_negation(
    point: Claim, statement: Claim, opposed: Sequence[tuple[int, int]], *, swapped: bool
) -> Finding | None:
    """A denial, when the number of denials by opposites and negations between the two is odd.

    Args:
        point, statement: what is compared.
        opposed: from `opposite_pairs`.
        swapped: whether they compare the same things in swapped order, which is one more denial.

    """
    denials = _denials(point, statement, opposed)
    # "The longer the lower" means "the shorter the higher".
    if (len(denials) + swapped) % 2 == 0 or not denials:
        return None
    own, other, is_opposite = next(iter(denials.values()))
    certain = not adds_condition(point, statement)
    if is_opposite:
        reason = f"says '{other.text}' where the point says '{own.text}'"
        return Finding("opposite", certain, other.start, other.end, reason)
    start = statement.words[other.negated_by].start if other.denied else other.start
    says = statement.text[start : other.end]
    return Finding("negation", certain, start, other.end, f"says '{says}', the point says the opposite")


def _denials(
    point: Claim, statement: Claim, opposed: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], tuple[Word, Word, bool]]:
    """The denials: the same word with different polarity, or an opposite with the same polarity.

    A negation with several of the words in its scope counts once.
    """
    same = list(_same_words(point, statement))
    agreed = {
        (side, word.negated_by)
        for i, j in same
        if point.words[i].denied and statement.words[j].denied
        for side, word in (("point", point.words[i]), ("statement", statement.words[j]))
    }
    denied_otherwise = statement.has_elliptical_negation or bool(
        statement.lower_words & _IMPLICIT_NEGATIONS - point.lower_words
    )
    denials: dict[tuple[int, int], tuple[Word, Word, bool]] = {}
    for i, j in [*same, *opposed]:
        own, other = point.words[i], statement.words[j]
        is_opposite = (i, j) in opposed
        if own.denied and not other.denied and denied_otherwise:
            continue
        if is_opposite == (own.denied != other.denied):
            continue
        if is_opposite:
            denials.setdefault((i, j), (own, other, True))
        elif (
            _is_head(point, i, statement, j)
            and ("point", own.negated_by) not in agreed
            and ("statement", other.negated_by) not in agreed
        ):
            denials.setdefault((own.negated_by, other.negated_by), (own, other, False))
    return denials


def _same_words(point: Claim, statement: Claim) -> Iterator[tuple[int, int]]:
    """Indices of content words that both have, paired with the same polarity where possible."""
    for i in point.content:
        own = point.words[i]
        if own.listed or any(
            point.words[k].stem == own.stem and point.words[k].denied != own.denied for k in point.content
        ):
            continue  # the point both asserts and denies it, each of something else
        places = [j for j in statement.content if statement.words[j].stem == own.stem]
        if places and not any(statement.words[j].listed for j in places):
            yield i, next((j for j in places if statement.words[j].denied == own.denied), places[0])


def _is_head(point: Claim, i: int, statement: Claim, j: int) -> bool:
    """Whether the word is the head of the negation's scope: its first content word."""
    side, at = (point, i) if point.words[i].denied else (statement, j)
    before = side.words[at].negated_by
    return all(not word.content for word in side.words[before + 1 : at])
