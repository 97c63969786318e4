"""Rubrics -> the token vectors that answers are compared with: each point's wordings, weighted.

A point may be written as an instruction to the examiner ("explains the main problem"), whose words no answer repeats.
Where the reference answer does not state such a point's own words, the part of the reference that is nearest to it
becomes a further wording.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from grader.encoders import Encoder, TokenVectors
from grader.errors import InputError
from grader.grading.content import RubricContent, new_content, question_overlap, spellings
from grader.grading.coverage import (
    Floats,
    Ints,
    PointTokens,
    cover,
    match_by_segment,
    overlap_with_other_points,
    segment_starts,
    token_weights,
)
from grader.schema import Rubric
from grader.settings import Settings
from grader.text import Quantity, normalise, quantities, same_quantity, segments

# A point of which the reference covers less than this is no claim of the reference but an instruction. Facts that
# people wrote down from a text are covered to .9 and more by it, instructions to .2 to .4.
_STATED = 0.5
# The words that ask stand at the end of a question; a passage to read stands before them, and an answer may use its
# words. Over nine scored sets the last 40 agreed better with people than the whole question (docs/accuracy.md).
_ASKING = 40
# Tokens of encoded rubrics that are held: some 300 MB.
_HELD_TOKENS = 200_000
# Characters of an answer in which numbers are looked for at once.
_LONGEST_STRETCH = 4_000


class EncodedRubric(NamedTuple):
    """A rubric's token vectors, which answers are compared with.

    Attributes:
        points, content: the points' wordings, and what they ask for.
        topics: the vectors of `topic_texts`, shape `(n_texts, dim)`.
        question: the question, normalised.
        wordings: the texts of the points' wordings, in the order of `points`.
        numbers: the quantities of the points' own wordings, each with its rows among the tokens of `points`.

    """

    points: PointTokens
    content: RubricContent
    topics: Floats
    question: str
    wordings: tuple[str, ...]
    numbers: tuple[tuple[Quantity, Ints], ...] = ()


class _Wording(NamedTuple):
    """One wording of a point: the point's index, text, tokens and weights, and the recall that the question earns.

    `question_overlap` is how far the question says each token, `informativeness` how much it says beyond the question.
    """

    owner: int
    text: str
    texts: list[str]
    vectors: Floats
    weights: Floats
    question_overlap: Floats
    informativeness: Floats
    baseline: float
    numbers: tuple[tuple[Quantity, Ints], ...] = ()


def encode_rubrics(rubrics: Iterable[Rubric], encoder: Encoder, settings: Settings) -> dict[str, EncodedRubric]:
    """Encode the points of several rubrics in one go.

    Returns:
        by question id: every wording of every point (text, aliases, and the reference's words where a point is an
        instruction), with tokens that the question already says discounted, and what the answers are about.

    Raises:
        InputError: when a wording has no readable character.
        SetupError: when the encoder cannot be loaded.

    """
    unique = {rubric.question_id: rubric for rubric in rubrics}
    texts = {_clean(text): None for rubric in unique.values() for text in _texts(rubric)}
    if not texts:
        return {}
    encoded = dict(zip(texts, encoder.encode(list(texts)), strict=True))
    return {name: _encode_rubric(rubric, encoded, settings) for name, rubric in unique.items()}


class HeldRubrics:
    """Encoded rubrics, of which as many are held as fit in some memory; the others are encoded again when needed.

    Args:
        encoder: what encodes them.
        settings: how coverage is measured.

    """

    def __init__(self, encoder: Encoder, settings: Settings) -> None:
        self._encoder = encoder
        self._settings = settings
        self._held: dict[str, EncodedRubric] = {}
        self._n_tokens = 0

    def get(self, rubrics: Iterable[Rubric]) -> dict[str, EncodedRubric]:
        """The encoded form of each rubric, by question id.

        Raises:
            InputError, SetupError: as `encode_rubrics`.

        """
        unique = {rubric.question_id: rubric for rubric in rubrics}
        found = {name: self._held[name] for name in unique if name in self._held}
        new = encode_rubrics([unique[name] for name in unique if name not in found], self._encoder, self._settings)
        for name, rubric in new.items():
            self._held[name] = rubric
            self._n_tokens += len(rubric.points.weights)
        while self._n_tokens > _HELD_TOKENS and len(self._held) > 1:
            oldest = next(iter(self._held))
            self._n_tokens -= len(self._held.pop(oldest).points.weights)
        return found | new


def topic_texts(rubric: Rubric) -> list[str]:
    """The texts that an answer must be like in some way to be about the question: it, and each wording of a point.

    As the encoder gets them, and all of them are among what `encode_rubrics` encodes.
    """
    return [_clean(text) for text in (rubric.question, *_wordings(rubric))]


def _wordings(rubric: Rubric) -> list[str]:
    return [text for point in rubric.points for text in (point.text, *point.aliases)]


def _texts(rubric: Rubric) -> list[str]:
    return [rubric.question, *_wordings(rubric), *([rubric.reference_answer] if _may_instruct(rubric) else [])]


def _may_instruct(rubric: Rubric) -> bool:
    """Whether a point may be an instruction: derived points have a source span and never are."""
    return bool(rubric.reference_answer.strip()) and any(point.source_span is None for point in rubric.points)


def _encode_rubric(rubric: Rubric, encoded: Mapping[str, TokenVectors], settings: Settings) -> EncodedRubric:
    asks = _clean(rubric.question)
    question = encoded[asks].vectors[-_ASKING:]
    wordings = []
    for owner, point in enumerate(rubric.points):
        for text in (point.text, *point.aliases):
            tokens = encoded[_clean(text)]
            if not tokens.texts:
                raise InputError(
                    f"rubric '{rubric.question_id}': the point '{point.id}' has a wording without any readable "
                    f"character: {text!r}"
                )
            if any(char.isalnum() for char in text) and not tokens.rarity.any():
                raise InputError(
                    f"rubric '{rubric.question_id}': the encoder knows no character of '{point.id}': {text!r}; "
                    "choose an encoder for that language"
                )
            clean = _clean(text)
            wording = _wording(owner, clean, tokens, np.arange(len(tokens.texts)), question, settings)
            wordings.append(wording._replace(numbers=quantity_tokens(clean, tokens.spans)))
    if _may_instruct(rubric):
        text = _clean(rubric.reference_answer)
        wordings += _reference_wordings(rubric, _stack(wordings), text, encoded[text], question, settings)
        wordings.sort(key=lambda wording: wording.owner)
    wordings = _discount_shared_words(wordings, settings)
    topics = np.stack([encoded[text].mean for text in topic_texts(rubric)])
    points = _stack(wordings)
    numbers = tuple(
        (quantity, first + rows)
        for wording, first in zip(wordings, points.starts.tolist(), strict=True)
        for quantity, rows in wording.numbers
    )
    texts = tuple(wording.text for wording in wordings)
    return EncodedRubric(points, _rubric_content(rubric, wordings, question), topics, asks, texts, numbers)


def quantity_tokens(text: str, spans: Ints) -> tuple[tuple[Quantity, Ints], ...]:
    """The quantities of a text, each with the indices of its tokens; `spans` has shape `(n_tokens, 2)`."""
    return tuple(
        # Spans ascend and do not overlap.
        (
            quantity,
            np.arange(
                np.searchsorted(spans[:, 1], quantity.start, side="right"), np.searchsorted(spans[:, 0], quantity.end)
            ),
        )
        for quantity in _quantities(text)
    )


def _quantities(text: str) -> Iterator[Quantity]:
    """The quantities of a text; a long one is read in stretches, for each number looks at all that is before it."""
    begin = 0
    while begin < len(text):
        most = begin + _LONGEST_STRETCH
        end = len(text)
        if most < end:  # cut after a sentence, else between words
            end = text.rfind(". ", begin, most) + 1 or text.rfind(" ", begin, most) + 1 or most
        for one in quantities(text[begin:end]):
            yield one._replace(start=begin + one.start, end=begin + one.end)
        begin = end


class SameQuantities:
    """Where quantities of a rubric and of one answer are the same by value, however they are written.

    Args:
        points: the rubric.
        answer, spans: the answer and its tokens' spans, shape `(n_tokens, 2)`.

    """

    def __init__(self, points: EncodedRubric, answer: str, spans: Ints) -> None:
        self._places: list[tuple[Ints, Ints]] = []
        if not points.numbers:
            return
        wanted = _by_value(points.numbers)
        for quantity, columns in _by_value(quantity_tokens(answer, spans)).items():
            self._places += [(rows, columns) for one, rows in wanted.items() if same_quantity(one, quantity)]

    def match(self, cosines: Floats, rows: slice, columns: slice) -> Floats:
        """The cosines between some tokens of the points and of the answer, with 1 where quantities are the same.

        Args:
            cosines: shape `(n_rows, n_columns)`; may be changed.
            rows, columns: which tokens of the points and of the answer these are.

        """
        for wanted, said in self._places:
            there, here = _within(wanted, rows), _within(said, columns)
            if len(there) and len(here):
                cosines[np.ix_(there, here)] = 1
        return cosines


def _by_value(found: Sequence[tuple[Quantity, Ints]]) -> dict[Quantity, Ints]:
    """The tokens of all quantities of one value together; what `same_quantity` does not look at is left out."""
    together: dict[Quantity, list[Ints]] = {}
    for quantity, tokens in found:
        plain = quantity._replace(start=0, end=0, text="", vague=False, preceding="", neighbours=("", ""))
        together.setdefault(plain, []).append(tokens)
    return {quantity: np.unique(np.concatenate(tokens)) for quantity, tokens in together.items()}


def _within(tokens: Ints, some: slice) -> Ints:
    """Those of the tokens, ascending, that are within a slice, counted from its start."""
    first, end = np.searchsorted(tokens, [some.start, some.stop])
    within: Ints = tokens[first:end] - some.start
    return within


def _rubric_content(rubric: Rubric, wordings: list[_Wording], question: Floats) -> RubricContent:
    """New content of the points, each in its tersest wording; mistakes (negative weights) left out."""
    wanted: dict[int, _Wording] = {}
    for wording in wordings:
        if rubric.points[wording.owner].weight > 0:
            tersest = wanted.setdefault(wording.owner, wording)
            if wording.informativeness.sum() < tersest.informativeness.sum():
                wanted[wording.owner] = wording
    texts = [text for wording in wanted.values() for text in wording.texts]
    informativeness = np.concatenate(
        [np.zeros(0, np.float32), *(wording.informativeness for wording in wanted.values())]
    )
    tokens = [pair for wording in wordings for pair in zip(wording.texts, wording.vectors, strict=True)]
    return RubricContent(question, new_content(texts, informativeness), spellings(tokens))


def _reference_wordings(
    rubric: Rubric, points: PointTokens, text: str, reference: TokenVectors, question: Floats, settings: Settings
) -> list[_Wording]:
    """For each point that is an instruction, the segments that no other point states and that are nearest to it."""
    spans = segments(text)
    starts, held = segment_starts(reference.spans[:, 0], spans)
    if not held:  # no segment with a letter or digit
        return []
    stated = np.array(
        [
            found.coverage >= _STATED
            for found in cover(
                points, reference.vectors, starts, center=settings.match_center, slope=settings.match_slope
            )
        ]
    )
    derived = np.array([point.source_span is not None for point in rubric.points])
    instructs = (~stated & ~derived)[points.owners]
    matched = match_by_segment(
        points, reference.vectors, starts, center=settings.match_center, slope=settings.match_slope
    )
    recalls = np.add.reduceat(points.weights[:, None] * matched, points.starts, axis=0)
    sources = [point.source_span for point in rubric.points if point.source_span is not None]
    taken = np.array([any(start < spans[i].end and spans[i].start < end for start, end in sources) for i in held])
    taken |= (recalls[~instructs] >= _STATED).any(axis=0)
    nearest = points.owners[np.argmax(np.where(instructs[:, None], recalls, -1), axis=0)]
    segment_of = np.searchsorted(starts, np.arange(len(reference.texts)), side="right") - 1
    wordings = []
    for owner in sorted(set(points.owners[instructs].tolist())):
        own = np.flatnonzero((nearest == owner) & ~taken)
        tokens = np.flatnonzero(np.isin(segment_of, own))
        if len(tokens):
            borrowed = " ".join(text[slice(*spans[held[index]])] for index in own)
            wordings.append(_wording(owner, borrowed, reference, tokens, question, settings))
    return wordings


def _wording(
    owner: int, text: str, tokens: TokenVectors, which: Ints, question: Floats, settings: Settings
) -> _Wording:
    vectors, rarity = tokens.vectors[which], tokens.rarity[which]
    already = question_overlap(vectors, question, center=settings.match_center, slope=settings.match_slope)
    weights = token_weights(rarity, already, question_discount=settings.question_discount)
    baseline = settings.echo_share * float(weights @ already)
    return _Wording(
        owner, text, [tokens.texts[i] for i in which], vectors, weights, already, rarity * (1 - already), baseline
    )


def _discount_shared_words(wordings: Sequence[_Wording], settings: Settings) -> list[_Wording]:
    """The wordings with less weight on words that other points share: these do not distinguish the points."""
    points = _stack(wordings)
    shared = overlap_with_other_points(points, center=settings.match_center, slope=settings.match_slope)
    left = points.weights * (1 - np.float32(1 - settings.shared_discount) * shared)
    changed = []
    for number, wording in enumerate(wordings):
        weights = left[points.rows(number)]
        weights = weights / weights.sum() if weights.any() else wording.weights
        baseline = settings.echo_share * float(weights @ wording.question_overlap)
        changed.append(wording._replace(weights=weights, baseline=baseline))
    return changed


def _stack(wordings: Sequence[_Wording]) -> PointTokens:
    lengths = [len(wording.weights) for wording in wordings]
    return PointTokens(
        vectors=np.concatenate([wording.vectors for wording in wordings]),
        weights=np.concatenate([wording.weights for wording in wordings]),
        starts=np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64),
        owners=np.array([wording.owner for wording in wordings], np.int64),
        baseline=np.array([wording.baseline for wording in wordings], np.float32),
    )


def _clean(text: str) -> str:
    return normalise(text).text
