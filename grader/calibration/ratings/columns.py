"""Which columns of a table hold ratings: the answer's id or what it is made of, raters, scores, and other facts."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np

from grader.calibration.ratings.scores import Scale, Score, is_date, parse_score
from grader.errors import InputError
from grader.files import Row, id_text, pick_columns
from grader.statistics import Floats

# Column names that people and other tools use, the preferred one first.
RATING_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "answer_id": ("answer_id", "id", "response_id", "submission_id", "script_id", "script"),
    "rater": (
        *("rater", "rater_id", "rater_name", "interviewer", "interviewer_name", "marker", "annotator", "annotator_id"),
        *("coder", "judge", "assessor", "reviewer", "evaluator", "examiner", "scorer", "grader", "panelist"),
        *("rated_by", "scored_by", "interviewed_by", "bewerter", "prüfer", "evaluador", "évaluateur", "valutatore"),
    ),
    "score": ("score", "rating", "mark", "marks", "human_score", "points", "grade"),
    "question_id": ("question_id", "question"),
    "point_id": ("point_id", "point", "criterion_id", "criterion"),
    "max_score": ("max_score", "max", "out_of", "max_points", "maximum"),
    "time": ("time", "timestamp", "rated_at", "date", "order"),
    "phase": ("phase",),
    "gold": ("gold", "gold_score"),
    "group": ("group", "subgroup"),
    "answer": ("answer", "response", "submission", "student_answer"),
}
LABELLED: Final = "human_scores"  # under this name a labelled set holds every rater's score
# What an answer without an id is known by.
_CANDIDATE: Final = (
    *("candidate", "candidate_id", "candidate_name", "candidate_no", "candidate_number", "applicant", "applicant_id"),
    *("applicant_name", "interviewee", "student", "student_id", "student_name", "participant", "participant_id"),
    *("person", "employee", "learner", "respondent", "name", "full_name", "kandidat", "bewerber", "teilnehmer"),
    *("candidato", "candidat", "estudiante", "étudiant"),
)
_FIRST_NAME: Final = ("first_name", "given_name", "forename", "vorname")
_LAST_NAME: Final = ("last_name", "surname", "family_name", "nachname")
_TOPIC: Final = (
    *("question_id", "question", "topic", "task", "exercise", "competency", "competence", "skill", "subject", "item"),
    *("area", "category", "section", "frage", "thema", "aufgabe", "pregunta", "tema", "sujet", "thème"),
)
# Words in the names of columns that are computed from others, and of columns of other numbers.
_COMPUTED = set(
    "average averages avg mean median sum total totals overall final consensus std stdev sd variance range spread "
    "difference diff rank ranking weighted count min minimum mittelwert mittel durchschnitt schnitt summe gesamt "
    "promedio media suma moyenne somme ø ∅ σ μ".split()
)
_OTHER_NUMBERS = set(
    "age year years experience salary zip phone week day month round no nr number row index duration minutes hours "
    "weight cost alter jahre".split()
)
_DATED = re.compile(r"date|datum|day|time|when|fecha|created|submitted|started|deadline|birth|zeit", re.IGNORECASE)
_SUMMARY_ROW = re.compile(
    r"(?:overall |grand |column |class |panel )?(?:averages?|avg\.?|mean|median|sum|totals?|maximum|minimum|max score|"
    r"out of|points possible|std\.? ?dev\.?|standard deviation|mittelwert|durchschnitt|summe|gesamt|promedio|moyenne|ø)"
    r"(?: score)?:?",
    re.IGNORECASE,
)
_GRADE = re.compile(r"[A-F][+\-\u2212]?")  # of letters
_LEAST_ROWS = 3  # from which a column is taken for the mean of others
_FAR_APART = 2.0  # times the highest score of all others


@dataclass(frozen=True)
class Columns:
    """How a table is read.

    Attributes:
        fields: the column of each field of `RATING_COLUMNS` that is used.
        made_from: the columns whose texts make the id of an answer, where no column has it.
        raters: the columns with the scores of one rater each; empty in a long table and a labelled set.
        notes: what was decided and a person should know.

    """

    fields: Mapping[str, str]
    made_from: tuple[str, ...] = ()
    raters: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def is_summary(row: Row) -> bool:
    """Whether a row holds what was computed from the rows above it, such as an average."""
    first = next((text for value in row.values.values() if (text := _text(value))), "")
    return _SUMMARY_ROW.fullmatch(first) is not None


def is_long(names: Sequence[str]) -> bool:
    """Whether columns are those of a table with one rating a row."""
    return len(_picked(names, "rater", "score")) == 2


def may_be_header(names: Sequence[str], rows: Sequence[Row], raters: Sequence[str], scale: Scale | None) -> bool:
    """Whether names may be those of the columns of ratings; `rows` are some of the rows below."""
    if raters:
        return set(raters) <= set(names)
    if LABELLED in names or (is_long(names) and (_picked(names, "answer_id") or _made_of(names))):
        return True
    if any(_score(name, scale) for name in names if name):
        return False
    known = set(_picked(names, *RATING_COLUMNS).values()) | set(_made_of(names))
    known |= set() if known else set(_leftmost(names, rows, set(), scale))
    return bool(known) and any(_numbers(name, rows, scale) is not None for name in names if name not in known)


def find_columns(
    names: Sequence[str],
    rows: Sequence[Row],
    *,
    raters: Sequence[str],
    scale: Scale | None,
    source: str,
    line: int,
) -> Columns:
    """Which columns hold what.

    Args:
        names: of all columns.
        rows: all rows; more than the names matters only where raters or keys must be found.
        raters: the columns that a person has named; empty to find them.
        scale: what labels are worth.
        source: the file, for messages.
        line: of the names.

    Raises:
        InputError: a column is missing, or it cannot be told which columns hold ratings; says what to do.

    """
    missing = next((name for name in raters if name not in names), None)
    if missing is not None:
        problem = f"no such column: found {', '.join(names)[:200]}; name the columns as they are in the file"
        raise InputError(problem, source=source, line=line, field=missing)
    long = not raters and LABELLED not in names and is_long(names)
    facts = [name for name in RATING_COLUMNS if long or name not in ("rater", "score")]
    fields = {field: name for field, name in _picked(names, *facts).items() if name not in raters}
    if LABELLED in names and not raters:
        fields = pick_columns(
            names, {name: RATING_COLUMNS[name] for name in facts}, required=("answer_id",), source=source, line=line
        )
        return Columns(fields)
    taken = _picked(names, "answer_id").get("answer_id")
    if taken in raters:
        problem = "holds the ids of the answers, so it cannot be a rater's: leave it out of --raters"
        raise InputError(problem, source=source, line=line, field=taken)
    made_from: tuple[str, ...] = ()
    notes: list[str] = []
    if "answer_id" not in fields:
        made_from = tuple(name for name in _made_of(names) if name not in raters)
        if not made_from and not long:
            made_from = _leftmost(names, rows, {*fields.values(), *raters}, scale)
        if not made_from:
            listed = ", ".join((*RATING_COLUMNS["answer_id"], "candidate"))
            problem = f"no such column: found {', '.join(names)[:200]}; expected one of {listed}"
            raise InputError(problem, source=source, line=line, field="answer_id")
    proposed = tuple(raters)
    if not raters and not long:
        proposed, fields, notes = _proposed(names, rows, fields, made_from, scale, source, line)
    if made_from:
        made_from, fields = _telling_apart(names, rows, fields, made_from, proposed, scale, source)
        notes.append(f"answers are told apart by {' and '.join(made_from)}")
    return Columns(fields, made_from, proposed, tuple(notes))


# --- what an answer is known by --------------------------------------------------------------------


def _picked(names: Sequence[str], *fields: str) -> dict[str, str]:
    return pick_columns(names, {field: RATING_COLUMNS[field] for field in fields}, required=(), source="")


def _made_of(names: Sequence[str]) -> tuple[str, ...]:
    """The columns with the candidate and the question; empty without a candidate."""
    aliases = {"candidate": _CANDIDATE, "first": _FIRST_NAME, "last": _LAST_NAME, "topic": _TOPIC}
    found = pick_columns(names, aliases, required=(), source="")
    who = [found[each] for each in ("candidate",) if each in found] or [
        found[each] for each in ("first", "last") if each in found
    ]
    return (*who, found["topic"]) if who and "topic" in found else tuple(who)


def _leftmost(names: Sequence[str], rows: Sequence[Row], taken: set[str], scale: Scale | None) -> tuple[str, ...]:
    """The first column, if it holds a text in every row."""
    first = next((name for name in names if name not in taken), None)
    if first is None or any(not _text(row.values.get(first)) for row in rows):
        return ()
    return (first,) if _numbers(first, rows, scale) is None else ()


def _telling_apart(
    names: Sequence[str],
    rows: Sequence[Row],
    fields: dict[str, str],
    made_from: tuple[str, ...],
    raters: Sequence[str],
    scale: Scale | None,
    source: str,
) -> tuple[tuple[str, ...], dict[str, str]]:
    """The columns whose texts tell answers apart, and the fields with that of the question.

    Rows that nothing tells apart would be taken for ratings of one answer.
    """
    topic = pick_columns(made_from, {"topic": _TOPIC}, required=(), source="").get("topic")
    beside = [fields[each] for each in ("rater", "point_id", "time") if each in fields]
    scored = [row for row in rows if not raters or any(_text(row.values.get(name)) for name in raters)]
    twice = _first_repeated(scored, (*made_from, *beside))
    if twice is not None and topic is None:
        free = [name for name in names if name not in {*made_from, *fields.values(), *raters}]
        fitting = [
            name
            for name in free
            if 2 * len({_text(row.values.get(name)) for row in scored}) <= len(scored)
            and all(_text(row.values.get(name)) for row in scored)
            and not _numbers(name, scored, scale)
            and _first_repeated(scored, (*made_from, name, *beside)) is None
        ]
        if len(fitting) == 1:
            topic, twice = fitting[0], None
            made_from = (*made_from, topic)
    if twice is not None and "time" not in fields:
        known = ", ".join(f"'{_text(twice[0].values.get(name))[:40]}'" for name in made_from)
        problem = (
            f"{known} stands here and on line {twice[1]}: call the columns that tell answers apart 'candidate' and "
            "'question', or give each answer an 'answer_id' (and a 'time' if it was rated twice)"
        )
        raise InputError(problem, source=source, line=twice[0].line, field=made_from[-1])
    return made_from, fields if topic is None else {**fields, "question_id": topic}


def _first_repeated(rows: Sequence[Row], columns: Sequence[str]) -> tuple[Row, int] | None:
    """The first row whose texts in these columns were there before, and the line where."""
    seen: dict[tuple[str, ...], int] = {}
    for row in rows:
        first = seen.setdefault(tuple(_text(row.values.get(name)) for name in columns), row.line)
        if first != row.line:
            return row, first
    return None


# --- raters ----------------------------------------------------------------------------------------


def _proposed(
    names: Sequence[str],
    rows: Sequence[Row],
    fields: dict[str, str],
    made_from: Sequence[str],
    scale: Scale | None,
    source: str,
    line: int,
) -> tuple[tuple[str, ...], dict[str, str], list[str]]:
    """The columns of numbers that raters may have given, the fields without those that are none, and notes."""
    notes: list[str] = []
    fields = dict(fields)
    if "max_score" in fields and not _is_full_score(fields["max_score"], names, rows, fields, made_from, scale):
        del fields["max_score"]  # a rater called Max
    if "time" in fields and not all(_is_moment(row.values.get(fields["time"])) for row in rows):
        notes.append(f"left out: {fields.pop('time')} (its dates are not written as 2026-01-31)")
    free = [name for name in names if name not in {*fields.values(), *made_from}]
    table = {name: found for name in free if (found := _numbers(name, rows, scale, source=source)) is not None}
    computed = {name for name in table if _words(name) & _COMPUTED}
    left_out = [f"{name} (computed from others, by its name)" for name in table if name in computed]
    others = {name for name in table if name not in computed and _words(name) & _OTHER_NUMBERS}
    left_out += [f"{name} (no score, by its name)" for name in table if name in others]
    kept = {name: values for name, values in table.items() if name not in computed | others}
    for name in list(kept):
        what = _computed_from([kept[each] for each in kept if each != name], kept[name])
        if name == names[0] and _counts_rows(kept[name]):
            what = "it counts the rows"
        if what:
            left_out.append(f"{name} ({what})")
            del kept[name]
    rater = _picked(names, "rater").get("rater")
    if rater is not None:
        problem = (
            f"'{rater}' names a rater in each row, but no column is called score: found {', '.join(kept)[:200]}; for "
            "scores on several things write one row a score, with the columns answer_id, rater and score"
        )
        raise InputError(problem, source=source, line=line, field="score")
    if len(kept) < 2:
        problem = (
            f"no such column: found {', '.join(names)[:200]}; expected one of "
            f"{', '.join(RATING_COLUMNS['rater'][:5])}, ...; for a table with one column a "
            "rater name these columns: --raters kim,lee"
        )
        if not kept and scale is None:
            problem += " (and for grades such as B+ their points: --scale scale.csv)"
        raise InputError(problem, source=source, line=line, field="rater")
    for name, values in kept.items():
        rest = np.concatenate([kept[each] for each in kept if each != name])
        if np.nanmin(values) > _FAR_APART * np.nanmax(np.abs(rest)):
            problem = (
                f"holds {np.nanmin(values):g} to {np.nanmax(values):g}, but other columns {np.nanmin(rest):g} to "
                f"{np.nanmax(rest):g}: name the columns of raters, --raters {','.join(e for e in kept if e != name)}"
            )
            raise InputError(problem[:400], source=source, line=line, field=name)
    notes.insert(0, f"columns of numbers are taken as raters: {', '.join(kept)} (--raters names others)")
    texts = [name for name in free if name not in table and any(_text(row.values.get(name)) for row in rows)]
    for name in texts:
        cells = [text for row in rows if (text := _text(row.values.get(name)))]
        if all(map(_GRADE.fullmatch, cells)) and any(cell[1:] for cell in cells):  # A and B alone may be groups
            problem = (
                f"holds grades such as '{cells[0]}': give what they are worth, --scale scale.csv, or name the columns "
                f"to read, --raters {','.join(kept)}"
            )
            raise InputError(problem, source=source, line=line, field=name)
    left_out += [f"{name} (text)" for name in texts]
    if left_out:
        notes.append(f"left out: {', '.join(left_out)}")
    return tuple(kept), fields, notes


def _numbers(name: str, rows: Sequence[Row], scale: Scale | None, *, source: str | None = None) -> Floats | None:
    """The scores in a column, shape `(n_rows,)`, NaN where blank; `None` for a column of something else.

    Raises:
        InputError: with `source`, if most cells are scores and one is none, or if dates stand where scores may be.

    """
    values = np.full(len(rows), np.nan)
    faults: list[tuple[Row, ValueError]] = []
    n_dates = 0
    for place, row in enumerate(rows):
        value = row.values.get(name)
        try:
            score = parse_score(value, scale)
        except ValueError as error:
            faults.append((row, error))
            n_dates += is_date(value)
        else:
            values[place] = np.nan if score is None else score.points
    n_scores = int(np.isfinite(values).sum())
    if not faults:
        return values if n_scores else None
    dates = n_dates == len(faults) and not _DATED.search(name)
    if source is not None and (dates or n_scores > len(faults)):
        row, fault = faults[0]
        way_out = "; if the column holds no scores, name those that do: --raters kim,lee"
        raise InputError(f"{fault}{way_out}", source=source, line=row.line, field=name) from fault
    return None


def _score(value: Any, scale: Scale | None) -> Score | None:
    try:
        return parse_score(value, scale)
    except ValueError:
        return None


def _is_full_score(
    name: str,
    names: Sequence[str],
    rows: Sequence[Row],
    fields: Mapping[str, str],
    made_from: Sequence[str],
    scale: Scale | None,
) -> bool:
    """Whether a column called `max` holds the full score: nothing in its row is higher, only questions change it."""
    full = _numbers(name, rows, scale)
    if full is None or not np.isfinite(full).all():
        return False
    topic = fields.get("question_id") or (made_from[-1] if made_from[:-1] else "")
    topics = [_text(row.values.get(topic)) for row in rows]
    if len({(topic, value) for topic, value in zip(topics, full, strict=True)}) > len(set(topics)):
        return False
    rest = [_numbers(each, rows, scale) for each in names if each not in {*fields.values(), *made_from}]
    return all(np.all((values <= full) | np.isnan(values)) for values in rest if values is not None)


def _is_moment(value: Any) -> bool:
    text = _text(value)
    try:
        float(text or 0)
    except ValueError:
        try:
            datetime.fromisoformat(text)
        except ValueError:
            return False
    return True


def _counts_rows(values: Floats) -> bool:
    return values.size >= _LEAST_ROWS and bool(np.all(np.diff(values) == 1))


def _computed_from(others: Sequence[Floats], values: Floats) -> str | None:
    """What a column is of the others, in every row in which it holds a number."""
    if len(others) < 2:
        return None
    table = np.stack(others, axis=1)[np.isfinite(values)]
    own = values[np.isfinite(values)]
    several = np.isfinite(table).sum(axis=1) >= 2
    table, own = table[several], own[several]
    if np.sum(np.nanmax(table, axis=1, initial=-np.inf) > np.nanmin(table, axis=1, initial=np.inf)) < _LEAST_ROWS:
        return None
    decimals = max(len(f"{value:.6f}".rstrip("0").partition(".")[2]) for value in own)
    reach = 0.5 * 10.0**-decimals + 1e-9
    for what, of_rows in (("mean", np.nanmean), ("sum", np.nansum), ("median", np.nanmedian)):
        if np.all(np.abs(of_rows(table, axis=1) - own) <= reach):
            return f"the {what} of the others"
    return None


def _words(name: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]+|[ø∅σμ]", name.casefold()))


def _text(value: Any) -> str:
    text = id_text(value)
    return "" if text is None else str(text)
