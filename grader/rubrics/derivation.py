"""Derive rubric points from a reference answer: one claim per point, with its source span. Deterministic, no model.

`text` parses layout and grammar; this module makes points, aliases and groups from clauses; `assembly` adds weights
and ids.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from grader.argument_types import is_frame, wrong_type
from grader.errors import InputError
from grader.phrases import one_line
from grader.rubrics.assembly import PointDraft, PointGroupDraft, assemble
from grader.schema import Question, QuestionBank, Rubric
from grader.text import (
    EXAMPLE_WORDS,
    FORMULA,
    FUNCTION_WORDS,
    Block,
    Clause,
    Markup,
    NormalisedText,
    Span,
    Token,
    blocks,
    clauses,
    content_stems,
    detokenize,
    find_listing,
    normalise,
    read_markup,
    required_count,
    third_person,
    verb_forms,
    word_set,
    words,
)

# Raise it when a change of the rules changes derived points.
RULES_VERSION = "2"
DERIVED_BY = f"grader {RULES_VERSION} clauses"
# Characters of a reference answer, about fifteen pages. Parsing one sentence of this length takes seconds.
LONGEST_REFERENCE = 50_000


class DraftedPoints(NamedTuple):
    """The normalised reference answer, and one draft for each of its points, in reading order."""

    source: NormalisedText
    drafts: tuple[PointDraft, ...]


def derive(question: Question, *, equal_weights: bool = False) -> Rubric:
    """Derive the rubric of a question from its reference answer.

    Knowledge questions: one point for each claim. A list of examples becomes a group; half of its points earn full
    credit (`text.required_count`). Open questions: one criterion for each request in the guidance.

    Args:
        question: its `reference_answer` may be prose, bullets, tables or a mixture, also with Markdown or HTML. Code,
            images and lines of links are no points.
        equal_weights: give all points the same weight, not more to those that say more.

    Raises:
        InputError: the reference answer has no letter and no digit, nothing but images and links, or more than
            `LONGEST_REFERENCE` characters.
        TypeError: `question` is no Question; says how to write it.

    >>> from grader import Question, derive
    >>> reference = "Dropout disables random units during training. It reduces overfitting."
    >>> rubric = derive(Question(id="dropout", question="What does dropout do?", reference_answer=reference))
    >>> [point.text for point in rubric.points]
    ['Dropout disables random units during training', 'Dropout reduces overfitting']
    """
    _check_question(question)
    source, drafts = draft_points(question)
    return assemble(question, source, drafts, derived_by=DERIVED_BY, equal_weights=equal_weights)


def _check_question(question: Any) -> None:
    if isinstance(question, Question):
        return
    write = 'derive(Question(id="q1", question="...", reference_answer="..."))'
    if isinstance(question, dict):
        write = "derive(Question(**fields))"
    elif isinstance(question, QuestionBank):
        write = "[derive(question) for question in bank.questions]"
    elif isinstance(question, list | tuple):
        write = "[derive(question) for question in questions]"
    elif is_frame(question):
        write = '[derive(Question(**row)) for row in frame.to_dict("records")]'
    elif isinstance(question, Path):
        write = '[derive(question) for question in read_bank("bank.yaml").questions]'
    raise wrong_type("question", question, "a Question", write)


def draft_points(question: Question) -> DraftedPoints:
    """Draft the points of a question; arguments and errors as in `derive`."""
    if len(question.reference_answer) > LONGEST_REFERENCE:
        raise InputError(
            f"question '{question.id}' has a reference answer of {len(question.reference_answer):,} characters, "
            f"expected at most {LONGEST_REFERENCE:,}; write down what a full answer says, or ask several questions",
            field="reference_answer",
        )
    source = normalise(question.reference_answer)
    markup = read_markup(source.text)
    drafts = _criteria(markup.prose) if question.kind == "open" else _points(markup, question.question)
    return DraftedPoints(source, tuple(drafts or [_whole(source.text, markup, question)]))


def _whole(text: str, markup: Markup, question: Question) -> PointDraft:
    """The only point of a reference answer that makes no claim: a word, or nothing but code."""
    code = [text[part.span.start : part.span.end] for part in markup.left_out if part.kind == "code"]
    said = one_line(" ".join(_CODE_SIGNS.sub(" ", part) for part in [markup.prose, *code]))
    if not any(char.isalnum() for char in said):
        raise InputError(
            f"question '{question.id}' has a reference answer without a single word; "
            "write down what a full answer says",
            field="reference_answer",
        )
    return PointDraft(
        FALLBACK_CRITERION if question.kind == "open" else said,
        Span(len(text) - len(text.lstrip()), len(text.rstrip())),
    )


_CODE_SIGNS = re.compile(r"(?:```|~~~)\w*|</?\w[^<>]*>|<!--.*?-->", re.DOTALL)


# --- points -----------------------------------------------------------------------------------------------


def _points(markup: Markup, question: str) -> list[PointDraft]:
    """One draft for each claim, in reading order; none where there is no claim."""
    text = markup.prose
    drafts: list[PointDraft] = []
    cells = [PointDraft(cell.text, cell.span) for cell in markup.cells]
    last: tuple[Token, ...] = ()
    topics: list[tuple[Token, ...]] = []
    verdict: Block | None = None
    for block in blocks(text):
        if block.items:
            drafts += _bullets(text, block, topics)
            last = ()
            continue
        for at, cell in enumerate(cells):
            if block.start < cell.span.start < block.span.start:  # the heading belongs to the table below it
                cells[at] = replace(cell, span=Span(block.start, cell.span.end))
                block = block._replace(start=block.span.start)
        said = text[block.span.start : block.span.end]
        found = clauses(said, subjects=_antecedents(last, topics))
        below = next((at for at, cell in enumerate(cells) if cell.span.start > block.span.start), None)
        if below is not None and _announces_table(said, found, text[block.span.end : cells[below].span.start]):
            cells[below] = replace(cells[below], span=Span(block.start, cells[below].span.end))
        elif drafts and _EXAMPLE.match(said):
            drafts[-1] = _with_example(drafts[-1], said, block.span.end)
        elif drafts and drafts[-1].group is None and _is_formula(said):
            drafts[-1] = _with_formula(drafts[-1], said, block.span.end)
        elif _VERDICT.fullmatch(said):
            verdict = block
        elif content_stems(said) or _is_formula(said):
            new = [draft for clause in found for draft in _drafts(clause, block.span.start, question)]
            if new and verdict is not None:
                new[0] = replace(new[0], text=f"{text[slice(*verdict.span)]} {new[0].text}")
            drafts += _starting_at(block.start if verdict is None else verdict.start, new)
            verdict = None
        last = _single_subject(found)
        topics += [clause.subject for clause in found if _is_asked(clause.subject, question)]
    return sorted([*drafts, *cells], key=lambda draft: draft.span.start)


# The answer in one word, which belongs to the reason after it: "No. Only one circuit is complete."
_VERDICT = re.compile(r"(?:yes|no|[A-Z])[.!]", re.IGNORECASE)


def _announces_table(said: str, found: Sequence[Clause], between: str) -> bool:
    """Whether a line is the heading or the introduction of the table right below it."""
    return not between.strip() and (said.endswith(":") or all(clause.verb is None for clause in found))


def _is_formula(said: str) -> bool:
    """Whether nothing but a formula is said."""
    said = said.strip(" .,;")
    return FORMULA.fullmatch(said) is not None or (
        not content_stems(said) and re.search(r"[=<>+*/^]", said) is not None
    )


def _with_formula(draft: PointDraft, formula: str, end: int) -> PointDraft:
    """The point with the formula after it, and as an alias without it: a formula mostly says the sentence again."""
    text = f"{draft.text}: {one_line(formula).rstrip('.,; ')}"
    return replace(draft, text=text, aliases=(draft.text, *draft.aliases), span=Span(draft.span.start, end))


def _starting_at(start: int, drafts: Sequence[PointDraft]) -> list[PointDraft]:
    """The drafts, the first one extended to start at `start`, so that it includes the heading above."""
    if not drafts:
        return []
    return [replace(drafts[0], span=Span(start, drafts[0].span.end)), *drafts[1:]]


def _single_subject(found: Sequence[Clause]) -> tuple[Token, ...]:
    """The only subject of a sentence, to which "it" in the next sentence can refer; empty if there are several."""
    subjects = {detokenize(clause.subject).lower(): clause.subject for clause in found if clause.subject}
    return next(iter(subjects.values())) if len(subjects) == 1 else ()


def _antecedents(last: tuple[Token, ...], topics: Sequence[tuple[Token, ...]]) -> list[tuple[Token, ...]]:
    """Antecedents of a pronoun: the subject of the sentence before, else the only subject that the question names."""
    named = {detokenize(topic).lower(): topic for topic in topics}
    return [last, *named.values()] if len(named) == 1 else [last]


def _is_asked(subject: Sequence[Token], question: str) -> bool:
    """Whether the question names the subject."""
    stems = set(content_stems(detokenize(subject)))
    return bool(stems) and stems <= set(content_stems(question))


_EXAMPLE = re.compile(r"(?:for example|for instance|e\.g\.)[\s,:]", re.IGNORECASE)


def _with_example(draft: PointDraft, example: str, end: int) -> PointDraft:
    """The point with the following example sentence added as a longer alias."""
    example = one_line(example).rstrip(".")
    longer = f"{draft.text}; {example[0].lower()}{example[1:]}"
    return replace(draft, aliases=(*draft.aliases, longer), span=Span(draft.span.start, end))


def _drafts(clause: Clause, offset: int, question: str) -> list[PointDraft]:
    """One draft for a clause, or one for each item if the clause is a list."""
    listing = find_listing(clause)
    if listing is None:
        draft = _draft(clause.words, clause.span, offset)
        return [draft] if draft else []
    drafts = [draft for item in listing.items if (draft := _draft(item.words, item.span, offset))]
    if len(drafts) > 1:
        group = PointGroupDraft(listing.name, min(listing.need, len(drafts)), drafts[0].span.start)
        drafts = [replace(draft, group=group) for draft in drafts]
    rest = None if listing.rest is None else _draft(listing.rest.words, listing.rest.span, offset)
    if rest is None or not drafts:
        return drafts
    if set(content_stems(rest.text)) - set(content_stems(f"{question} {drafts[0].text}")):
        return [*drafts, rest]
    return [*drafts[:-1], replace(drafts[-1], span=Span(drafts[-1].span.start, rest.span.end))]


def _draft(words: Sequence[Token], span: Span, offset: int) -> PointDraft | None:
    text = detokenize(words)
    if not any(char.isalnum() for char in text):
        return None
    return PointDraft(text, Span(span.start + offset, span.end + offset), tuple(_aliases(words, text)))


def _aliases(words: Sequence[Token], text: str) -> list[str]:
    """The claim with abbreviations instead of long forms, and the claim including its parentheses."""
    if not any(token.aside for token in words):
        return []
    aliases: list[str] = []
    short = _abbreviated(words)
    if short is not None:
        aliases.append(detokenize(short))
    if short is None or any(token.aside for token in short):
        aliases.append(detokenize(words, asides=True))
    return [alias for alias in aliases if alias != text]


def _abbreviated(words: Sequence[Token]) -> list[Token] | None:
    """The words with "recurrent neural networks (RNNs)" shortened to "RNNs"; `None` without such a pair."""
    result = list(words)
    found = False
    at = 1
    while at + 2 < len(result):
        opening, inside, closing = result[at : at + 3]
        if (
            opening.text == "("
            and closing.text == ")"
            and inside.aside
            and re.fullmatch(r"[A-Z][\w-]{1,9}", inside.text)
        ):
            start = _long_form(result, at, inside.text)
            if start is not None:
                result[start : at + 3] = [replace(inside, aside=False, spaced=result[start].spaced)]
                found = True
                at = start
        at += 1
    return result if found else None


def _long_form(words: Sequence[Token], end: int, short: str) -> int | None:
    """Start of the words before `end` whose initials spell the abbreviation; `None` if there are none."""
    letters = [char.lower() for char in short if char.isupper()]
    initials = ""
    for start in range(end - 1, max(-1, end - 9), -1):
        if words[start].aside or not words[start].text[0].isalnum():
            return None
        initials = "".join(part[0].lower() for part in words[start].text.split("-") if part) + initials
        if initials == "".join(letters):
            return start
    return None


# --- bullets ----------------------------------------------------------------------------------------------


_FOLLOWING = re.compile(r"\b(?:the )?following\b:?")


def _bullets(text: str, block: Block, topics: Sequence[tuple[Token, ...]]) -> list[PointDraft]:
    """Points for a list: full sentences become points; fragments are joined to the introduction and form a group."""
    introduction = one_line(_FOLLOWING.sub("", text[block.span.start : block.span.end])).rstrip(" :.,")
    colon = text[block.span.start : block.span.end].rstrip().endswith((":", "."))
    drafts: list[PointDraft] = []
    fragments: list[PointDraft] = []
    subject = _single_subject(clauses(introduction))
    joined_by_or = False
    for span in block.items:
        said = text[span.start : span.end]
        joined_by_or |= text[: span.start].split("\n")[-1].lstrip().startswith("or ")
        completes = _needs_items(introduction) or (not colon and "s" in verb_forms(said.split(" ", 1)[0].lower()))
        found = clauses(said, subjects=_antecedents(subject, topics))
        if found and all(clause.verb is not None for clause in found) and not completes:
            drafts += [draft for clause in found if (draft := _draft(clause.words, clause.span, span.start))]
        else:
            fragments.append(_fragment(introduction, said, span, completes=completes))
            drafts.append(fragments[-1])
    if len(fragments) > 1:
        examples = bool(set(introduction.lower().split()) & EXAMPLE_WORDS)
        need = required_count(len(fragments), examples=examples, joined_by_or=joined_by_or)
        group = PointGroupDraft(_slug(introduction), need, block.start)
        drafts = [replace(draft, group=group) if draft in fragments else draft for draft in drafts]
    return _starting_at(block.start, drafts)


def _fragment(introduction: str, said: str, span: Span, *, completes: bool) -> PointDraft:
    """A point from an item that is not a sentence: "Common remedies include dropout", "Advantages: fast"."""
    item = one_line(said).rstrip(" .,;")
    if not completes:
        return PointDraft(f"{introduction}: {item}", span)
    article = item.split(" ", 1)[0].lower() in ("a", "an", "the")
    return PointDraft(f"{introduction} {item[0].lower() if article else item[0]}{item[1:]}", span)


_OPEN_ENDINGS = word_set(
    "of by as with to for in on from like using include includes involve involves are is be should must can either"
)


def _needs_items(introduction: str) -> bool:
    """Whether the items complete the introduction: "the model consists of", "common remedies include"."""
    return introduction.rsplit(" ", 1)[-1].lower() in _OPEN_ENDINGS


def _slug(text: str) -> str:
    """The last three content words, joined by hyphens."""
    telling = [word for word in words(text.lower()) if word not in FUNCTION_WORDS and word.isascii()]
    return "-".join(telling[-3:]) or "list"


# --- open questions ---------------------------------------------------------------------------------------

_META = re.compile(
    r"^\W*open(?:[- ]ended)?(?: (?:question|answer))?\W*$"
    r"|\b(?:requires? a personali[sz]ed|depends on your|no fixed answer|answers? (?:will|may) vary)",
    re.IGNORECASE,
)
_ANSWERER_PHRASE = re.compile(
    r"(?:(?:a|an|the|your|any)\s+(?:\w+\s+)?(?:answer|candidate|response|reply|applicant)|candidates|answers|you|it)\s+"
    r"(?:(?:should|must|can|could|may|might|will|ought to|needs? to)\s+)?(?:also\s+|ideally\s+|at least\s+)?",
    re.IGNORECASE,
)
_SECOND_PERSON = (
    (re.compile(r"\byou['\u2019]ve\b", re.IGNORECASE), "the candidate has"),
    (re.compile(r"\byou have\b", re.IGNORECASE), "the candidate has"),
    (re.compile(r"\byour\b", re.IGNORECASE), "the candidate's"),
    (re.compile(r"\byou\b", re.IGNORECASE), "the candidate"),
)
FALLBACK_CRITERION = "Answers from personal experience with concrete details"


def _criteria(text: str) -> list[PointDraft]:
    """Criteria from the guidance of an open question: "Mention X", "A good answer names X" -> "Names X"."""
    drafts: list[PointDraft] = []
    for span in [span for block in blocks(text) for span in (block.span, *block.items)]:
        said = text[span.start : span.end]
        for clause in () if _META.search(said) else clauses(said):
            criterion = _criterion(clause)
            if criterion:
                where = Span(span.start + clause.span.start, span.start + clause.span.end)
                drafts.append(PointDraft(criterion, where))
    return drafts


def _criterion(clause: Clause) -> str:
    """The clause as a criterion about the answer ("Names X"); empty if it requests nothing."""
    text = detokenize(clause.words, asides=True)
    if not content_stems(text):
        return ""
    rest = _ANSWERER_PHRASE.sub("", text, count=1) if _ANSWERER_PHRASE.match(text) else text
    first, _, more = rest.partition(" ")
    forms = verb_forms(first.lower())
    if first.lower() == "be":
        rest = f"Is {more}"
    elif "base" in forms and "s" not in forms:
        rest = f"{third_person(first.lower())} {more}".strip()
    for pattern, replacement in _SECOND_PERSON:
        rest = pattern.sub(replacement, rest)
    return rest[:1].upper() + rest[1:]
