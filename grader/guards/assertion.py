"""Which stretches of an answer do not assert what they say: ignorance, questions, hypotheses, rejected reports, lists.

"I don't know whether P" holds all the words of P and states nothing. The rules look for the frame and give the clause
in it, not the whole sentence: in "I am not sure why, but P" the second clause is a claim. Frames that may also hold a
claim are left alone ("if the load rises, the voltage falls").
"""

import itertools
import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from grader.guards.claims import Claim, Finding
from grader.guards.contradiction import find_contradiction
from grader.guards.distance import withdrawn
from grader.guards.polarity import has_denial
from grader.guards.term_lists import ASKS_FOR_A_LIST, is_bare_list, is_spread, lists_terms
from grader.text import Span

UnassertedKind = Literal[
    "ignorance",
    "question",
    "hypothesis",
    "supposition",
    "report",
    "both_ways",
    "keyword_list",
    "bare_list",
    "rejected",
    "frame",
]


# Longer sentences are not searched: no frame holds so much, and the search must stay quick on any text.
_LONGEST_SENTENCE = 600
# Share of a point's content words that a stretch must have to be about the same.
_MOST = 0.6


class Unasserted(NamedTuple):
    """A stretch of an answer that does not assert what it says.

    Attributes:
        start, end: in characters of the answer.
        kind: why; "rejected" says that it is false, "frame" is what says so or who; "supposition" and "bare_list" leave
            open what `leaves_open` says, the others everything.

    """

    start: int
    end: int
    kind: UnassertedKind


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


_NOT = r"(?: not|n't|nt|n’t)"
# Where a clause ends whatever it is: a contrast, a colon or a dash.
_TURN = (
    r"(?:[,.]?\s+(?:but|however|yet|although|though|nevertheless|still,|in fact|actually|in truth|"
    r"in reality)\b|[;:]\s|\s[-–—]+\s|—|\.{3}|\()"
)
_CLAUSE_END = _any(_TURN)
# The same, and a comma before what begins a clause of its own.
_PRONOUN = (
    r"(?:it|its|it's|they|this|that|these|he|she|you|we|there|so|because|as|or|no|nothing|not|which|since|nor|only|"
    r"the \w+ (?:is|are|was|were|has|have|can))"
)
_FRESH_CLAUSE = _any(_TURN, rf",\s+(?={_PRONOUN}\b)")
_COMMA = _any(_TURN, ",", r"\sand\s")

_IGNORANT = (
    r"(?:i|we)(?: (?:really|honestly|just|simply|still|sadly|always|also))* "
    rf"(?:do{_NOT} (?:know|remember|recall|understand|get)|dunno|wouldn't know|would not know|ca(?:n't|nnot|nt) "
    r"(?:remember|recall|tell|say|work out|figure out|think of)|could(?:n't| not) (?:tell|say)|forgot|forget|"
    r"(?:have|'ve) (?:completely )?forgotten|have no (?:idea|clue)|'ve no (?:idea|clue)|am not sure|was never sure|"
    r"never (?:know|knew|learned|learnt|understood|remember|got))"
)
_IGNORANT_I = _IGNORANT.replace("(?:i|we)", "i", 1)
_BARE = (
    r"dunno|no (?:idea|clue)|not (?:so |really |quite |at all )?sure|don'?t (?:know|remember|ask me)|"
    r"do not (?:know|remember)|"
    r"can'?t (?:remember|recall|say|tell|work out)|cannot (?:remember|recall|say)|forgot|never (?:learned|"
    r"learnt|knew)|"
    r"unsure|i'm (?:really )?not (?:so |really |quite |at all |too )?sure"
)
_WH = r"(?:whether|if|what|which|who|whom|whose|when|where|why|how)"
# Ignorance with an indirect question: all that it asks is left open.
_OPEN_QUESTION = _any(
    rf"\b{_IGNORANT_I}(?: (?:exactly|any ?more|about|of))* (?={_WH}\b)",
    rf"(?:^|[,;:.]\s*|[-–—]\s+|\b(?:and|but|so|sorry|honestly|really|i)\s+)(?:{_BARE})(?: (?:exactly|any ?more|"
    rf"about|as to|of))* (?={_WH}\b)",
    r"\b(?:i|i'd|we|we'd) (?:would )?(?:have to|need to|must) (?:look up|check|guess|read up|ask)(?: on|"
    rf" about)? (?={_WH}\b)",
    rf"\b(?:i|we) (?:have )?never (?:covered|did|learned|learnt|had|heard|discussed|got to) (?={_WH}\b)",
    rf"\b(?:i|we) (?:did{_NOT}|have{_NOT}) (?:cover|covered|learn|learned|learnt|do|discuss|discussed) (?={_WH}\b)",
    rf"\bi (?:always |often )?(?:wonder|would like to know|'d like to know) (?={_WH}\b)",
)
# Ignorance of a thing that is named.
_UNKNOWN_THING = _any(
    r"\b(?:i|we) (?:have )?never (?:covered|learned|learnt|discussed|got to|came across|heard of|read about)\b",
    rf"\b(?:i|we) (?:did{_NOT}|have{_NOT}|had{_NOT}) (?:cover|covered|learn|learned|learnt|do|discuss|discussed|"
    r"have|had)\b(?=.*\b(?:yet|class|school|lesson|lessons|course|lecture|lectures)\b)",
    r"\bi(?:'d| would)? (?:have to|need to|must) (?:look up|read up on|revise)\b",
    r"\b(?:i|we) (?:skipped|missed) (?:the )?(?:chapter|lesson|lecture|class|part|unit)\b",
    r"^(?:sorry,? )?(?:i |i've )?(?:completely )?(?:forgot|forgotten) (?!to\b|that\b)",
    r"\bnever (?:asked|found out|looked up) (?=(?:what|which|who|how|whether)\b)",
)
# A guess between alternatives, or a mention, and that this is all.
_ONLY_MENTIONED = _any(
    r"^(?:was|is|were|are|does|do|something|somehow|some|either|one of)\b.*(?:[,.]|"
    r"\s[-–—])\s*(?:sorry,? )?(?:but )?(?:i )?"
    r"(?:dunno|forgot|no idea|no clue|do(?:n't|nt| not) (?:know|remember)|can(?:'t|not) (?:remember|recall|say))\W*$",
    r"\bi (?:always |often |still |keep )?(?:mix|mixing|confuse|confusing|get|getting) (?:the two|both|them|"
    r"these|those)"
    r"(?: terms| words)?(?: up| mixed up| confused| wrong)?(?:,? sorry)?\W*$",
    r"\b(?:that|it|this|which|all that) (?:was|were|came up|came) in the (?:lesson|chapter|lecture|class|part|"
    r"unit|week)"
    r"(?: that| which)? (?:i|we) (?:missed|skipped|slept|was|were)\b",
)
# What was said somewhere, and a hearer who did not take it in.
_TAUGHT = re.compile(
    r"\b(?:teachers?|tutor|professor|prof|lecturer|lecture|lesson|seminar|chapter|textbook|video|film|slides|"
    r"notes|class|"
    r"course|workshop|school|coach|trainer|instructor|guide|tour|podcast|(?:my|our|the) \w+ (?:talked|spoke|told us|"
    r"explained|mentioned|discussed|showed|taught|lectured|went (?:on|through)))\b.*?"
    r"(?P<turn>(?:,|\b(?:but|and|yet|though|only)\b|[-–—])\s*(?:(?:but|and|yet|though|sadly|unfortunately|sorry)\W+)*"
    r"i (?:was (?:(?:at|in|on) \w+|ill|sick|away|absent|asleep|not there|late|travelling|abroad|busy|tired|dreaming|"
    r"distracted|chatting|not listening)|had to leave|came (?:too )?late|could(?:n't| not) (?:follow|hear|see|"
    r"make it)|wasn'?t (?:there|listening|paying)|slept|"
    r"fell asleep|dozed off|stayed (?:at )?home|missed|skipped|"
    rf"did{_NOT} (?:listen|pay|follow|understand|get|read|catch)|ha(?:d|ve) forgotten|forgot|ca(?:n't|"
    r"nnot) (?:remember|recall)|"
    rf"do{_NOT} (?:remember|recall)|remember (?:none|nothing)|understood (?:none|nothing)|never (?:listened|"
    r"grasped|caught up|followed|paid|learned|learnt|understood|got)))",
    re.IGNORECASE,
)

_AUX = r"(?:is|are|was|were|am|do|does|did|has|have|had|can|could|will|would|should|shall|may|might|must)(?:n't|n’t)?"
_INTERROGATIVE = _any(
    rf"^(?:(?:so|and|but|or|well|hmm+|um+|ok|not sure|sorry)\W+)*(?:{_AUX}|what|which|who|whose|when|where|why|"
    r"how)\b",
    rf"[,:;–—-]\s*(?:(?:so|and|but|or|well)\s+)?(?:{_AUX}\s+(?:it|they|he|she|that|this|there|the|you|we|i|a|"
    r"an)|what|which|who|why|how|when|where)\b",
)
# A question tag turns a claim into a request for assent, which is still a claim.
_TAG = re.compile(
    rf",\s*(?:right|ok|okay|no|yes|correct|you know|{_AUX} (?:it|they|he|she|that|this|there|we|you|i))\s*\?+\W*$",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[\"“”‘]|(?:^|\s)'")
# A guess with a question mark is still an answer.
_CONDITION = re.compile(r"\W*(?:if|suppose|supposing|imagine|assuming)\b", re.IGNORECASE)
_GUESS = re.compile(
    r"\b(?:possibly|maybe|perhaps|prob|probably|i (?:think|believe|guess|suppose|say))\b", re.IGNORECASE
)
# In a longer answer questions are a way to tell something: "Is it crooked? Then call for help".
_MOST_ASKED = 3
# In a longer answer a condition is part of an argument.
_MOST_SUPPOSED = 2
# A sentence after a question that does not answer it.
_LEFT_OPEN = re.compile(
    r"\b(?:i (?:always |often )?(?:mix|confuse|forget|wonder)|not sure|no (?:idea|clue)|(?:don'?t|do not|"
    r"didn't) (?:know|remember)|dunno|can'?t (?:say|tell|remember|recall)|couldn'?t (?:say|tell)|"
    r"just (?:a guess|guessing)|good question|"
    r"who knows|sorry|discuss|asking you|you tell me|(?:skipped|missed) (?:it|this|that|the))\b|"
    r"^\W*(?:maybe|perhaps|possibly|could be)\W*$",
    re.IGNORECASE,
)
_YES = re.compile(
    r"\W*(?:oh\s+|well,?\s+|i (?:think|believe|say),?\s+)?(?:yes|yep|yeah|yup|indeed|certainly|of course|"
    r"correct|exactly|sure|absolutely|definitely|right|true|"
    r"(?:it|they|he|she|that|this) (?:does|do|is|are|was|were|has|have|can|will|did)(?=\s*(?:[.!,;:]|$|"
    r"indeed\b|because\b)))\b(?!\W+right\b)",
    re.IGNORECASE,
)
_NO = re.compile(
    r"\W*(?:no|nope|nah|wrong|false|never|not at all|certainly not|of course not|not so|far from it|"
    r"(?:it|they|he|she|that|this) (?:does|do|is|are|was|were|has|have|can|will|did)(?:n't|n’t| not|"
    r"not)(?=\s*(?:[.!,;:]|$)))(?=\s*(?:[.!,;:–—-]|$))",
    re.IGNORECASE,
)

_PLEASANT = (
    r"(?:nice|great|handy|lovely|cool|neat|wonderful|fantastic|fun|a dream|convenient|fine by me|simple|"
    r"strange|practical)"
)
_HYPOTHESIS = _any(
    r"^hopefully\b(?!.*\b(?:because|since)\b)",
    rf"^(?:it )?would be (?:so |very |really |quite )?(?:{_PLEASANT}|good) (?:to|if)\b",
    r"^(?:(?:and|but|well|so)\W+)*(?:if|were|had|suppos(?:e|ing)(?: that)?|assuming(?: that)?|"
    r"imagine(?: that)?)\b.*,\s*(?:then )?"
    r"(?:(?:i'd|i would|we'd all|we would) (?:really |gladly )?(?:be (?:happy|glad|rich|delighted|grateful)|"
    r"love|like|buy|laugh|cheer|get up|not need|dance|celebrate)\b|(?:that|this|it|things|life|the \w+|"
    rf"everything)(?:'d| would| might) (?:be|have been|seem) (?:so |very |really |quite |rather )?{_PLEASANT}\b|"
    r"fine by me\b|who would|what would|(?:teachers|people|everybody|everyone|students|we) would (?:like|love|"
    r"be (?:glad|happy)))",
    r"^(?:(?:and|but|well|so)\W+)*(?:it|that)(?:'d| would| might) (?:be|have been) (?:so |very |really |"
    rf"quite )?{_PLEASANT}\b(?: if| to| when|,)",
    r"^(?!if\b).*\bwould (?:be|have been) (?:so |very |really |quite )?(?:nice|lovely|cool|neat|wonderful|"
    r"fantastic)[.!]*$",
    r"^(?:oh,? )?(?:how )?(?:i|we) (?:do |so |really )?wish\b",
    r"^(?:oh,? )?if only\b(?!.*\b(?:then|will)\b)",
    r"^(?:i|we) (?:do |really )?hope (?:that )?",
)
# A supposition by itself, when nothing follows from it.
_SUPPOSITION = _any(r"^(?:let us |let's )?(?:suppose|supposing|imagine|assume|assuming)(?: that)? (?!.*,)")

_WHO = (
    r"(?:(?:many|most|some|lots of|a lot of|several|few|quite a few|plenty of|certain)(?: of)?(?: the| my|"
    r" our)?(?: [\w'’-]+){0,2}|"
    r"(?:ordinary |many |most |old |young )?(?:people|pupils|students|beginners|laymen|everyone|everybody|folk|"
    r"folks|somebody|someone|they|you|one|we|i|others|sailors|parents)|"
    r"(?:the|a|an|my|our|this|one|some)(?: [\w'’-]+){1,3}|(?:[\w-]+ )?[\w-]+s)"
)
_SAYS = (
    r"(?:(?:will |would |might |may |often |still |always |once |wrongly |mistakenly |falsely |commonly |"
    r"used to |usually |sometimes |frequently )*"
    r"(?:believe|believes|believed|think|thinks|thought|say|says|said|claim|claims|claimed|assume|assumes|"
    r"assumed|hear|hears|heard|read|reads|insist|insists|"
    r"expect|expects|swear|swears|suppose|supposed|imagine|reckon|reckons|maintain|maintains|state|states|"
    r"told me|tells you|are told|was told|argue|argues|teach|teaches))"
)
_REPORT = _any(
    rf"^(?:(?:and|but|well|so|yes|now)\W+)?{_WHO} {_SAYS}(?: that)?\b",
    r"^(?:it is|it's) (?:often|commonly|widely|sometimes|frequently|generally|usually) (?:said|believed|"
    r"claimed|thought|assumed|held)(?: that)?\b",
    r"^(?:according to|as) (?:[\w'’-]+ ){1,4}(?:says?|claims?|has it)?",
    r"^(?:a|one) (?:common|popular|widespread|frequent) (?:belief|opinion|idea|view|claim|misconception|myth|"
    r"error|mistake) (?:is|holds|has it)(?: that)?\b",
)
_FALSE = (
    r"(?:false|wrong|untrue|incorrect|mistaken|nonsense|rubbish|bogus|hogwash|scaremongering|sales talk|"
    r"a red herring|"
    r"mistakes|errors|myths|lies|not (?:true|so|right|correct|the case)|"
    r"(?:a |an |just a |only a |pure |common |popular |old )*"
    r"(?:myth|fable|fiction|misconception|lie|fallacy|error|mistake|fairy tale|legend|misunderstanding|nonsense|"
    r"rubbish))"
)
_ADVERB = (
    r"(?:\s+(?:simply|just|plainly|actually|completely|entirely|of course|quite|totally|clearly|all|both|"
    r"in fact|sadly|however|absolutely|a|an|utter|pure))*"
)
# A comment that rejects what stands before it.
_REJECTION = re.compile(
    r"(?P<comment>(?:[,;:]|[-–—]|\b(?:but|yet|and|although|though)\b)\W*(?:(?:but|yet|and|although|though|"
    r"however|in fact|actually)\W+)*"
    r"(?:(?:this|that|which|it|they|both|these|all of it|the opposite)(?:'s|'re| is| are| was)(?:n't (?:true|"
    rf"right|so|correct)|{_ADVERB} {_FALSE})|"
    rf"(?:this|that|which|it) (?:isn't|is not|wasn't|was not) (?:true|right|so|correct|the case)|"
    rf"(?:none|nothing) of (?:it|this|that) is (?:true|right|correct)|"
    rf"(?:or )?so i (?:was|have been) (?:wrongly|falsely) told|or so i was told(?:,)? (?:wrongly|falsely)|"
    r"(?:just |only )?(?:kidding|joking)|(?:that was )?(?:just |only )?a joke|nonsense|rubbish|"
    r"that(?:'s| is) not what (?:it|this|that|they) \w+(?: at all)?|"
    r"(?:in truth |in fact |actually )?(?:it|they|he|she) (?:does|do|did|is|are|was|were) the (?:opposite|"
    r"contrary|reverse)|"
    r"(?:that's )?not so|not!|my foot|yeah,? right|(?:and )?pigs (?:can |might |may )?fly|don't make me laugh)"
    rf"(?=\s*(?:[.!,;:–—)-]|$|because\b|since\b|as\b)))",
    re.IGNORECASE,
)
# Each clause of what is rejected is compared by itself: "that A, that B, and that C".
_NEXT_CLAIM = re.compile(r",\s+(?:and\s+|but\s+)?(?=that\b)", re.IGNORECASE)
_SLIP = re.compile(r"\b(?:mistakes?|errors?)\b", re.IGNORECASE)
# What rejects the sentence before it.
_REJECTS_LAST = re.compile(
    r"\W*(?:all (?:of (?:it|this|that) (?:is|was) )?(?:wrong|false|nonsense|rubbish|untrue|made up)\b|"
    r"forget (?:it|that|all that)(?=[.!,;:])|(?:do not|don't) (?:you )?believe (?:it|that|them|a "
    r"word)\b|(?:they|these people|people) (?:are|'re) (?:talking (?:nonsense|rubbish)|wrong|mistaken)\b)|"
    r"\W*(?:(?:but|yet|well|no|oh)\W+)?(?:(?:just |only |i'm )*(?:kidding|joking)\b|(?:that was )?(?:just |"
    r"only )?a joke\b|april fool|not!|"
    r"(?:this|that|it|which|they|both|these|all of it|that account|that idea|this view|that view|this belief|"
    rf"that belief|this idea)(?:'s|'re| is| are| was)(?:{_ADVERB}) {_FALSE}(?!,? (?:though|however),? (?:that|"
    r"to)\b)(?=\s*(?:[.!,;:–—-]|$|because\b))|"
    r"(?:this|that) (?:isn't|is not|wasn't) (?:true|right|correct|the case|so)\b|none of (?:it|this|"
    r"that) is (?:true|right|correct)\b|"
    r"(?:wrong|false|nonsense|rubbish|not so|not true|untrue)(?=\s*(?:[.!,;:–—]|$)))",
    re.IGNORECASE,
)
# What rejects a report, though by itself it would only be about the world.
_DENIES_REPORT = re.compile(
    r"\W*(?:(?:but|in fact|in truth|actually)\W+)?(?:it|they|he|she|that|this) (?:do|does|did|is|are|was|were|"
    r"has|have|can|will)(?:n't|n’t| not)(?=\s*(?:[.!,;:–—-]|$))",
    re.IGNORECASE,
)
_MYTH_FRAME = _any(
    r"\b(?:it is|it's|that's|that is)(?: of course| simply| just| plainly| only| but)? (?:a|an|only a|"
    r"just a) (?:(?:common|popular|old|widespread|frequent|mere|wives') )*(?:myth|misconception|mistake|error|"
    r"fallacy|lie|legend|old wives' tale|misunderstanding) (?:that|to (?:think|believe|say|assume|"
    r"claim)(?: that)?)\b",
    r"\b(?:it is|it's)(?: simply| just| plainly)? (?:false|wrong|untrue|incorrect|not true|not the case|"
    r"not right|not correct)(?:,? (?:though|however),?)? (?:that|to (?:think|believe|say|assume|claim)(?: that)?)\b",
    r"\bit (?:isn't|is not) (?:true|the case|right|correct) that\b",
    r"(?:^|[,;:–—]\s+|\b(?:but|and|so|please) )(?:do not|don't) (?:let \w+ tell you|(?:believe|think|imagine|suppose)"
    r"(?! (?:it|so|me|them|twice|again)\b[.,!]))(?: that)?\b(?= \w)",
    r"\b(?:there is|there's) (?:no|not a grain of|not a word of) truth in (?:the (?:idea|claim|story) that|"
    r"it that)\b",
)
_FALSE_CLAIM = re.compile(
    r"^(?:the|that|this) (?:claim|idea|belief|statement|notion|view|assertion|"
    rf"opinion) that (?P<said>.*?) (?:is|are)(?:{_ADVERB}) {_FALSE}(?=\s*(?:[.!,;:–—-]|$|because\b))",
    re.IGNORECASE,
)
_CROSS = re.compile(r"^\W*(?:❌|✗|✘|🚫|👎|(?:false|wrong|myth|not true|incorrect)\s*:)\s*", re.IGNORECASE)
_CROSSED_AFTER = re.compile(r"(?:❌|✗|✘|🚫|👎)\W*$")

# What the writer would do says nothing about whether it is so.
_OWN_DEED = re.compile(r"i(?:'d|’d| would| could| might)\b", re.IGNORECASE)
_IN_FACT = re.compile(r"[,.]?\s+but,? (?:in fact|actually|in truth|in reality|really)\b", re.IGNORECASE)
# The condition of a clause with "would": "if it were so, they would know".
_SUPPOSITION_CLAUSE = re.compile(
    r"^(?:\w+\W+)?(?:(?:if|suppose|supposing|imagine|assuming)\b(?P<condition>.*?)(?:,\s*(?:then\s+)?|\s+)|"
    r"(?:were|had)\b(?P<inverted>[^,]*),\s*(?:then\s+)?)(?P<main>(?:(?:the|a|an|my|your|this|"
    r"that) )?[\w’']+(?: [\w’']+)?"
    r"(?:'d|’d| would| could| might)\b.*)$",
    re.IGNORECASE | re.DOTALL,
)

_MAYBE = r"(?:maybe|perhaps|possibly|might|could|may)"
# Who says when it is so and when not has made a claim.
_REASON = re.compile(r"\b(?:because|since|depends|in case|whereas)\b", re.IGNORECASE)
_BOTH_WAYS = _any(
    r"\beither\b.*\bor (?:not\b|(?:it |they |he |she |this |that )?(?:do|does|is|are|was|were|has|have|can|"
    r"will)(?:n't| not)\b|(?:just )?the (?:opposite|reverse|contrary)\b|the other way (?:a)?round\b|"
    r"vice versa\b)",
    r"\b(?:maybe|perhaps|possibly)\b.*(?:,|\bor\b|\band\b)\s*(?:but\s+)?(?:maybe|perhaps|"
    r"possibly) (?:just )?(?:the (?:opposite|reverse|contrary|other way)|not\b|(?:it |they )?(?:do|does|is|are|"
    r"was|were|has|have|can|will)(?:n't| not)\b)",
    rf"\b{_MAYBE}\b.*\bor (?:maybe |perhaps |possibly |it could be |it may be )*(?:just )?(?:the (?:opposite|"
    r"reverse|contrary)|the other way (?:a)?round)\b",
    r"\b(?:perhaps|maybe)\b.*,\s*(?:or |and )?(?:perhaps|maybe)\b(?!.*\bbut\b)",
    r"\bor (?:maybe |perhaps )?(?:it |they )(?:does|do|is|are|has|have|can)(?:n't| not)[.!]*$",
    r"^(?:it )?(?:could|might|may) (?P<verb>\w+).*,\s*(?:or )?(?:it )?(?:could|might|may) (?:not\b|also not\b|"
    r"just as well\b|equally well\b)",
    r"^depending on (?:who|whom) you ask\b",
    r"\b(?:may|might|could) (?P<word>\w+)\b.*\bor (?:it |they )?(?:may|might|could) not\b",
)


def unasserted(text: str, segments: Sequence[Span], *, question: str = "") -> list[Unasserted]:
    """The stretches of an answer that do not assert what they say, in order and without overlap.

    Args:
        text: the normalised answer.
        segments: its sentences.
        question: what was asked; where it asks for a list of names, lists are claims.

    """
    found: list[Unasserted] = []
    sentences = [text[start:end] for start, end in segments]
    may_list = ASKS_FOR_A_LIST.search(question) is None
    distant = withdrawn([sentence if len(sentence) <= _LONGEST_SENTENCE else "" for sentence in sentences])
    for index, (sentence, span) in enumerate(zip(sentences, segments, strict=True)):
        if index in distant:
            found.append(Unasserted(*span, distant[index]))
            continue
        if len(sentence) > _LONGEST_SENTENCE:
            continue
        following = sentences[index + 1] if index + 1 < len(sentences) else ""
        stretches = _stretches(
            sentence,
            following,
            is_last=index + 1 == len(sentences),
            may_ask=len(sentences) <= _MOST_ASKED,
            may_list=may_list,
            may_suppose=len(sentences) <= _MOST_SUPPOSED,
        )
        found += (Unasserted(span.start + start, span.start + end, kind) for start, end, kind in stretches)
    return found


def cut_segments(
    text: str, segments: Sequence[Span], found: Sequence[Unasserted]
) -> list[tuple[Span, UnassertedKind | None]]:
    """The segments, cut where an unasserted stretch begins or ends, each with why it asserts nothing, if it does.

    Args:
        text: the normalised answer.
        segments: its sentences.
        found: what `unasserted` gives for them.

    """
    pieces: list[tuple[Span, UnassertedKind | None]] = []
    waiting = list(reversed(found))
    for segment in segments:
        if not waiting or waiting[-1].start >= segment.end:
            pieces.append((segment, None))
            continue
        at = segment.start
        cut: list[tuple[Span, UnassertedKind | None]] = []
        while waiting and waiting[-1].start < segment.end:
            start, end, kind = waiting.pop()
            cut += [(Span(at, start), None), (Span(start, end), kind)]
            at = end
        cut.append((Span(at, segment.end), None))
        trimmed = ((_trim(text, span), kind) for span, kind in cut)
        pieces += [(span, kind) for span, kind in trimmed if any(map(str.isalnum, text[span.start : span.end]))]
    return pieces


def _trim(text: str, span: Span) -> Span:
    """The span without white space around it and without the marks that separated it from the clause before."""
    piece = text[span.start : span.end].rstrip()
    return Span(span.end - len(text[span.start : span.end].lstrip(" ,.;:–—-\t")), span.start + len(piece))


def rejection(words: str) -> Finding:
    """The finding that an answer says a point in these words and calls it false."""
    return Finding("rejection", True, 0, len(words), f"says '{words}' and rejects it")


def rejecting_agrees(wordings: Sequence[Claim], rejected: Claim) -> bool | None:
    """Whether to reject a statement is to state the point: "it is not true that it does not P" states P.

    `None` where only one of them denies anything, and they are no near copies: that says nothing for certain.
    """
    if any(find_contradiction(wording, rejected) is not None for wording in wordings):
        return True
    same = [has_denial(wording) == has_denial(rejected) for wording in wordings]
    if any(same):
        return False
    return True if any(_shares_words(wording, rejected) for wording in wordings) else None


def leaves_open(kind: UnassertedKind, wordings: Sequence[Claim], statement: Claim) -> bool:
    """Whether a stretch that asserts nothing leaves a point open.

    A condition does so where it says the point, not where it says the opposite and so implies it; a bare list, where
    the point's words are in several of its items.

    Args:
        kind: of the stretch, not "rejected".
        wordings: of the point.
        statement: the stretch.

    """
    if kind == "supposition":
        return any(
            _shares_words(wording, statement)
            and has_denial(wording) == has_denial(statement)
            and find_contradiction(wording, statement) is None
            for wording in wordings
        )
    return is_spread(wordings, statement.text) if kind == "bare_list" else True


def _shares_words(wording: Claim, statement: Claim) -> bool:
    """Whether a statement has most content words of a wording."""
    return len(wording.stems & statement.stems) >= _MOST * max(len(wording.stems), 1)


def _stretches(
    sentence: str, following: str, *, is_last: bool, may_ask: bool, may_list: bool, may_suppose: bool
) -> list[Unasserted]:
    """The unasserted stretches of one sentence: the first kind that is found."""
    if rejected := _rejected(sentence, following):
        return [stretch for stretch in rejected if stretch.start < stretch.end]
    stretch = (
        _question(sentence, following, may_ask=may_ask)
        or _ignorance(sentence)
        or _hypothesis(sentence, is_last)
        or _both_ways(sentence)
        or _reported(sentence)
        or (_terms(sentence) if may_list else None)
        or (_supposition(sentence) if may_suppose else None)
    )
    return [] if stretch is None else [stretch]


def _until(pattern: re.Pattern[str], sentence: str, start: int) -> int:
    """Where the clause from `start` ends."""
    match = pattern.search(sentence, start)
    return match.start() if match else len(sentence)


def _rejected(sentence: str, following: str) -> list[Unasserted]:
    """What is called false, with the words that do so: in the sentence, by a sign, or by the next sentence."""
    whole = len(sentence)
    if (crossed := _CROSS.match(sentence)) and crossed.end() < whole:
        return _framed(sentence, 0, crossed.end(), whole, whole)
    if _CROSSED_AFTER.search(sentence):
        return _framed(sentence, 0, 0, whole, whole)
    if claim := _FALSE_CLAIM.match(sentence):
        return _framed(sentence, 0, *claim.span("said"), claim.end())
    if frame := _MYTH_FRAME.search(sentence):
        end = _until(_FRESH_CLAUSE, sentence, frame.end())
        return _framed(sentence, *frame.span(), end, end)
    report = _REPORT.match(sentence)
    if comment := _REJECTION.search(sentence):
        start = report.end() if report else _clause_start(sentence, comment.start())
        is_false = report or not _SLIP.search(comment.group("comment"))  # "which was a mistake" may judge a deed
        if is_false and start < comment.start():
            return _framed(sentence, 0 if report else start, start, *comment.span())
    if sentence.rstrip().endswith("?"):
        return []
    start = report.end() if report else 0
    if following and (_REJECTS_LAST.match(following) or (report and _DENIES_REPORT.match(following))):
        return _framed(sentence, 0, start, whole, whole)
    return []


def _framed(sentence: str, start: int, said: int, until: int, end: int) -> list[Unasserted]:
    """What is rejected, from `said` to `until`, between the words of its frame."""
    cuts = [said, *(match.start() for match in _NEXT_CLAIM.finditer(sentence, said, until)), until]
    claims = [Unasserted(first, last, "rejected") for first, last in itertools.pairwise(cuts)]
    return [Unasserted(start, said, "frame"), *claims, Unasserted(until, end, "frame")]


def _clause_start(sentence: str, end: int) -> int:
    """Where the clauses that a comment at `end` is about begin: after the last semicolon, colon or dash before it."""
    start = 0
    for match in re.finditer(r"[;:]\s|\s[-–—]+\s", sentence[:end].rstrip(" -–—;:,")):
        start = match.end()
    return start


def _question(sentence: str, following: str, *, may_ask: bool) -> Unasserted | None:
    """A question, unless it only asks for assent, the next words say yes, or what follows may answer it."""
    asked, mark, answered = sentence.rpartition("?")
    if not mark or _QUOTED.search(asked):
        return None
    answered = answered.strip(" \"'”’)!?.*") or following
    if _TAG.search(f"{asked}?") or _YES.match(answered):
        return None
    begin = _INTERROGATIVE.search(asked)
    start = begin.start() if begin and not _CONDITION.match(asked) else 0
    if _NO.match(answered):
        return Unasserted(start, len(asked) + 1, "rejected")
    if (
        not may_ask
        or _GUESS.search(asked)
        or (answered and not answered.rstrip().endswith("?") and not _LEFT_OPEN.search(answered))
    ):
        return None
    return Unasserted(start, len(asked) + 1, "question")


def _ignorance(sentence: str) -> Unasserted | None:
    """What the writer does not know, has forgotten or was never taught."""
    if taught := _TAUGHT.search(sentence):
        return Unasserted(0, len(sentence) if not _claims_after(sentence, taught.end()) else taught.end(), "ignorance")
    if frame := _OPEN_QUESTION.search(sentence):
        word = re.match(r"\w+", sentence[frame.end() :])
        after = frame.end() + (word.end() if word else 0)
        whole = word is not None and word.group().lower() in ("whether", "if")
        end = _until(_FRESH_CLAUSE if whole else _COMMA, sentence, after)
        return Unasserted(frame.start(), end, "ignorance")
    if _ONLY_MENTIONED.search(sentence):
        return Unasserted(0, len(sentence), "ignorance")
    if frame := _UNKNOWN_THING.search(sentence):
        return Unasserted(frame.start(), _until(_FRESH_CLAUSE, sentence, frame.end()), "ignorance")
    return None


def _claims_after(sentence: str, start: int) -> bool:
    """Whether a further contrast follows, which may begin a claim."""
    return _CLAUSE_END.search(sentence, start) is not None


def _hypothesis(sentence: str, is_last: bool) -> Unasserted | None:
    """What is only wished for or supposed, without a claim about what follows from it."""
    if frame := _HYPOTHESIS.search(sentence):
        return Unasserted(0, _until(_any(r"[,.]?\s+but\b", ";"), sentence, frame.end()), "hypothesis")
    if is_last and _SUPPOSITION.search(sentence):
        return Unasserted(0, len(sentence), "hypothesis")
    return None


def _both_ways(sentence: str) -> Unasserted | None:
    """A claim and its opposite, both left open."""
    if (frame := _BOTH_WAYS.search(sentence)) and not _REASON.search(sentence):
        return Unasserted(0, _until(_any(r"[,.]?\s+but\b", ";", ":"), sentence, frame.end()), "both_ways")
    return None


def _reported(sentence: str) -> Unasserted | None:
    """What others say, where the next words say what is the case instead."""
    report = _REPORT.match(sentence)
    turn = _IN_FACT.search(sentence, report.end()) if report else None
    return Unasserted(report.end(), turn.start(), "report") if report and turn else None


def _supposition(sentence: str) -> Unasserted | None:
    """The condition of what would be: "if it were so" does not say that it is so, but may imply that it is not."""
    found = _SUPPOSITION_CLAUSE.match(sentence)
    if found is None:
        return None
    return Unasserted(0, found.start("main"), "hypothesis" if _OWN_DEED.match(found["main"]) else "supposition")


def _terms(sentence: str) -> Unasserted | None:
    """A list of terms that claims nothing about them."""
    if lists_terms(sentence):
        return Unasserted(0, len(sentence), "keyword_list")
    return Unasserted(0, len(sentence), "bare_list") if is_bare_list(sentence) else None
