"""Answers that mention, quote or suppose something and then take no stand on it.

Neither half is enough by itself: a quotation may be agreed with, and who does not know one thing may know another. So a
sentence counts only with an opening (a quotation, a supposition, or what was heard in a lesson) and a later sentence
that withdraws.
"""

import re
from collections.abc import Sequence
from typing import Literal

from grader.text import words

DistanceKind = Literal["ignorance", "hypothesis", "report"]


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


# The whole answer is mentioned and withdrawn: sentences before the opening, between it and the withdrawal, and after it
# at most.
_MOST_BEFORE, _MOST_BETWEEN, _MOST_AFTER = 1, 3, 1
# A quotation with fewer words is a term.
_FEWEST_QUOTED = 4
# Commas of a bare enumeration before a colon at least.
_FEWEST_NAMED = 2

_CANNOT = r"(?:can't|cannot|can not|could(?:n't| not)|am unable to|am not able to|would(?:n't| not)|dare not)"
_WITHDRAWN = _any(
    # not known, not understood
    rf"\b(?:i|we|and|but) (?:\w+ )?{_CANNOT} (?:\w+ ){{0,3}}(?:say|tell|judge|guess|vouch|decide|"
    rf"make (?:any )?sense|follow)\b",
    r"\bi (?:would(?:n't| not)|cannot|can't) (?:\w+ ){0,4}(?:vouch|bet|stake|put my name)\b",
    r"\bleave (?:it |that |this )?open\b|\bi have never (?:checked|tested|tried|verified)\b",
    r"\bi can no more (?:tell|say)\b",
    r"\b(?:have|had|'ve) (?:absolutely |really )?(?:no|not the (?:faintest|slightest|least|foggiest)) (?:idea|clue|"
    r"notion|view|opinion|means of)\b(?! why)",
    r"\bno idea (?:which|whether|if|who|what)\b",
    r"\b(?:is|are|remains?|was|were|it's|all) (?:\w+ )?(?:beyond me|(?:a |one )?(?:riddle|mystery|closed book|noise)"
    r"(?: to me)?|greek to me|over my head)(?=\W|$)",
    r"\bi never (?:grasped|caught up|got the hang|saw through|worked out|figured out)\b",
    r"\bi (?:did not|didn't) (?:catch|take in|follow|get|hear|understand) (?:a |any|much|one|it)",
    r"\b(?:have|'ve|i) (?:retained|kept|remembered?) (?:none|nothing)\b",
    r"\b(?:always )?have to guess\b|\bi should have to pass\b|\bwould have to pass\b",
    # not endorsed
    r"\bwithout (?:claiming|asserting|vouching|saying that)\b",
    r"\btake no (?:stand|position|view|side)\b",
    r"\b(?:do not|don't) (?:say|claim|assert|maintain|mean to say) that\b",
    r"\bnot for me to (?:say|judge|decide|tell)\b",
    r"\b(?:whether|if)\b.*\bis (?:another|a different|an open|anyone's|anybody's) (?:matter|question|guess)\b",
    r"\b(?:it|that|this) may (?:well )?be (?:so|true|right|correct),? or (?:it may )?not\b",
    r"\bi (?:merely|just|only|simply) (?:pass on|repeat|copied|quote|report|pass it on|write down|wrote)\b",
    r"\bneither (?:believe|agree) nor\b|^who knows\b",
    r"\bi'?(?:m| am) not (?:going to )?(?:say|saying|claim|claiming)(?:ing)? that\b",
    # only supposed
    r"\bi (?:am |'m )?(?:only|merely|just) (?:play|playing|think|thinking|imagin\w+|speculat\w+|toy\w*|suppos\w+)\b",
    r"\bi(?:'m| am) (?:only|merely|just) (?:play|think|imagin|speculat|toy|suppos)ing\b",
    r"\bi leave (?:it |that |this )?(?:for|to) (?:others|the|somebody|someone|experts)\b|\bleave (?:for|to) others\b",
    r"\bwould (?:first )?(?:have|need) to be (?:measured|checked|tested|shown|proved|proven|established|verified)\b",
    r"\b(?:one|we|i|you) (?:would|should) (?:first )?(?:need|have to|want) (?:\w+ ){1,6}(?:before|first)\b",
    r"\bi (?:should|would|'d) have to (?:read|look|check|learn)\b",
    r"\bi (?:have|'ve) (?:yet|still) to (?:read|see|look|learn|find|check|study)\b|\bi (?:have not|haven't) "
    r"(?:looked|checked|read|seen|followed|tried|studied|tested)\b",
    r"\bis what i (?:hope|want|would like|need|have) to (?:learn|find|read|see|look)\b",
    r"\bi say ['\"‘’“]if\b",
)
_SUPPOSED = re.compile(
    r"^\W*(?:(?:and|but|well|so)\W+)?(?:if|were|had|suppos(?:e|ing)|imagine|imagining|assum(?:e|ing)|"
    r"let(?:'s| us) (?:\w+ )*?(?:say|suppose|imagine|assume|pretend))\b",
    re.IGNORECASE,
)
_QUOTATION = re.compile(r"(?:^|[\s(:])['\"‘“](?=\w)(?P<said>.+?)[,.!?]?['\"’”](?=[\s,.;:)]|$)", re.DOTALL)
_SAID_SOMEWHERE = _any(
    r"\b(?:textbook|brochure|leaflet|flyer|editorial|newspaper|forum|blog|website|web page|page|booklet|programme|"
    r"calendar|poster|article|author|handbook|manual|video|podcast|advert\w*|shop|site)s?\b.*\b(?:says?|states?|"
    r"writes?|claims?|maintains?|has it|holds?|explains?|reads?|puts? it|asserts?|announces?|tells?)\b",
)
# What was heard, by whom it was not taken in.
_HEARD = _any(
    r"\b(?:teacher|tutor|professor|lecturer|lecture|lesson|seminar|course|class|school|coach|trainer|guide|tour|"
    r"slides?|board|blackboard|notes|card|cards|chapter|term|semester|flatmate|colleague|boss|textbook|exam|test|"
    r"workshop|training)s?\b",
    r"\bthey (?:have |had )?(?:asked|showed|shown|told|taught|discussed|talked|went)\b",
)
_TURNED = re.compile(
    r"^\W*(?:but|however|still|in fact|actually|what i (?:do )?know|i do know|i know)\b", re.IGNORECASE
)
_ASSERTED = re.compile(
    r"\b(?:i (?:do )?(?:think|believe|know|guess|say|agree)|the answer is|was right|were right|is right|is true)\b",
    re.IGNORECASE,
)


def withdrawn(sentences: Sequence[str]) -> dict[int, DistanceKind]:
    """The sentences on which an answer takes no stand, with why: from an opening to the sentence that withdraws."""
    first_last = max(1, len(sentences) - 1 - _MOST_AFTER)
    last = [index for index in range(first_last, len(sentences)) if _WITHDRAWN.search(sentences[index])]
    found: dict[int, DistanceKind] = {}
    for index, sentence in enumerate(sentences[: _MOST_BEFORE + 1]):
        if index in found or not (kind := _opening(sentence)):
            continue
        end = max((at for at in last if 0 < at - index <= _MOST_BETWEEN + 1), default=None)
        if end is None:
            continue
        between = sentences[index + 1 : end]
        if not any(_TURNED.match(one) or _ASSERTED.search(one) for one in between):
            found |= dict.fromkeys(range(index, end + 1), kind)
    return found


def _opening(sentence: str) -> DistanceKind | None:
    """What a sentence opens that may be withdrawn, if it does: a quotation, a supposition, or hearsay."""
    if _ASSERTED.search(sentence):
        return None
    quoted = _QUOTATION.search(sentence)
    if (quoted and len(words(quoted["said"])) >= _FEWEST_QUOTED) or _SAID_SOMEWHERE.search(sentence):
        return "report"
    if _SUPPOSED.match(sentence):
        return "hypothesis"
    listed, colon, _ = sentence.partition(": ")
    if _HEARD.search(sentence) or (colon and listed.count(",") >= _FEWEST_NAMED):
        return "ignorance"
    return None
