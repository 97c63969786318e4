"""What the flags of a grade mean, and why a person should look at it. Nothing here raises a flag."""

from grader.schema import Grade

# Every flag that the grader raises; docs/formats.md and the page tell the same.
FLAGS = {
    "contradiction": "A statement denies a point, which is contradicted and earns nothing.",
    "unsure_meaning": "A statement may deny or weaken a point, too unsure to veto it.",
    "question_echo": "The answer only repeats the question.",
    "keyword_list": "Keywords without sentences: credits shrink.",
    "gibberish": "Random letters: nothing is credited.",
    "word_salad": "Words in no order of sentences: credits shrink.",
    "repetition": "The same sentence again and again.",
    "verbatim_copy": "Mostly long runs of the reference answer's words.",
    "instructions": "Words to the examiner instead of an answer.",
    "language": "Not in the encoder's language, so ungraded.",
    "hidden_characters": "Characters that show nothing were left out before grading.",
    "mixed_script": "Letters that look like Latin ones were read as these.",
    "provisional": "A judge whose worth was not measured scored it by itself: a person decides.",
    "judge_disagrees": "A judge and the embedding decide a point in opposite ways; both verdicts are kept.",
    "judges_split": "Of several judges one calls a point covered, another one missing or contradicted.",
    "unsupported_verdict": "No words of the answer show what a judge awards or finds denied, so it counts for nothing.",
    "judge_failed": "A judge gave no usable verdict on a point; the embedding's result stands.",
    "judge_refused": "A judge refused to look at this answer; the embedding's result stands.",
    "duplicate": "Another candidate's answer to the question has the same words: counted apart, no review.",
    "off_topic": "Like neither question nor rubric nor any marked answer: marks hardly lift it.",
    "says_nothing": "States nothing and has hardly a word of its own: marks do not lift it.",
    "wide_interval": "Going by marks, people might give it nearly anything.",
    "no_answer": "Blank, or nothing but symbols: 0 by rule.",
    "long_answer": "Longer than the encoder reads at once; it was read in parts.",
}
# These only inform; every other flag sends the answer to a person.
PLAIN_FLAGS = frozenset(["no_answer", "long_answer", "duplicate"])


def review_reasons(grade: Grade) -> list[str]:
    """Why a person should look at an answer, in words; nothing where nobody needs to."""
    if not grade.needs_review:
        return []
    reasons = [in_words(flag) for flag in grade.flags if flag not in PLAIN_FLAGS]
    if grade.score is None:
        return ["ungraded", *reasons]
    return reasons or ["unsure"]


def plain_flags(grade: Grade) -> list[str]:
    """The flags that are no reason for a person to look, in words."""
    return [in_words(flag) for flag in grade.flags if flag in PLAIN_FLAGS or not grade.needs_review]


def in_words(flag: str) -> str:
    """A flag's name in snake case as words."""
    return flag.replace("_", " ")


def sure(confidence: float) -> str:
    """A confidence in short: `.87`, `1.00`."""
    return f"{confidence:.2f}".removeprefix("0")
