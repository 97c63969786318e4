"""What the lines of a page look like: labels of questions and answers in many languages, numbers, footers.

Every repetition has a limit, so that matching a long line takes linear time.
"""

import re
from typing import NamedTuple

from grader.files import LABEL_LEAD

# --- labels ----------------------------------------------------------------------------------------

_AFTER_WORD = r"\s?[-#.]?\s?\d{0,4}\s?(?:[:\uff1a]{1,2}|[.)]|[-\u2013\u2014](?=\s)|$)"
_MODEL = r"(?:(?i:sample|model|expected|suggested|reference|correct|right|ideal|best|possible)\s)?"
ANSWER = re.compile(
    LABEL_LEAD + _MODEL + rf"(?:(?i:answer|ans){_AFTER_WORD}|A\s?\d{{0,4}}\s?[:\uff1a]{{1,2}})\s*(?P<rest>.*)$"
)
QUESTION = re.compile(
    LABEL_LEAD
    + rf"(?:(?i:question|ques){_AFTER_WORD}|Q\s?(?:[-#.]?\s?\d{{1,4}}\s?[:\uff1a.)-]?|[:\uff1a]{{1,2}}|[.)]))"
    r"\s*(?P<rest>.*)$"
)
SOLUTION = re.compile(
    rf"(?P<lead>{LABEL_LEAD}(?i:sample |model |suggested |muster)?)"
    rf"(?i:solution|lösung|solución|solucion|soluzione|solução|solucao|oplossing|rozwiązanie|решение)(?={_AFTER_WORD})"
)
INLINE_ANSWER = re.compile(r"(?<!\s)\s+(?=(?:[-\u2013\u2014] )?(?:(?i:answer|ans)|A)\s?\d{0,4}\s?[:\uff1a]\s)")
EXPLANATION = re.compile(
    r"^\W{0,6}(?:explanation|rationale|reason(?:ing)?|erklärung|begründung|explicación|explication|spiegazione|"
    r"explicação)\s?[:\uff1a\u2013-]\s*",
    re.IGNORECASE,
)
POINTS = re.compile(
    r"^\W{0,6}(?:(?:max(?:imum|\.)?\s)?(?:points?|marks?|score)|punkte|puntos|punti|pontos|barème)\s?[:=\uff1a]\s*"
    r"(?P<points>\d{1,4}(?:[.,]\d{1,3})?)\W*$",
    re.IGNORECASE,
)

POINTS_AT_END = re.compile(
    r"[\[(]\s*(?P<points>\d{1,4}(?:[.,]\d{1,3})?)\s?(?:points?|marks?|pts?|punkte?|puntos?|punti|pontos)\.?\s*[\])]\W*$",
    re.IGNORECASE,
)

# One-letter labels come in pairs: Frage/Antwort, Pregunta/Respuesta, Question/Réponse, Domanda/Risposta, Вопрос/Ответ.
LETTER_PAIRS = ("QA", "FA", "PR", "QR", "DR", "VA", "ВО", "SC")


def letter_label(letter: str) -> re.Pattern[str]:
    """The pattern of a line that begins with a one-letter label, such as `F:` or `F 3:`."""
    return re.compile(rf"(?P<lead>{LABEL_LEAD}){letter}(?P<end>\s?\d{{0,4}}\s?[:\uff1a])(?=\s)")


SHOWS_ANSWER = re.compile(
    r"\W*(?:(?:click|tap|press|klick|haz clic|cliquez)\b.{0,60}"
    r"|(?:show|see|view|reveal|toggle|expand|open|display|check|get|zeige?|ver|voir)\b.{0,30}"
    r"(?:answer|solution|explanation|antwort|respuesta|réponse).{0,10}"
    r"|(?:the\s)?(?:answers?|solutions?|explanation|details|spoiler|lösung|antwort|respuesta|solución|réponse))\W*",
    re.IGNORECASE,
)

# --- lines -----------------------------------------------------------------------------------------

NUMBER = re.compile(r"^ ?[>#*\s]{0,8}\(?(?P<number>\d{1,4})[.)](?:\s+|(?=[^\W\d_]))(?P<rest>\S.*)$")
LABEL_NUMBER = re.compile(LABEL_LEAD + r"(?i:question|ques|q)\s?[-#.]?\s?(?P<number>\d{1,4})\b")
NO_QUESTION = re.compile(
    r"\W*(in )?(conclusions?|summary|introduction|overview|(table of )?contents|references|related\b.*"
    r"|share\b.*|(further|recommended) reading|final (thoughts|words)|wrapping up|about (us|me|the author)"
    r"|comments?|faqs?|inhalt(sverzeichnis)?|índice|sommaire|table des matières|indice)\W*$",
    re.IGNORECASE,
)
RULE = re.compile(r"^\s*([-*_=~•·\u2013\u2014+])(?:\s*\1)*\s*$")
DASH = re.compile(r"^\s*[-*•·\u2013\u2014]\s*$")
LIST_MARK = re.compile(r"^\s*[-*+•·\u2013\u2014]\s+(?P<rest>.*)$", re.DOTALL)
SIGN = re.compile(r"^\s*[^\w\s'\"`(\[{<$.¿¡|]{1,3}\s+(?P<rest>.*)$")  # a bullet or picture
# Code without a fence: its line ends and indentation mean something.
CODE_LINE = re.compile(
    r"(?:[;{}]|^\s*(?:def|class|for|while|if|elif|else|try|except|with|function|switch|public|private)\b[^.?]*[:{])$"
)
FOOTNOTE = re.compile(r"^\s*\[\^[^\]\s]{1,30}\]:\s")
OWN_LINE = re.compile(r"^\s*(?:[-*+•·\u2013\u2014]\s|\d{1,4}[.)]\s|\|)")


class Line(NamedTuple):
    """A line of a page (`files.PageLine`); `option` is the letter of an answer to choose, `right` that it is marked."""

    number: int
    text: str
    heading: int = 0
    bold: bool = False
    code: bool = False
    depth: int = 0
    role: str = "text"
    option: str = ""
    right: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether it only separates: blank, or a rule."""
        blank = not self.text.strip() or (self.role == "text" and RULE.match(self.text) is not None)
        return not self.code and not self.option and blank

    @property
    def is_answer(self) -> bool:
        """Whether it begins with the label of an answer."""
        return not self.code and not self.option and ANSWER.match(self.text) is not None


# --- ends of web pages -----------------------------------------------------------------------------

# A farewell never starts a sentence of an answer, so it also counts within a line, after a full stop. Page furniture
# (menus, share buttons) counts only at the start of a short line.
_FAREWELL = "|".join(
    [
        r"thank(s| you)( (so|very) much)? for (reading|visiting|watching|following|your (time|attention))",
        r"(we|i) hope (that )?(you (found|enjoy|like|learned)|this (article|post|guide|page|help))",
        r"stay tuned\b|happy (learning|coding|reading)\b|(good|best of) luck (with|for|in) your\b",
        r"(please )?(don['\u2019]t forget to )?subscribe (to (our|my|the|this)|for|now|below)\b",
        r"don['\u2019]t forget to (share|like|follow|bookmark)\b|follow (us|me) on\b",
        r"share this (article|post|page|blog)\b|(read also|also read|related (posts?|articles?))\b",
        r"you (may|might) also like\b|copyright (©|\(c\)|\d{4})|©|all rights reserved\b",
    ]
)
_FURNITURE = "|".join(
    [
        r"share( this| on|:)|subscribe\b|tags?:|categor(y|ies):|posted (in|by|on)\b|filed under\b",
        r"leave a (comment|reply)\b|comments?( \(\d+\))?$|related\b.{0,20}$|(recommended|further) reading\b",
        r"read more\b|(next|previous) (post|article|page)\b|about the author\b|privacy policy\b|contact us\b",
        r"terms of (use|service)\b|sign up\b|newsletter\b|advertisements?$|sponsored\b|click here\b",
        r"(go )?back to (the )?top\b|cookie\b.{0,30}$|download (our|the|this) (pdf|app|e-?book)\b",
        r"check out our\b|home \|",
    ]
)
FAREWELL_LINE = re.compile(rf"^\W{{0,6}}(?:{_FAREWELL})", re.IGNORECASE)
FURNITURE_LINE = re.compile(rf"^\W{{0,6}}(?:{_FURNITURE})", re.IGNORECASE)
SOURCE_LINE = re.compile(
    r"\W*(?:references?|sources?|(?:read|learn) more|see also|(?:official )?(?:docs?|documentation)|video|link)"
    r"\W*\d{0,2}\W*",
    re.IGNORECASE,
)  # all of a line: what is left of a link
GLUED = re.compile(rf"(?<=[.!?…)\]\"'”\u2019])\s*(?=(?:{_FAREWELL}))", re.IGNORECASE)
FURNITURE_LENGTH = 80  # characters; a menu entry is short, a sentence that starts with the same words is longer
