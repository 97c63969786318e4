"""Ask a judge to improve derived points, and make a rubric from its proposal.

The judge writes claims and aliases; `proposal_validation` decides which of them are accepted. Weights, ids and order
are set as for derived points. Without a usable proposal the derived rubric is kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from string import Template
from typing import Any, NamedTuple

from grader.judges import (
    Judge,
    Message,
    PointToJudge,
    complete_and_parse,
    escaped_json,
    hash_prompt,
    opaque_ids,
    prompt_template,
)
from grader.phrases import one_line
from grader.provider import PERMANENT_FAILURES, ReplyCache, RequestError, RequestScheduler, content_key
from grader.rubrics.assembly import assemble
from grader.rubrics.derivation import DERIVED_BY, DraftedPoints, draft_points
from grader.rubrics.proposal_validation import Proposal, accept_points, proposal_schema, read_proposal
from grader.rubrics.saving import outline_difference
from grader.schema import Question, Rubric

# Raise it when the code that builds prompts or parses proposals changes; prompt files are hashed as well.
PROTOCOL_VERSION = 1
# Limits for replies, in tokens; text, words and three aliases of a point take about 170 in English.
_TOKENS_PER_POINT, _TOKENS_BESIDES_POINTS = 250, 1400
# More points do not fit in a reply of 16,384 tokens, the limit of common models.
MOST_POINTS = 50


class ProposedRubric(NamedTuple):
    """The result for one question.

    Attributes:
        derived: the rubric from the rules alone.
        rubric: the proposed rubric; the derived one if there is no usable proposal.
        proposed_by: judge and prompt, such as `gpt-x@1a2b3c4d,prompt@5e6f7a8b`; `None` if the derived points are kept.
        notes: one line for each rejected point or alias, for each lost part, or for why the derived points are kept.

    """

    derived: Rubric
    rubric: Rubric
    proposed_by: str | None
    notes: tuple[str, ...] = ()

    @property
    def difference(self) -> str:
        """A unified diff of derived and proposed points; empty if they are the same."""
        name = self.rubric.question_id
        return outline_difference(
            self.derived, self.rubric, f"{name} (derived)", f"{name} (proposed by {self.proposed_by})"
        )


@cache
def proposal_prompt_hash() -> str:
    """Eight hex digits that change with the prompt files, the reply schema and `PROTOCOL_VERSION`."""
    return hash_prompt(PROTOCOL_VERSION, proposal_schema(), ("derive.system.md", "derive.user.md", "again.user.md"))


def propose_all(
    questions: Sequence[Question],
    judge: Judge,
    *,
    cache: ReplyCache | None = None,
    scheduler: RequestScheduler | None = None,
    equal_weights: bool = False,
) -> Iterator[ProposedRubric]:
    """Propose a rubric for each question, in order.

    Args:
        questions: the questions.
        judge: the judge to ask.
        cache: stores replies; in memory if left out.
        scheduler: its policy limits the number of concurrent requests.
        equal_weights: as in `derive`.

    Raises:
        InputError: a reference answer has no words or is too long; see `derive`.
        SetupError: no request can succeed; earlier replies stay in the cache.

    """
    cache, scheduler = cache or ReplyCache(":memory:"), scheduler or RequestScheduler()
    drafted = [draft_points(question) for question in questions]  # before any request, so that an error costs nothing
    pool = ThreadPoolExecutor(scheduler.policy.concurrency, thread_name_prefix="propose")
    done = False
    try:
        futures = [
            pool.submit(propose, question, drafts, judge, cache, equal_weights=equal_weights)
            for question, drafts in zip(questions, drafted, strict=True)
        ]
        for future in futures:
            yield future.result()
        done = True
    finally:
        if not done:  # stopped early; requests in flight may finish, because they are paid for
            scheduler.stop()
        pool.shutdown(wait=True, cancel_futures=True)


def propose(
    question: Question, drafted: DraftedPoints, judge: Judge, cache: ReplyCache, *, equal_weights: bool = False
) -> ProposedRubric:
    """Propose a rubric for one question; `drafted` is from `derivation.draft_points`.

    Raises:
        SetupError: no request can succeed.

    """
    derived = assemble(question, *drafted, derived_by=DERIVED_BY, equal_weights=equal_weights)
    signature = f"{one_line(judge.name)}@{judge.revision},prompt@{proposal_prompt_hash()}"
    try:
        asked = build_proposal_prompt(derived, drafted)
        proposal = _cached_proposal(asked, judge, cache)
        made = accept_points(proposal, asked.point_of, derived, drafted)
        if not made.drafts:
            raise RequestError("malformed", "none of its points can be used")
    except RequestError as fault:
        why = f"the derived points stand, for there is no usable proposal: {fault.reason}"
        return ProposedRubric(derived, derived, None, (why,))
    origin = f"{DERIVED_BY} + {signature}"
    rubric = assemble(question, drafted.source, made.drafts, derived_by=origin, equal_weights=equal_weights)
    return ProposedRubric(derived, rubric, signature, made.notes)


class Prompt(NamedTuple):
    """A chat that asks for points, the derived point behind each opaque id in it, and the limit on the reply."""

    messages: tuple[Message, ...]
    point_of: Mapping[str, str]
    max_tokens: int


def build_proposal_prompt(derived: Rubric, drafted: DraftedPoints) -> Prompt:
    """Build the prompt that asks for better points than the derived ones.

    Raises:
        RequestError: `skipped`, if there are too many points for one reply.

    """
    n_points = len(derived.points)
    if n_points > MOST_POINTS:
        raise RequestError("skipped", f"{n_points} points do not fit in one reply (at most {MOST_POINTS})")
    salt = content_key(derived.question, derived.reference_answer)
    ids = opaque_ids([PointToJudge(point.id, point.text) for point in derived.points], salt)
    material = {
        "question": derived.question,
        "guidance" if derived.kind == "open" else "reference_answer": drafted.source.text,
        "derived_points": list(_shown_points(derived, drafted, ids)),
        "derived_groups": [{"name": name, "need": group.need} for name, group in derived.groups.items()],
    }
    text = Template(prompt_template("derive.user.md")).substitute(material=escaped_json(material), n_points=n_points)
    return Prompt(
        (Message("system", prompt_template("derive.system.md").strip()), Message("user", text.strip())),
        {opaque: point_id for point_id, opaque in ids.items()},
        _TOKENS_BESIDES_POINTS + _TOKENS_PER_POINT * n_points,
    )


def _shown_points(derived: Rubric, drafted: DraftedPoints, ids: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for point, draft in zip(derived.points, drafted.drafts, strict=True):
        shown = {"id": ids[point.id], "point": point.text, "words": drafted.source.text[slice(*draft.span)]}
        yield {
            **shown,
            **({"other_wordings": list(point.aliases)} if point.aliases else {}),
            **({"group": point.group} if point.group is not None else {}),
        }


def _cached_proposal(asked: Prompt, judge: Judge, cache: ReplyCache) -> Proposal:
    """The judge's proposal, from the cache or from a new request.

    Raises:
        RequestError: there is no usable proposal.

    """
    key = content_key(
        "proposal", judge.name, judge.revision, proposal_prompt_hash(), [m.content for m in asked.messages]
    )
    kept = cache.get([key]).get(key)
    if kept is None:
        kept = _request_proposal(asked, judge)
        cache.put({key: kept})
    if "problem" in kept:
        raise RequestError(kept["kind"], kept["problem"])
    return read_proposal(kept["reply"])


def _request_proposal(asked: Prompt, judge: Judge) -> dict[str, Any]:
    try:
        _, completions = complete_and_parse(
            judge,
            asked.messages,
            read_proposal,
            schema=proposal_schema(asked.point_of),
            max_tokens=asked.max_tokens,
        )
    except RequestError as fault:
        if fault.kind not in PERMANENT_FAILURES:
            raise
        return {"kind": fault.kind, "problem": fault.reason}
    return {"reply": completions[-1].text}
