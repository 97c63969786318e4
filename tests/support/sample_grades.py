"""Grades for the tests of what shows or stores them: harmless ones, and hostile ones with one text in every field."""

from typing import Any

from grader.schema import Evidence, Grade, PointGrade, Rated, Status, Verdict, VerdictWord

SIGNATURE = "grader:0.1.0|encoder:tiny@1|coverage:c=0.5|guards:none|calibration:none|judge:none|rubric:aaaa"

HOSTILE = [
    "<script>alert(1)</script>",
    '"><svg/onload=alert(1)>',
    "'><img src=x onerror=alert(1)>",
    "{{7*7}} {% raw %} {# #}",
    "</style></title></textarea><b>",
    "javascript:alert(1)",
    "url(https://example.org/x) @import 'x' expression(1)",
    "[bold red]markup[/] [/nothing] [link=https://example.org]x[/link]",
    "\x1b[31mred\x1b[0m \x1b]8;;https://example.org\x07link\x1b]8;;\x1b\\ \x1b]0;title\x07",
    "safe\u202egnp.exe\u202c \u2066x\u2069",
    "zero\u200bwidth \ufeff\u00ad \U000e0041 \u3164",
    "lone \ud800 surrogate",
    "over\rwritten\r\nline\x00\x07\x08",
    "a]]>--><!--&amp;&lt;",
]

# Characters that show nothing, though they are no control or format characters.
BLANK = ["\u3164", "\u115f", "\u034f", "\u2800", "\u2028", "\ufe00", "\U000e0101"]


def point(
    number: int,
    status: Status = "covered",
    *,
    text: str | None = None,
    weight: float = 1.0,
    evidence: Evidence | None = None,
    **changes: Any,
) -> PointGrade:
    credit = {"covered": 1.0, "partial": 0.5, "missing": 0.0, "contradicted": 0.0, "not_judged": None}[status]
    given: dict[str, Any] = {
        "point_id": f"p{number}",
        "text": text or f"point number {number}",
        "status": status,
        "coverage": credit,
        "credit": credit,
        "weight": weight,
        "evidence": evidence,
        "decided_by": "embedding",
        "rationale": "",
    }
    return PointGrade(**(given | changes))


def verdict(judge: str, word: VerdictWord, quoted: Evidence | None = None, **changes: Any) -> Verdict:
    return Verdict(**({"judge": judge, "verdict": word, "quote": quoted, "reason": f"{judge} says so"} | changes))


def grade(name: str = "a1", fraction: float | None = 0.5, *points: PointGrade, **changes: Any) -> Grade:
    given: dict[str, Any] = {
        "answer_id": name,
        "question_id": "q1",
        "score": None if fraction is None else fraction * 10,
        "max_score": 10.0,
        "fraction": fraction,
        "points": points,
        "ungraded_reason": "the judge did not reply" if fraction is None else None,
        "signature": SIGNATURE,
        "question": "What does dropout do?",
        "answer": "It turns units off.",
    }
    return Grade(**(given | changes))


def quote(answer: str, words: str) -> Evidence:
    start = answer.index(words)
    return Evidence(text=words, start=start, end=start + len(words))


def hostile_grade(text: str, fraction: float | None = 0.5) -> Grade:
    """A grade with the same text in every field that takes any."""
    evidence = Evidence(text=text, start=0, end=len(text))
    verdicts = (
        verdict(text, "covered", evidence, supported=False, reason=text),
        verdict(f"{text}#2", "cannot_tell", reason=text),
    )
    by_judge: dict[str, Any] = {"text": text, "rationale": text, "decided_by": "judge"}
    by_judge |= {"verdicts": verdicts, "by_embedding": Rated("missing", 0.2)}
    points = [
        point(1, "covered", evidence=evidence, point_id=f"{text}1", **by_judge),
        point(2, "contradicted", point_id=f"{text}2", **by_judge),
    ]
    return grade(
        text,
        fraction,
        *points,
        question_id=text,
        candidate=text,
        feedback=f"{text} Missed: {text} | missing: {text}",
        flags=(text,),
        needs_review=True,
        ungraded_reason=text if fraction is None else None,
        signature=text,
        question=text,
        answer=text,
        extra={text: text},
    )
