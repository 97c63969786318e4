"""Answers in the same words from different candidates: marked once all grades are there, without touching a score."""

from collections import defaultdict
from collections.abc import Sequence

from grader.schema import Grade
from grader.text import normalise, words

# Shorter answers are alike by chance: of those with fewer than 10 words 8 and 10 % have the words of another one in two
# sets of school science (Beetle, SciEntsBank), from 10 words on 5 and 1 %.
_LONG_ENOUGH = 10


def mark_duplicates(grades: Sequence[Grade]) -> list[Grade]:
    """The grades in order; those whose answer another candidate gave too have the flag `duplicate` and need review.

    Answers to one question are the same when their words are, after normalisation and in lower case. An answer without
    a candidate counts as that of a candidate of its own. Answers of fewer than ten words are let be. Scores stay: an
    answer is worth what it says.
    """
    alike: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for position, grade in enumerate(grades):
        spoken = words(normalise(grade.answer).text)
        if len(spoken) >= _LONG_ENOUGH:
            alike[grade.question_id, *map(str.lower, spoken)].append(position)
    marked = list(grades)
    for positions in alike.values():
        if len({grades[at].candidate or f"\0{at}" for at in positions}) > 1:
            for at in positions:
                flags = (*grades[at].flags, "duplicate")
                marked[at] = grades[at].model_copy(update={"flags": flags, "needs_review": True})
    return marked
