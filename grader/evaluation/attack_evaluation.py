"""Run attacks on a grader and count how often each one succeeds. It grades only through the public `Grader`.

The attacks themselves are in `attacks/`; pairs of a point and a statement are in `statement_pairs`.
"""

import tempfile
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from grader.errors import InputError
from grader.evaluation.attacks.attack_texts import WEAK
from grader.evaluation.attacks.cases import EXACT, Attack, AttackCase, AttackTarget, Kind
from grader.evaluation.attacks.catalogue import ATTACKS, SINGLE_TARGET
from grader.evaluation.attacks.faulty_files import faults
from grader.grading import Grader
from grader.rubrics import read_bank, read_rubric
from grader.schema import Answer, Grade, Rubric
from grader.statistics import wilson_interval
from grader.text import words

Progress = Callable[[Iterator[Grade], int], Iterable[Grade]]
Grades = Mapping[tuple[str, str], Grade]

# Attacks on whole runs or files, not on single texts: id -> family, kind, expectation.
_RUNS: Mapping[str, tuple[str, Kind, str]] = {
    "C33": ("same answer from two candidates", "invariant", "same score for both"),
    "C34": ("order and company of answers", "invariant", "score does not move at all"),
    "C35": ("faulty rubrics and banks", "absolute", "refused with a line that names the fault"),
}
ATTACK_IDS = tuple(sorted([*(attack.id for attack in ATTACKS), *_RUNS]))
# The column with the intended quality of an answer, and its values for good, half-right, wrong and poor ones.
_LEVEL = "level"
_STRONG, _PARTIAL, _MISCONCEPTION = "strong", "partial", "misconception"
_POOR = ("weak", _MISCONCEPTION)
# Least words of a weak answer; a shorter one counts as blank.
_SAYS_SOMETHING = 5


@dataclass(frozen=True)
class AttackOutcome:
    """One attack on one answer: the fractions before and after, and why it succeeded (`None` when it did not).

    `of_reference` says whether the reference answer was attacked, not an answer in a candidate's own words;
    `changed_at` is the first character of `text` that differs from the original.
    """

    question_id: str
    change: str
    text: str
    before: float | None
    after: float | None
    why: str | None
    strictly_why: str | None = None
    of_reference: bool = False
    changed_at: int = 0

    @property
    def moved(self) -> float:
        """How far the fraction moved, 0..1; 0 where one of them is ungraded."""
        return 0.0 if self.before is None or self.after is None else abs(self.after - self.before)


@dataclass(frozen=True)
class AttackResult:
    """The outcomes of one family of attacks."""

    id: str
    family: str
    kind: Kind
    expectation: str
    strictly: str
    outcomes: tuple[AttackOutcome, ...]

    @property
    def n_failed(self) -> int:
        """How many cases did not meet the expectation."""
        return sum(outcome.why is not None for outcome in self.outcomes)

    def as_dict(self) -> dict[str, Any]:
        """One entry of `grader attack --json`; `rate` is the attack's rate of success with Wilson's interval."""
        rate = wilson_interval(self.n_failed, len(self.outcomes))
        row: dict[str, Any] = {
            "id": self.id,
            "family": self.family,
            "kind": self.kind,
            "expectation": self.expectation,
            "n": len(self.outcomes),
            "n_failed": self.n_failed,
            "rate": rate.value,
            "low": rate.low,
            "high": rate.high,
        }
        if self.kind == "invariant" and self.outcomes:
            moved = [outcome.moved for outcome in self.outcomes]
            row |= {"mean_change": float(np.mean(moved)), "p95_change": float(np.quantile(moved, 0.95))}
        if len({outcome.of_reference for outcome in self.outcomes}) == 2:
            row["by_base"] = {
                base: {"n": len(mine), "n_failed": sum(outcome.why is not None for outcome in mine)}
                for base, flag in (("good_answer", False), ("reference_answer", True))
                for mine in [[outcome for outcome in self.outcomes if outcome.of_reference == flag]]
            }
        if self.strictly:
            failed = sum(outcome.strictly_why is not None for outcome in self.outcomes)
            row |= {"strict_expectation": self.strictly, "n_strict_failed": failed}
        return row

    def worst(self, count: int) -> list[AttackOutcome]:
        """The cases that went wrong, those that moved the score most first."""
        failed = [outcome for outcome in self.outcomes if outcome.why is not None]
        return sorted(failed, key=lambda outcome: -outcome.moved)[:count]


@dataclass(frozen=True)
class RobustnessReport:
    """All attacks on one grader; `notes` describe the answers that were used and what was left out."""

    signature: str
    results: tuple[AttackResult, ...]
    notes: tuple[str, ...] = ()

    @property
    def n_cases(self) -> int:
        """How many attacked answers, runs and files there were."""
        return sum(len(result.outcomes) for result in self.results)

    def as_dict(self) -> dict[str, Any]:
        """One JSON object, as `grader attack --json` prints it."""
        attacks = [result.as_dict() for result in self.results]
        return {"n_cases": self.n_cases, "signature": self.signature, "attacks": attacks}


def parse_attack_ids(text: str) -> frozenset[str]:
    """The ids of a list such as "C10,C11"; all of them for a blank one.

    Raises:
        InputError: an id that no attack has.

    """
    wanted = [name.strip().upper() for name in text.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in ATTACK_IDS]
    if unknown:
        raise InputError(
            f"there is no attack '{unknown[0]}': expected {ATTACK_IDS[0]} to {ATTACK_IDS[-1]}, such as C10,C11",
            field="only",
        )
    return frozenset(wanted or ATTACK_IDS)


def run_attacks(
    grader: Grader,
    answers: Iterable[Answer] = (),
    *,
    only: Collection[str] = ATTACK_IDS,
    seed: int = 12345,
    progress: Progress = lambda grades, total: grades,
) -> RobustnessReport:
    """Attack a grader with everything that can be built from its rubrics and from good answers.

    Args:
        grader: as configured; its closed questions are attacked.
        answers: of which the good ones are attacked: those with `level: strong` in their further columns if there
            is such a column, else the best-scored one of each question. A question without an answer is attacked
            through its reference answer. Rows with `partial` and `misconception` there are material of C36, C37,
            C39 and C49.
        only: ids of attacks.
        seed: of the random choices; each case has a generator of its own, so that none depends on another.
        progress: receives the grades of all attacked answers and their number; must yield all grades.

    Raises:
        InputError: when there is no closed question to attack.

    """
    targets, notes = _targets(grader, list(answers))
    if not targets:
        raise InputError("nothing to attack: the rubrics hold no closed question")
    cases = {attack.id: _cases(attack, targets, seed) for attack in ATTACKS if attack.id in only}
    to_grade = dict.fromkeys(
        (target.rubric.question_id, text)
        for built in cases.values()
        for target, case in built
        for text in (case.base, case.text)
    )
    grades = _graded(grader, to_grade, progress)
    results = [_result(attack, cases[attack.id], grades) for attack in ATTACKS if attack.id in only]
    runs: Mapping[str, Callable[[], list[AttackOutcome]]] = {
        "C33": lambda: _duplicates(grader, targets),
        "C34": lambda: _order_and_company(grader, targets),
        "C35": _faulty,
    }
    for name, (family, kind, expectation) in _RUNS.items():
        if name in only:
            results.append(AttackResult(name, family, kind, expectation, "", tuple(runs[name]())))
    results.sort(key=lambda result: result.id)
    return RobustnessReport(grader.signature, tuple(results), tuple(notes))


def _graded(grader: Grader, to_grade: Iterable[tuple[str, str]], progress: Progress) -> Grades:
    """The grade of each (question id, text); equal pairs are graded once."""
    keys = list(dict.fromkeys(to_grade))
    answers = (Answer(answer_id=str(at), question_id=name, answer=text) for at, (name, text) in enumerate(keys))
    return dict(zip(keys, progress(grader.grade_many(answers), len(keys)), strict=True))


# --- what is attacked -----------------------------------------------------------------------------------


class _GoodAnswers(NamedTuple):
    """Good answers (id and text) to a question, one that earns little, and written ones of other levels."""

    good: Sequence[tuple[str, str]]
    weak: str
    partials: tuple[str, ...]
    misconceptions: tuple[str, ...]


def _targets(grader: Grader, answers: Sequence[Answer]) -> tuple[list[AttackTarget], list[str]]:
    """A target for each good answer, and notes on which answers were used."""
    rubrics = [rubric for rubric in grader.rubrics.values() if rubric.kind != "open"]
    levels = any(_LEVEL in answer.extra for answer in answers)
    grades = {} if levels else _graded(grader, ((a.question_id, a.answer) for a in answers), lambda grades, _: grades)
    found = {rubric.question_id: _good_answers(rubric, answers, grades, levels=levels) for rubric in rubrics}
    texts = ((name, text) for name, chosen in found.items() for _, text in chosen.good)
    goods = _graded(grader, texts, lambda grades, _: grades)
    targets = []
    for rubric in rubrics:
        mine = found[rubric.question_id]
        others = tuple(chosen.good[0][1] for name, chosen in found.items() if name != rubric.question_id)
        for name, text in mine.good:
            grade = goods[rubric.question_id, text]
            levelled = mine.partials, mine.misconceptions
            targets.append(AttackTarget(rubric, name, text, grade, mine.weak, others, *levelled))
    how = f"with level '{_STRONG}'" if levels else "scored best"
    n_references = sum(chosen.good[0][0] == _REFERENCE for chosen in found.values())
    notes = [f"{len(targets) - n_references} good answers ({how})"] if answers else []
    if n_references:
        notes.append(f"{n_references} questions without one: their reference answer stands for it")
    if len(rubrics) < len(grader.rubrics):
        notes.append(f"{len(grader.rubrics) - len(rubrics)} open questions left out")
    return targets, notes


_REFERENCE = "reference answer"


def _good_answers(rubric: Rubric, answers: Sequence[Answer], grades: Grades, *, levels: bool) -> _GoodAnswers:
    """The good answers to a question, by their level or else by their score, and a weak one."""
    mine = [answer for answer in answers if answer.question_id == rubric.question_id]
    if levels:
        good = [answer for answer in mine if answer.extra.get(_LEVEL) == _STRONG]
        poor = [answer.answer for level in _POOR for answer in mine if answer.extra.get(_LEVEL) == level]
    else:
        ranked = sorted(mine, key=lambda answer: -(grades[answer.question_id, answer.answer].fraction or 0.0))
        good, poor = ranked[:1], [answer.answer for answer in reversed(ranked[1:])]
    weak = next((text for text in poor if len(words(text)) >= _SAYS_SOMETHING), WEAK)
    partials, misconceptions = (
        tuple(answer.answer for answer in mine if answer.extra.get(_LEVEL) == level)
        for level in (_PARTIAL, _MISCONCEPTION)
    )
    given = [(answer.answer_id, answer.answer) for answer in good]
    given = given or [(_REFERENCE, AttackTarget(rubric, "", "", _NO_GRADE, "").reference)]
    return _GoodAnswers(given, weak, partials, misconceptions)


_NO_GRADE = Grade(answer_id="", question_id="", score=0.0, max_score=1.0, fraction=0.0, signature="")


def _cases(attack: Attack, targets: Sequence[AttackTarget], seed: int) -> list[tuple[AttackTarget, AttackCase]]:
    """Every case of one attack, each once; the generator depends on seed, attack and answer alone."""
    chosen = targets[:1] if attack.id in SINGLE_TARGET else targets
    cases: dict[tuple[str, str, str], tuple[AttackTarget, AttackCase]] = {}
    for target in chosen:
        name = target.rubric.question_id
        for case in attack.build(target, _generator(seed, f"{attack.id} {name} {target.good_id}")):
            # Two good answers to one question share what is built from its rubric and its other answers.
            base = "" if attack.kind == "absolute" else case.base
            cases.setdefault((name, base, case.text), (target, case))
    return list(cases.values())


def _generator(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


# --- outcomes -------------------------------------------------------------------------------------------


def _result(attack: Attack, cases: Sequence[tuple[AttackTarget, AttackCase]], grades: Grades) -> AttackResult:
    outcomes = []
    for target, case in cases:
        name = target.rubric.question_id
        before, after = grades[name, case.base], grades[name, case.text]
        outcomes.append(
            AttackOutcome(
                question_id=name,
                change=case.change,
                text=case.text,
                before=before.fraction,
                after=after.fraction,
                why=case.check(before, after),
                strictly_why=None if case.strict is None else case.strict(before, after),
                of_reference=case.base == target.reference,
                changed_at=_first_difference(case.base, case.text),
            )
        )
    return AttackResult(attack.id, attack.family, attack.kind, attack.expectation, attack.strictly, tuple(outcomes))


def _first_difference(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    both = zip(one, other, strict=False)  # one may be the beginning of the other
    return next((at for at, (a, b) in enumerate(both) if a != b), min(len(one), len(other)))


def _duplicates(grader: Grader, targets: Sequence[AttackTarget]) -> list[AttackOutcome]:
    """C33: each good answer handed in twice, by two candidates, in one file."""
    rows = [
        Answer(answer_id=f"{at}-{who}", question_id=target.rubric.question_id, answer=target.good, candidate=who)
        for who in ("first", "second")
        for at, target in enumerate(targets)
    ]
    grades = list(grader.grade_many(rows))
    return [
        _unchanged(target, grades[at], grades[at + len(targets)], "second candidate")
        for at, target in enumerate(targets)
    ]


def _order_and_company(grader: Grader, targets: Sequence[AttackTarget]) -> list[AttackOutcome]:
    """C34: each good answer alone, and among the others in the opposite order."""
    rows = [
        Answer(answer_id=str(at), question_id=target.rubric.question_id, answer=target.good)
        for at, target in enumerate(targets)
    ]
    backwards = list(grader.grade_many(reversed(rows)))[::-1]
    return [
        _unchanged(target, target.grade, other, change)
        for target, row, among in zip(targets, rows, backwards, strict=True)
        for change, other in (("alone", grader.grade(row)), ("in the opposite order", among))
    ]


def _unchanged(target: AttackTarget, before: Grade, after: Grade, change: str) -> AttackOutcome:
    """Whether two grades of one text agree, point by point."""
    credits = zip(before.points, after.points, strict=True)
    moved = [abs((one.credit or 0.0) - (other.credit or 0.0)) for one, other in credits]
    moved.append(abs((before.fraction or 0.0) - (after.fraction or 0.0)))
    why = None if max(moved) <= EXACT else f"a credit moved by {max(moved):.2g}"
    return AttackOutcome(target.rubric.question_id, change, target.good, before.fraction, after.fraction, why)


def _faulty() -> list[AttackOutcome]:
    """C35: each faulty file must be refused, and the message must name the file."""
    outcomes = []
    with tempfile.TemporaryDirectory() as folder:
        for fault in faults():
            path = Path(folder) / fault.file
            path.write_text(fault.text, encoding="utf-8")
            why: str | None = "accepted"
            try:
                read_bank(path) if fault.file == "bank.yaml" else read_rubric(path)
            except InputError as error:
                why = None if fault.file in str(error) else f"the message does not name the file: {error}"
            outcomes.append(AttackOutcome("-", fault.name, fault.text, None, None, why))
    return outcomes
