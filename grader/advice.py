"""What a candidate is told in a judge's words, without the reference answer and without anything secret."""

import re
from collections.abc import Sequence

from grader.drafts import Draft
from grader.panel import Opinion
from grader.text import segments, words

# Runs of this many words in common with the reference, a point or a prompt are copied.
_COPIED_RUN = 7
_SECRET = re.compile(r"\b(?:sk|pk|key|token)-[\w-]{8,}|\bBearer\s+\S{8,}", re.IGNORECASE)
# Characters of each part of the feedback.
_LONGEST = 1200


def told_to_candidate(opinions: Sequence[Opinion], draft: Draft) -> str:
    """The first feedback that a judge gave, without the sentences that give the reference away; blank if there is none.

    Args:
        opinions: what the judges said, in the order in which they were named.
        draft: gives the reference and the points, which must not be told, and the answer, whose words may.

    """
    texts = (
        "\n".join(filter(None, (_without_leaks(part, draft) for part in (said.right, said.missing, said.study))))
        for opinion in opinions
        if (said := opinion.feedback) is not None
    )
    return next(filter(None, texts), "")


def _without_leaks(text: str, draft: Draft) -> str:
    """The sentences of a text that neither copy the examiner's words nor look like a key."""
    if draft.rubric is None:
        return ""
    secret = _runs(draft.rubric.reference_answer).union(*(_runs(point.text) for point in draft.rubric.points))
    secret -= _runs(draft.text.text)
    text = text[:_LONGEST]
    kept = [text[start:end] for start, end in segments(text) if _runs(text[start:end]).isdisjoint(secret)]
    return " ".join(sentence for sentence in kept if not _SECRET.search(sentence))


def _runs(text: str) -> set[tuple[str, ...]]:
    spoken = [word.lower() for word in words(text)]
    return {tuple(spoken[at : at + _COPIED_RUN]) for at in range(len(spoken) - _COPIED_RUN + 1)}
