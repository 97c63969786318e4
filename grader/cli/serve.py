"""`grader serve`: the local web page."""

import ipaddress
import secrets
import socket
from pathlib import Path
from typing import Annotated

import typer

from grader.cli.console import progress, say
from grader.cli.options import EncoderOptions, with_options
from grader.cli.practice import DEFAULT_RUBRICS, SourceOptions, say_damage
from grader.errors import InputError
from grader.phrases import count


@with_options
def serve(
    answers: Annotated[
        str | None,
        typer.Argument(help="Answers to mark: a file as for `grader grade`, or a folder of such files."),
    ] = None,
    *,
    source: SourceOptions,
    marks: Annotated[
        Path | None,
        typer.Option("--marks", help="The SQLite file for marks; by default ANSWERS.marks.db beside the answers."),
    ] = None,
    host: Annotated[
        str, typer.Option("--host", help="The address to listen at; 0.0.0.0 for the network.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port; 0 takes a free one.")] = 8420,
    token: Annotated[
        str | None,
        typer.Option(
            "--token",
            envvar="GRADER_TOKEN",
            help="What browsers must bring when others can reach the server; by default a new one.",
        ),
    ] = None,
    api_key: Annotated[
        list[str] | None,
        typer.Option(
            "--api-key", envvar="GRADER_API_KEY", help="A key for the API, repeated for several; none closes it."
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", help="A further name by which browsers may call the server."),
    ] = None,
    encoder: EncoderOptions,
) -> None:
    """Open a local web page to practise, to edit rubrics and to mark a pile of answers; also an API for programs.

    Marking, the page shows what the grader sees in an answer, and you confirm or change it. It asks for the answer from
    which the rest learns most, and says when it is enough. Marks are kept in a file beside the answers, with who, when,
    why. Practice has the history of `grader practice`. Rubrics are shown with what the lint says, and an edit with what
    it changes before it is saved.

    It listens on this machine alone unless --host says otherwise; then browsers need the printed address with its
    token. The page is described in docs/serve.md.

    \b
    Examples:
      grader serve
      grader serve answers.csv --rubrics rubrics/
      grader serve moodle_responses.csv
      grader serve pile/ --host 0.0.0.0
      grader serve --api-key "$KEY"
    """
    from grader.files import exported_questions
    from grader.grading import Grader
    from grader.practice import Exercise, History, read_exercises
    from grader.rubrics import derive, find_rubrics, import_questions, read_rubrics
    from grader.web import Access, MarkStore, Personal, read_pile, run_server

    if token is not None and len(token) < 12:
        raise InputError("the token is shorter than 12 characters: take a longer one, or leave it out for a new one")
    rubrics = source.rubrics or DEFAULT_RUBRICS
    files: dict[str, Path] = {}
    if answers is None and source.rubrics is None:  # nothing that is asked for needs a folder of rubrics
        exercises = source.exercises()
        known = {name: exercise.rubric for name, exercise in exercises.items()}
    elif not rubrics.exists() and answers is not None and Path(answers).is_file() and exported_questions(answers):
        say(f"{rubrics}: there are no rubrics, so points come from the right answers in {answers}")
        known = {question.id: derive(question) for question in import_questions(answers).bank.questions}
        exercises = {name: Exercise(rubric) for name, rubric in known.items()}
    else:
        exercises = read_exercises(rubrics, source.bank)
        known = {**{name: each.rubric for name, each in exercises.items()}, **read_rubrics(rubrics)}
    if rubrics.exists() and (answers is not None or source.rubrics is not None or source.bank is None):
        files = {name: path for name, (path, _) in find_rubrics(rubrics).items()}
    grader = Grader(known, settings=encoder.settings())
    grader.prepare()
    pile = store = None
    if answers is not None:
        pile = read_pile(answers, grader, progress=lambda read, n: progress(read, "grading", total=n))
        path = marks or Path(f"{answers.rstrip('/')}.marks.db")
        store = MarkStore(path)
        unknown = len(pile.answers) - len(pile.markable)
        say(f"{count(len(pile.markable), 'answer')} to mark; marks are kept in {path}")
        if unknown:
            say(f"left out: {count(unknown, 'answer')} to questions without a rubric")
    local = _is_loopback(host)
    given = None if local else token or secrets.token_urlsafe(16)
    names = frozenset(
        {host, "localhost", "127.0.0.1", "::1", *(allow_host or ()), *(() if local else (socket.gethostname(),))}
    )
    access = Access(names, given, tuple(api_key or ()))

    def ready(bound: int) -> None:
        shown = host if local else socket.gethostname() if host in ("0.0.0.0", "::") else host  # noqa: S104  # compared
        shown = f"[{shown}]" if ":" in shown else shown
        say(f"open http://{shown}:{bound}/" + ("" if given is None else f"?token={given}"))
        say("stop with Ctrl-C")

    history = History(source.history)
    say_damage(history)
    personal = Personal(exercises, history, files)
    try:
        run_server(grader, access, host=host, port=port, personal=personal, pile=pile, store=store, ready=ready)
    finally:
        history.close()
        if store is not None:
            store.close()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
