"""How judges change a grade: which points they are asked about, how much their verdicts count, which flags are raised.

The embedding and each judge are separate raters, and the verdict of each is kept. What a judge finds stated or denied
needs a quote from the answer as proof (`quoted_clauses` reads it). A verdict that cannot be used leaves the embedding's
result as it is. `scoring` computes scores.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from grader.grading.confidence import point_confidence, stated_probabilities
from grader.grading.drafts import Draft
from grader.grading.feedback import candidate_feedback
from grader.grading.point_grades import credit_status
from grader.grading.quoted_clauses import QuotedClauses, read_clauses
from grader.guards import decode_tag_characters, has_prompt_injection
from grader.judges import (
    CUT_NEGATION,
    NOT_ASSERTED,
    UNPROVEN_WEIGHT,
    JudgeOpinion,
    JudgeWeight,
    JudgingTask,
    Panel,
    PointToJudge,
    RawVerdict,
    says_too_little,
    verify_quote,
)
from grader.schema import Answer, Evidence, PointGrade, Rated, Status, Verdict, VerdictWord
from grader.settings import JudgeSettings, Settings
from grader.text import NormalisedText, Span

VERDICT_CREDITS: Mapping[VerdictWord, float] = {"covered": 1.0, "partial": 0.5, "missing": 0.0, "contradicted": 0.0}
# Raise it whenever what a verdict may move changes: no setting, but it moves scores.
POLICY_VERSION = 2
_AWARDS = ("covered", "partial")
# Credit from which judges and coverage together say that a mistake was made.
_CLEARLY_MADE = 0.8
_NEEDS_PROOF = (*_AWARDS, "contradicted")
# Flags about judges, explained in `flags.FLAGS`.
_PROVISIONAL, _CLASH, _SPLIT, _UNSUPPORTED, _FAILED, _REFUSED = (
    "provisional",
    "judge_disagrees",
    "judges_split",
    "unsupported_verdict",
    "judge_failed",
    "judge_refused",
)
# Answers with these flags have no content for a judge to read.
_SAY_NOTHING = frozenset({"no_answer", "gibberish", "question_echo"})
ADDRESSES_EXAMINER = "the answer speaks to the examiner, so a judge's word alone does not count: a person must look"
HARMFUL = "only a judge could grade it, and this one was measured to make agreement worse"
QUOTED_BEFORE = "the judge quotes the same words for another point"


class _JudgePolicy(NamedTuple):
    """When judges are asked, and how much their verdicts count."""

    settings: JudgeSettings
    weight: JudgeWeight

    @property
    def only_explains(self) -> bool:
        """Whether no verdict moves a score."""
        return self.settings.when == "never-for-score" or self.weight.influence == 0

    @property
    def half_width(self) -> float:
        """Half the width of the band: as far as an unproven judge may move a credit."""
        return (self.settings.unclear_to - self.settings.unclear_from) / 2


def judge_drafts(
    drafts: Sequence[Draft],
    panel: Panel,
    settings: Settings,
    *,
    draft: Callable[[Sequence[Answer]], Sequence[Draft]],
    weight: JudgeWeight = UNPROVEN_WEIGHT,
) -> list[Draft]:
    """Ask the panel about the drafts that need it, and apply its verdicts to them.

    Args:
        drafts: with the embedding's results.
        panel: the judges; its settings say when to ask them.
        settings: with the thresholds of the statuses.
        draft: what made the drafts; it reads the clauses that are quoted.
        weight: how much verdicts count, as measured on labelled answers.

    Raises:
        SetupError: no request to a judge can succeed.

    """
    policy = _JudgePolicy(panel.settings, weight)
    asked = {at: case for at, draft in enumerate(drafts) if (case := judging_task(draft, policy.settings)) is not None}
    opinions = dict(zip(asked, panel.collect_opinions(list(asked.values())), strict=True))
    clauses = read_clauses([quoted for at, said in opinions.items() for quoted in _quotes(drafts[at], said)], draft)
    judged = list(drafts)
    for at, said in opinions.items():
        judged[at] = _with_opinions(drafts[at], said, policy, settings, clauses)
    return judged


def _quotes(draft: Draft, opinions: Sequence[JudgeOpinion]) -> Iterator[tuple[str, str]]:
    """Question and clause of each quote where embedding and reader can say what it states."""
    if draft.ungraded_reason is not None or draft.rubric is None:
        return
    for opinion in opinions:
        for raw in opinion.verdicts.values():
            if not isinstance(raw, str) and raw.verdict in _NEEDS_PROOF:
                clause = verify_quote(raw.quote, draft.text, draft.rubric.question).clause
                if clause is not None:
                    yield draft.answer.question_id, draft.text.text[slice(*clause)]


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


def _with_opinions(
    draft: Draft, opinions: Sequence[JudgeOpinion], policy: _JudgePolicy, settings: Settings, clauses: QuotedClauses
) -> Draft:
    alone = draft.ungraded_reason is not None
    is_addressed = has_prompt_injection(draft.text.text) or bool(decode_tag_characters(draft.answer.answer))
    verified = [
        {name: verify_verdict(said.judge_name, name, raw, draft, clauses) for name, raw in said.verdicts.items()}
        for said in opinions
    ]
    if alone:  # where nothing else reads what is quoted, the same words may not be taken for everything
        verified = [_each_quote_once(verdicts, draft.answer.answer) for verdicts in verified]
    context = _DecisionContext(policy, settings, clauses, draft, alone=alone, may_raise=not is_addressed)
    points = tuple(
        _apply_verdicts(point, tuple(verdicts[point.point_id] for verdicts in verified), context)
        if point.point_id in verified[0]
        else point
        for point in draft.points
    )
    flags = dict.fromkeys([*draft.flags, *(["instructions"] if is_addressed else []), *_flags(points, opinions)])
    draft = draft._replace(points=points, flags=tuple(flags))
    if policy.weight.is_proven:  # prose is shown of judges alone that were shown to help
        accepted = [
            said
            for said, verdicts in zip(opinions, verified, strict=True)
            if all(verdict.supported for verdict in verdicts.values())
        ]
        draft = draft._replace(feedback=candidate_feedback(accepted, draft, reveal=policy.settings.reveal))
    if not alone:
        return draft
    reason = ADDRESSES_EXAMINER if is_addressed else _still_ungraded(points, policy, draft)
    is_provisional = reason is None and not policy.weight.is_proven
    return draft._replace(ungraded_reason=reason, flags=(*draft.flags, *([_PROVISIONAL] if is_provisional else [])))


def _each_quote_once(verdicts: Mapping[str, Verdict], answer: str) -> dict[str, Verdict]:
    """The verdicts, without those awards whose quote has hardly a word that was not quoted for an earlier point."""
    unused = list(answer)
    kept = {}
    for point_id, verdict in verdicts.items():
        if verdict.supported and verdict.verdict in _AWARDS and verdict.quote is not None:
            span = slice(verdict.quote.start, verdict.quote.end)
            if says_too_little("".join(unused[span])):
                reason = f"{QUOTED_BEFORE}; it says: {verdict.reason}"
                verdict = verdict.model_copy(update={"supported": False, "reason": reason})
            unused[span] = " " * (span.stop - span.start)
        kept[point_id] = verdict
    return kept


def _still_ungraded(points: Sequence[PointGrade], policy: _JudgePolicy, draft: Draft) -> str | None:
    """Why an answer that only judges can grade has no score: they may only explain, or decided too few points."""
    if policy.only_explains:
        return draft.ungraded_reason if policy.settings.when == "never-for-score" else HARMFUL
    wanted = [point for point in points if point.weight > 0]
    open_ones = [point for point in wanted if point.status == "not_judged"]
    if 2 * sum(point.weight for point in open_ones) < sum(point.weight for point in wanted):
        return None
    reasons = Counter(v.reason for point in open_ones for v in point.verdicts if v.verdict == "not_judged")
    why = reasons.most_common(1)[0][0] if reasons else "it cannot be told"
    return f"the judge decided {len(wanted) - len(open_ones)} of {len(wanted)} points: {why}"


def verify_verdict(judge: str, point_id: str, raw: RawVerdict | str, draft: Draft, clauses: QuotedClauses) -> Verdict:
    """A verdict with its quote located in the answer; what is found stated or denied without proof is unsupported."""
    if isinstance(raw, str):
        return Verdict(judge=judge, verdict="not_judged", supported=False, reason=raw)
    question = "" if draft.rubric is None else draft.rubric.question
    proof = verify_quote(raw.quote, draft.text, question)
    problem = proof.problem
    if raw.verdict == "contradicted":
        # That its clause denies the words is what such a quote may show.
        problem = "" if problem in (NOT_ASSERTED, CUT_NEGATION) else problem
    elif not problem and proof.clause is not None:
        problem = clauses.objection(draft, proof.clause, point_id)
    is_rejected = raw.verdict in _NEEDS_PROOF and problem != ""
    return Verdict(
        judge=judge,
        verdict=raw.verdict,
        quote=None if proof.span is None else _evidence(draft.answer.answer, draft.text, proof.span),
        supported=not is_rejected,
        reason=f"{problem}; it says: {raw.reason}" if is_rejected else raw.reason,
    )


def _evidence(original: str, text: NormalisedText, span: Span) -> Evidence:
    start, end = text.original_span(*span)
    return Evidence(text=original[start:end], start=start, end=end)


class _DecisionContext(NamedTuple):
    """What is the same for all points of one answer.

    `alone`: there is no result of the embedding; `may_raise`: a judge may raise the score; `draft`: before the
    verdicts.
    """

    policy: _JudgePolicy
    settings: Settings
    clauses: QuotedClauses
    draft: Draft
    alone: bool
    may_raise: bool


def _apply_verdicts(point: PointGrade, verdicts: tuple[Verdict, ...], context: _DecisionContext) -> PointGrade:
    """A point with its judges' verdicts, and with their effect on status and credit."""
    kept = point.model_copy(update={"verdicts": verdicts, "by_embedding": Rated(point.status, point.credit)})
    if context.policy.only_explains:
        return kept
    usable = [verdict for verdict in verdicts if verdict.supported and verdict.verdict in VERDICT_CREDITS]
    if context.alone and not usable and any(not v.supported and v.verdict in _NEEDS_PROOF for v in verdicts):
        # An award without proof is not a technical fault: the judge read the answer and found nothing to quote.
        return _decided(kept, "missing", 0.0, next(v for v in verdicts if v.verdict in _NEEDS_PROOF), context)
    if not usable:
        return kept
    word, credit = majority_verdict([verdict.verdict for verdict in usable])
    credit *= context.draft.share if point.weight > 0 else 1.0
    speaker = next((v for v in usable if v.verdict == word), usable[0])
    if not context.alone:
        credit = _mixed(point, credit, usable, context)
        if credit == point.credit:
            return kept
    return _decided(kept, word, credit, speaker, context)


def _mixed(point: PointGrade, credit: float, usable: Sequence[Verdict], context: _DecisionContext) -> float:
    """The credit of a point from the embedding's and the judges', as far as these may move it."""
    weight, before = context.policy.weight, point.credit or 0.0
    chance = stated_probabilities([point])[point.point_id]
    if not weight.everywhere and not _is_unclear(chance, context.policy.settings):
        return before
    mixed = (1 - weight.influence) * before + weight.influence * credit
    if not context.may_raise and (mixed - before) * point.weight > 0:
        return before
    return mixed if weight.is_proven else _held(point, mixed, usable, context)


def _held(point: PointGrade, wanted: float, usable: Sequence[Verdict], context: _DecisionContext) -> float:
    """What an unproven judge may make of a credit: its word alone moves nothing, for anyone can say yes or no to all.

    What it quotes may: it raises a credit as far as the quoted clause earns it when read alone, and lowers it where
    that clause, read alone, contradicts the point; both by at most half the width of the band. docs/judge.md has what
    hostile judges cost. A mistake is made or not, so that it is not moved.
    """
    before, half_width = point.credit or 0.0, context.policy.half_width
    if point.weight < 0:
        return before
    word: VerdictWord = "contradicted" if wanted < before else "covered"
    read = list(_quoted_points(point.point_id, word, usable, context))
    if wanted < before:
        return max(wanted, before - half_width) if any(p.status == "contradicted" for p in read) else before
    earned = max((p.credit or 0.0 for p in read), default=0.0)
    return max(before, min(wanted, earned, before + half_width))


def _quoted_points(
    point_id: str, word: VerdictWord, usable: Sequence[Verdict], context: _DecisionContext
) -> Iterator[PointGrade]:
    """The point as each clause states it that a judge quotes for a verdict like `word`."""
    words = ("contradicted",) if word == "contradicted" else _AWARDS
    for verdict in usable:
        if verdict.verdict in words and verdict.quote:
            clause = verify_quote(verdict.quote.text, context.draft.text, "").clause
            read = None if clause is None else context.clauses.point(context.draft, clause, point_id)
            if read is not None:
                yield read


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
    if point.weight < 0:  # a mistake counts only if it was clearly made, and then in full
        status, credit = ("covered", 1.0) if credit >= _CLEARLY_MADE else ("missing", 0.0)
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
