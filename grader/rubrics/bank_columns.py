"""The columns of tables of questions: which field each is, in several languages, and what its cells say."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grader.errors import InputError
from grader.files import Row, ends_as_question, id_text, normalised_words, pick_columns
from grader.phrases import shorten
from grader.rubrics.multiple_choice import UNMARKED, Option, choose, mark_options, option_text, with_own_lines
from grader.rubrics.page_marks import Line
from grader.rubrics.parsed_page import DroppedText
from grader.rubrics.rich_text import rich_text

# Names that say "reference answer", and names that may also be of a person's answer.
_REFERENCE = (
    *("reference_answer", "reference", "expected_output", "desired_answer", "ideal_answer", "model_answer"),
    *("sample_answer", "suggested_answer", "expected_answer", "correct_answer", "right_answer", "best_answer"),
    *("answer_key", "marking_scheme", "mark_scheme", "solution", "correct_option", "expected", "target"),
    *("musterantwort", "musterlösung", "lösung", "respuesta_modelo", "respuesta_correcta", "solución"),
    *("réponse_attendue", "réponse_modèle", "bonne_réponse", "risposta_corretta", "resposta_correta", "correct"),
)
_ANSWER = (
    *("answer", "answers", "antwort", "respuesta", "réponse", "reponse", "risposta", "resposta", "antwoord", "back"),
    *("definition", "ответ", "答案", "回答"),
)
_COLUMNS = {
    "id": ("id", "question_id"),
    "question": (
        *("question", "user_input", "input", "prompt", "query", "question_text", "questions", "frage", "pregunta"),
        *("domanda", "pergunta", "vraag", "front", "term", "вопрос", "问题", "問題", "質問"),
    ),
    "reference_answer": (*_REFERENCE, *_ANSWER),
    "kind": ("kind",),
    "topic": (
        "topic",
        "category",
        "section",
        "chapter",
        "subject",
        "unit",
        "deck",
        "thema",
        "tema",
        "thème",
        "kategorie",
    ),
    "max_score": (
        *("max_score", "max_points", "max_marks", "maximum_score", "maximum_points", "maximum_marks", "full_marks"),
        *("points", "marks", "point", "mark", "total_marks", "punkte", "puntos", "punti", "pontos", "barème"),
    ),
    "explanation": ("explanation", "rationale", "feedback", "erklärung", "explicación", "explication"),
    "options": ("options", "choices"),
}
_OPTION = re.compile(r"(?:(?:option|choice|answer|alternative|opción|antwort)[_ ]?)?([a-h]|[1-8])", re.IGNORECASE)
_PERSON = {
    *("student", "student_id", "student_name", "candidate", "candidate_id", "candidate_name", "respondent"),
    *("participant", "learner", "applicant", "email", "email_address", "e_mail", "username", "user_name", "user_id"),
    *("first_name", "last_name", "surname", "full_name", "timestamp", "zeitstempel", "vorname", "nachname", "schüler"),
    *("started_on", "attempt", "submission_time", "start_time", "completion_time", "sis_id", "submitted", "apellidos"),
    *("apellido", "correo", "nombre_completo", "nom", "prénom", "answer_id"),
}
# What one person writes who was asked, and no reference answer says.
_NOT_KNOWN = re.compile(
    r"(?:(?:sorry,? )?(?:i (?:do not|don['\u2019]?t) (?:know|remember|recall)|i (?:have )?(?:no|not an?) (?:idea|clue)"
    r"|i['\u2019]?m not sure|i am not sure|not sure|no idea|idk|dunno|i (?:forgot|guess|think|believe|would say))\b"
    r"|(?:ich (?:weiß|weiss|glaube|denke)|keine ahnung|no (?:lo )?sé|creo que|je (?:ne sais pas|pense|crois))\b)",
    re.IGNORECASE,
)
_PEOPLES_ANSWER = re.compile(r"(?:student_|user_)?(?:response|submission)(?:_?\d+)?|student_answer|actual_output")


@dataclass(frozen=True)
class BankColumns:
    """The column of each field, the columns of options by letter, and the columns that a bank does not have."""

    fields: dict[str, str]
    options: dict[str, str]
    unused: tuple[str, ...]


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.strip().strip("*:?#").strip().lower())


def is_question_table(names: Sequence[str]) -> bool:
    """Whether columns of these names hold questions and their answers."""
    found = {_plain(name) for name in names}
    return bool(found & {*_COLUMNS["question"]} and found & {*_COLUMNS["reference_answer"]})


def bank_columns(rows: Sequence[Row], source: str) -> BankColumns:
    """Which column holds which field.

    Raises:
        InputError: no column holds questions, or none reference answers; a table of many people's answers is told the
            command for it.

    """
    names = list(dict.fromkeys(name for row in rows for name in row.values))
    header = rows[0].header if rows else None
    plain = {_plain(name): name for name in reversed(names)}
    if not (plain.keys() & {*_COLUMNS["question"]} and plain.keys() & {*_COLUMNS["reference_answer"]}):
        _refuse_answers(names, plain, source, header)
    required = ("question", "reference_answer")
    try:
        chosen = pick_columns(plain, _COLUMNS, required=required, source=source, line=header)
    except InputError as error:
        if len(names) == 2 and any(ends_as_question(name) for name in names):
            problem = "the first row is a question: put a row with the names question and answer above it"
            raise InputError(problem, source=source, line=header) from error
        listed = ", ".join(names) or "none"
        accepted = ", ".join(_COLUMNS[error.field or "question"][:8])
        problem = f"no such column: found {listed[:200]}; expected one of {accepted}"
        raise InputError(problem, source=source, line=error.line, field=error.field) from error
    fields = {field: plain[name] for field, name in chosen.items()}
    options = {match[1].upper(): name for name in names if (match := _OPTION.fullmatch(_plain(name).replace("_", " ")))}
    options = options if len(options) > 1 else {}
    if not options and "options" not in fields:
        fields.pop("explanation", None)
    used = {*fields.values(), *options.values()}
    return BankColumns(fields, options, tuple(name for name in names if name not in used))


def _refuse_answers(names: Sequence[str], plain: dict[str, str], source: str, line: int | None) -> None:
    people = [name for name in names if _plain(name) in _PERSON or _PEOPLES_ANSWER.fullmatch(_plain(name))]
    asked = [name for name in names if ends_as_question(name)]
    if people and (asked or len(people) > 1 or plain.keys() & {*_COLUMNS["question"], "question_id"}):
        raise _peoples_answers(f"it has the column '{people[0]}'", source, line)
    if len(asked) > 1:
        raise _peoples_answers("the names of its columns are questions", source, line)


def _peoples_answers(sign: str, source: str, line: int | None) -> InputError:
    problem = (
        f"is a table of many people's answers, not a bank ({sign}): grade it with 'grader grade {source}'; a bank has "
        "one row a question, with its reference answer in a column 'reference_answer'"
    )
    return InputError(problem, source=source, line=line)


def refuse_peoples_answers(rows: Sequence[Row], columns: BankColumns, source: str) -> None:
    """Refuse a table whose answers are those of many people.

    Raises:
        InputError: its only answers are in a column that may hold people's answers, and a column names people, or the
            same questions come again and again with other answers.

    """
    reference, question = columns.fields["reference_answer"], columns.fields["question"]
    if _plain(reference) in _REFERENCE:
        return
    person = next((name for name in columns.unused if _plain(name) in _PERSON), None)
    if person:
        raise _peoples_answers(f"it has the column '{person}'", source, rows[0].header)
    unknown = next((row for row in rows if _NOT_KNOWN.match(str(row.values.get(reference) or "").strip())), None)
    if unknown:
        said = shorten(str(unknown.values[reference]), 60)
        problem = (
            f"'{said}' is what a person answers who was asked, no reference: grade it with 'grader grade {source}', or "
            "call the column 'reference_answer' if it has the reference answers"
        )
        raise InputError(problem, source=source, line=unknown.line, field=reference)
    answers: dict[str, set[str]] = {}
    for row in rows:
        asked = normalised_words(str(row.values.get(question) or ""))
        answers.setdefault(asked, set()).add(normalised_words(str(row.values.get(reference) or "")))
    repeated = next((asked for asked, given in answers.items() if asked and len(given) > 2), None)
    if repeated and 2 * len(answers) <= len(rows):
        text = next(
            str(row.values[question]) for row in rows if normalised_words(str(row.values[question])) == repeated
        )
        sign = f"'{shorten(text, 60)}' has {len(answers[repeated])} different answers"
        raise _peoples_answers(sign, source, rows[0].header)


def may_be_peoples_answers(columns: BankColumns) -> bool:
    """Whether nothing but their name says that the answers are references: `Question, Answer` and no more."""
    reference = _plain(columns.fields["reference_answer"])
    is_plain = reference in _ANSWER and reference not in ("back", "definition")
    return is_plain and columns.fields.keys() == {"question", "reference_answer"} and not columns.options


def record_values(row: Row, columns: BankColumns, dropped: list[DroppedText]) -> dict[str, Any] | None:
    """The fields of the question in a row; None where an option would have to be marked, which is then in `dropped`."""
    values: dict[str, Any] = {field: row.values.get(name) for field, name in columns.fields.items()}
    for field in ("question", "reference_answer", "explanation"):
        if isinstance(values.get(field), str):
            values[field] = rich_text(values[field], row.line, dropped)
    values = {field: id_text(value) if field != "options" else value for field, value in values.items()}
    if isinstance(values.get("max_score"), str):
        values["max_score"] = _score(values["max_score"])
    explanation = values.pop("explanation", None) or ""
    options = _options(row, columns, values.pop("options", None), dropped)
    if not options and isinstance(values["question"], str) and isinstance(values["reference_answer"], str):
        values["question"], options = _options_within(values["question"], row.line)
    if not options or not values["question"]:
        if isinstance(explanation, str) and explanation:
            dropped.append(DroppedText(explanation, row.line, "an explanation of a question without options"))
        return values
    answer = str(values["reference_answer"] or "")
    if answer.isdecimal() and answer in columns.options and not any(option.text == answer for option in options):
        answer = options[sorted(columns.options).index(answer)].letter
    choice = choose(options, answer, is_labelled=True)
    if not choice.reference:
        dropped.append(DroppedText(str(values["question"]), row.line, UNMARKED))
        return None
    dropped += choice.others
    reference = f"{choice.reference}\n\n{explanation}" if explanation else choice.reference
    return {**values, "reference_answer": reference}


def _score(text: str) -> str:
    """`5` for "5 points", "5 marks" and "5,0"; other texts as they are."""
    match = re.fullmatch(r"\s*/?\s*(\d+(?:[.,]\d+)?)\s*(?:[^\W\d]+\.?)?\s*", text)
    return match[1].replace(",", ".") if match else text


def _options(row: Row, columns: BankColumns, listed: Any, dropped: list[DroppedText]) -> list[Option]:
    texts: list[str] = []
    if isinstance(listed, dict):
        listed = list(listed.values())
    if isinstance(listed, list):
        texts = [str(item) for item in listed]
    elif isinstance(listed, str) and listed.strip():
        lines = mark_options(list(with_own_lines(Line(row.line, text) for text in listed.splitlines())))
        texts = [option_text(line) for line in lines if line.text.strip()]
        texts = re.split(r"\s*[;|]\s*", listed) if len(texts) < 2 else texts
    else:
        cells = (row.values.get(name) for name in columns.options.values())
        texts = [rich_text(str(cell), row.line, dropped) for cell in cells if cell not in (None, "")]
    return [Option(letter, text, False, row.line) for letter, text in zip("ABCDEFGHIJ", texts, strict=False)]


def _options_within(question: str, line: int) -> tuple[str, list[Option]]:
    """A question without the options that are written below it or after it, and these."""
    lines = mark_options(list(with_own_lines(Line(line, text) for text in question.split("\n"))))
    first = next((at for at, one in enumerate(lines) if one.option and at), None)
    if first is None:
        return question, []
    options = [Option(one.option, option_text(one), one.right, line) for one in lines if one.option]
    return "\n".join(one.text for one in lines[:first]).strip(), options
