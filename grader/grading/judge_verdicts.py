"""How judges change a grade: which points they are asked about, how much their verdicts count, which flags are raised.

The embedding and each judge are separate raters, and the verdict of each is kept. A judge's award needs a quote from
the answer as proof. A verdict that cannot be used leaves the embedding's result as it is. `scoring` computes scores.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from grader.grading.confidence import point_confidence, stated_probabilities
from grader.grading.drafts import Draft
from grader.grading.feedback import candidate_feedback
from grader.grading.point_grades import credit_status
from grader.guards import decode_tag_characters, has_prompt_injection
from grader.judges import (
    UNPROVEN_WEIGHT,
    JudgeOpinion,
    JudgeWeight,
    JudgingTask,
    Panel,
    PointToJudge,
    RawVerdict,
    verify_quote,
)
from grader.schema import Evidence, PointGrade, Rated, Status, Verdict, VerdictWord
from grader.settings import JudgeSettings, Settings
from grader.text import NormalisedText, Span

VERDICT_CREDITS: Mapping[VerdictWord, float] = {"covered": 1.0, "partial": 0.5, "missing": 0.0, "contradicted": 0.0}
_AWARDS = ("covered", "partial")
# Flags about judges, explained in `flags.FLAGS`.
_CLASH, _SPLIT, _UNSUPPORTED, _FAILED, _REFUSED = (
    "judge_disagrees",
    "judges_split",
    "unsupported_verdict",
    "judge_failed",
    "judge_refused",
)
# Answers with these flags have no content for a judge to read.
_SAY_NOTHING = frozenset({"no_answer", "gibberish", "question_echo"})
ADDRESSES_EXAMINER = "the answer speaks to the examiner, so a judge's word alone does not count: a person must look"


class _JudgePolicy(NamedTuple):
    """When judges are asked, and how much their verdicts count."""

    settings: JudgeSettings
    weight: JudgeWeight


def judge_drafts(
    drafts: Sequence[Draft], panel: Panel, settings: Settings, *, weight: JudgeWeight = UNPROVEN_WEIGHT
) -> list[Draft]:
    """Ask the panel about the drafts that need it, and apply its verdicts to them.

    Args:
        drafts: with the embedding's results.
        panel: the judges; its settings say when to ask them.
        settings: with the thresholds of the statuses.
        weight: how much verdicts count, as measured on labelled answers.

    Raises:
        SetupError: no request to a judge can succeed.

    """
    policy = _JudgePolicy(panel.settings, weight)
    asked = {at: case for at, draft in enumerate(drafts) if (case := judging_task(draft, policy.settings)) is not None}
    judged = list(drafts)
    for at, opinions in zip(asked, panel.collect_opinions(list(asked.values())), strict=True):
        judged[at] = _with_opinions(drafts[at], opinions, policy, settings)
    return judged


# --- when to ask -------------------------------------------------------------------------------------


def judging_task(draft: Draft, settings: JudgeSettings) -> JudgingTask | None:
    """The points of a draft that a judge should read; `None` if there are none, or the answer has no content.

    Without a result of the embedding (open question, other language) these are all points.
    """
    rubric = draft.rubric
    if rubric is None or not draft.text.text or not _SAY_NOTHING.isdisjoint(draft.flags):
        return None
    stated = stated_probabilities(draft.points)
    ask_all = draft.ungraded_reason is not None or settings.when != "unclear"
    points = [point for point in rubric.points if ask_all or _is_unclear(stated[point.id], settings)]
    if not points:
        return None
    return JudgingTask(
        answer=draft.text.text,
        question=rubric.question,
        reference_answer="" if rubric.kind == "open" else rubric.reference_answer,
        points=tuple(PointToJudge(point.id, point.text, point.aliases, point.weight < 0) for point in points),
        decided_points=tuple(_decided_points(draft.points, {point.id for point in points})),
    )


def _is_unclear(chance: float | None, settings: JudgeSettings) -> bool:
    return chance is not None and settings.unclear_from <= chance <= settings.unclear_to


def _decided_points(points: Iterable[PointGrade], asked: Collection[str]) -> Iterator[tuple[str, str]]:
    """The points that are not sent to a judge, with their status in words."""
    words: Mapping[Status, str] = {"covered": "stated", "partial": "stated in part", "contradicted": "denied"}
    for point in points:
        if point.point_id not in asked and point.weight > 0:
            yield point.text, words.get(point.status, "not stated")


# --- how much verdicts count ------------------------------------------------------------------------


def _with_opinions(draft: Draft, opinions: Sequence[JudgeOpinion], policy: _JudgePolicy, settings: Settings) -> Draft:
    is_addressed = has_prompt_injection(draft.text.text) or bool(decode_tag_characters(draft.answer.answer))
    verdicts = {
        point_id: tuple(verify_verdict(opinion.judge_name, opinion.verdicts[point_id], draft) for opinion in opinions)
        for point_id in opinions[0].verdicts
    }
    context = _DecisionContext(
        policy, settings, alone=draft.ungraded_reason is not None, may_raise=not is_addressed, share=draft.share
    )
    points = tuple(
        _apply_verdicts(point, verdicts[point.point_id], context) if point.point_id in verdicts else point
        for point in draft.points
    )
    flags = dict.fromkeys([*draft.flags, *(["instructions"] if is_addressed else []), *_flags(points, opinions)])
    feedback = candidate_feedback(opinions, draft, reveal=policy.settings.reveal)
    draft = draft._replace(points=points, flags=tuple(flags), feedback=feedback)
    if not context.alone:
        return draft
    return draft._replace(
        ungraded_reason=ADDRESSES_EXAMINER if is_addressed else _still_ungraded(points, policy.settings, draft)
    )


def _still_ungraded(points: Sequence[PointGrade], settings: JudgeSettings, draft: Draft) -> str | None:
    """Why an answer that only judges can grade has no score: they may only explain, or decided too few points."""
    if settings.when == "never-for-score":
        return draft.ungraded_reason
    wanted = [point for point in points if point.weight > 0]
    open_ones = [point for point in wanted if point.status == "not_judged"]
    if 2 * sum(point.weight for point in open_ones) < sum(point.weight for point in wanted):
        return None
    reasons = Counter(v.reason for point in open_ones for v in point.verdicts if v.verdict == "not_judged")
    why = reasons.most_common(1)[0][0] if reasons else "it cannot be told"
    return f"the judge decided {len(wanted) - len(open_ones)} of {len(wanted)} points: {why}"


def verify_verdict(judge: str, raw: RawVerdict | str, draft: Draft) -> Verdict:
    """A verdict with its quote located in the answer; an award without proof is marked as unsupported."""
    if isinstance(raw, str):
        return Verdict(judge=judge, verdict="not_judged", supported=False, reason=raw)
    question = "" if draft.rubric is None else draft.rubric.question
    proof = verify_quote(raw.quote, draft.text, question)
    needs_proof = raw.verdict in _AWARDS
    reason = raw.reason if not (needs_proof and proof.problem) else f"{proof.problem}; it says: {raw.reason}"
    return Verdict(
        judge=judge,
        verdict=raw.verdict,
        quote=None if proof.span is None else _evidence(draft.answer.answer, draft.text, proof.span),
        supported=not (needs_proof and proof.problem),
        reason=reason,
    )


def _evidence(original: str, text: NormalisedText, span: Span) -> Evidence:
    start, end = text.original_span(*span)
    return Evidence(text=original[start:end], start=start, end=end)


class _DecisionContext(NamedTuple):
    """What is the same for all points of one answer.

    `alone`: there is no result of the embedding; `may_raise`: a judge may raise the score; `share`: factor on the
    credits, for the way the answer is written.
    """

    policy: _JudgePolicy
    settings: Settings
    alone: bool
    may_raise: bool
    share: float


def _apply_verdicts(point: PointGrade, verdicts: tuple[Verdict, ...], context: _DecisionContext) -> PointGrade:
    """A point with its judges' verdicts, and with their effect on status and credit."""
    kept = point.model_copy(update={"verdicts": verdicts, "by_embedding": Rated(point.status, point.credit)})
    if context.policy.settings.when == "never-for-score":
        return kept
    usable = [verdict for verdict in verdicts if verdict.supported and verdict.verdict in VERDICT_CREDITS]
    if context.alone and not usable and any(not v.supported and v.verdict in _AWARDS for v in verdicts):
        # An award without proof is not a technical fault: the judge read the answer and found nothing to quote.
        return _decided(kept, "missing", 0.0, next(v for v in verdicts if v.verdict in _AWARDS), context)
    if not usable:
        return kept
    word, credit = majority_verdict([verdict.verdict for verdict in usable])
    credit *= context.share if point.weight > 0 else 1.0
    speaker = next((v for v in usable if v.verdict == word), usable[0])
    if not context.alone:
        weight = context.policy.weight
        chance = stated_probabilities([point])[point.point_id]
        influence = weight.influence if weight.everywhere or _is_unclear(chance, context.policy.settings) else 0.0
        before = point.credit or 0.0
        mixed = (1 - influence) * before + influence * credit
        if influence == 0 or (not context.may_raise and (mixed - before) * point.weight > 0):
            return kept
        credit = mixed
    return _decided(kept, word, credit, speaker, context)


def majority_verdict(words: Sequence[VerdictWord]) -> tuple[VerdictWord, float]:
    """The verdict of the majority and its credit; without a majority, the median credit and the word for it.

    Args:
        words: at least one, none of them `cannot_tell` or `not_judged`.

    """
    word, n = Counter(words).most_common(1)[0]
    if 2 * n > len(words):
        return word, VERDICT_CREDITS[word]
    credits = sorted(VERDICT_CREDITS[word] for word in words)
    middle = (credits[(len(credits) - 1) // 2] + credits[len(credits) // 2]) / 2
    return ("covered" if middle == 1 else "partial" if middle > 0 else "missing"), middle


def _decided(
    point: PointGrade, word: VerdictWord, credit: float, speaker: Verdict, context: _DecisionContext
) -> PointGrade:
    """The point as the judges decided it, with a status that fits the credit, and with their quote as evidence."""
    status = credit_status(credit)
    if word == "contradicted" and status == "missing" and speaker.quote is not None:
        status = "contradicted"
    if point.weight < 0 and status != "covered":
        status, credit = "missing", 0.0  # a mistake counts only if it was clearly made
    quote = speaker.quote if speaker.verdict == word else None
    chance = context.policy.weight.chances[word]
    return point.model_copy(
        update={
            "status": status,
            "credit": credit,
            "evidence": None if status == "missing" else quote or point.evidence,
            "decided_by": "judge",
            "rationale": f"{speaker.judge}: {speaker.reason}",
            "confidence": point_confidence(chance, credit),
        }
    )


def _flags(points: Iterable[PointGrade], opinions: Sequence[JudgeOpinion]) -> list[str]:
    verdicts = [(point, verdict) for point in points for verdict in point.verdicts]
    found = {
        _CLASH: any(_disagrees(point.by_embedding, verdict) for point, verdict in verdicts),
        _SPLIT: any(_split(point.verdicts) for point in points),
        _UNSUPPORTED: any(not v.supported and v.verdict in _AWARDS for _, v in verdicts),
        _FAILED: any(verdict.verdict in ("not_judged", "cannot_tell") for _, verdict in verdicts),
        _REFUSED: any(opinion.refused for opinion in opinions),
    }
    return [flag for flag, raised in found.items() if raised]


def _disagrees(embedding: Rated | None, verdict: Verdict) -> bool:
    """Whether the embedding and a judge disagree on whether a point is stated."""
    if embedding is None:
        return False
    sides = {"covered": True, "missing": False, "contradicted": False}
    mine, theirs = sides.get(embedding.status), sides.get(verdict.verdict)
    return mine is not None and theirs is not None and mine is not theirs


def _split(verdicts: Sequence[Verdict]) -> bool:
    """Whether judges disagree on whether a point is stated."""
    words = {verdict.verdict for verdict in verdicts}
    return "covered" in words and not words.isdisjoint({"missing", "contradicted"})
