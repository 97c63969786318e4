"""Pairs of a point and a statement, marked as contradicting or not, for training and measuring the verifier."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from grader.evaluation.labelled_set import LabelledAnswer, read_labelled_set
from grader.rubrics.derivation import derive
from grader.rubrics.rubric_files import read_rubric
from grader.schema import Question
from grader.text.normalisation import content_words, segments, words
from tests.benchmarks import minimal_pairs
from tests.benchmarks.other_words import WordNet, reworded, turned


class Piece(NamedTuple):
    """A stretch of a text; the encoder reads the whole text, the verifier sees the stretch."""

    text: str
    start: int
    end: int

    @property
    def words(self) -> str:
        return self.text[self.start : self.end]


class Pair(NamedTuple):
    """A point and a statement.

    Attributes:
        contradicts: 1 if the statement contradicts the point, else 0.
        source: the set that it comes from.
        family: how it was made.
        group: pairs of one group are never on both sides of a split.
        weight: how much it counts in training.

    """

    point: Piece
    statement: Piece
    contradicts: int
    source: str
    family: str
    group: str
    weight: float = 1.0


def whole(text: str) -> Piece:
    return Piece(text, 0, len(text))


def bucket(key: str, n: int = 100) -> int:
    """A number below `n` that depends on the key alone."""
    return int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) % n


# --- the refutations that people wrote -----------------------------------------------------------------------

_NEGATIVE = frozenset("not no never n't cannot nothing".split())


def polarity(path: Path) -> list[Pair]:
    """The pairs of claims and refutations, grouped so that near copies stay together."""
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    wiki = [row for row in rows if row[3] == "wikifactcheck"]
    groups = near_duplicates([row[0] for row in wiki])
    pairs = [
        Pair(whole(p), whole(s), 1, source, "refutation", f"wiki{group}")
        for (p, s, _, source), group in zip(wiki, groups, strict=True)
    ]
    for p, s, relation, source in rows:
        if source == "antonym_negation":
            key = " ".join(sorted(set(_contents(p) + _contents(s))))
            contradicts = int(relation == "contradicts")
            pairs.append(Pair(whole(p), whole(s), contradicts, source, "antonym, negation", f"antonym {key}"))
    return pairs


def _contents(text: str) -> list[str]:
    return [word for word in content_words(text.replace("n't", " not")) if word not in _NEGATIVE]


def near_duplicates(texts: Sequence[str], at_least: float = 0.6) -> list[int]:
    """A group number for each text; texts that share most of their rare words, in any chain, are in one group."""
    from scipy.sparse.csgraph import connected_components
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectors = TfidfVectorizer(sublinear_tf=True).fit_transform(texts)
    alike = vectors @ vectors.T
    alike.data[alike.data < at_least] = 0
    alike.eliminate_zeros()
    return [int(group) for group in connected_components(alike, directed=False)[1]]


def opposite_words(pairs: Iterable[Pair]) -> dict[str, str]:
    """For each word in which pairs of `antonym_negation` differ, the smallest word that a chain ties it to."""
    leader: dict[str, str] = {}

    def find(word: str) -> str:
        leader.setdefault(word, word)
        while leader[word] != word:
            word = leader[word]
        return word

    for pair in pairs:
        if pair.source != "antonym_negation":
            continue
        differing = sorted(set(_contents(pair.point.text)) ^ set(_contents(pair.statement.text)))
        for word in differing[1:]:
            first, second = sorted((find(differing[0]), find(word)))
            leader[second] = first
    return {word: find(word) for word in leader}


def held_out_words(pairs: Sequence[Pair]) -> frozenset[str]:
    """The words of about a sixth of the chains of opposites, the very frequent first chain left in training."""
    chains = opposite_words(pairs)
    return frozenset(word for word, chain in chains.items() if bucket("chain " + chain, 6) == 0)


def uses(pair: Pair, chosen: frozenset[str]) -> bool:
    return bool(chosen & {*_contents(pair.point.text), *_contents(pair.statement.text)})


# --- pairs made from sentences -------------------------------------------------------------------------------


class Source(NamedTuple):
    """A sentence to make pairs from, with other sentences of the same text."""

    text: str
    group: str
    source: str
    others: tuple[str, ...] = ()


_PER_SENTENCE = 3


def generated(sources: Sequence[Source], rng: np.random.Generator, *, per_sentence: int = _PER_SENTENCE) -> list[Pair]:
    """Minimal pairs, and for each turned sentence copies of itself that say the same."""
    pairs = []
    for sentence in sources:
        turned = _drawn(minimal_pairs.TURNING, sentence.text, per_sentence, rng)
        kept = _drawn(minimal_pairs.KEEPING, sentence.text, per_sentence, rng)
        pairs += [_pair(sentence, sentence.text, edit.text, 1, edit.family, rng) for edit in turned]
        pairs += [_pair(sentence, sentence.text, edit.text, 0, edit.family, rng) for edit in kept]
        pairs.append(_pair(sentence, sentence.text, sentence.text, 0, "identical", rng))
        if turned:  # a turned sentence agrees with itself, whatever it says
            new = turned[0].text
            same = _drawn(minimal_pairs.KEEPING, new, 1, rng)
            pairs.append(_pair(sentence, new, same[0].text if same else new, 0, "turned on both sides", rng))
        if turned and kept:  # a turned sentence in other words still contradicts
            again = _drawn(
                minimal_pairs.KEEPING, turned[-1].text, 1, rng, only=("frame", "typo", "synonym", "contraction")
            )
            if again:
                pairs.append(_pair(sentence, sentence.text, again[0].text, 1, turned[-1].family, rng))
        for other in _some(sentence.others, 1, rng):
            pairs.append(_pair(sentence, sentence.text, other, 0, "other sentence", rng))
            turned_other = _drawn(minimal_pairs.TURNING, other, 1, rng)
            if turned_other and rng.random() < 0.5:  # what contradicts a neighbour says nothing about this one
                pairs.append(_pair(sentence, sentence.text, turned_other[0].text, 0, "other sentence", rng))
    return pairs


_SHARES = {"role": 1.0, "number": 1.0, "quantifier": 1.0, "opposite": 0.6, "negation": 0.3, "synonym": 0.7, "typo": 0.3}


def balanced(sources: Sequence[Source], rng: np.random.Generator) -> list[Pair]:
    """More of what is rare or hard: roles, numbers, quantifiers; points that say more or less than the statement."""
    pairs = []
    for sentence in sources:
        text = sentence.text
        for name, share in _SHARES.items():
            turns = name in minimal_pairs.TURNING
            found = {**minimal_pairs.TURNING, **minimal_pairs.KEEPING}[name](text, rng) if rng.random() < share else []
            found = [edit for edit in found if edit.text.lower() != text.lower()]
            if found:
                new = found[int(rng.integers(len(found)))].text
                pairs.append(_pair(sentence, text, new, int(turns), name, rng))
                if name == "role" and rng.random() < 0.5:
                    pairs.append(_pair(sentence, new, minimal_pairs.framed(new, rng), 0, "turned on both sides", rng))
        for edit in _some([*minimal_pairs.parts(text), *minimal_pairs.shortened(text)], 2, rng):
            point, said = (text, edit.text) if rng.random() < 0.7 else (edit.text, text)
            pairs.append(_pair(sentence, point, said, 0, edit.family, rng))
        for other in _some(sentence.others, 1, rng):
            pairs.append(_pair(sentence, text, minimal_pairs.joined(text, other, rng), 0, "joined", rng))
            turned = _drawn(minimal_pairs.TURNING, text, 1, rng, only=("negation", "opposite", "number"))
            if turned and rng.random() < 0.5:
                pairs.append(
                    _pair(sentence, text, minimal_pairs.joined(turned[0].text, other, rng), 1, turned[0].family, rng)
                )
    return pairs


def other_worded(sources: Sequence[Source], wordnet: WordNet, rng: np.random.Generator) -> list[Pair]:
    """Sentences in other words, which say the same, and turned ones in other words, which do not."""
    pairs = []
    for sentence in sources:
        text = sentence.text
        if (same := reworded(text, wordnet.same, rng)) is not None:
            pairs.append(_pair(sentence, text, same.text, 0, same.family, rng))
        new = _drawn(minimal_pairs.TURNING, text, 1, rng)
        against = list(turned(text, wordnet.opposite))
        if against and rng.random() < 0.5:
            new = _some(against, 1, rng)
        if new:
            again = reworded(new[0].text, wordnet.same, rng, most=3) if rng.random() < 0.7 else None
            pairs.append(_pair(sentence, text, (again or new[0]).text, 1, "turned, other words", rng))
    return pairs


def _some(items: Sequence[Any], n: int, rng: np.random.Generator) -> list[Any]:
    return [items[int(i)] for i in rng.permutation(len(items))[:n]]


def _drawn(
    edits: Mapping[str, minimal_pairs.Rewrite],
    text: str,
    n: int,
    rng: np.random.Generator,
    *,
    only: Sequence[str] | None = None,
) -> list[minimal_pairs.Edit]:
    """Up to `n` edits, each of another family where there are enough."""
    drawn = []
    for name in rng.permutation(list(only or edits)):
        found = edits[str(name)](text, rng)
        if str(name) == "denial" and rng.random() < 0.6:
            continue
        found = [edit for edit in found if edit.text.strip().lower() != text.strip().lower() and len(edit.text) > 3]
        if found:
            drawn.append(found[int(rng.integers(len(found)))])
        if len(drawn) == n:
            break
    return drawn


def _pair(s: Source, point: str, said: str, contradicts: int, family: str, rng: np.random.Generator) -> Pair:
    if rng.random() < 0.5 and family in (*minimal_pairs.TURNING, "synonym", "typo", "contraction", "double negation"):
        point, said = said, point  # what contradicts goes both ways, and so does what says the same
    return Pair(whole(point), in_context(said, s.others, rng), contradicts, s.source, family, s.group)


def in_context(text: str, others: Sequence[str], rng: np.random.Generator) -> Piece:
    """A statement alone, or between other sentences, as it would stand in an answer."""
    if not others or rng.random() < 0.5:
        return whole(text)
    before = " ".join(_ended(other) for other in _some(others, int(rng.integers(3)), rng))
    after = " ".join(_ended(other) for other in _some(others, int(rng.integers(2)), rng))
    start = len(before) + bool(before)
    return Piece(f"{before} {_ended(text)} {after}".strip(), start, start + len(text))


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else text + "."


# --- answers that people judged ------------------------------------------------------------------------------


def sentences(text: str) -> list[str]:
    return [text[span.start : span.end] for span in segments(text)]


def pieces(answer: str) -> list[Piece]:
    return [Piece(answer, span.start, span.end) for span in segments(answer)]


def overlap(point: str, said: str) -> float:
    """Share of the point's words that the statement repeats."""
    there = set(map(str.lower, words(said)))
    own = set(map(str.lower, words(point)))
    return len(own & there) / max(1, len(own))


def near_copy(pair: Pair, *, at_least: float = 0.6) -> bool:
    """Whether one side repeats most words of the other, in either direction."""
    point, statement = pair.point.words, pair.statement.words
    return max(overlap(point, statement), overlap(statement, point)) >= at_least


def is_right(row: LabelledAnswer) -> bool:
    return row.human_score >= row.max_score


def answered(path: Path, *, nearest: int = 3) -> list[Pair]:
    """Pairs of what people judged: right answers and stated facts as 0, contradictory answers as weak 1."""
    pairs = []
    name = path.stem.removesuffix("_dev")
    for row in read_labelled_set(path):
        group = f"{name} {row.question_id}"
        said = pieces(row.answer)
        if not said or row.answer.isspace():
            continue
        if row.point_labels:
            stated = [point for point in row.rubric or () if row.point_labels.get(point.id, 0) >= 1]
            candidates = [(point.text, piece) for point in stated for piece in said]
            near = sorted(candidates, key=lambda pair: -overlap(pair[0], pair[1].words))[: 2 * len(stated)]
            pairs += [Pair(whole(p), piece, 0, name, "stated fact", group) for p, piece in near]
        elif is_right(row) or row.label == "contradictory":
            points = [sentence for reference in row.reference_answers for sentence in sentences(reference)]
            candidates = [(point, piece) for point in points for piece in said]
            near = sorted(candidates, key=lambda pair: -overlap(pair[0], pair[1].words))
            if is_right(row):
                pairs += [Pair(whole(p), piece, 0, name, "right answer", group) for p, piece in near[:nearest]]
            elif near and overlap(near[0][0], near[0][1].words) >= 0.5:
                p, piece = near[0]
                pairs.append(Pair(whole(p), piece, 1, name, "contradictory answer", group, 0.5))
    return pairs


def reference_sources(path: Path) -> list[Source]:
    """The sentences of a set's references and the facts of its rubrics."""
    name = path.stem.removesuffix("_dev")
    found: dict[str, Source] = {}
    for row in read_labelled_set(path):
        texts = [sentence for reference in row.reference_answers for sentence in sentences(reference)]
        if row.point_labels:
            texts = [point.text for point in row.rubric or ()]
        for text in texts:
            if 3 <= len(words(text)) <= 40:
                others = tuple(other for other in dict.fromkeys(texts) if other != text)
                found.setdefault(text, Source(text, f"{name} {row.question_id}", name, others))
    return list(found.values())


def wiki_sources(pairs: Sequence[Pair]) -> Iterator[Source]:
    """The claims, each with the claims next to it in the file as what else a text may say."""
    wiki = [pair for pair in pairs if pair.source == "wikifactcheck"]
    for at, pair in enumerate(wiki):
        others = tuple(other.point.text for other in wiki[max(0, at - 2) : at + 3] if other.group != pair.group)
        yield Source(pair.point.text, pair.group, "wikifactcheck", others)


def refutations(pairs: Sequence[Pair], rng: np.random.Generator) -> list[Pair]:
    """Each human pair, and beside it pairs that keep each side as it is."""
    found = []
    for pair in pairs:
        p, s = pair.point.text, pair.statement.text
        if rng.random() < 0.5:
            p, s = s, p
        others = () if pair.source == "antonym_negation" else tuple(_some([q.point.text for q in pairs], 2, rng))
        found.append(pair._replace(point=whole(p), statement=in_context(s, others, rng)))
        if rng.random() < 0.5:
            said = str(rng.choice(["{}", minimal_pairs.framed(s, rng)])).replace("{}", s)
            found.append(
                Pair(whole(s), in_context(said, others, rng), 0, pair.source, "turned on both sides", pair.group)
            )
        if pair.contradicts and rng.random() < 0.25:
            said = minimal_pairs.framed(s, rng)
            found.append(
                Pair(whole(p), in_context(said, others, rng), 1, pair.source, "refutation, framed", pair.group)
            )
    return found


# --- what is only measured -----------------------------------------------------------------------------------


def right_answers(folder: Path, sets: Sequence[str], held_out: Callable[[str], bool]) -> list[Pair]:
    """Every segment of every right answer to a held-out question beside every point of its references."""
    pairs = []
    for name in sets:
        derived: dict[tuple[str, ...], list[str]] = {}
        for row in read_labelled_set(folder / f"{name}_dev.jsonl"):
            if not held_out(f"{name} {row.question_id}"):
                continue
            if row.point_labels:
                points = [point.text for point in row.rubric or () if row.point_labels.get(point.id, 0) >= 1]
            elif is_right(row):
                if row.reference_answers not in derived:
                    derived[row.reference_answers] = _derived_points(row)
                points = derived[row.reference_answers]
            else:
                continue
            group = f"{name}|{row.answer_id}"
            pairs += [
                Pair(whole(point), piece, 0, name, "right answer", group)
                for piece in pieces(row.answer)
                for point in points
            ]
    return pairs


def _derived_points(row: LabelledAnswer) -> list[str]:
    """The points of up to four references."""
    texts: dict[str, None] = {}
    for reference in row.reference_answers[:4]:
        if any(char.isalnum() for char in reference):
            asked = Question(id="x", question=row.question, reference_answer=reference, kind="knowledge", max_score=10)
            texts |= dict.fromkeys(point.text for point in derive(asked).points)
    return list(texts)


def bank_pairs(folder: Path) -> list[Pair]:
    """Minimal pairs of the points in a folder of rubrics, and each point beside every sentence of its own reference."""
    rng = np.random.default_rng(9)
    pairs = []
    for rubric in map(read_rubric, sorted(folder.glob("*.yaml"))):
        if rubric.kind != "knowledge":
            continue
        reference = sentences(rubric.reference_answer)
        for text in (point.text for point in rubric.points):
            others = tuple(other for other in reference if overlap(text, other) < 0.8)
            source = Source(text, f"{rubric.question_id}|{text}", "bank", others)
            pairs += _of_point(source, rng)
            pairs += [
                Pair(whole(text), piece, 0, "bank", "own reference, every sentence", source.group)
                for piece in pieces(rubric.reference_answer)
            ]
    return pairs


def _of_point(point: Source, rng: np.random.Generator) -> list[Pair]:
    pairs = []

    def add(own: str, said: Piece, contradicts: int, family: str) -> None:
        pairs.append(Pair(whole(own), said, contradicts, "bank", family, point.group))

    for edits, contradicts in ((minimal_pairs.TURNING, 1), (minimal_pairs.KEEPING, 0)):
        for name, edit in edits.items():
            found = [new for new in edit(point.text, rng) if new.text != point.text]
            for new in _some(found, 2, rng):
                add(point.text, in_context(new.text, point.others, rng), contradicts, name)
    add(point.text, whole(point.text), 0, "identical")
    add(point.text, in_context(point.text, point.others, rng), 0, "identical")
    turned = [
        new.text for name, edit in minimal_pairs.TURNING.items() if name != "denial" for new in edit(point.text, rng)
    ]
    for new in _some(turned, 1, rng):
        add(new, in_context(new, point.others, rng), 0, "turned on both sides")
    for other in _some(point.others, 1, rng):
        add(point.text, whole(minimal_pairs.joined(point.text, other, rng)), 0, "joined")
    return pairs
