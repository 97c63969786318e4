"""Lint a rubric: problems of single points and of the whole rubric, each with its remedy. Needs no model or answers."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from grader.phrases import shorten
from grader.schema import Rubric, RubricPoint
from grader.text import (
    ATOM,
    FORMULA,
    NEGATION_WORDS,
    Markup,
    Span,
    clauses,
    content_stems,
    dangling,
    detokenize,
    find_listing,
    read_markup,
    segments,
    stem,
    words,
)

FindingKind = Literal[
    "compound",
    "vague",
    "dangling",
    "non_prose",
    "duplicate",
    "unreachable",
    "uncovered_reference",
    "missing_words",
    "span_mismatch",
    "unequal_group_weights",
    "weights",
]

# Stems of words about the form of an answer, not about its content.
GENERIC_STEMS = frozenset(
    stem(word)
    for word in """
    explain explanation describe description mention discuss state give provide include cover show
    demonstrate name answer question point concept topic idea thing aspect detail understanding understand
    knowledge good well correct correctly clear clearly relevant appropriate proper properly important key
    main various different specific example information definition define complete full accurate concise
    reasonable candidate student response
    """.split()
)
# Words that join sentences and say nothing themselves.
LINKING_STEMS = frozenset(
    stem(word)
    for word in """
    additionally also both e.g eg etc example following furthermore however instance moreover overall
    respectively similarly specifically therefore thus hence consequently finally further firstly secondly
    thirdly lastly first second third next short summary summarize conclusion addition result contrast hand
    particular generally essentially yes no see source link n't
    """.split()
)
MIN_CONTENT_WORDS = 2
MIN_UNCOVERED_WORDS = 4
# Share of the longer point's content words; a smaller share would merge points that differ in one word of five.
DUPLICATE_SHARE = 0.8
# Weights are written with two decimals.
TOLERANCE = 0.01


@dataclass(frozen=True)
class Finding:
    """One problem of a rubric.

    Attributes:
        kind: the kind of problem.
        point_id: the point, or `None` when it is about the whole rubric.
        message: what was found, and the remedy.
    """

    kind: FindingKind
    point_id: str | None
    message: str


def lint(rubric: Rubric) -> tuple[Finding, ...]:
    """All findings: first those about single points, in the order of the points, then those about the whole rubric.

    `uncovered_reference`, `missing_words` and what is left out of the reference answer need at least one `source_span`
    and are skipped for open questions, whose reference answer is guidance.
    """
    findings: list[Finding] = []
    for point in rubric.points:
        findings += [finding for check in POINT_CHECKS for finding in check(point, rubric)]
    for check in RUBRIC_CHECKS:
        findings += check(rubric)
    return tuple(findings)


# --- single points ----------------------------------------------------------------------------------------


def _compound(point: RubricPoint, rubric: Rubric) -> list[Finding]:
    """Two claims or a list in one point."""
    parts = clauses(point.text)
    if len(parts) > 1:
        halves = ", ".join(f"'{detokenize(part.words)}'" for part in parts)
        return [Finding("compound", point.id, f"makes {len(parts)} claims; write one point for each: {halves}")]
    listing = find_listing(parts[0]) if parts else None
    if listing is None or len(listing.items) < 3:
        return []
    message = f"lists {len(listing.items)} things; write one point for each and join them in a group with 'need'"
    return [Finding("compound", point.id, message)]


def _vague(point: RubricPoint, rubric: Rubric) -> list[Finding]:
    """Too few specific words about the content of the answer."""
    telling = [word for word in content_stems(point.text) if word not in GENERIC_STEMS]
    if len(set(telling)) >= MIN_CONTENT_WORDS or FORMULA.search(point.text) or _PLAIN_FORMULA.search(point.text):
        return []
    found = f"only '{telling[0]}'" if telling else "nothing"
    return [Finding("vague", point.id, f"{found} in it says what to state; write the claim itself, in a full sentence")]


_PLAIN_FORMULA = re.compile(r"\w\)? ?(?:[=<>]|[-+*/^] ?\w+ ?=)")


def _dangling(point: RubricPoint, rubric: Rubric) -> list[Finding]:
    """A subject that only the reference answer explains."""
    word = next((word for clause in clauses(point.text) if (word := dangling(clause.words))), None)
    if rubric.kind == "open" or word is None:
        return []
    return [Finding("dangling", point.id, f"'{word}' speaks of something that is not in the point; name it")]


def _non_prose(point: RubricPoint, rubric: Rubric) -> list[Finding]:
    """Code, a row of a table, an image, an address or a tag."""
    text = ATOM.sub(" ", point.text)
    n_words, n_signs = len(_PROSE_WORD.findall(text)), len(_CODE_SIGN.findall(text))
    if not _MARKUP.search(text) and n_signs <= n_words / 2:
        return []
    return [Finding("non_prose", point.id, "is code or markup, which no answer says; write a sentence, or remove it")]


_PROSE_WORD = re.compile(r"(?<![\w.])[^\W\d_]{2,}(?!\w|\.\w|\()")
_CODE_SIGN = re.compile(
    r"[{}|;`]|(?<!\w)#|\w\[|\w_\w|\w\w\(|\w\.(?=[^\W\d])|[=-]>|::|==|(?<=\w) = (?=[^\W\d]\w*\.[^\W\d])"
)
_MARKUP = re.compile(r"!\[|\]\(|^\W*(?:https?://|www\.)\S+\W*$|</\w+>|\|.*\|")


def _unreachable(point: RubricPoint, rubric: Rubric) -> list[Finding]:
    """No words beyond those of the question, which earn no credit."""
    stems = set(content_stems(point.text))
    if not stems or not rubric.question or stems - set(content_stems(rubric.question)):
        return []
    message = "has no word beyond the question's own; say what an answer must add to the question"
    return [Finding("unreachable", point.id, message)]


def _span_mismatch(point: RubricPoint, rubric: Rubric) -> list[Finding]:
    """A source span that shares no word with the point."""
    if point.source_span is None:
        return []
    start, end = point.source_span
    source = rubric.reference_answer[start:end]
    stems = {word for text in (point.text, *point.aliases) for word in content_stems(text)}
    if not stems or stems & set(content_stems(source)):
        return []
    found = f"source_span [{start}, {end}] is '{shorten(source, 80)}'"
    message = f"{found}, which shares no word with the point; correct or remove it"
    return [Finding("span_mismatch", point.id, message)]


POINT_CHECKS = (_compound, _vague, _dangling, _non_prose, _unreachable, _span_mismatch)


# --- the whole rubric -------------------------------------------------------------------------------------


def _duplicate(rubric: Rubric) -> list[Finding]:
    """Points that share nearly all content words with an earlier point; the message names the first such point."""
    points = rubric.points
    message = "says nearly the same as '{}'; delete one of them or say what sets them apart"
    return [
        Finding("duplicate", points[two].id, message.format(points[one].id))
        for two, one in find_duplicates(points).items()
    ]


def find_duplicates(points: Sequence[RubricPoint]) -> dict[int, int]:
    """The position of each point that says nearly the same as an earlier one, mapped to the first such position."""
    stems = [frozenset(content_stems(point.text)) for point in points]
    pairs = [(i, j) for i, j in _alike(stems) if points[i].group is None or points[i].group != points[j].group]
    for name in dict.fromkeys(point.group for point in points if point.group is not None):
        members = [at for at, point in enumerate(points) if point.group == name]
        # Items of one group repeat its introduction, so words that all items share are ignored.
        shared = frozenset.intersection(*(stems[at] for at in members)) if members else frozenset()
        pairs += [(members[i], members[j]) for i, j in _alike([stems[at] - shared for at in members])]
    first: dict[int, int] = {}
    for one, two in pairs:
        if _same_sense(points[one], points[two]):
            first[two] = min(one, first.get(two, one))
    return dict(sorted(first.items()))


def _alike(sets: Sequence[frozenset[str]]) -> Iterator[tuple[int, int]]:
    """Pairs of positions of sets that share `DUPLICATE_SHARE` of the larger one, without comparing all pairs.

    Two such sets share at least one of their rarest words, so for a set of n words only the
    n - ceil(`DUPLICATE_SHARE` * n) + 1 rarest are looked up.

    Source: prefix filtering (Bayardo, Ma and Srikant 2007, "Scaling up all pairs similarity search").
    """
    frequency = Counter(word for words in sets for word in words)
    seen: defaultdict[str, list[int]] = defaultdict(list)
    for two, mine in enumerate(sets):
        rarest = sorted(mine, key=lambda word: (frequency[word], word))
        looked_up = rarest[: len(mine) - math.ceil(DUPLICATE_SHARE * len(mine) - 1e-9) + 1] or [
            ""
        ]  # empty sets are alike
        for one in {one for word in looked_up for one in seen[word]}:
            if len(sets[one] & mine) >= DUPLICATE_SHARE * max(len(sets[one]), len(mine)):
                yield one, two
        for word in looked_up:
            seen[word].append(two)


def _same_sense(one: RubricPoint, two: RubricPoint) -> bool:
    """Whether both points are claims or both are mistakes, with the same number of negations."""
    return (one.weight > 0) == (two.weight > 0) and _negations(one.text) == _negations(two.text)


def _negations(text: str) -> int:
    return sum(word.lower() in NEGATION_WORDS or word.lower().endswith("n't") for word in words(text))


def _reference_left(rubric: Rubric) -> list[Finding]:
    """What of the reference answer no point has: sentences or parts of them, single words, and what is no prose."""
    spans = sorted(point.source_span for point in rubric.points if point.source_span is not None)
    if not spans or rubric.kind == "open":
        return []
    markup = read_markup(rubric.reference_answer.replace("\r", " "))
    uncovered = uncovered_spans(spans, len(rubric.reference_answer))
    sentences = [text for start, end in uncovered for text in substantial_sentences(markup.prose[start:end])]
    findings: list[Finding] = []
    for text in sentences:
        message = f"no point covers '{shorten(text, 80)}'; add a point or shorten the reference answer"
        findings.append(Finding("uncovered_reference", None, message))
    for text, missing in _missing_words(rubric, markup):
        if not any(set(missing) <= set(words(sentence)) for sentence in sentences):
            listed = ", ".join(f"'{word}'" for word in missing)
            message = f"no point holds {listed} of '{shorten(text, 80)}'; add to a point what an answer must say"
            findings.append(Finding("missing_words", None, message))
    for kind, span in markup.left_out:
        if not any(start < span.end and span.start < end for start, end in spans):
            said = shorten(rubric.reference_answer[slice(*span)], 80)
            message = (
                f"the {kind} '{said}' is in no point; say in a sentence what of it an answer must state, if anything"
            )
            findings.append(Finding("non_prose", None, message))
    return findings


_NUMBERING = re.compile(r"^(?:(?:and|or)\s+)?\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)]\s*(?=[^\W\d])")


def _missing_words(rubric: Rubric, markup: Markup) -> Iterator[tuple[str, list[str]]]:
    """Each sentence of the reference answer that has content words which no point has, and these words."""
    held = {word for point in rubric.points for text in (point.text, *point.aliases) for word in content_stems(text)}
    held |= LINKING_STEMS
    for text in [
        *(markup.prose[start:end] for start, end in segments(markup.prose)),
        *(cell.text for cell in markup.cells),
    ]:
        said = words(_NUMBERING.sub("", text))
        missing = [word for word in dict.fromkeys(said) if set(content_stems(word)) - held]
        if missing:
            yield text, missing


def substantial_sentences(text: str) -> list[str]:
    """The sentences of a text, or parts of sentences, with at least `MIN_UNCOVERED_WORDS` content words."""
    parts = (text[start:end] for start, end in segments(text))
    return [part for part in parts if len(content_stems(part)) >= MIN_UNCOVERED_WORDS]


def uncovered_spans(spans: Sequence[tuple[int, int]], length: int) -> list[Span]:
    """The stretches of a text of this length that no span covers; spans are sorted by start."""
    found: list[Span] = []
    reached = 0
    for start, end in spans:
        if start > reached:
            found.append(Span(reached, start))
        reached = max(reached, end)
    if reached < length:
        found.append(Span(reached, length))
    return found


def _unequal_group_weights(rubric: Rubric) -> list[Finding]:
    """Groups whose members have different weights, so that the score depends on which members an answer names."""
    findings: list[Finding] = []
    for name in rubric.groups:
        weights = [point.weight for point in rubric.points if point.group == name]
        if weights and max(weights) - min(weights) > TOLERANCE + 1e-9:
            found = ", ".join(f"{weight:g}" for weight in weights)
            findings.append(
                Finding("unequal_group_weights", None, f"group '{name}' has the weights {found}; make them equal")
            )
    return findings


def _weights(rubric: Rubric) -> list[Finding]:
    """Positive weights that do not sum to the maximum."""
    total = sum(point.weight for point in rubric.points if point.weight > 0)
    if abs(total - rubric.max_score) <= TOLERANCE + 1e-9:
        return []
    found = f"positive weights sum to {total:g}, max_score is {rubric.max_score:g}"
    message = f"{found}; make them equal (until then the score is scaled)"
    return [Finding("weights", None, message)]


RUBRIC_CHECKS = (_duplicate, _reference_left, _unequal_group_weights, _weights)
