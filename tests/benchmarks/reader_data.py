"""Labelled statements as training examples for the reader: answers with points, each stated, partly, not, or denied.

Most of it comes from `data/statements`. Besides what was written there: references, other questions' answers, points
in frames ("I don't know whether ..."), points with one fact changed, copies of points, two answers in one, typos, other
surroundings (`reader_noise`), and answers that say nothing.
Sets of scored answers whose labels say stated or not can be added; they are taken as they are, with a part held out.
"""

import csv
import hashlib
import json
import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from grader.evaluation.attacks.role_swap import role_swaps
from grader.evaluation.attacks.sentence_edits import negations, numbers, opposites
from grader.evaluation.labelled_set import LabelledAnswer, read_labelled_set
from tests.benchmarks.reader_noise import EMPTY_SHARE, NOISE_SHARE, SETS_NOISE_SHARE, empty_answer, noisy

FOLDER = Path(__file__).parents[2] / "data" / "statements"
# Of a hundred questions so many are held out, by the hash of their words.
HELD_OUT = 8
_POINTS_AT_ONCE = 5
_LONGEST_PAIR = 700  # characters of two answers in one
# Of a hundred questions of a scored set, and of a hundred polarity pairs, so many are held out.
SETS_HELD_OUT, PAIRS_HELD_OUT = 15, 8
_PAIRS_USED = 0.45  # share of the polarity pairs that one epoch sees
_MOST_ANSWERS = 80  # to one question of a scored set in one epoch
_LABELS = {"correct": 1.0, "contradictory": -1.0, "partially_correct_incomplete": 0.5}

_NOT_STATED = (
    "I don't know whether {p}.", "Is it that {p}?", "We never covered whether {p}.",
    "I would have to look up if {p}.",
    "If {p}, then that would be interesting.", "The question is whether {p}.",
    "Some say that {p}, I can't judge that.",
    "I forgot whether {p} or not.", "Maybe {p}, maybe the opposite.", "I wonder if {p}.",
    "Could it be that {p}? I have no idea.", "Either {p} or it is just the other way round.",
    "It would be nice if {p}.",
)  # fmt: skip
_CONTRADICTED = (
    "It is not true that {p}.", "Many believe that {p}, but that is wrong.", "{P}. Just kidding, that is wrong.",
    "It is a myth that {p}.", "{P}? No, that is false.", "Nobody should say that {p}, since it is not the case.",
    "Yeah right, {p}, as if.",
)  # fmt: skip
_STATED = (
    "It is true that {p}.", "Some doubt it, but {p}.", "I think {p}.", "{P}, as far as I remember.",
    "{P}? Yes, that's right.", "It isn't wrong to say that {p}.", "As our teacher said, {p}.",
    "It is not true that it is otherwise: {p}.",
)  # fmt: skip


class Example(NamedTuple):
    """One answer and some points with their labels: 1, 0.5, 0 or -1."""

    question: str
    answer: str
    labelled_points: tuple[tuple[str, float], ...]

    @property
    def points(self) -> list[str]:
        return [point for point, _ in self.labelled_points]


class Statements(NamedTuple):
    """A question with its answers, as in `data/statements`; `file` is where it stands.

    `used` is the share of epochs that see it. Nothing is made besides the answers of a scored set.
    """

    file: str
    question: str
    reference: str
    points: tuple[str, ...]
    answers: tuple[tuple[str, tuple[float, ...]], ...]
    is_held_out: bool
    from_set: bool = False
    used: float = 1.0

    def examples(self) -> list[Example]:
        """The answers as they were written."""
        return [
            Example(self.question, text, tuple(zip(self.points, labels, strict=True))) for text, labels in self.answers
        ]


def bucket(text: str) -> int:
    """A number from 0 to 99 that depends on the text alone."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) % 100


def read_statements(folder: Path = FOLDER) -> list[Statements]:
    """All questions of all files, in their order."""
    return [_statements(path.stem, json.loads(line)) for path in sorted(folder.glob("*.jsonl")) for line in path.open()]


def _statements(file: str, row: dict[str, Any]) -> Statements:
    answers = tuple((answer["text"], tuple(map(float, answer["labels"]))) for answer in row["answers"])
    question, reference = row["question"], row["reference_answer"]
    is_held_out = bucket(f"{question}|{reference}") < HELD_OUT
    return Statements(file, question, reference, tuple(row["points"]), answers, is_held_out)


def read_sets(folder: Path) -> list[Statements]:
    """Scored answers to one reference (SciEntsBank, Beetle), facts in summaries and polarity pairs.

    Their licences differ from that of `data/statements` (grader/reader/models/README.md); none of their texts is kept.
    """
    found = []
    for name in ("scientsbank_dev", "beetle_dev"):
        by_question: dict[str, list[LabelledAnswer]] = {}
        for row in read_labelled_set(folder / f"{name}.jsonl"):
            by_question.setdefault(row.question_id, []).append(row)
        found += [_one_reference(name, rows) for rows in by_question.values()]
    found += [_facts(row) for row in read_labelled_set(folder / "summary_points_dev.jsonl")]
    return found + _polarity_pairs(folder / "polarity_pairs_dev.tsv")


def _one_reference(name: str, rows: Sequence[LabelledAnswer]) -> Statements:
    """A question whose reference is the one point; further references are right answers."""
    point, *_ = references = rows[0].reference_answers
    answers = [(row.answer, (_LABELS.get(row.label or "", 0.0),)) for row in rows if row.answer.strip()]
    answers += [(text, (1.0,)) for text in references[:4]]
    is_held_out = bucket(rows[0].question_id) < SETS_HELD_OUT
    return Statements(name, rows[0].question, point, (point,), tuple(answers), is_held_out, from_set=True)


def _facts(row: LabelledAnswer) -> Statements:
    points = row.rubric or ()
    answer = (row.answer, tuple(row.point_labels[point.id] for point in points))
    is_held_out = bucket(row.question_id) < SETS_HELD_OUT
    return Statements(
        "summary_points_dev", "", "", tuple(p.text for p in points), (answer,), is_held_out, from_set=True
    )


def _polarity_pairs(path: Path) -> list[Statements]:
    """Each pair both ways, with each side as a copy of itself."""
    found = []
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            one, two = row["point"], row["statement"]
            label = -1.0 if row["relation"] == "contradicts" else 1.0
            answers = ((two, (label, 1.0)), (one, (1.0, label)))
            is_held_out = bucket(one) < PAIRS_HELD_OUT
            found.append(
                Statements("polarity", "", "", (one, two), answers, is_held_out, from_set=True, used=_PAIRS_USED)
            )
    return found


def changed_points(questions: Iterable[Statements]) -> dict[str, list[str]]:
    """For each point the same words with one fact changed, so that they contradict it; without any, no entry."""
    changed = {}
    for point in dict.fromkeys(point for question in questions for point in question.points):
        edits = [edit.text for make in (negations, opposites, numbers, role_swaps) for edit in make(point)]
        if others := [text for text in dict.fromkeys(edits) if text != point]:
            changed[point] = others
    return changed


def augmented(
    question: Statements, others: Sequence[Statements], changed: dict[str, list[str]], rng: random.Random
) -> Iterator[Example]:
    """The examples of one question for one epoch, with what is made besides.

    Args:
        question: of statements or of a scored set.
        others: questions of statements, for answers to something else.
        changed: as `changed_points` gives it.
        rng: for all choices.

    """
    if question.from_set:
        if rng.random() < question.used:
            answers = question.examples()
            for example in rng.sample(answers, min(len(answers), _MOST_ANSWERS)):
                yield _cut(_in_noise(example, others, SETS_NOISE_SHARE, rng), rng)
        return
    for example in _made(question, others, changed, rng):
        example = _in_noise(example, others, NOISE_SHARE, rng)
        if rng.random() < 0.06 and len(example.answer) > 20:
            example = example._replace(answer=_with_typos(example.answer, rng))
        if example.answer.strip():
            yield _cut(example, rng)


def _in_noise(example: Example, others: Sequence[Statements], share: float, rng: random.Random) -> Example:
    """Now and then in other surroundings; the labels stay."""
    if rng.random() >= share:
        return example
    other, _ = rng.choice(rng.choice(others).answers)
    return example._replace(answer=noisy(example.answer, example.question, other, rng))


def _cut(example: Example, rng: random.Random) -> Example:
    """Sometimes without its question, and with no more points than are read at once."""
    points = example.labelled_points
    if len(points) > _POINTS_AT_ONCE:
        points = tuple(rng.sample(points, _POINTS_AT_ONCE))
    return Example("" if rng.random() < 0.08 else example.question, example.answer, points)


def _made(
    question: Statements, others: Sequence[Statements], changed: dict[str, list[str]], rng: random.Random
) -> Iterator[Example]:
    asked, points = question.question, question.points
    yield from question.examples()
    yield Example(asked, question.reference, tuple((point, 1.0) for point in points))
    other = rng.choice(others)
    if other is not question:
        yield Example(asked, rng.choice(other.answers)[0], tuple((point, 0.0) for point in points))
    if rng.random() < 0.35:
        yield Example(asked, asked, tuple((point, 0.0) for point in points))
    if rng.random() < EMPTY_SHARE:
        yield Example(asked, empty_answer(asked, rng), tuple((point, 0.0) for point in points))
    for point in points:
        yield from (Example(asked, text, ((point, label),)) for text, label in _framed(point, rng))
        yield from _copied(point, question, other, rng)
        if point in changed and rng.random() < 0.4:
            yield Example(asked, rng.choice(changed[point]), ((point, -1.0),))
    if len(question.answers) > 2:
        yield from _two_in_one(question, rng)


def _framed(point: str, rng: random.Random) -> Iterator[tuple[str, float]]:
    words = {"p": _lower_first(point), "P": point.rstrip(" .")}
    number = rng.random()
    if number < 0.10:
        yield rng.choice(_NOT_STATED).format(**words), 0.0
    elif number < 0.20:
        yield rng.choice(_CONTRADICTED).format(**words), -1.0
    elif number < 0.32:
        yield rng.choice(_STATED).format(**words), 1.0
    elif number < 0.40:
        yield point, 1.0


def _copied(point: str, question: Statements, other: Statements, rng: random.Random) -> Iterator[Example]:
    """Now and then a copy of the point beside another point, or in answer to another question."""
    number = rng.random()
    beside = rng.choice(question.points)
    if number < 0.12 and beside != point:
        copy = rng.choice((point, _lower_first(point), point.rstrip(".")))
        text = rng.choice((f"{copy} {beside}", f"{beside} {copy}", f"{beside.rstrip('.')}, and {_lower_first(copy)}."))
        yield Example(question.question, text, ((point, 1.0), (beside, 1.0)))
    elif 0.12 <= number < 0.18:
        yield Example(other.question, point, ((point, 1.0),))


def _two_in_one(question: Statements, rng: random.Random) -> Iterator[Example]:
    """Two answers one after the other; points that one states and the other contradicts are left out."""
    for _ in range(2):
        (one, first), (two, second) = rng.sample(question.answers, 2)
        if len(one) + len(two) > _LONGEST_PAIR:
            continue
        labelled = tuple(
            (point, max(a, b) if min(a, b) >= 0 else -1.0)
            for point, a, b in zip(question.points, first, second, strict=True)
            if not min(a, b) < 0 < max(a, b)
        )
        if labelled:
            yield Example(question.question, f"{one} {two}", labelled)


def _lower_first(point: str) -> str:
    point = point.rstrip(" .")
    word = point.split(" ")[0]
    is_name = len(word) > 1 and any(letter.isupper() or letter.isdigit() for letter in word[1:])
    return point if is_name else point[:1].lower() + point[1:]


def _with_typos(text: str, rng: random.Random) -> str:
    letters = list(text)
    for _ in range(max(1, len(letters) // 60)):
        at, kind = rng.randrange(len(letters)), rng.random()
        if not letters[at].isalpha():
            continue
        if kind < 0.4 and at + 1 < len(letters):
            letters[at], letters[at + 1] = letters[at + 1], letters[at]
        else:
            letters[at] = "" if kind < 0.7 else letters[at] * 2
    return "".join(letters)
