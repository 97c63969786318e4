"""Denials in words of their own: words of a statement are set beside those of a point by their vectors (numpy only).

Where stems do not meet, nothing is certain: what is found here sends an answer to a person and costs no credit.
"""

from collections.abc import Sequence

import numpy as np

from grader.antonyms import are_opposites
from grader.claims import Claim, is_negation
from grader.coverage import Floats
from grader.findings import Finding
from grader.grammar.lexicon import word_set
from grader.polarity import speaks_of_another_case, tells_a_denial

# Words with this cosine mean nearly the same: of unrelated ones 1 in 100 reaches it.
_ALIGNED = 0.55
# Share of the point's words that a clause must have, in other words or the same, to be about the point.
_ABOUT = 0.6
# Recall of the point by the segment below which the two may speak of different things. At .6, and half the words, 5 %
# of the full-mark answers of the neural-networks set and 6 % of operating systems were doubted.
_STATED = 0.7
# Negations that deny a whole clause; others ("no", "without") deny one thing in it.
_OF_CLAUSES = word_set("not never cannot")
_CLAUSE_ENDS = frozenset(",;:()!?.") | word_set("and but so because which while whereas when since although though")


def may_doubt(point: Claim, statement: Claim, recall: float) -> bool:
    """Whether a statement says enough of a point (`recall`, 0..1) and holds anything that could deny it: cheap."""
    if recall < _STATED or not (point.content and statement.content) or speaks_of_another_case(point, statement):
        return False
    return any(_denies_clauses(word.text) for word in statement.words) or any(
        are_opposites(point.words[i].text, statement.words[j].text) for i in point.content for j in statement.content
    )


def doubt(point: Claim, statement: Claim, cosines: Floats) -> Finding | None:
    """What seems to deny a point in a statement of other words; never certain.

    Args:
        point, statement: what is compared.
        cosines: of their content words, shape `(len(point.content), len(statement.content))`.

    """
    return _negated(point, statement, cosines) or _opposed(point, statement, cosines)


def _negated(point: Claim, statement: Claim, cosines: Floats) -> Finding | None:
    """A clause that says most of the point and is denied, where the point denies nothing."""
    if tells_a_denial(point):
        return None
    plain = [word.text for word in statement.words]
    for at, word in enumerate(statement.words):
        if not _denies_clauses(word.text) or not is_negation(plain, at):
            continue
        first = next((i + 1 for i in range(at - 1, -1, -1) if plain[i] in _CLAUSE_ENDS), 0)
        last = next((i for i in range(at + 1, len(plain)) if plain[i] in _CLAUSE_ENDS), len(plain))
        inside = [column for column, i in enumerate(statement.content) if first <= i < last]
        if inside and float((cosines[:, inside].max(axis=1) >= _ALIGNED).mean()) >= _ABOUT:
            end = statement.words[min(at + 1, len(plain) - 1)].end
            says = statement.text[word.start : end]
            return Finding("negation", False, word.start, end, f"says '{says}' where the point denies nothing")
    return None


def _denies_clauses(word: str) -> bool:
    return word in _OF_CLAUSES or word.endswith("n't")


def _opposed(point: Claim, statement: Claim, cosines: Floats) -> Finding | None:
    """A word of the point whose nearest word in the statement is its opposite, where most of the rest agrees."""
    nearest = cosines.max(axis=1)
    if float((nearest >= _ALIGNED).mean()) < _ABOUT:
        return None
    for row, i in enumerate(point.content):
        column = int(cosines[row].argmax())
        own, other = point.words[i], statement.words[statement.content[column]]
        known = own.stem in statement.stems or other.stem in point.stems or own.denied != other.denied
        known |= any(are_opposites(statement.words[j].text, other.text) for j in statement.content)  # it names both
        if not known and nearest[row] >= _ALIGNED and are_opposites(own.text, other.text):
            reason = f"says '{other.text}' where the point says '{own.text}'"
            return Finding("opposite", False, other.start, other.end, reason)
    return None


def word_cosines(mine: tuple[Claim, Sequence[str], Floats], theirs: tuple[Claim, Sequence[str], Floats]) -> Floats:
    """Cosines of the content words of two claims, each given with its tokens and their vectors.

    A word of several tokens ("mini-batch") has their mean.
    """
    return _word_vectors(*mine) @ _word_vectors(*theirs).T


def _word_vectors(claim: Claim, texts: Sequence[str], vectors: Floats) -> Floats:
    """Unit vectors of the content words, shape `(len(claim.content), dim)`; zero for a word without tokens."""
    sums = np.zeros((len(claim.content), vectors.shape[1]), np.float32)
    ends = [claim.words[i].end for i in claim.content]
    text, at, row = claim.text.lower(), 0, 0
    for token, vector in zip(texts, vectors, strict=True):
        start = text.find(token, at)
        if start < 0:
            continue
        at = start + len(token)
        while row < len(ends) and ends[row] <= start:
            row += 1
        if row < len(ends) and claim.words[claim.content[row]].start <= start and token.isalnum():
            sums[row] += vector
    unit: Floats = (sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)).astype(np.float32)
    return unit
