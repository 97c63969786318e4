"""How much of each point an answer states, and where: soft token recall (numpy only).

Every token of a point is matched with the most similar token of the answer. The matches, weighted by how informative
each token is, make the coverage; the stretch of the answer that covers the point best by itself is its evidence.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import pi, sin
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

# Two neighbouring segments are shown as evidence where the pair shows at least this much more than either alone.
_WORTH_A_SEGMENT = 0.06
# Recall of a wording by one segment: up to the first it is chance, which any sentence of filler reaches; from the
# second the segment is taken to speak of the point. Without them 300 words of filler earn .07 (docs/accuracy.md).
_CHANCE, _RELEVANT = 0.2, 0.35
# Cosines, and matches, that are held at once: 16 MB each. A rubric and an answer of usual size are one block.
_MOST_CELLS = 4_000_000
# Tokens of an answer that are compared with the points at once.
_WINDOW = 8_000
# Other points that a point's words are compared with at most, spread evenly over the rubric: so the cost of a rubric
# grows with its points and not with their square.
_MOST_OTHERS = 200


@dataclass(frozen=True, eq=False)
class PointTokens:
    """Wordings of the points of one rubric, stacked so that an answer is compared with all of them at once.

    Attributes:
        vectors: unit token vectors of all wordings, shape `(n_tokens, dim)`.
        weights: weight of each token; they sum to 1 within a wording, shape `(n_tokens,)`.
        starts: first token of each wording, shape `(n_wordings,)`.
        owners: the point that each wording belongs to, ascending, shape `(n_wordings,)`.
        baseline: recall of each wording that repeating the question would earn, 0..1 (below 1), shape `(n_wordings,)`;
            it is subtracted.

    """

    vectors: Floats
    weights: Floats
    starts: Ints
    owners: Ints
    baseline: Floats

    @cached_property
    def lengths(self) -> Ints:
        """How many tokens each wording has, shape `(n_wordings,)`."""
        return np.diff(np.append(self.starts, len(self.weights)))

    def part(self, first: int, end: int) -> "PointTokens":
        """The wordings from `first` to before `end`, with their owners as in the whole."""
        if (first, end) == (0, len(self.starts)):
            return self
        rows = slice(self.rows(first).start, self.rows(end - 1).stop)
        return PointTokens(
            self.vectors[rows],
            self.weights[rows],
            self.starts[first:end] - rows.start,
            self.owners[first:end],
            self.baseline[first:end],
        )

    def rows(self, wording: int) -> slice:
        """The tokens of one wording."""
        return self._rows[wording]

    @cached_property
    def _rows(self) -> list[slice]:
        ends = (self.starts + self.lengths).tolist()
        return [slice(*bounds) for bounds in zip(self.starts.tolist(), ends, strict=True)]


class PointCoverage(NamedTuple):
    """Coverage of one point, 0..1, the first and last segment (inclusive) that show it best, and each segment's recall.

    `by_segment` belongs to `wording`, the one that was covered best, shape `(n_segments,)`.
    """

    coverage: float
    first_segment: int
    last_segment: int
    by_segment: Floats
    wording: int = 0


def token_weights(rarity: Floats, question_overlap: Floats, *, question_discount: float) -> Floats:
    """Weight of each token of a wording: its rarity, less where the question already says it; sums to 1.

        weight ~ rarity * (1 - (1 - question_discount) * question_overlap)

    Args:
        rarity: as the encoder gives it, shape `(n_tokens,)`.
        question_overlap: how far the question says each token, 0..1, shape `(n_tokens,)`.
        question_discount: what is left in 0..1 of the weight of a token that the question says in full.

    **Undefined:** equal weights when every token weighs nothing (only punctuation).

    Raises:
        ValueError: when the wording has no token.

    """
    if not len(rarity):
        raise ValueError("a wording without any token has no weights")
    weights = rarity * (1 - np.float32(1 - question_discount) * question_overlap)
    total = weights.sum()
    if total == 0:
        return np.full(len(rarity), 1 / len(rarity), np.float32)
    normed: Floats = (weights / total).astype(np.float32)
    return normed


def overlap_with_other_points(points: PointTokens, *, center: float, slope: float) -> Floats:
    """How far the other points say each token, 0..1, shape `(n_tokens,)`: the mean over them of its best match.

    Wordings of the same point do not count; of more than 200 points 200 stand for all. Such tokens (the subject of all
    points) tell little about which is stated.

    Args:
        points: the rubric's wordings; every point has one.
        center, slope: the curve of `match`.

    **Undefined:** 0 for the tokens of a single point.

    """
    owned, first_wordings = np.unique(points.owners, return_index=True)
    if len(owned) == 1:
        return np.zeros(len(points.weights), np.float32)
    ends = [*first_wordings[1:].tolist(), len(points.starts)]
    chosen = np.unique(np.linspace(0, len(owned) - 1, min(len(owned), _MOST_OTHERS)).round().astype(np.int64))
    others = [points.rows(first).start for first in first_wordings[chosen]]
    lengths = [points.rows(ends[at] - 1).stop - start for at, start in zip(chosen.tolist(), others, strict=True)]
    vectors = np.concatenate([points.vectors[start:][:n] for start, n in zip(others, lengths, strict=True)])
    starts = np.cumsum([0, *lengths[:-1]])
    token_owners = np.repeat(points.owners, points.lengths)
    shares = np.empty(len(points.weights), np.float32)
    step = max(1, _MOST_CELLS // len(vectors))
    for first in range(0, len(shares), step):
        rows = slice(first, first + step)
        best = np.maximum.reduceat(points.vectors[rows] @ vectors.T, starts, axis=1)
        matched = match(best, center=center, slope=slope)
        own = token_owners[rows, None] == owned[chosen]
        matched[own] = 0
        shares[rows] = matched.sum(axis=1) / (len(chosen) - own.sum(axis=1)).astype(np.float32)
    return shares


def match(cosines: Floats, *, center: float, slope: float) -> Floats:
    """How far a token is matched, 0..1: a logistic curve over its cosine that is 0 at cosine 0 and 1 at cosine 1.

    Unrelated tokens still have cosines of .2 to .4; the curve keeps them from adding up to coverage.
    """
    bottom = 1 / (1 + np.exp(slope * center))
    top = 1 / (1 + np.exp(-slope * (1 - center)))
    curve = 1 / (1 + np.exp(-slope * (cosines - center)))
    matched: Floats = np.clip((curve - bottom) / (top - bottom), 0, 1).astype(np.float32)
    return matched


def cover(
    points: PointTokens,
    answer: Floats,
    segment_starts: Ints,
    *,
    center: float,
    slope: float,
    excluded: NDArray[np.bool_] | None = None,
) -> list[PointCoverage]:
    """Coverage and evidence of every point in one answer.

        recall(s) = sum_t weight_t * match(t, s),    match(t, s) = max_{a in s} match(cos(t, a))
        relevance(s) = clamp((recall(s) - .2) / (.35 - .2))
        answer    = sum_t weight_t * max_s relevance(s) * match(t, s)
        both      = (answer + recall(best stretch)) / 2
        coverage  = max over wordings of (both - baseline) / (1 - baseline), at least 0

    `baseline` is what repeating the question would earn; t runs over the wording's tokens, s over the segments, a over
    a segment's tokens. A segment counts as far as it speaks of the point by itself, so filler adds next to nothing.
    A stretch is a segment or two neighbouring ones: a point counts for more when it is made in one place than when its
    words lie scattered. The stretch that is shown as evidence is the best single segment, unless a pair shows clearly
    more.

    Args:
        points: the rubric's wordings.
        answer: unit token vectors of the answer, shape `(n_answer_tokens, dim)`, at least one.
        segment_starts: first token of each segment, ascending, beginning with 0, shape `(n_segments,)`.
        center, slope: the curve of `match`.
        excluded: which segments cannot state which points, shape `(n_points, n_segments)`; none if left out.

    Returns:
        one entry a point, in the order of the points.

    Raises:
        ValueError: when the answer has no token.

    Source: token recall as in BERTScore (Zhang et al. 2020) with a soft match instead of the plain cosine.

    """
    best: dict[int, PointCoverage] = {}
    for first, part in blocks(points, len(answer), segment_starts):
        matched = match_by_segment(part, answer, segment_starts, center=center, slope=slope)
        add_coverage(best, part, first, matched, excluded=excluded)
    return [best[owner] for owner in sorted(best)]


def blocks(points: PointTokens, n_tokens: int, segment_starts: Ints) -> Iterator[tuple[int, PointTokens]]:
    """The wordings in parts whose cosines and matches with an answer fit in little memory.

    Args:
        points: the rubric's wordings.
        n_tokens: of the answer.
        segment_starts: first token of each of its segments, shape `(n_segments,)`.

    Yields:
        the index of the first wording of each part, and the part: at least one wording.

    """
    longest = max(_column_blocks(n_tokens, segment_starts), key=lambda block: block.n_tokens).n_tokens
    most = max(1, _MOST_CELLS // max(longest, len(segment_starts)))
    ends = np.cumsum(points.lengths)
    first = 0
    while first < len(ends):
        before = ends[first - 1] if first else 0
        end = max(first + 1, int(np.searchsorted(ends, before + most, side="right")))
        yield first, points.part(first, end)
        first = end


class _Columns(NamedTuple):
    """Some neighbouring segments of an answer, and their tokens."""

    segments: slice
    tokens: slice

    @property
    def n_tokens(self) -> int:
        return int(self.tokens.stop - self.tokens.start)


def _column_blocks(n_tokens: int, segment_starts: Ints) -> list[_Columns]:
    """The segments of an answer in a window that slides over it, of at most so many tokens or one segment."""
    ends = np.append(segment_starts[1:], n_tokens)
    found, first = [], 0
    while first < len(ends):
        begin = int(segment_starts[first])
        end = max(first + 1, int(np.searchsorted(ends, begin + _WINDOW, side="right")))
        found.append(_Columns(slice(first, end), slice(begin, int(ends[end - 1]))))
        first = end
    return found


def add_coverage(
    best: dict[int, PointCoverage],
    points: PointTokens,
    first: int,
    matched: Floats,
    *,
    excluded: NDArray[np.bool_] | None = None,
) -> None:
    """Keep the coverage by each wording of a part in `best` where it is the point's highest so far.

    Args:
        best: by point.
        points: a part of the rubric's wordings.
        first: index of its first wording.
        matched: what `match_by_segment` gives, shape `(n_tokens, n_segments)`; not changed.
        excluded: which segments cannot state which points, shape `(n_points, n_segments)`; none if left out.

    """
    if excluded is not None:
        matched = np.where(np.repeat(excluded[points.owners], points.lengths, axis=0), np.float32(0), matched)
    counted = matched * np.repeat(segment_relevance(points, matched), points.lengths, axis=0)
    pairs = np.maximum(matched[:, :-1], matched[:, 1:])
    whole = np.add.reduceat(points.weights * counted.max(axis=1), points.starts)
    for wording, (owner, recall, baseline) in enumerate(
        zip(points.owners.tolist(), whole.tolist(), points.baseline.tolist(), strict=True)
    ):
        rows = points.rows(wording)
        shown = _best_stretch(matched[rows], pairs[rows], points.weights[rows])
        coverage = min(1.0, max(0.0, ((recall + shown.coverage) / 2 - baseline) / (1 - baseline)))
        if owner not in best or coverage > best[owner].coverage:
            best[owner] = shown._replace(coverage=coverage, wording=first + wording)


def match_by_segment(
    points: PointTokens,
    answer: Floats,
    segment_starts: Ints,
    *,
    center: float,
    slope: float,
    change: Callable[[Floats, slice], Floats] = lambda cosines, _: cosines,
    best: Floats | None = None,
) -> Floats:
    """Best match of every token of the points in every segment of an answer, 0..1, shape `(n_tokens, n_segments)`.

    Args:
        points: the rubric's wordings, or a part of them.
        answer: unit token vectors of the answer, shape `(n_answer_tokens, dim)`, at least one.
        segment_starts: first token of each segment, shape `(n_segments,)`.
        center, slope: the curve of `match`.
        change: gets the cosines of some of the answer's tokens (columns) and which these are; gives them corrected.
        best: raised to the highest cosine of each of the answer's tokens with any of the points', if given.

    Raises:
        ValueError: when the answer has no token.

    """
    if not len(answer):
        raise ValueError("an answer without any token has no coverage")
    found = []
    for columns in _column_blocks(len(answer), segment_starts):
        cosines = change(points.vectors @ answer[columns.tokens].T, columns.tokens)
        starts = segment_starts[columns.segments] - columns.tokens.start
        found.append(match(np.maximum.reduceat(cosines, starts, axis=1), center=center, slope=slope))
        if best is not None:
            np.maximum(best[columns.tokens], cosines.max(axis=0), out=best[columns.tokens])
    return found[0] if len(found) == 1 else np.concatenate(found, axis=1)


class Cosines:
    """The cosines between the tokens of all wordings and those of an answer, computed where they are looked at.

    Args:
        points: unit vectors of the points' tokens, shape `(n_point_tokens, dim)`.
        answer: unit vectors of the answer's tokens, shape `(n_tokens, dim)`.
        change: corrects the cosines of some rows and columns.

    """

    def __init__(self, points: Floats, answer: Floats, change: Callable[[Floats, slice, slice], Floats]) -> None:
        self._points = points
        self._answer = answer
        self._change = change

    def __getitem__(self, rows: slice) -> Floats:
        """Those of some of the points' tokens, shape `(n_rows, n_tokens)`."""
        return self._change(self._points[rows] @ self._answer.T, rows, slice(0, len(self._answer)))


def segment_relevance(points: PointTokens, matched: Floats) -> Floats:
    """How far each segment is about each wording, 0..1, shape `(n_wordings, n_segments)`.

    Args:
        points: the rubric's wordings.
        matched: what `match_by_segment` gives, shape `(n_tokens, n_segments)`.

    """
    recalls = np.add.reduceat(points.weights[:, None] * matched, points.starts, axis=0)
    shares: Floats = np.clip((recalls - _CHANCE) / (_RELEVANT - _CHANCE), 0, 1).astype(np.float32)
    return shares


def _best_stretch(matched: Floats, pairs: Floats, weights: Floats) -> PointCoverage:
    """The highest recall of any stretch, and the stretch to show: a pair only where it shows clearly more.

    Args:
        matched: best match of each token in each segment, shape `(n_tokens, n_segments)`.
        pairs: the same in each segment and the next, shape `(n_tokens, n_segments - 1)`.
        weights: shape `(n_tokens,)`.
    """
    alone = weights @ matched
    first = int(alone.argmax())
    single = PointCoverage(float(alone[first]), first, first, alone)
    if not pairs.shape[1]:
        return single
    both = weights @ pairs
    first = int(both.argmax())
    pair = PointCoverage(float(both[first]), first, first + 1, alone)
    if pair.coverage > single.coverage + _WORTH_A_SEGMENT:
        return pair
    return single._replace(coverage=max(single.coverage, pair.coverage))


def segment_starts(token_starts: Ints, segments: Sequence[tuple[int, int]]) -> tuple[Ints, list[int]]:
    """Sort an answer's tokens into its segments.

    Args:
        token_starts: first character of each token, ascending, shape `(n_tokens,)`.
        segments: `(start, end)` in characters, ascending.

    Returns:
        the first token of each segment that holds one (the first is 0), and those segments' indices.

    """
    firsts = np.searchsorted(token_starts, [start for start, _ in segments])
    firsts[:1] = 0
    following = np.append(firsts[1:], len(token_starts))
    held = [i for i in range(len(segments)) if firsts[i] < following[i]]
    return firsts[held].astype(np.int64), held


def credit(coverage: float, *, no_credit: float, full_credit: float) -> float:
    """Share of a point's weight that a coverage earns, 0..1.

        credit = sin(pi/2 * clamp((coverage - no_credit) / (full_credit - no_credit)))

    A quarter of a sine: nothing up to `no_credit`, which answers to other questions reach by chance; a steep rise; and
    little more to win near `full_credit`, for people give full marks to wordings of their own.

    Raises:
        ValueError: unless `no_credit` < `full_credit`.

    """
    if no_credit >= full_credit:
        raise ValueError(f"no_credit ({no_credit}) must be below full_credit ({full_credit})")
    return sin(pi / 2 * min(1.0, max(0.0, (coverage - no_credit) / (full_credit - no_credit))))
