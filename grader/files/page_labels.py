"""Words that tell questions, answers and tasks on pages, in many languages; answers and banks are read by the same.

Every repetition has a limit, so that matching a long line takes linear time.
"""

import re

# Bullets, quotes, heading marks, emphasis marks or emoji may precede a label. (2013, 2014: dashes; ff1a: the wide
# colon.)
LABEL_LEAD = r"^(?:[^\w]|_){0,12}"
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
    (re.compile(rf"(?P<lead>{LABEL_LEAD})(?i:{_QUESTION_WORDS}){_WORD_END}"), r"\g<lead>Question\g<end>"),
    (
        re.compile(
            rf"(?P<lead>{LABEL_LEAD})(?i:{_ANSWER_WORDS})(?i:\s(?:correct[ae]?|correcte|corretta|modelo|modèle|esperada|"
            rf"attendue))?{_WORD_END}"
        ),
        r"\g<lead>Answer\g<end>",
    ),
)
_FOREIGN_INLINE = re.compile(rf"(?<=\s)(?i:{_ANSWER_WORDS})(?=\s?\d{{0,4}}\s?[:\uff1a]\s)")


def english_label(text: str) -> str:
    """A line with "Question" and "Answer" in place of such a label in another language."""
    for pattern, word in _FOREIGN:
        text = pattern.sub(word, text, count=1)
    return _FOREIGN_INLINE.sub("Answer", text)


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


_STATES = re.compile(
    r"\W*\w+(?:[ ,]+(?!(?:that|which|what|how|why|who|whether|when|where|if|so)\b)[\w'\u2019/-]+){1,8}?[ ,]+"
    r"(?:is|are|was|were|isn['\u2019]t|aren['\u2019]t|has|have|can|cannot|may|will|do|does|don['\u2019]t|doesn['\u2019]t"
    r"|(?:it|they|we|this|one) \w+s?)\b",
    re.IGNORECASE,
)


def states(text: str) -> bool:
    """Whether a line that begins like a task is a sentence of its own: "Design patterns are templates"."""
    return not ends_as_question(text) and _STATES.match(text) is not None


def ends_as_question(text: str) -> bool:
    """Whether a line ends with a question mark, perhaps with a bracket, quote or points after it."""
    return re.search(r"[?\uff1f\u061f][\"'\u201d\u2019)\]*_]{0,4}\s*(?:[\[(][^\[\]()]{1,40}[\])])?$", text) is not None
