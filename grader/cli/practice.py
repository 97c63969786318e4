"""`grader practice`: a question, an answer, what it is worth and what is missing; and what was learned so far."""

import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from grader.cli.console import print_json, progress, say
from grader.cli.options import UNGRADED, AsJson, EncoderOptions, LayoutOption, with_options
from grader.errors import GraderError, InputError
from grader.phrases import count, shorten

if TYPE_CHECKING:
    from grader.cli.practice_session import WarmGrader
    from grader.practice import Aid, Attempt, Choice, Exercise, History
    from grader.schema import Answer

DEFAULT_RUBRICS, _BANK = Path("rubrics"), Path("bank.yaml")  # what the other commands of a first run write
_DETAILED = 5  # tries of a file whose every point still fits on a screen or two


@dataclass(frozen=True)
class SourceOptions:
    """What is practised, and where it is remembered."""

    rubrics: Annotated[
        Path | None,
        typer.Option(
            "--rubrics",
            envvar="GRADER_RUBRICS",
            help="A folder of rubric files, or one rubric file; by default rubrics/, if it is there.",
        ),
    ] = None
    bank: Annotated[
        Path | None,
        typer.Option(
            "--bank",
            envvar="GRADER_BANK",
            help="The bank that has the topics, and questions without a rubric; by default bank.yaml, if it is there. "
            "Without bank and rubrics the bundled sample is practised.",
        ),
    ] = None
    history: Annotated[
        Path | None,
        typer.Option(
            "--history",
            envvar="GRADER_HISTORY",
            help="The file that remembers your answers; by default practice.sqlite in your data folder.",
        ),
    ] = None

    def exercises(self) -> "dict[str, Exercise]":
        """The questions, by id; says which files were found by themselves."""
        from grader.practice import read_exercises

        rubrics, bank = self.rubrics, self.bank
        if rubrics is None and bank is None:
            rubrics = DEFAULT_RUBRICS if DEFAULT_RUBRICS.is_dir() else None
            bank = _BANK if _BANK.is_file() else None
            found = " and ".join(str(path) for path in (rubrics, bank) if path is not None)
            say(f"questions from {found or 'the bundled sample (write it out: grader demo)'}")
        exercises = read_exercises(rubrics, bank)
        if not exercises:
            raise InputError(
                "all questions are open: they have no reference answer to practise", source=rubrics or bank
            )
        return exercises


@dataclass(frozen=True)
class AskOptions:
    """Which question, and how it is asked."""

    pick: Annotated[
        Literal["due", "weakness", "new"],
        typer.Option(
            "--pick",
            help="Which question is next: due (spaced repetition), weakness (lowest last score), new (never tried).",
        ),
    ] = "due"
    topic: Annotated[str | None, typer.Option("--topic", help="Only questions of this topic.")] = None
    hints: Annotated[
        bool,
        typer.Option(
            "--hints", help="Give one hint and let me try again, before missing points and reference are told."
        ),
    ] = False
    editor: Annotated[bool, typer.Option("--editor", help="Answer in $VISUAL or $EDITOR.")] = False
    time: Annotated[
        float | None, typer.Option("--time", min=1, help="Show a clock that counts down from so many seconds.")
    ] = None


@dataclass(frozen=True)
class LookOptions:
    """What is done with the history instead of practising."""

    stats: Annotated[
        bool, typer.Option("--stats", help="Show progress, points that keep being missed, and a study list.")
    ] = False
    anki: Annotated[
        Path | None, typer.Option("--anki", help="Write the points that are missed as an Anki deck (.apkg).")
    ] = None
    export: Annotated[
        Path | None,
        typer.Option(
            "--export", help="Write all tries as a grades file (JSONL, which `grader report` reads); - is stdout."
        ),
    ] = None
    delete: Annotated[
        bool, typer.Option("--delete", help="Remove all tries from the history, or those at QUESTION.")
    ] = False
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False

    def check(self) -> None:
        """Refuse two of them at once."""
        if sum((self.stats, self.anki is not None, self.export is not None, self.delete)) > 1:
            raise typer.BadParameter("take one of --stats, --anki, --export and --delete", param_hint="--stats")


@with_options
def practice(
    *,
    question: Annotated[
        str | None,
        typer.Argument(help="A question's id or text, or a file of your answers; by default one is picked for you."),
    ] = None,
    asking: AskOptions,
    source: SourceOptions,
    look: LookOptions,
    candidate: Annotated[
        str | None, typer.Option("--candidate", help="Who you are in a file with answers of several people.")
    ] = None,
    layout: LayoutOption = None,
    encoder: EncoderOptions,
    as_json: AsJson = False,
) -> None:
    """Ask a question, score the answer, say what is missing, and remember it.

    Answers are taken from the terminal, from an editor, or from standard input when it is no terminal. Every answer is
    kept in a file in your data folder before it is scored. A question comes again when it is about to be forgotten
    (docs/practice.md). A try after the missing points were shown is kept, too, but changes neither progress nor plan.

    \b
    Examples:
      grader practice
      grader practice optimizers --hints --time 120
      grader practice --topic training --pick weakness
      grader practice answers.md
      echo "It turns units off at random." | grader practice regularization --json
      grader practice --stats
      grader practice --anki missed.apkg
      grader practice --export tries.jsonl
    """
    from grader.practice import History

    look.check()
    with History(source.history) as history:
        say_damage(history)
        if look.export is not None:
            _export(history, look.export)
        elif look.delete:
            _delete(history, source, question, sure=look.yes)
        elif look.stats or look.anki is not None:
            _look_back(history, source, asking, look, as_json=as_json)
        else:
            from grader.cli.practice_session import WarmGrader

            exercises = source.exercises()
            models = WarmGrader(exercises, encoder.settings())
            practising = _Practising(history, exercises, models, asking, as_json)
            if _is_file(question, exercises):
                practising.score_file(str(question), candidate, layout)
            else:
                practising.run(question)


def say_damage(history: "History") -> None:
    """Say where a damaged history is now, if it was one."""
    if history.set_aside is not None:
        n = _tries(history.n_rescued)
        say(f"the history was damaged: it is now {history.set_aside}, {n} of it were read into a new one")


def _export(history: "History", path: Path) -> None:
    from grader.cli.practice_output import export_rows
    from grader.files import write_rows

    attempts = history.attempts()
    write_rows(path, export_rows(attempts), format="jsonl")
    say(f"{_tries(len(attempts))} written to {path}")


def _tries(n: int) -> str:
    return f"{n:,} {'try' if n == 1 else 'tries'}"


def _delete(history: "History", source: SourceOptions, question: str | None, *, sure: bool) -> None:
    """Remove tries, after a question on a terminal."""
    known = {attempt.question_id for attempt in history.attempts()}
    name = question if question is None or question in known else _find(question, source.exercises()).question_id
    n = len(history.attempts(name))
    if n and not sure:
        if not sys.stdin.isatty():
            raise typer.BadParameter(f"would remove {_tries(n)}: say --yes", param_hint="--delete")
        typer.confirm(f"Remove {_tries(n)} from {history.path}?", abort=True, err=True)
    say(f"{_tries(history.delete(name))} removed from {history.path}")
    for left in sorted(history.path.parent.glob(f"{history.path.name}.damaged-*")):
        say(f"a damaged history is still there: {left}")


def _look_back(
    history: "History", source: SourceOptions, asking: AskOptions, look: LookOptions, *, as_json: bool
) -> None:
    """Progress, or the deck of what is missed."""
    from grader.cli.practice_output import print_stats, stats_json
    from grader.practice import of_topic, study_list, write_anki_deck

    exercises = of_topic(source.exercises(), asking.topic)
    attempts = history.attempts()
    others = {attempt.question_id for attempt in attempts} - exercises.keys()
    if others and asking.topic is None:
        say(
            f"{count(len(others), 'question')} of the history are not among these: {shorten(', '.join(sorted(others)))}"
        )
    if look.anki is not None:
        items = study_list(exercises, attempts)
        if not items:
            raise GraderError("no point is missed, so there is no deck to write; practise first: grader practice")
        n_cards = write_anki_deck(look.anki, items)
        say(f"{count(n_cards, 'card')} written to {look.anki}; import it in Anki: File, Import")
    elif as_json:
        print_json(stats_json(exercises, attempts))
    else:
        print_stats(exercises, attempts)


def _find(text: str, exercises: "Mapping[str, Exercise]") -> "Exercise":
    """The question with this id or text.

    Raises:
        InputError: there is none, or it may be several.

    """
    from grader.files import QuestionMatcher

    matcher = QuestionMatcher({name: exercise.question for name, exercise in exercises.items()}, "QUESTION")
    match = matcher.match(text, None)
    if match is None:
        raise InputError(f"there is no such file, and {matcher.no_question(text)}", source=text)
    return exercises[match.question_id]


def _is_file(question: str | None, exercises: "Mapping[str, Exercise]") -> bool:
    """Whether QUESTION names a file of answers."""
    if question is None or question in exercises:
        return False
    return question == "-" or (len(question) < 1000 and "\0" not in question and Path(question).is_file())


@dataclass(frozen=True)
class _Practising:
    """One run: what is asked, what scores it, and where it is remembered."""

    history: "History"
    exercises: "Mapping[str, Exercise]"
    models: "WarmGrader"
    asking: AskOptions
    as_json: bool

    def run(self, question: str | None) -> None:
        """Ask until the person has enough; without a terminal take one answer from standard input."""
        asked: set[str] = set()
        choice = self._choice(asked) if question is None else self._chosen(_find(question, self.exercises))
        while choice is not None:
            asked.add(choice.exercise.question_id)
            if not self._ask(choice):
                return
            choice = self._choice(asked)
        say("that was the last question")

    def _choice(self, asked: set[str]) -> "Choice | None":
        from grader.practice import next_question

        attempts = self.history.attempts()
        return next_question(self.exercises, attempts, by=self.asking.pick, topic=self.asking.topic, skip=asked)

    def _chosen(self, exercise: "Exercise") -> "Choice | None":
        """A question that was named, with what is known of it."""
        from grader.practice import next_question

        return next_question({exercise.question_id: exercise}, self.history.attempts(exercise.question_id))

    def _ask(self, choice: "Choice") -> bool:
        """Ask a question until the person goes on; whether another one is wanted."""
        from grader.cli.practice_output import print_question, print_reference
        from grader.cli.practice_session import ask, read_line

        exercise = choice.exercise
        self.models.warm(exercise.question_id)
        at_terminal = sys.stdin.isatty()
        print_question(exercise, choice.reason, err=self.as_json or not at_terminal)
        if not at_terminal:
            self._take(exercise, _standard_input(), None, aid="none")
            return False
        aid: Aid = "none"
        while True:
            typed = ask(self.asking.time, in_editor=self.asking.editor)
            if isinstance(typed, str):
                return typed == "next"
            hinted = self._take(exercise, typed.answer, typed.seconds, aid=aid)
            if self.as_json:
                return False
            aid = "hint" if hinted else "reference"
            answer = "r"
            while answer == "r":
                told = "t try again  " if hinted is None else "t try again with the hint  "
                answer = (read_line(f"{told}r reference answer  n next question  q quit > ") or "q").strip().lower()
                if answer == "r":
                    print_reference(exercise)
                    aid, hinted = "reference", None
            if not answer.startswith("t"):
                return answer.startswith("n")

    def _take(self, exercise: "Exercise", answer: str, seconds: float | None, *, aid: "Aid") -> str | None:
        """Keep, score and show an answer; returns the hint that was given."""
        from grader.cli.practice_output import print_reference, print_try, try_json
        from grader.practice import compare_grades, due_dates, hint

        attempt = self.history.save_answer(exercise.question_id, answer, topic=exercise.topic, aid=aid, seconds=seconds)
        attempt = self._graded(attempt)
        grade = attempt.grade
        if grade is None:  # only for the type: `_graded` gives one
            return None
        previous = self.history.before(attempt)
        comparison = None if previous is None or previous.grade is None else compare_grades(previous.grade, grade)
        hinted = hint(exercise, grade) if self.asking.hints and aid == "none" else None
        if self.as_json:
            due = due_dates(self.history.attempts(exercise.question_id)).get(exercise.question_id)
            print_json(
                try_json(exercise, attempt, previous, comparison, hinted=hinted, due=due, limit=self.asking.time)
            )
        else:
            print_try(exercise, attempt, comparison, hinted=hinted)
            if aid == "reference":
                say("(kept; after the answer was shown a try does not count in your progress)")
            if not sys.stdin.isatty() and hinted is None:
                print_reference(exercise)
        self._grade_left_over({attempt.attempt_id})  # after the result, for which a person waits
        if grade.score is None and (self.as_json or not sys.stdin.isatty()):
            raise typer.Exit(UNGRADED)
        return hinted

    def _graded(self, attempt: "Attempt") -> "Attempt":
        """An attempt with its grade, which is kept."""
        return self.history.save_grade(attempt, self.models.grade(_as_answer(attempt)))

    def _grade_left_over(self, new: Collection[int]) -> None:
        """Grade what was sent, but not graded, when the program was ended; `new` are the attempts of this run."""
        for left in self.history.attempts():
            if left.grade is None and left.attempt_id not in new and left.question_id in self.exercises:
                self._graded(left)
                say(f"graded now: an answer to {left.question_id} of {left.at:%Y-%m-%d %H:%M} UTC")

    def score_file(self, path: str, candidate: str | None, layout: LayoutOption) -> None:
        """Score a file of answers and remember them; those that the history has word for word are not added again."""
        from grader.cli.outputs import print_grades
        from grader.cli.practice_output import print_question, print_try, try_json
        from grader.practice import compare_grades, due_dates

        answers = self._read(path, candidate, layout)
        known = {(each.question_id, each.answer): each for each in self.history.attempts()}
        tries: list[Attempt] = []
        n_known = 0
        for answer in answers:  # all are on the disk before the first is scored
            attempt = known.get((answer.question_id, answer.answer))
            n_known += attempt is not None
            topic = self.exercises[answer.question_id].topic
            tries.append(attempt or self.history.save_answer(answer.question_id, answer.answer, topic=topic))
        self._grade_left_over({attempt.attempt_id for attempt in tries})
        tries = [each if each.grade else self._graded(each) for each in progress(tries, "grading", total=len(tries))]
        due = due_dates(self.history.attempts())
        shown = []
        for attempt in tries:
            exercise, before = self.exercises[attempt.question_id], self.history.before(attempt)
            change = compare_grades(before.grade, attempt.grade) if before and before.grade and attempt.grade else None
            if self.as_json:
                when = due.get(attempt.question_id)
                shown.append(try_json(exercise, attempt, before, change, hinted=None, due=when, limit=None))
            elif len(tries) <= _DETAILED:
                print_question(exercise, "", err=False)
                print_try(exercise, attempt, change, hinted=None)
        grades = [attempt.grade for attempt in tries if attempt.grade is not None]
        fractions = [grade.fraction for grade in grades if grade.fraction is not None]
        if self.as_json:
            print_json(
                {
                    "n_answers": len(grades),
                    "n_graded": len(fractions),
                    "n_ungraded": len(grades) - len(fractions),
                    "n_remembered_before": n_known,
                    "mean_fraction": sum(fractions) / len(fractions) if fractions else None,
                    "answers": shown,
                }
            )
        elif len(tries) > _DETAILED:
            print_grades(grades, details=False)
        again = f", {n_known} of them before" if n_known else ""
        say(f"{count(len(grades), 'answer')} scored and remembered{again}; see them all: grader practice --stats")
        if len(fractions) < len(grades):
            raise typer.Exit(UNGRADED)

    def _read(self, path: str, candidate: str | None, layout: LayoutOption) -> "list[Answer]":
        """The answers of one person in a file, without blank ones and questions that are not practised.

        Raises:
            InputError: several people, or no answer is left.

        """
        from grader.files import open_answers, source_name

        questions = {name: exercise.question for name, exercise in self.exercises.items()}
        file = open_answers(path, questions=questions, layout=layout)
        if file.layout != "long":
            say(file.about)
        found = [answer for _, answer in file.answers]
        people = list(dict.fromkeys(answer.candidate for answer in found if answer.candidate))
        if candidate is not None:
            if candidate not in people:
                known = shorten(", ".join(people)) or "nobody is named"
                raise InputError(f"there is no answer of '{candidate}'; there are: {known}", source=source_name(path))
            found = [answer for answer in found if answer.candidate == candidate]
        elif len(people) > 1:
            problem = f"has answers of {len(people)} people, and practice remembers those of one: say --candidate NAME"
            raise InputError(f"{problem}, or score all of them with grader grade", source=source_name(path))
        kept = [answer for answer in found if answer.answer.strip() and answer.question_id in self.exercises]
        n_blank = sum(not answer.answer.strip() for answer in found)
        unknown = {answer.question_id for answer in found} - self.exercises.keys()
        if n_blank:
            say(f"{count(n_blank, 'blank answer')} left out")
        if unknown:
            say(f"left out, for they are open questions or none of these: {shorten(', '.join(sorted(unknown)))}")
        if not kept:
            raise InputError("has no answer to a question that can be practised", source=source_name(path))
        return kept


def _standard_input() -> str:
    """The answer on standard input.

    Raises:
        InputError: it is blank, or no text.

    """
    from grader.files import text_lines

    text = "".join(line for _, line in text_lines("-")).strip()
    if not text:
        raise InputError("the answer is blank: type it, or send it: grader practice < answer.txt", source="<stdin>")
    return text


def _as_answer(attempt: "Attempt") -> "Answer":
    from grader.cli.practice_output import answer_id
    from grader.schema import Answer

    return Answer(answer_id=answer_id(attempt), question_id=attempt.question_id, answer=attempt.answer)
