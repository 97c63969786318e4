"""Recognise how a table holds answers from the names of its columns: one row an answer, or one row a student.

The names are those that the platforms write: Moodle's quiz report "responses", Canvas's "student analysis" of a quiz,
Blackboard's test results, the sheets of Google and Microsoft Forms, Gradescope's exports of an assignment.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from grader.errors import InputError
from grader.files.answer_files.layout_names import Layout
from grader.files.answer_files.question_matching import QuestionMatcher
from grader.files.answer_files.student_columns import STUDENT_COLUMNS, StudentColumn, plain_name, student_columns
from grader.files.tables import pick_columns
from grader.phrases import shorten

# Accepted column names, also those of other tools; the most specific first.
ANSWER_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "answer_id": ("answer_id", "id"),
    "question_id": ("question_id",),
    "answer": ("answer", "response", "submission", "actual_output", "student_answer"),
    "candidate": ("candidate",),
}
_REQUIRED = ("answer_id", "question_id", "answer")
_WITH_TEXT = {
    **ANSWER_COLUMNS,
    "question": ("question", "question_text", "prompt", "frage", "pregunta", "domanda", "vraag"),
    "answer": (*ANSWER_COLUMNS["answer"], "answers", "your_answer", "antwort", "respuesta", "réponse", "risposta"),
}

# How platforms number the columns of a question: English, German, Spanish, French, Italian, Portuguese, Dutch.
_PARTS = {
    "reference": "right answer|correct answer|richtige antwort|respuesta correcta|bonne réponse|réponse correcte"
    "|risposta corretta|resposta correta|juiste antwoord|goede antwoord",
    "question_id": "question id",
    "text": "question|frage|pregunta|domanda|questão|pergunta|vraag",
    "answer": "response|answer|antwort|respuesta|réponse|risposta|resposta|antwoord",
    "worth": "possible points",
    "auto_score": "auto score",
    "manual_score": "manual score",
}
_BESIDE = ("question_id", "auto_score", "manual_score")
_NUMBERED = re.compile(rf"(?:{'|'.join(f'(?P<{part}>{words})' for part, words in _PARTS.items())}) (?P<number>\d+)")
_CANVAS_QUESTION = re.compile(r"\d+: (.+)", re.DOTALL)
_GRADESCOPE_QUESTION = re.compile(r".+\(\d+(?:\.\d+)? (?:pts?|points?)\)", re.DOTALL)
_GRADESCOPE = {"submission id", "submission time", "lateness (h:m:s)", "submission count", "view count"}
_TIMESTAMPS = set(
    "timestamp|zeitstempel|marca temporal|horodateur|informazioni cronologiche|carimbo de data/hora|tijdstempel"
    "|tidsstämpel|tidsstempel|sygnatura czasowa|отметка времени|タイムスタンプ|时间戳记".split("|")
)
_COMPLETIONS = set(
    "completion time|fertigstellungszeit|hora de finalización|heure de fin|ora di completamento|hora de conclusão"
    "|tijd van voltooien".split("|")
)

# What tells students apart, the most reliable first.
_STUDENT: tuple[tuple[StudentColumn, ...], ...] = (
    *(("student_number",), ("username",), ("sis_id", "sis_login"), ("email",)),
    *(("student",), ("name",)),
)
# What else is told of a student or an attempt.
_ATTEMPT = set(
    "id|institution|department|status|state|started|started on|completed|time taken|duration|submitted|attempt|section"
    "|section_id|section_sis_id|sections|section_name|root_account|n correct|n incorrect|score|total score|total points"
    "|max points|quiz feedback|grade posted time|last modified time|language|start time|submission id|submission time"
    "|lateness (h:m:s)|submission count|view count|startzeit|status|begonnen am|beendet|verbrauchte zeit|estado"
    "|comenzado el|finalizado|tiempo requerido|état|commencé le|terminé|temps utilisé|hora de inicio|heure de début"
    "|institution|abteilung|zuletzt geändert|sprache|gesamtpunktzahl|quizfeedback|class|course|group|year|date|time"
    "|klasse|kurs|gruppe|datum|clase|curso|grupo|fecha|classe|cours|groupe|grade|mark|marks|total|comment|comments"
    "|remarks".split("|")
)
# Columns of scores and remarks that stand beside those of answers.
_SCORES = re.compile(
    r"(?:points|feedback|punkte|puntos|commentaires) [-–:] .+|.+ \[(?:score|feedback)\]|q\. ?\d+ ?/.+"
    r"|(?:grade|bewertung|calificación|note|valutazione|cijfer|nota)/.+"
    r"|(?:question |q)?\d+(?:\.\d+)* (?:score|points|max points|comments?)",
    re.IGNORECASE | re.DOTALL,
)
_MOODLE_TOTAL = re.compile(r"(?:grade|bewertung|calificación|note|valutazione|cijfer|nota)/(\d+(?:[.,]\d+)?)")
_MOODLE_SCORES = re.compile(r"q\. ?\d+ ?/")
_RESPONSE = re.compile(r"(.+?)(?:\s*[-–:])?\s+response", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class QuestionColumns:
    """The columns of one question in a table with one row a student.

    Attributes:
        answer: the column with the answers.
        text: the question as the header has it; "" where each row has it in `text_column`.
        text_column, reference_column, worth_column: where each row has the question, the right answer and the most
            points, if it has them.
        worth: the most points, if the header tells them.

    """

    answer: str
    text: str = ""
    text_column: str | None = None
    reference_column: str | None = None
    worth_column: str | None = None
    worth: float | None = None

    @property
    def beside(self) -> tuple[str, ...]:
        """The columns that belong to the question but are not its answers."""
        return tuple(filter(None, (self.text_column, self.reference_column, self.worth_column)))


@dataclass(frozen=True)
class TableLayout:
    """How a table is read.

    Attributes:
        name: one of `Layout`.
        fields: in a table with one row an answer, the column of each field: `answer_id`, `question_id`, `question`,
            `answer`, `candidate`; empty in a table with one row a student.
        questions: in a table with one row a student, the columns that may hold answers.
        student: the columns that tell students apart, the most reliable first.
        full_name: the columns with first and last names, for tables without such.
        scores: columns of scores and remarks beside the answers, which are left out.
        attempt: the column with the number of a student's attempt.
        no_answer: what stands in a cell without an answer.

    """

    name: Layout
    fields: Mapping[str, str] = field(default_factory=dict)
    questions: tuple[QuestionColumns, ...] = ()
    student: tuple[str, ...] = ()
    full_name: tuple[str, ...] = ()
    scores: tuple[str, ...] = ()
    attempt: str | None = None
    no_answer: frozenset[str] = frozenset()

    @property
    def carries_no_other_questions(self) -> bool:
        """Whether a column of an unknown question is surely that, and not something else that a form asks."""
        return self.name in ("moodle", "canvas", "blackboard")


def layout_of(
    names: Sequence[str], matcher: QuestionMatcher, *, wanted: Layout | None, source: str, line: int | None
) -> TableLayout:
    """The layout of a table with these columns.

    Args:
        names: the columns, each different (`name (2)` for a name that repeats an earlier one).
        matcher: knows the questions, if any are known.
        wanted: the layout that the user names; by default it is recognised.
        source: the file, for messages.
        line: the line of the names.

    Raises:
        InputError: the layout is not recognised, or columns that it needs are not there; lists the columns.

    """
    name = wanted or recognised(names) or _wide(names, matcher, source, line)
    if name in ("long", "question-answer") or (name == "blackboard" and not _numbered(names)):
        return _one_row_an_answer(names, name, source, line)
    student, full_name = _student_columns(names, name)
    scores = tuple(each for each in names if _SCORES.fullmatch(each) and not _GRADESCOPE_QUESTION.fullmatch(each))
    questions = _question_columns(names, name, {*student, *full_name, *scores})
    if not questions:
        found = ", ".join(names)[:200]
        problem = f"no column with answers to a question, as the layout '{name}' has: found {found}"
        raise InputError(problem, source=source, line=line)
    no_answer = {"moodle": ("-",), "blackboard": ("<Unanswered>", "&lt;Unanswered&gt;")}.get(name, ())
    if name == "canvas":  # the points of a question are called by how many it is worth
        after = dict(pairwise(names))
        scores = tuple(points for each in questions if _points(points := after.get(each.answer, "")) is not None)
    if name == "blackboard":
        scores = tuple(each for parts in _numbered(names).values() for part, each in parts.items() if part in _BESIDE)
    attempt = next((each for each in names if plain_name(each) == "attempt"), None)
    return TableLayout(name, {}, questions, student, full_name, scores, attempt, frozenset(no_answer))


def recognised(names: Iterable[str]) -> Layout | None:
    """The layout that the names of columns tell; `None` for a plain wide table, and for what holds no answers."""
    names = list(names)
    plain = {plain_name(name) for name in names}
    if _has(names, *_REQUIRED):
        return "long"
    parts = {part for each in _numbered(names).values() for part in each}
    if parts & {*_BESIDE, "worth"} or (
        {"question", "answer"} <= plain and plain & {"question id", "auto score", "possible points"}
    ):
        return "blackboard"
    if "answer" in parts and (parts & {"text", "reference"} or any(map(_MOODLE_TOTAL.fullmatch, plain))):
        return "moodle"
    canvas = any(map(_CANVAS_QUESTION.fullmatch, names))
    if canvas and plain & {"n correct", "n incorrect", "section_id", "sis_id", "submitted"}:
        return "canvas"
    if plain & _COMPLETIONS:
        return "microsoft-forms"
    if plain & _TIMESTAMPS:
        return "google-forms"
    if plain & _GRADESCOPE or ("sid" in plain and any(map(_GRADESCOPE_QUESTION.fullmatch, names))):
        return "gradescope"
    has_question = _has(names, "question") or _has(names, "question_id")
    return "question-answer" if has_question and _has(names, "answer") else None


def _has(names: Iterable[str], *fields: str) -> bool:
    return len(_picked(names, fields)) == len(fields)


def _picked(names: Iterable[str], fields: Iterable[str]) -> dict[str, str]:
    return pick_columns(names, {each: _WITH_TEXT[each] for each in fields}, required=(), source="")


def _wide(names: Sequence[str], matcher: QuestionMatcher, source: str, line: int | None) -> Layout:
    """`wide`, if columns are called as questions are, or, where none are known, if one tells students apart."""
    student, full_name = _student_columns(names, "wide")
    candidates = _question_columns(names, "wide", {*student, *full_name})
    if matcher.knows_questions:
        named_student = bool(student or full_name)
        if any(matcher.match(each.text, line, near=named_student) for each in candidates):
            return "wide"
    elif (student or full_name) and candidates and not _picked(names, ("question_id", "question", "answer")):
        return "wide"
    if any(_MOODLE_SCORES.match(plain_name(name)) for name in names):
        problem = "holds scores, no answers: download Moodle's report 'Responses' instead of 'Grades'"
        raise InputError(problem, source=source, line=line)
    try:
        pick_columns(names, ANSWER_COLUMNS, required=_REQUIRED, source=source, line=line)
    except InputError as error:
        if matcher.knows_questions and not _picked(names, ("question_id", "question", "answer")):
            problem = f"{error.problem}; and no column is called as a question of the rubrics is"
            raise InputError(problem, source=source, line=line, field=error.field) from error
        raise
    raise AssertionError("a table with these columns is 'long'")  # pragma: no cover


def _one_row_an_answer(names: Sequence[str], name: Layout, source: str, line: int | None) -> TableLayout:
    base = next((each for each in names if _repeated(each, names) != each), None)
    if base is not None:
        problem = "this column appears twice in the header"
        raise InputError(problem, source=source, line=line, field=_repeated(base, names))
    refuse_two_answers(names, source, line)
    if name == "long":
        return TableLayout(name, pick_columns(names, ANSWER_COLUMNS, required=_REQUIRED, source=source, line=line))
    fields = pick_columns(names, _WITH_TEXT, required=("answer",), source=source, line=line)
    if name == "blackboard":  # its ids of questions are its own
        fields.pop("question_id", None)
    elif fields.keys().isdisjoint({"question", "question_id"}):
        pick_columns(names, {"question": _WITH_TEXT["question"]}, required=("question",), source=source, line=line)
    student, full_name = _student_columns([each for each in names if each not in fields.values()], name)
    if "candidate" in fields:
        student = (fields["candidate"], *student)
    no_answer = ("<Unanswered>", "&lt;Unanswered&gt;") if name == "blackboard" else ()
    return TableLayout(name, fields, (), student, full_name, no_answer=frozenset(no_answer))


def refuse_two_answers(names: Iterable[str], source: str, line: int | None) -> None:
    """Refuse columns of which several may hold the answers: one of them may well be the right answer.

    Raises:
        InputError: names them, with the way out.

    """
    named = [each for each in names if pick_columns([each], {"answer": _WITH_TEXT["answer"]}, required=(), source="")]
    if len(named) > 1:
        listed = " and ".join(f"'{shorten(each)}'" for each in named)
        problem = f"{listed} may each hold the answers: call the right answer 'reference_answer', or rename all but one"
        raise InputError(problem, source=source, line=line, field="answer")


def _student_columns(names: Sequence[str], layout: Layout) -> tuple[tuple[str, ...], tuple[str, ...]]:
    plain = {plain_name(name): name for name in reversed(names)}
    known = [{name for what in kinds for name in STUDENT_COLUMNS[what]} for kinds in _STUDENT]
    found = [name for names_of in known for called, name in plain.items() if called in names_of]
    own = plain.get("id")
    if own is not None and layout == "canvas":
        found.insert(0, own)
    elif own is not None and layout in ("microsoft-forms", "wide"):
        found.append(own)  # the number of the response
    by_kind = student_columns(names)
    full_name = (by_kind.get("first_name"), by_kind.get("last_name"))
    return tuple(found), tuple(name for name in full_name if name is not None)


def _repeated(name: str, names: Iterable[str]) -> str:
    """The name without the number that tells it from an earlier column of the same name."""
    base = re.sub(r" \(\d+\)$", "", name)
    return base if base in names else name


def _numbered(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """The columns by number and part: `{"1": {"text": "Question 1", "answer": "Response 1"}}`."""
    found: dict[str, dict[str, str]] = {}
    for name in names:
        match = _NUMBERED.fullmatch(plain_name(name))
        if match:
            part = next(part for part in _PARTS if match[part])
            found.setdefault(match["number"], {})[part] = name
    return found


def _question_columns(names: Sequence[str], layout: Layout, taken: set[str]) -> tuple[QuestionColumns, ...]:
    numbered = {number: parts for number, parts in _numbered(names).items() if "answer" in parts}
    if layout in ("moodle", "blackboard") or (layout == "wide" and numbered):
        totals = [match for match in (_MOODLE_TOTAL.fullmatch(plain_name(name)) for name in names) if match]
        share = float(totals[0][1].replace(",", ".")) / len(numbered) if totals and numbered else None
        return tuple(
            QuestionColumns(
                parts["answer"],
                "" if "text" in parts else f"Question {number}",
                parts.get("text"),
                parts.get("reference"),
                parts.get("worth"),
                share or None,
            )
            for number, parts in numbered.items()
        )
    if layout == "canvas":
        after = dict(pairwise(names))
        return tuple(
            QuestionColumns(name, match[1], worth=_points(after.get(name, "")) or None)
            for name in names
            if (match := _CANVAS_QUESTION.fullmatch(name))
        )
    free = [
        name
        for name in names
        if name not in taken and plain_name(name) not in _ATTEMPT | _TIMESTAMPS | _COMPLETIONS and name
    ]
    return tuple(QuestionColumns(name, _question_text(_repeated(name, names))) for name in free)


def _question_text(name: str) -> str:
    response = _RESPONSE.fullmatch(name)
    return response[1] if response else name


def _points(name: str) -> float | None:
    match = re.match(r"\d+(?:\.\d+)?(?: \(\d+\))?$", name)
    return float(match[0].split()[0]) if match else None
