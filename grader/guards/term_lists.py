"""Lists of terms that claim nothing about them: named in a clause ("one has to consider A, B and C"), or bare."""

import re
from collections.abc import Sequence

from grader.guards.claims import Claim
from grader.text import stem, words


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


_TERMS = (
    r"(?:things|terms|words|concepts|notions|keywords|key words|key terms|ideas|topics|headings|buzzwords|"
    r"catchwords|expressions|points to mention)"
)
_OUGHT = r"(?:has to|have to|must|should|ought to|needs to|need to|will have to)"
_TREAT = (
    r"(?:also )?(?:consider|mention|mentions|look at|think of|talk about|speak of|take into account|discuss|"
    r"write about|go into|deal with|deals with|name|cover|covers|contain|contains|include|treat|"
    r"compare|compare the terms)"
)
_LIST_FRAME = _any(
    r"^(?:(?:and|also|then|finally|some|the|other|further|more|important|relevant|key|main|central|related|"
    rf"helpful|useful|necessary|essential|basic|interesting|technical)\s+){{1,4}}{_TERMS}"
    r"(?:\s+(?:here|that|to|which|for|of|in|on|about|one|you|we|i|should|must|need|matter|matters|count|counts|"
    r"play a role|is|come up|belong|know|remember|mention|consider|use|this|the|it|question|topic|answer|test|"
    r"are involved|are relevant|involved|worth|mentioning)\b)*\s*(?:are|include|were|would be|:)\s*:?",
    rf"^{_TERMS} (?:to (?:remember|know|mention|consider|use)|for (?:the|this) \w+|that (?:matter|count|come up|"
    r"belong here)|worth \w+)\s*(?:are|include|:)",
    r"^(?:to|when) (?:explain|answer|describe|compare|understand|discuss|explaining|answering)\b.*?\b(?:one|"
    rf"you|we|i) {_OUGHT} {_TREAT}\b",
    rf"^(?:for a full account,? )?(?:one|i) {_OUGHT} {_TREAT}\b",
    r"^(?:in|for) (?:this|the|an|my|a good) (?:answer|essay|question|topic|definition)\b.*\b(?:one|you|we|"
    r"i) (?:would )?(?:find|need|expect|see)\b",
    rf"^(?:the|a|this|an|my)(?: good| full)? (?:answer|essay|comparison|explanation|account) (?:(?:{_OUGHT}|"
    rf"would|will) )?{_TREAT}\b",
    r"^(?:the|this) (?:answer|essay|question|topic|whole thing) (?:is about|has to do with|"
    r"has something to do with|is all about|revolves around)\b",
    r"^(?:it|this|that) (?:has (?:something )?to do with|is (?:all |something )?about|deals with|"
    r"has something to do with)\b",
    r"^(?:we|i|you) need the (?:words|terms|concepts|notions)\b",
    r"^(?:the )?(?:key|important|relevant)? ?(?:words|terms|keywords|concepts)\s*:",
    r"^the (?:main |other )?(?:things|points) (?:you |one |i |we )?(?:to be|should|must|"
    r"ought to) (?:dealt with|mention|consider|looked at|considered|mentioned|discussed)(?: here)?\s*(?:are|"
    r"include)\b",
    r"^(?:think|remember) of\b",
    r"\b(?:there are|contains?|has|have|includes?|uses?|say|says|find|finds) the (?:words|terms|concepts|notions|"
    r"keywords|expressions)\b",
    r"^(?:compare|consider|mention|discuss|define|explain|name|relate|remember|distinguish) (?:the (?:terms|words|"
    r"concepts|notions|ideas)\b|:)",
    r"^(?:my|the|our) (?:notes|slides|summary|flash ?cards?|cards?|keywords|cheat ?sheet|headings|blackboard|board)"
    r"(?: (?:for|on|about|to) (?:this|it|that))? (?:say|says|have|has|had|mentions?|lists?|listed|read|said)\b",
    r"^what (?:has|have|needs?) to be (?:looked at|considered|mentioned|discussed)\b.*?\b(?:are|is)\b",
)
# Frames that speak of the answer itself: what they name is named, whatever verbs are in it.
_ANSWER_FRAME = _any(
    rf"^(?:to|when|in order to) (?:explain|answer|describe|compare|understand|discuss)(?:ing)?\b.*?\b(?:one|you|"
    rf"we|i) "
    rf"(?:first )?{_OUGHT} {_TREAT}\b(?! (?:that|how|why|whether)\b)",
    rf"^(?:for a (?:full|good|complete) (?:account|answer|explanation),? )?(?:one|i) {_OUGHT} {_TREAT}\b"
    r"(?! (?:that|how|why|whether)\b)",
    rf"^(?:the|a|this|an|my)(?: good| full| complete| model)? (?:answer|essay|comparison|explanation|account|summary|"
    rf"discussion) (?:(?:{_OUGHT}|would|will) )?(?:{_TREAT}|(?:has|have|need|needs) a (?:paragraph|word|section)"
    r"(?: each)? on)\b(?! (?:that|how|why|whether)\b)",
    r"^the (?:main |other |important )?(?:things|points|topics) (?:to be|that (?:must|should|have to) be|one (?:must|"
    r"should|has to)) (?:dealt with|mention(?:ed)?|consider(?:ed)?|looked at|discuss(?:ed)?|treated|"
    r"covered)(?: here)?"
    r"\s*(?:are|include)\b",
    r"^(?:it|this|that|the (?:question|topic|whole)) is (?:all )?a (?:matter|question) of\b",
)
_LISTED_WORDS_OF_A_CLAIM = re.compile(
    r"\b(?:is|are|was|were|because|so that|when|if|causes?|makes?|means?|leads?|becomes?|there(?:'s|’s)|"
    r"it(?:'s|’s)|since|while|where|than|can|will|does|do|increases?|decreases?|reduces?|has|have)\b",
    re.IGNORECASE,
)
_ITEM_BREAK = re.compile(r",\s*(?:and|or)?\s*|\s+(?:and|as well as|or|plus)\s+|\s[-–/]\s", re.IGNORECASE)
_FEWEST_ITEMS, _LONGEST_ITEM = 3, 12
# So few words in a list claim nothing, even with a verb.
_SURELY_A_TERM = 2
_REASON = re.compile(r"\b(?:because|therefore|which means|so that|since)\b", re.IGNORECASE)
# A bare list has these between its items, and nothing else.
_BARE_BREAK = re.compile(r"\s*[,;/+|•]\s*|\s+[-–—]\s+|\n")
_LONGEST_TERM = 2
# Words that relate what stands beside them, so that even a few words may be a claim.
_CLAIM_WORD = re.compile(
    r"\b(?:is|are|was|were|be|has|have|had|can|cannot|will|would|must|may|should|does|do|did|not|no|never|it|they|he|"
    r"she|i|we|you|this|that|because|so|then|than|if|when|since|by|with|without|from|to|into|for|of|as|like|"
    r"more|less|"
    r"and|or|but|all|only|every|each)\b|n't\b|[=<>:]",
    re.IGNORECASE,
)
_ENUMERATES = re.compile(r",|/|\b(?:and|or|both)\b", re.IGNORECASE)
# A question that asks for names or for the kind of list that the frame announces.
ASKS_FOR_A_LIST = re.compile(rf"\b(?:name|list|give|enumerate|{_TERMS}|consider\w*|factors|mention)\b", re.IGNORECASE)


def lists_terms(sentence: str) -> bool:
    """Whether a sentence names terms inside a clause that claims nothing about them."""
    if frame := _ANSWER_FRAME.search(sentence):
        return len(_items(sentence[frame.end() :])) >= _FEWEST_ITEMS and not _REASON.search(sentence, frame.end())
    frame = _LIST_FRAME.search(sentence)
    if frame is None:
        return False
    listed = sentence[frame.end() :]
    items = _items(listed)
    if len(items) < _FEWEST_ITEMS or max(len(item.split()) for item in items) > _LONGEST_ITEM:
        return False
    return not any(_LISTED_WORDS_OF_A_CLAIM.search(item) for item in items if len(item.split()) > _SURELY_A_TERM)


def is_bare_list(sentence: str) -> bool:
    """Whether a sentence is nothing but at least three short terms between separators."""
    items = _bare_items(sentence)
    return len(items) >= _FEWEST_ITEMS and all(_is_term(item) for item in items) and not sentence.endswith("?")


def is_spread(wordings: Sequence[Claim], listed: str) -> bool:
    """Whether the words of a claim are spread over the items of a bare list, which does not say how they are related.

    A wording that enumerates, such as "it consists of A, B and C", may be met by a list.

    Args:
        wordings: of a point.
        listed: a bare list.

    """
    items = [frozenset(stem(word.lower()) for word in words(item)) for item in _bare_items(listed)]
    return all(
        not _ENUMERATES.search(wording.text) and sum(bool(item & wording.all_stems) for item in items) > 1
        for wording in wordings
    )


def _items(listed: str) -> list[str]:
    """The items of a list in a sentence."""
    items = (item.strip(" .!:;\"'") for item in _ITEM_BREAK.split(listed))
    return [item for item in items if item]


def _bare_items(sentence: str) -> list[str]:
    """The stretches between the separators of a bare list."""
    items = (item.strip(" .!:\"'") for item in _BARE_BREAK.split(sentence))
    return [item for item in items if item]


def _is_term(item: str) -> bool:
    """Whether a stretch is a term: a few words without a subject and its verb."""
    found = words(item)
    return (len(found) == 1 and ":" not in item) or (1 < len(found) <= _LONGEST_TERM and not _CLAIM_WORD.search(item))
