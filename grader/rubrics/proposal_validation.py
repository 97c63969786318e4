"""Parse and validate a judge's proposal: a point must quote the reference answer and must not contradict the quote.

It sends no requests and sets no weights. Every rejected point or alias is reported in a note.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from grader.files import slug
from grader.guards import find_contradiction, parse_claim
from grader.judges import locate_quote, longest_span, parse_reply_object
from grader.phrases import one_line, shorten
from grader.rubrics.assembly import PointDraft, PointGroupDraft
from grader.rubrics.derivation import DraftedPoints
from grader.rubrics.linter import (
    GENERIC_STEMS,
    MIN_CONTENT_WORDS,
    find_duplicates,
    substantial_sentences,
    uncovered_spans,
)
from grader.schema import Rubric, RubricPoint
from grader.text import Span, content_stems, normalise

# Characters of a claim. The encoder reads about 1,000 at a time; the longest point of the packaged rubrics has 140.
LONGEST_CLAIM = 500
# Most aliases of one point.
MOST_ALIASES = 5
_GROUP_NAME = 40
_SHOWN = 60


class PointProposal(BaseModel):
    """One proposed point: `id` of the derived point that it refines, or empty; `words` of the reference answer."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    id: str
    words: str
    text: str
    aliases: list[str]
    group: str


class GroupProposal(BaseModel):
    """How many points of a group a full answer states."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: str
    need: int


class _Reply(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    points: list[PointProposal]
    groups: list[GroupProposal]


class _Envelope(BaseModel):
    """The form of a whole reply; each point is checked by itself, so that one bad one does not spoil the others."""

    model_config = ConfigDict(extra="forbid", strict=True)

    points: list[Any]
    groups: list[GroupProposal]


class Proposal(NamedTuple):
    """A parsed reply: well-formed points, the number of malformed ones, and `need` by group."""

    points: tuple[PointProposal, ...]
    n_malformed: int
    needs: Mapping[str, int]


def proposal_schema(ids: Iterable[str] = ()) -> dict[str, Any]:
    """The JSON schema of a reply: closed objects with all fields required, as strict servers demand.

    Args:
        ids: the opaque ids of derived points; a server that enforces the schema then returns no other ids.

    """
    schema = _Reply.model_json_schema()
    named = ["", *sorted(ids)]
    if len(named) > 1:
        schema["$defs"]["PointProposal"]["properties"]["id"] = {"enum": named, "type": "string"}
    return schema


def read_proposal(text: str) -> Proposal:
    """Parse a reply strictly, as `judges.parse_reply` does.

    Raises:
        RequestError: `malformed`: the text is not one JSON object of the agreed form.

    """
    envelope = parse_reply_object(text, _Envelope)
    points = [point for item in envelope.points if (point := _well_formed(item)) is not None]
    needs = {_group_name(group.name): group.need for group in reversed(envelope.groups)}
    return Proposal(tuple(points), len(envelope.points) - len(points), needs)


def _well_formed(item: object) -> PointProposal | None:
    try:
        return PointProposal.model_validate(item)
    except ValidationError:
        return None


def _group_name(name: str) -> str:
    return slug(name)[:_GROUP_NAME].strip("-") or ("list" if name.strip() else "")


# --- which points are accepted -----------------------------------------------------------------------


class AcceptedPoints(NamedTuple):
    """Drafts in the order of the reference answer, and one note for everything rejected, merged or lost."""

    drafts: tuple[PointDraft, ...]
    notes: tuple[str, ...]


class _Claim(NamedTuple):
    """An accepted point before groups are formed; `group` is a name or empty."""

    text: str
    span: Span
    aliases: tuple[str, ...]
    group: str


def accept_points(
    proposal: Proposal, point_of: Mapping[str, str], derived: Rubric, drafted: DraftedPoints
) -> AcceptedPoints:
    """Accept the valid points, in the order of the reference answer, in groups and without duplicates.

    If all proposals for a derived point are rejected, the derived point stays.

    Args:
        proposal: the parsed proposal.
        point_of: id of the derived point by opaque id.
        derived: the rubric from the rules alone.
        drafted: its drafts, in the order of its points.

    """
    notes = [f"{proposal.n_malformed} of its points have not the agreed form"] * (proposal.n_malformed > 0)
    draft_of = {point.id: draft for point, draft in zip(derived.points, drafted.drafts, strict=True)}
    claims: list[_Claim] = []
    held: dict[str, bool] = {}
    for point in proposal.points:
        point_id = point_of.get(point.id, "")
        near = draft_of[point_id].span.start if point_id else 0
        found = _checked_claim(point, drafted.source.text, derived.question, near, notes)
        held[point_id] = held.get(point_id, False) or found is not None
        if found is not None:
            claims.append(found)
    if claims:
        groups = {point.id: point.group or "" for point in derived.points}
        stays = [point_id for point_id, holds in held.items() if point_id and not holds]
        notes += [f"the derived '{shorten(draft_of[point_id].text, _SHOWN)}' stays in its place" for point_id in stays]
        drafts = [(draft_of[point_id], groups[point_id]) for point_id in stays]
        claims += [_Claim(draft.text, draft.span, draft.aliases, group) for draft, group in drafts]
    claims.sort(key=lambda claim: claim.span)
    notes += _lost_parts([claim.span for claim in claims], draft_of, drafted.source.text)
    needs = {name: group.need for name, group in derived.groups.items()} | dict(proposal.needs)
    return AcceptedPoints(tuple(_grouped(_merged(claims, notes), needs, notes)), tuple(notes))


def _checked_claim(point: PointProposal, reference: str, question: str, near: int, notes: list[str]) -> _Claim | None:
    """The point as a claim; `None` and a note if it is rejected."""
    text = _clean(point.text)
    span = _source_span(point.words, reference, near)
    problem = _rejection(text, point.words, reference, span)
    if span is None or problem:
        notes.append(f"dropped '{shorten(text, _SHOWN)}': {problem}")
        return None
    return _Claim(text, span, _aliases(point.aliases, text, question, notes), _group_name(point.group))


def _rejection(text: str, words: str, reference: str, span: Span | None) -> str:
    """Why a point is rejected; empty if it is accepted."""
    if not any(char.isalnum() for char in text):
        return "it says nothing"
    if len(text) > LONGEST_CLAIM:
        return f"it has {len(text)} characters, at most {LONGEST_CLAIM} are one claim"
    if span is None:
        return f"its words '{shorten(_clean(words), _SHOWN)}' do not stand in the reference answer"
    said = reference[span.start : span.end]
    if not content_stems(said):
        return f"its words '{shorten(said, _SHOWN)}' say nothing"
    if _contradicts(said, text):
        return f"it denies the words that it comes from, '{shorten(said, _SHOWN)}'"
    return ""


def _source_span(words: str, reference: str, near: int) -> Span | None:
    """The span of quoted words in the reference: from the position of the refined point on, else anywhere."""
    for begin in dict.fromkeys((near, 0)):
        spans = locate_quote(words, reference[begin:])
        if spans:
            start, end = longest_span(spans)
            return Span(begin + start, begin + end)
    return None


def _contradicts(one: str, two: str) -> bool:
    """Whether the guards are certain that one text contradicts the other."""
    finding = find_contradiction(parse_claim(one), parse_claim(two))
    return finding is not None and finding.certain


def _clean(text: str) -> str:
    return one_line(normalise(text).text).rstrip(" .;,")


def _aliases(proposed: Iterable[str], text: str, question: str, notes: list[str]) -> tuple[str, ...]:
    """The aliases that state the whole claim, because an answer that matches one of them earns the point."""
    kept: dict[str, str] = {text.lower(): text}
    for alias in map(_clean, proposed):
        problem = "" if alias.lower() in kept else _alias_problem(alias, text, question)
        if not problem and alias.lower() not in kept and len(kept) > MOST_ALIASES:
            problem = f"{MOST_ALIASES} are enough"
        if problem:
            notes.append(f"dropped the alias '{shorten(alias, _SHOWN)}' of '{shorten(text, _SHOWN)}': {problem}")
        else:
            kept.setdefault(alias.lower(), alias)
    return tuple(kept.values())[1:]


def _alias_problem(alias: str, text: str, question: str) -> str:
    if len(alias) > LONGEST_CLAIM:
        return f"it has {len(alias)} characters, at most {LONGEST_CLAIM} are one claim"
    mine, whole = _specific_stems(alias, question), _specific_stems(text, question)
    if len(mine) < min(len(whole), MIN_CONTENT_WORDS) or not any(char.isalnum() for char in alias):
        return "it says too little to state the point"
    return "it denies the point" if _contradicts(text, alias) else ""


def _specific_stems(text: str, question: str) -> set[str]:
    """Content stems of a text, without those of the question and without generic ones."""
    return set(content_stems(text)) - set(content_stems(question)) - GENERIC_STEMS


# --- duplicates, groups, lost parts -------------------------------------------------------------------


def _merged(claims: Sequence[_Claim], notes: list[str]) -> list[_Claim]:
    """Merge claims that say nearly the same: the earlier one gets the wordings of the later as aliases."""
    points = [RubricPoint(id=f"c{at}", text=claim.text, group=claim.group or None) for at, claim in enumerate(claims)]
    into = find_duplicates(points)
    merged = dict(enumerate(claims))
    for two in sorted(into):
        one = into[two]
        while one in into:
            one = into[one]
        first, second = merged[one], merged.pop(two)
        notes.append(f"merged '{shorten(second.text, _SHOWN)}' with '{shorten(first.text, _SHOWN)}'")
        wordings = {alias.lower(): alias for alias in (first.text, *first.aliases, second.text, *second.aliases)}
        merged[one] = first._replace(aliases=tuple(wordings.values())[1:], span=_joined(first.span, second.span))
    return list(merged.values())


def _joined(one: Span, two: Span) -> Span:
    """The union of both spans if they touch, else the first."""
    return Span(min(one.start, two.start), max(one.end, two.end)) if two.start <= one.end else one


def _grouped(claims: Sequence[_Claim], needs: Mapping[str, int], notes: list[str]) -> Iterator[PointDraft]:
    """Form groups of at least two points; `need` is clipped to 1 .. the size of the group."""
    sizes = Counter(claim.group for claim in claims if claim.group)
    groups: dict[str, PointGroupDraft] = {}
    for name, size in sizes.items():
        if size < 2 or name not in needs:
            problem = "it has one point" if size < 2 else "it is nowhere said how many a full answer states"
            notes.append(f"no group '{name}': {problem}")
            continue
        need = min(max(1, needs[name]), size)
        if need != needs[name]:
            notes.append(f"group '{name}' has {size} points and cannot need {needs[name]}: it needs {need}")
        start = min(claim.span.start for claim in claims if claim.group == name)
        groups[name] = PointGroupDraft(name, need, start)
    for claim in claims:
        yield PointDraft(claim.text, claim.span, claim.aliases, groups.get(claim.group))


def _lost_parts(spans: Sequence[Span], draft_of: Mapping[str, PointDraft], reference: str) -> list[str]:
    """Notes on parts of the reference answer that derived points cover and proposed points do not."""
    open_ones = uncovered_spans(sorted(spans), len(reference))
    notes = []
    for point_id, draft in draft_of.items():
        parts = [
            reference[max(gap.start, draft.span.start) : min(gap.end, draft.span.end)]
            for gap in open_ones
            if gap.start < draft.span.end and draft.span.start < gap.end
        ]
        whole = reference[draft.span.start : draft.span.end]
        lost = [whole] if parts == [whole] else [sentence for part in parts for sentence in substantial_sentences(part)]
        notes += [
            f"no proposed point covers '{shorten(part, _SHOWN)}', which the derived {point_id} does" for part in lost
        ]
    return notes
