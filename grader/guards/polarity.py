"""Whether a statement that resembles a point denies it, by a negation or by opposite words.

Nothing here decides whether the two resemble each other.
"""

from collections.abc import Iterator, Sequence

from grader.guards.antonyms import are_opposites, may_any_oppose, may_oppose
from grader.guards.claims import NEGATORS, REACH, Claim, Word
from grader.guards.finding import Finding
from grader.text import FUNCTION_WORDS, word_set

# Small words with an opposite. They stand beside anything ("linked with", "based on"), so what they belong to must
# agree.
_PARTICLES = word_set(
    "on off in into out up down ahead behind front back before after above over below under inside outside with without"
)
# Words that deny what stands beside them without being negations: a denial may be told by them.
_DENYING = word_set(
    """
    miss misses missing absent absence unlike prevent prevents prevented preventing eliminate eliminates eliminated
    exclude excludes free impossible unnecessary only instead except rather nobody nothing zero alone own
    """
)
# Words of a statement that speaks of another case, where the claim may be turned round.
_OTHER_CASE = word_set("if unless would otherwise compared contrast unlike")


def flips(point: Claim, statement: Claim) -> Iterator[tuple[int, int]]:
    """Pairs of words, one of the point and one of the statement, that deny each other and stand for each other."""
    if not may_any_oppose(point.to_oppose, statement.to_oppose):
        return
    missing = [
        i
        for i, word in enumerate(point.words)
        if _can_flip(word) and may_oppose(word.text, statement.to_oppose) and not _stands(point, i, statement)
    ]
    if not missing:
        return
    new = [j for j, word in enumerate(statement.words) if _can_flip(word) and not _stands(statement, j, point)]
    for i in missing:
        for j in new:
            if not are_opposites(point.words[i].text, statement.words[j].text):
                continue
            # Where the statement names both sides ("if long less, if short more"), each belongs to its own claim.
            names_both = any(are_opposites(statement.words[k].text, statement.words[j].text) for k in new)
            following = _next_content(point, i)
            before_same = following is not None and following == _next_content(statement, j)
            if (before_same or not names_both) and _same_place(point, i, statement, j):
                yield i, j
                break


def denies_the_opposite(point: Claim, statement: Claim) -> bool:
    """Whether a statement says a point by denying its opposite: "is not unstable" for "is stable"."""
    return any(point.words[i].denied != statement.words[j].denied for i, j in flips(point, statement))


def speaks_of_another_case(point: Claim, statement: Claim) -> bool:
    """Whether a statement is about a case that the point does not name ("if", "otherwise")."""
    return not statement.plain & _OTHER_CASE <= point.plain


def tells_a_denial(claim: Claim) -> bool:
    """Whether a claim denies anything, by a negation or by a word such as "prevents"."""
    return bool(claim.negations) or not claim.plain.isdisjoint(_DENYING)


def _stands(claim: Claim, at: int, other: Claim) -> bool:
    """Whether the other claim has this word, too: anywhere, or, where its neighbour has an opposite, beside that."""
    word = claim.words[at]
    if word.text not in other.plain and word.stem not in other.all_stems:
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
    """The stem of the word that follows, if it carries content."""
    word = claim.words[at + 1] if at + 1 < len(claim.words) else None
    return word.stem if word is not None and word.content else None


def _can_flip(word: Word) -> bool:
    """Whether a word may have an opposite: negations are counted by themselves."""
    return word.text[0].isalpha() and word.text not in NEGATORS


def _same_place(point: Claim, i: int, statement: Claim, j: int) -> bool:
    """Whether two words stand beside the same words: small ones right beside it, others near one."""
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
        {word.stem for word in claim.words[max(0, at - REACH) : at + REACH + 1] if word.text[0].isalnum()}
        for claim, at in ((point, i), (statement, j))
    )
    return bool(mine & theirs) or len(point.content) == 1


def _following(claim: Claim, at: int) -> str:
    """The stem of the next content word, empty where there is none."""
    return next((word.stem for word in claim.words[at + 1 :] if word.content), "")


def _neighbour(claim: Claim, at: int, step: int) -> str | None:
    """The stem of the word before (-1) or after (1) a word."""
    return claim.words[at + step].stem if 0 <= at + step < len(claim.words) else None


def negation(point: Claim, statement: Claim, opposed: Sequence[tuple[int, int]], *, turned: bool) -> Finding | None:
    """Whether an odd number of denials, by opposites and by negation, lies between the two.

    Args:
        point, statement: what is compared.
        opposed: what `flips` found.
        turned: whether they compare the same things the other way round, which denies once more.

    """
    denials = _denials(point, statement, opposed)
    # "The longer the lower" says what "the shorter the higher" says.
    if (len(denials) + turned) % 2 == 0 or not denials:
        return None
    own, other, is_opposite = next(iter(denials.values()))
    certain = not speaks_of_another_case(point, statement)
    if is_opposite:
        reason = f"says '{other.text}' where the point says '{own.text}'"
        return Finding("opposite", certain, other.start, other.end, reason)
    start = statement.words[other.negated_by].start if other.denied else other.start
    says = statement.text[start : other.end]
    return Finding("negation", certain, start, other.end, f"says '{says}', the point says the opposite")


def _denials(
    point: Claim, statement: Claim, opposed: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], tuple[Word, Word, bool]]:
    """Each denial by itself: the same word with another polarity, or the opposite with the same one.

    A negation that reaches several of the words denies once.
    """
    same = list(_same_words(point, statement))
    agreed = {
        (side, word.negated_by)
        for i, j in same
        if point.words[i].denied and statement.words[j].denied
        for side, word in (("point", point.words[i]), ("statement", statement.words[j]))
    }
    told_otherwise = statement.leaves_open or bool(statement.plain & _DENYING - point.plain)
    denials: dict[tuple[int, int], tuple[Word, Word, bool]] = {}
    for i, j in [*same, *opposed]:
        own, other = point.words[i], statement.words[j]
        is_opposite = (i, j) in opposed
        if own.denied and not other.denied and told_otherwise:
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
    """Content words that both have, each of the point's with the statement's first of like polarity if there is one."""
    for i in point.content:
        own = point.words[i]
        if own.listed or any(
            point.words[k].stem == own.stem and point.words[k].denied != own.denied for k in point.content
        ):
            continue  # said and denied within the point, each of something else
        places = [j for j in statement.content if statement.words[j].stem == own.stem]
        if places and not any(statement.words[j].listed for j in places):
            yield i, next((j for j in places if statement.words[j].denied == own.denied), places[0])


def _is_head(point: Claim, i: int, statement: Claim, j: int) -> bool:
    """Whether a negation falls on this very word: it is the first content word that it reaches."""
    side, at = (point, i) if point.words[i].denied else (statement, j)
    before = side.words[at].negated_by
    return all(not word.content for word in side.words[before + 1 : at])
