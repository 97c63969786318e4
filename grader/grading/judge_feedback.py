"""What a candidate is told in a judge's words, without the reference answer and without anything secret."""

import re
from collections.abc import Sequence

from grader.grading.drafts import Draft
from grader.judges import JudgeOpinion
from grader.text import segments, words

# Runs of this many words in common with the reference, a point or a prompt are copied.
_COPIED_RUN = 7
_SECRET = re.compile(r"\b(?:sk|pk|key|token)-[\w-]{8,}|\bBearer\s+\S{8,}", re.IGNORECASE)
# Characters of each part of the feedback.
_LONGEST = 1200


def told_to_candidate(opinions: Sequence[JudgeOpinion], draft: Draft, *, reveal: bool = False) -> str:
    """The first feedback that a judge gave, without the sentences that give the reference away; blank if there is none.

    Args:
        opinions: what the judges said, in the order in which they were named.
        draft: gives the reference and the points, which must not be told, and the answer, whose words may.
        reveal: tell them all the same.

    """
    secret = frozenset() if reveal else _examiners_runs(draft)
    texts = (
        "\n".join(filter(None, (_without_leaks(part, secret) for part in (said.right, said.missing, said.study))))
        for opinion in opinions
        if (said := opinion.feedback) is not None
    )
    return next(filter(None, texts), "")


def _examiners_runs(draft: Draft) -> frozenset[tuple[str, ...]]:
    """Runs of words that the reference and the points have and the answer has not."""
    if draft.rubric is None:
        return frozenset()
    texts = (draft.rubric.reference_answer, *(point.text for point in draft.rubric.points))
    return frozenset().union(*map(_runs, texts)) - _runs(draft.text.text)


def _without_leaks(text: str, secret: frozenset[tuple[str, ...]]) -> str:
    """The sentences of a text that have none of these runs of words and do not look like a key."""
    text = text[:_LONGEST]
    kept = (text[start:end] for start, end in segments(text))
    return " ".join(said for said in kept if _runs(said).isdisjoint(secret) and not _SECRET.search(said))


def _runs(text: str) -> frozenset[tuple[str, ...]]:
    spoken = [word.lower() for word in words(text)]
    return frozenset(tuple(spoken[at : at + _COPIED_RUN]) for at in range(len(spoken) - _COPIED_RUN + 1))
