"""What is wrong with a rubric, point by point, and what to do about it. It reads the rubric alone: no
model, no answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from grader.grammar import lexicon, listings
from grader.grammar.clauses import clauses
from grader.grammar.lexicon import content_stems
from grader.grammar.sentence import say
from grader.phrases import shorten
from grader.schema import Rubric, RubricPoint
from grader.text import Span, segments, words

FindingKind = Literal[
    "compound",
    "vague",
    "duplicate",
    "unreachable",
    "uncovered_reference",
    "span_mismatch",
    "unequal_group_weights",
    "weights",
]

# Words of a rubric that say how to answer, not what.
GENERIC = frozenset(
    lexicon.stem(word)
    for word in """
    explain explanation describe description mention discuss state give provide include cover show
    demonstrate name answer question point concept topic idea thing aspect detail understanding understand
    knowledge good well correct correctly clear clearly relevant appropriate proper properly important key
    main various different specific example information definition define complete full accurate concise
    reasonable candidate student response
    """.split()
)
MIN_CONTENT_WORDS = 2
MIN_UNCOVERED_WORDS = 4
# Share of the longer point's content words; below it, points that differ in one of five words would be
# taken for one.
SAME = 0.8
# Weights are written with two decimals.
TOLERANCE = 0.01


@dataclass(frozen=True)
class Finding:
    """One thing to mend.

    Attributes:
        kind: what is wrong.
        point_id: the point, or `None` when it is about the whole rubric.
        message: what was found and what to do.
    """

    kind: FindingKind
    point_id: str | None
    message: str


def lint(rubric: Rubric) -> tuple[Finding, ...]:
    """All findings: first those about single points, in the order of the points, then those about the
    whole rubric.

    `uncovered_reference` needs at least one `source_span` and is not looked for in open questions, whose
    reference answer is guidance.
    """
    findings: list[Finding] = []
    for point in rubric.points:
        findings += [finding for check in POINT_CHECKS for finding in check(point, rubric)]
    for check in RUBRIC_CHECKS:
        findings += check(rubric)
    return tuple(findings)


# --- single points ----------------------------------------------------------------------------------------


def _compound(point: RubricPoint, rubric: Rubric) -> list[Finding]:
    """Two claims in one point, or a list."""
    parts = clauses(point.text)
    if len(parts) > 1:
        halves = ", ".join(f"'{say(part.words)}'" for part in parts)
        return [Finding("compound", point.id, f"makes {len(parts)} claims; write one point for each: {halves}")]
    listing = listings.find(parts[0]) if parts else None
    if listing is None or len(listing.items) < 3:
        return []
    message = f"lists {len(listing.items)} things; write one point for each and join them in a group with 'need'"
    return [Finding("compound", point.id, message)]


def _vague(point: RubricPoint, rubric: Rubric) -> list[Finding]:
    """Hardly a word that says what the answer must state."""
    telling = [stem for stem in content_stems(point.text) if stem not in GENERIC]
    if len(set(telling)) >= MIN_CONTENT_WORDS:
        return []
    found = f"only '{telling[0]}'" if telling else "nothing"
    return [Finding("vague", point.id, f"{found} in it says what to state; write the claim itself, in a full sentence")]


def _unreachable(point: RubricPoint, rubric: Rubric) -> list[Finding]:
    """Nothing beyond the question's own words, which earn no credit."""
    said = set(content_stems(point.text))
    if not said or not rubric.question or said - set(content_stems(rubric.question)):
        return []
    message = "has no word beyond the question's own; say what an answer must add to the question"
    return [Finding("unreachable", point.id, message)]


def _span_mismatch(point: RubricPoint, rubric: Rubric) -> list[Finding]:
    """A source span about something else."""
    if point.source_span is None:
        return []
    start, end = point.source_span
    source = rubric.reference_answer[start:end]
    said = {stem for text in (point.text, *point.aliases) for stem in content_stems(text)}
    if not said or said & set(content_stems(source)):
        return []
    found = f"source_span [{start}, {end}] is '{shorten(source, 80)}'"
    message = f"{found}, which shares no word with the point; correct or remove it"
    return [Finding("span_mismatch", point.id, message)]


POINT_CHECKS = (_compound, _vague, _unreachable, _span_mismatch)


# --- the whole rubric -------------------------------------------------------------------------------------


def _duplicate(rubric: Rubric) -> list[Finding]:
    """Two points that share nearly all content words."""
    stems = {point.id: set(content_stems(point.text)) for point in rubric.points}
    members = {name: [stems[point.id] for point in rubric.points if point.group == name] for name in rubric.groups}
    # Items of one group repeat its introduction; only what sets them apart counts.
    shared = {name: set.intersection(*sets) if sets else set() for name, sets in members.items()}
    findings: list[Finding] = []
    for one, two in combinations(rubric.points, 2):
        common = shared[one.group] if one.group is not None and one.group == two.group else set()
        first, second = stems[one.id] - common, stems[two.id] - common
        same = len(first & second) >= SAME * max(len(first), len(second))
        same_side = (one.weight > 0) == (two.weight > 0)
        if same and same_side and _negations(one.text) == _negations(two.text):
            message = f"says nearly the same as '{one.id}'; delete one of them or say what sets them apart"
            findings.append(Finding("duplicate", two.id, message))
    return findings


def _negations(text: str) -> int:
    return sum(word.lower() in lexicon.NOT or word.lower().endswith("n't") for word in words(text))


def _unmet_need(rubric: Rubric) -> list[Finding]:
    """A group that needs more points than it has."""
    findings: list[Finding] = []
    for name, group in rubric.groups.items():
        size = sum(point.group == name for point in rubric.points)
        if group.need > size:
            message = f"group '{name}' needs {group.need} points but has {size}; lower 'need' or add points"
            findings.append(Finding("unreachable", None, message))
    return findings


def _uncovered_reference(rubric: Rubric) -> list[Finding]:
    """Sentences of the reference answer, or parts of them, that no point comes from."""
    spans = sorted(point.source_span for point in rubric.points if point.source_span is not None)
    if not spans or rubric.kind == "open":
        return []
    findings: list[Finding] = []
    for start, end in _gaps(spans, len(rubric.reference_answer)):
        for span in segments(rubric.reference_answer[start:end]):
            text = rubric.reference_answer[start + span.start : start + span.end]
            if len(content_stems(text)) >= MIN_UNCOVERED_WORDS:
                message = f"no point covers '{shorten(text, 80)}'; add a point or shorten the reference answer"
                findings.append(Finding("uncovered_reference", None, message))
    return findings


def _gaps(spans: Sequence[tuple[int, int]], length: int) -> list[Span]:
    """The stretches that no span covers."""
    gaps: list[Span] = []
    reached = 0
    for start, end in spans:
        if start > reached:
            gaps.append(Span(reached, start))
        reached = max(reached, end)
    if reached < length:
        gaps.append(Span(reached, length))
    return gaps


def _unequal_group_weights(rubric: Rubric) -> list[Finding]:
    """Members of a group that are not worth the same, so that the group's worth depends on which ones are
    named.
    """
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


RUBRIC_CHECKS = (_duplicate, _unmet_need, _uncovered_reference, _unequal_group_weights, _weights)
