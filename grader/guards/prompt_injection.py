"""Prompt injection: demands to the examiner, fake results and rubrics, chat markup; also encoded or in leetspeak.

Patterns over words: other wordings are missed. In languages other than English only the usual demands to ignore the
instructions or to give full marks are known. Nothing here uses rubric points.
"""

import base64
import binascii
import codecs
import re
from contextlib import suppress

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
    # chat markup, and the marks that end an answer in the prompt of a judge
    | \bend-of-answer-\w
    | \bend\ of\ (?:the\ )?(?:candidate'?s\ |student'?s\ )?(?:answer|submission|response)\b\W{0,20}$
    | <\|[a-z_]+\|> | \[/?INST\] | \#\#\#\s*(?:system|instruction|assistant) | ^\s*(?:system|assistant)\s*:
    # the same demands in other languages
    | \bignor(?:a|ar|e|ez|er|iere|ieren\ sie|i|are)\b[^.\n]{0,40}
      \b(?:instruc\w+|instruk\w+|anweisung\w*|consignes?|istruzion\w*|regeln?|kriterien|crit\w+)
    | \b(?:volle|maximale|höchste)\ (?:punkt\w*|note|bewertung) | \bnote\ maximale\b | \bpunteggio\ (?:massimo|pieno)
    | \b(?:máxima|maxima)\ (?:puntuaci[oó]n|nota|calificaci[oó]n) | \bnota\ m[aá]xima\b
    | 满分 | (?:忽略|忽視|忽视|無視|无视|不要理会).{0,12}(?:指令|指示|说明|說明|规则|規則)
    | (?:指示|命令|ルール|指令|規則).{0,6}(?:無視|忘れ)
    | 満点 | (?:지시|지침|명령|규칙)[^.\n]{0,12}(?:무시|잊) | 만점을?\ ?(?:주|줘|부여)
    | (?:игнориру\w+|проигнорируй\w*|забудь\w*|не\ обращай\w*)[^.\n]{0,40}(?:инструкц|указани|правил)
    | (?:ігноруй\w*|забудь\w*)[^.\n]{0,40}(?:інструкц|вказів|правил) | (?:максимальн|высш|полн)\w+\ (?:балл|оценк)
    | (?:تجاهل|انس|تجاهلي|تجاهلوا)[^.\n]{0,40}(?:تعليمات|التعليمات|الإرشادات|القواعد)
    | (?:الدرجة|العلامة)\ (?:الكاملة|النهائية)
    | (?:نادیده|فراموش)[^.\n]{0,40}(?:دستور|قوانین) | (?:دستور|قوانین)[^.\n]{0,40}(?:نادیده|فراموش)
    | (?:ہدایات|احکامات|قواعد)[^.\n]{0,30}(?:نظر\ ?انداز|بھول)
    | (?:निर्देश|अनुदेश|नियम|सूचना)[^.\n]{0,30}(?:अनदेखा|नज़रअंदाज़|नजरअंदाज|भूल|उपेक्षा|दुर्लक्ष)
    | (?:নির্দেশ|নিয়ম)[^.\n]{0,30}(?:উপেক্ষা|ভুলে|অগ্রাহ্য) | (?:ਹਦਾਇਤਾਂ|ਨਿਰਦੇਸ਼)[^.\n]{0,30}(?:ਨਜ਼ਰਅੰਦਾਜ਼|ਅਣਡਿੱਠ)
    | (?:సూచన|ఆదేశ|నియమ)[^.\n]{0,30}(?:విస్మరించ|పట్టించుకో|మర్చిపో)
    | (?:வழிமுறை|அறிவுறுத்தல்|விதி)[^.\n]{0,30}(?:புறக்கணி|மறந்து)
    | \b(?:yok\ ?say|görmezden\ gel|dikkate\ alma|unut)\w*[^.\n]{0,40}\b(?:talimat|yönerge|kural)
    | \b(?:talimat|yönerge|kural|komut)\w*[^.\n]{0,20}\b(?:yok\ ?say|görmezden\ gel|dikkate\ alma|unut)
    | \btam\ puan\ ver
    | \b(?:z?ignoruj|pomiń|zapomnij)\w*[^.\n]{0,40}\b(?:instrukcj|polece|zasad|wytyczn)
    | \bmaksymaln\w+\ (?:punkt|ocen|liczb)
    | \b(?:negeer|vergeet)\b[^.\n]{0,40}\b(?:instructie|opdracht|aanwijzing|regel) | \bvolledige\ punten
    | \bmaximale\ score
    | \b(?:vergiss|vergessen\ sie|missachte\w*)\b[^.\n]{0,40}\b(?:anweisung|instruktion|regel|vorgabe)
    | \b(?:olvid[ae]|haz\ caso\ omiso|esqueça|esquece|desconsidere|desconsidera|oublie[rz]?|dimentica|dimenticare)\b
      [^.\n]{0,40}
      \b(?:instruc\w+|instruç\w+|reglas|regras|consignes?|règles|istruzion\w*|regole)
    | \bignor[ae]\w*\b[^.\n]{0,40}\b(?:instruç\w+|regras|reglas|règles|regole|regler|instruktioner)
    | \b(?:abaikan|lupakan|hiraukan)\b[^.\n]{0,40}\b(?:instruksi|perintah|petunjuk|aturan|arahan)
    | \b(?:bỏ\ qua|phớt\ lờ|quên)\b[^.\n]{0,40}(?:hướng\ dẫn|chỉ\ dẫn|chỉ\ thị|quy\ tắc)
    | \b(?:puuza|sahau|yapuuze)\w*\b[^.\n]{0,40}\b(?:maagizo|maelekezo|kanuni)
    | \b(?:watsi)\b[^.\n]{0,40}\b(?:umarnin|umarni)
    | \b(?:huwag\ pansinin|balewalain|kalimutan)\b[^.\n]{0,40}\b(?:tagubilin|utos|panuto|patakaran)
    | (?:เพิกเฉย|ละเว้น|ไม่ต้องสนใจ|ลืม)[^.\n]{0,30}(?:คำสั่ง|คำแนะนำ|กฎ)
    """,
    re.IGNORECASE | re.VERBOSE | re.MULTILINE,
)
# Every ASCII match contains one of these. A text without them need not be searched.
_TRIGGERS = (
    *("ignor", "disregard", "forget", "override", "bypass", "mark", "score", "point", "credit", "grade", "you are"),
    *("examiner", "evaluator", "judge", "assistant", "verdict", "grading", "answer", "updated", "revised", "system"),
    *("<|", "inst]", "###", "volle", "maxima", "punteggio", "end-of-answer", "end of ", "talimat", "kural", "komut"),
    *("zignoruj", "zapomnij", "maksymaln", "negeer", "vergeet", "vergiss", "missachte", "vergessen", "olvida", "omiso"),
    *("esquec", "desconsider", "oublie", "dimentica", "abaikan", "lupakan", "hiraukan", "puuza", "sahau", "yapuuze"),
    *("watsi", "pansinin", "balewalain", "kalimutan", "unut", "dikkate", "tam puan", "volledige", "maximale"),
)
# Leetspeak: digits and signs for letters.
_LEET = str.maketrans("013457@$", "oieastas")
_LEET_WORD = re.compile(r"\b(?=\w*[a-z])(?=\w*[0134578])\w{3,}\b", re.IGNORECASE)
_FEWEST_LEET = 3
_SHORTEST_BASE64 = 24
_BASE64 = re.compile(rf"(?<![\w+/])[A-Za-z0-9+/]{{{_SHORTEST_BASE64},}}={{0,2}}(?![\w+/])")
_BASE64_PIECE = re.compile(r"[A-Za-z0-9+/]{4,}={0,2}")
_MIXED = re.compile(r"[a-z][A-Z]|[A-Za-z][0-9]+[A-Za-z]")
_HEX = re.compile(r"(?<![0-9a-zA-Z])(?:(?:0x|\\x)?[0-9a-fA-F]{2}[ ,:]?){12,}(?![0-9a-zA-Z])")
# Words of demands in rot13: ignore, disregard, forget, override, full marks, full score.
_ROT13_WORDS = ("vtaber", "qvfertneq", "sbetrg", "bireevqr", "shyy znexf", "shyy fpber", "shyy perqvg")
# Twelve or more single letters with spaces, dots or hyphens between them.
_SPACED = re.compile(r"(?<!\w)(?:[^\W\d_][ \t.\-_/|*]{1,3}){11,}[^\W\d_](?!\w)")
_RUN_TOGETHER = re.compile(
    r"(?:ignore|disregard|forget|override)(?:all|the|any|your|my|previous|prior|above|of)*"
    r"(?:instruction|prompt|rule|rubric)"
    r"|(?:give|award|assign)(?:me|this|it|us|the|answer|a)*(?:full|max|perfect|top)"
)
# The Unicode block "Tags": invisible characters that spell ASCII.
_TAGS = range(0xE0020, 0xE007F)


def has_prompt_injection(text: str) -> bool:
    """Whether a text holds a prompt injection, plain, in base64 or in leetspeak."""
    return any(_matches(reading) for reading in (text, _unleet(text), *_decoded(text), *_respelt(text)))


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
    found = []
    for coded in [*_BASE64.findall(text), *_split_base64(text)]:
        try:
            found.append(base64.b64decode(coded, validate=True).decode("utf-8"))
        except (binascii.Error, UnicodeDecodeError):
            continue
    for coded in _HEX.findall(text):
        with suppress(UnicodeDecodeError):
            found.append(bytes.fromhex(re.sub(r"[^0-9a-fA-F]", "", coded.replace("0x", ""))).decode("utf-8"))
    return found


def _split_base64(text: str) -> list[str]:
    """Runs of at least two neighbouring pieces that may be one text in base64; words of a language are not.

    A piece has a capital behind a small letter or a digit among letters, as base64 nearly always has within 8 letters.
    """
    pieces = re.split(r"[\s,;|\"'.:-]+", text)
    runs: list[list[str]] = [[]]
    for piece in pieces:
        if _BASE64_PIECE.fullmatch(piece) and (_MIXED.search(piece) or (runs[-1] and piece.endswith("="))):
            runs[-1].append(piece)
        elif runs[-1]:
            runs.append([])
    joined = ["".join(run) for run in runs if len(run) > 1]
    return [coded + "=" * (-len(coded) % 4) for coded in joined if len(coded) >= _SHORTEST_BASE64]


def _respelt(text: str) -> list[str]:
    """The text in rot13, where it has a word of a demand, and its spaced letters put together."""
    found = []
    if any(word in text.lower() for word in _ROT13_WORDS):
        found.append(codecs.decode(text, "rot13"))
    for run in _SPACED.findall(text):
        words = re.split(r"\s{2,}|\s*[/|]\s*", run)
        letters = "".join(char for char in run if char.isalnum()).lower()
        found.append(" ".join(re.sub(r"[\W_]", "", word) for word in words))
        if _RUN_TOGETHER.search(letters):
            found.append("ignore previous instructions")
    return found
