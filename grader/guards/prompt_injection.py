"""Prompt injection: demands to the examiner, fake results and rubrics, chat markup; also encoded or in leetspeak.

Patterns over words: other wordings are missed. Nothing here uses rubric points.
"""

import base64
import binascii
import re

from grader.text import has_digit

INJECTION_PATTERNS = re.compile(
    r"""
    # demands
    \b(?:ignore|disregard|forget|override|bypass)\b[^.\n]{0,40}\b(?:instruction|prompt|rubric|criteria|rule|guideline|above
      |previous|prior|grading)
    | \b(?:give|award|assign|grant|mark|score|rate|grade)\b[^.\n]{0,30}\b(?:full|max\w*|perfect|highest|top|all|every)\b
      [^.\n]{0,20}\b(?:mark|score|point|credit|grade)
    | \b(?:gets?|deserves?|gave|received?|earns?)\b[^.\n]{0,20}\b(?:full|perfect|maximum|top)
      \ (?:mark|score|point|credit|grade)
    | \b(?:system|protocol)\s+override\b
    # roles given to the examiner, and forms of address
    | \byou\ are\ (?:now\ )?(?:a|an|the)\b[^.\n]{0,30}\b(?:grader|examiner|assistant|evaluator|judge|model|ai)\b
    | \b(?:dear|note\ to|attention|hey|to\ the)\s+(?:the\ )?(?:grader|examiner|evaluator|judge|assistant)\b
    # fake results, rubrics and references
    | \b(?:the\ )?(?:correct\ )?score\ (?:is|should\ be|must\ be|=|:)\s*(?:10|100|full|max)
    | "(?:score|verdicts?|points?|credit)"\s*: | \bgrading\ (?:is\ )?complete\b | ^\s*(?:final\ )?verdict\s*:
    | \bverdict\s*:\s*(?:covered|correct|met|pass)
    | \b(?:this|my|the)\ answer\ (?:is|should\ be\ (?:marked|graded|considered))
      \ (?:fully\ |completely\ |entirely\ )?(?:correct|perfect|complete)\b
    | ^\s*(?:the\ )?(?:correct|reference|model)\ answer\s*: | (?<=[.!?]\ )(?:correct|reference|model)\ answer\s*:
    | \b(?:updated|revised)\ (?:rubric|criteria|instructions|reference)\b
    # chat markup
    | <\|[a-z_]+\|> | \[/?INST\] | \#\#\#\s*(?:system|instruction|assistant) | ^\s*(?:system|assistant)\s*:
    # the same demands in other languages
    | \bignor(?:a|ar|e|ez|er|iere|ieren\ sie|i|are)\b[^.\n]{0,40}
      \b(?:instruc\w+|instruk\w+|anweisung\w*|consignes?|istruzion\w*|regeln?|kriterien|crit\w+)
    | \b(?:volle|maximale|höchste)\ (?:punkt\w*|note|bewertung) | \bnote\ maximale\b | \bpunteggio\ (?:massimo|pieno)
    | \b(?:máxima|maxima)\ (?:puntuaci[oó]n|nota|calificaci[oó]n) | \bnota\ m[aá]xima\b
    | 满分 | 忽略.{0,12}(?:指令|指示|说明)
    """,
    re.IGNORECASE | re.VERBOSE | re.MULTILINE,
)
# Every ASCII match contains one of these. A text without them need not be searched.
_TRIGGERS = (
    *("ignor", "disregard", "forget", "override", "bypass", "mark", "score", "point", "credit", "grade", "you are"),
    *("examiner", "evaluator", "judge", "assistant", "verdict", "grading", "answer", "updated", "revised", "system"),
    *("<|", "inst]", "###", "volle", "maxima", "punteggio"),
)
# Leetspeak: digits and signs for letters.
_LEET = str.maketrans("013457@$", "oieastas")
_LEET_WORD = re.compile(r"\b(?=\w*[a-z])(?=\w*[0134578])\w{3,}\b", re.IGNORECASE)
_FEWEST_LEET = 3
_SHORTEST_BASE64 = 24
_BASE64 = re.compile(rf"(?<![\w+/])[A-Za-z0-9+/]{{{_SHORTEST_BASE64},}}={{0,2}}(?![\w+/])")
# The Unicode block "Tags": invisible characters that spell ASCII.
_TAGS = range(0xE0020, 0xE007F)


def has_prompt_injection(text: str) -> bool:
    """Whether a text holds a prompt injection, plain, in base64 or in leetspeak."""
    return any(_matches(reading) for reading in (text, _unleet(text), *_decoded(text)))


def _matches(text: str) -> bool:
    """Whether a decoded text holds a prompt injection."""
    lower = text.lower()
    if text.isascii() and not any(trigger in lower for trigger in _TRIGGERS):
        return False
    return INJECTION_PATTERNS.search(text) is not None


def decode_tag_characters(original: str) -> str:
    """The ASCII text that the invisible tag characters of a text spell; empty without any."""
    return "".join(chr(ord(char) - 0xE0000) for char in original if ord(char) in _TAGS)


def _unleet(text: str) -> str:
    """The text with leetspeak decoded; empty where fewer than three words have it."""
    if not has_digit(text):
        return ""
    return text.translate(_LEET) if len(_LEET_WORD.findall(text)) >= _FEWEST_LEET else ""


def _decoded(text: str) -> list[str]:
    """The decoded texts of what looks like base64."""
    if max(map(len, text.split()), default=0) < _SHORTEST_BASE64:
        return []
    found = []
    for coded in _BASE64.findall(text):
        try:
            found.append(base64.b64decode(coded, validate=True).decode("utf-8"))
        except (binascii.Error, UnicodeDecodeError):
            continue
    return found
