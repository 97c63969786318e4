"""What the lines of a page look like: labels of questions and answers in many languages, numbers, prompts, footers.

Every repetition has a limit, so that matching a long line takes linear time.
"""

import re
from typing import NamedTuple

# --- labels ----------------------------------------------------------------------------------------

# Bullets, quotes, heading marks, emphasis marks or emoji may precede a label. (2013, 2014: dashes; ff1a: the wide
# colon.)
_LEAD = r"^(?:[^\w]|_){0,12}"
_AFTER_WORD = r"\s?[-#.]?\s?\d{0,4}\s?(?:[:\uff1a]{1,2}|[.)]|[-\u2013\u2014](?=\s)|$)"
_MODEL = r"(?:(?i:sample|model|expected|suggested|reference|correct|right|ideal|best|possible)\s)?"
ANSWER = re.compile(
    _LEAD + _MODEL + rf"(?:(?i:answer|ans){_AFTER_WORD}|A\s?\d{{0,4}}\s?[:\uff1a]{{1,2}})\s*(?P<rest>.*)$"
)
QUESTION = re.compile(
    _LEAD + rf"(?:(?i:question|ques){_AFTER_WORD}|Q\s?(?:[-#.]?\s?\d{{1,4}}\s?[:\uff1a.)-]?|[:\uff1a]{{1,2}}|[.)]))"
    r"\s*(?P<rest>.*)$"
)
SOLUTION = re.compile(
    rf"(?P<lead>{_LEAD}(?i:sample |model |suggested |muster)?)"
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

# Labels in other languages become "Question" and "Answer"; longer words first.
_QUESTION_WORDS = (
    "frage|pregunta|domanda|pergunta|questão|vraag|pytanie|otázka|fråga|spørgsmål|spørsmål|kysymys|soru|pertanyaan|"
    "câu hỏi|întrebare|вопрос|питання|ερώτηση|問題|質問|问题|問|问|질문|문제|प्रश्न|السؤال|سؤال|שאלה"
)
_ANSWER_WORDS = (
    "musterantwort|antwort|respuesta|réponse|reponse|risposta|resposta|antwoord|odpowiedź|odpověď|svar|vastaus|"
    "yanıt|cevap|jawaban|trả lời|răspuns|ответ|відповідь|απάντηση|参考答案|答案|回答|答え|解答|答|답변|정답|"
    "उत्तर|الإجابة|الجواب|جواب|תשובה"
)
_WORD_END = r"(?P<end>\s?[-#.]?\s?\d{0,4}\s?(?:[:\uff1a.)]|$))"
_FOREIGN = (
    (re.compile(rf"(?P<lead>{_LEAD})(?i:{_QUESTION_WORDS}){_WORD_END}"), r"\g<lead>Question\g<end>"),
    (
        re.compile(
            rf"(?P<lead>{_LEAD})(?i:{_ANSWER_WORDS})(?i:\s(?:correct[ae]?|correcte|corretta|modelo|modèle|esperada|"
            rf"attendue))?{_WORD_END}"
        ),
        r"\g<lead>Answer\g<end>",
    ),
)
_FOREIGN_INLINE = re.compile(rf"(?<=\s)(?i:{_ANSWER_WORDS})(?=\s?\d{{0,4}}\s?[:\uff1a]\s)")
# One-letter labels come in pairs: Frage/Antwort, Pregunta/Respuesta, Question/Réponse, Domanda/Risposta, Вопрос/Ответ.
LETTER_PAIRS = ("QA", "FA", "PR", "QR", "DR", "VA", "ВО", "SC")


def letter_label(letter: str) -> re.Pattern[str]:
    """The pattern of a line that begins with a one-letter label, such as `F:` or `F 3:`."""
    return re.compile(rf"(?P<lead>{_LEAD}){letter}(?P<end>\s?\d{{0,4}}\s?[:\uff1a])(?=\s)")


def english_label(text: str) -> str:
    """A line with "Question" and "Answer" in place of such a label in another language."""
    for pattern, word in _FOREIGN:
        text = pattern.sub(word, text, count=1)
    return _FOREIGN_INLINE.sub("Answer", text)


SHOWS_ANSWER = re.compile(
    r"\W*(?:(?:click|tap|press|klick|haz clic|cliquez)\b.{0,60}"
    r"|(?:show|see|view|reveal|toggle|expand|open|display|check|get|zeige?|ver|voir)\b.{0,30}"
    r"(?:answer|solution|explanation|antwort|respuesta|réponse).{0,10}"
    r"|(?:the\s)?(?:answers?|solutions?|explanation|details|spoiler|lösung|antwort|respuesta|solución|réponse))\W*",
    re.IGNORECASE,
)

# --- lines -----------------------------------------------------------------------------------------

NUMBER = re.compile(r"^ ?[>#*\s]{0,8}\(?(?P<number>\d{1,4})[.)](?:\s+|(?=[^\W\d_]))(?P<rest>\S.*)$")
LABEL_NUMBER = re.compile(_LEAD + r"(?i:question|ques|q)\s?[-#.]?\s?(?P<number>\d{1,4})\b")
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


# --- prompts ---------------------------------------------------------------------------------------

_INTERROGATIVES = (
    "what|what's|why|how|when|where|which|who|whom|whose|can|could|do|does|did|is|are|was|were|have|has|should|would|"
    "will|in what|in which|at what|to what|for what|under what|was|wie|warum|wieso|weshalb|wann|wo|welche[rsnm]?|wer|"
    "worin|wozu|womit|wodurch|¿\\w+|qué|cómo|por qué|cuál(?:es)?|quand|pourquoi|comment|quel(?:le)?s?|qu'est|que|come|"
    "perché|quali?|cosa|como|por que|qual|quais|o que|wat|hoe|waarom|что|как|почему|зачем|когда|где"
)
# Verbs that give a task. The first group hardly ever begins a sentence of an answer.
_PROMPTS = (
    "explain|describe|discuss|define|compare|contrast|differentiate|distinguish|outline|illustrate|tell (?:me|us)|"
    "talk (?:me|us) through|walk (?:me|us)|design|implement|summari[sz]e|elaborate|justify|briefly|erkläre?n?|"
    "beschreibe?n?|definiere?n?|nennen?|vergleichen?|erläutere?n?|explica|explique[nz]?|describ[ae]|décri[svr]\\w*|"
    "defin[ae]|définis\\w*|compar[ae]|enumer[ae]|spiega|descrivi|nomme[rz]?"
)
_TASKS = (
    "give|list|name|state|write|build|create|draw|prove|show|calculate|compute|derive|find|solve|convert|sketch|"
    "evaluate|analy[sz]e|identify|determine|propose|suggest|estimate|translate|interpret|verify|simplify|label|"
    "demonstrate|reverse|sort|count|check|given|consider|suppose|assume|imagine|use|using|share|mention|provide|"
    "predict|classify|trace|model|optimi[sz]e|refactor|debug|fix|generate|print|remove|merge|detect|rank|select|"
    "import|add|make|get|delete|insert|update|declare|read|load|tell"
)
INTERROGATIVE = re.compile(rf"^\W{{0,6}}(?:{_INTERROGATIVES})\b", re.IGNORECASE)
PROMPT = re.compile(rf"^\W{{0,6}}(?:{_PROMPTS})\b", re.IGNORECASE)
TASK = re.compile(rf"^\W{{0,6}}(?:{_PROMPTS}|{_TASKS})\b", re.IGNORECASE)


def asks(text: str) -> bool:
    """Whether a line asks something or gives a task."""
    return "?" in text or "\uff1f" in text or "\u061f" in text or bool(INTERROGATIVE.match(text) or TASK.match(text))


def ends_as_question(text: str) -> bool:
    """Whether a line ends with a question mark, perhaps with a bracket, quote or points after it."""
    return re.search(r"[?\uff1f\u061f][\"'\u201d\u2019)\]*_]{0,4}\s*(?:[\[(][^\[\]()]{1,40}[\])])?$", text) is not None


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
