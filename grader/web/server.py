"""The application with all its pages, and the server that runs it."""

import socket
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from grader.errors import SetupError
from grader.grading import Grader
from grader.web.protection import Access, Protection

if TYPE_CHECKING:
    from fastapi import FastAPI

    from grader.practice import Exercise, History
    from grader.web.pile import Pile
    from grader.web.store import MarkStore

# What browsers may load; nothing else of the disk has an address.
_STATIC = {"htmx.min.js": "text/javascript", "web.js": "text/javascript", "web.css": "text/css"}
_SHARED_STYLES = "report.css"


@dataclass(frozen=True)
class Personal:
    """What belongs to the person at this machine: nobody else on a network may practise, or edit rubrics, with it.

    Attributes:
        exercises: what can be practised, by question id; gets the rubrics that are saved.
        history: of their tries.
        files: of the rubrics, by question id; those without one cannot be saved.

    """

    exercises: "MutableMapping[str, Exercise]"
    history: "History"
    files: Mapping[str, Path]


def make_app(
    grader: Grader,
    access: Access,
    *,
    personal: Personal,
    pile: "Pile | None" = None,
    store: "MarkStore | None" = None,
) -> "FastAPI":
    """The application.

    Args:
        grader: without marks.
        access: who may come in; where a token is needed, others can, and `personal` is not shown.
        personal: for the pages to practise and for rubrics.
        pile: what is marked; the page for marking says how to load one without.
        store: of the pile's marks.

    """
    from fastapi import FastAPI
    from fastapi.responses import RedirectResponse, Response

    from grader.reports import page_templates
    from grader.web.api import add_api
    from grader.web.mark_pages import add_mark_pages
    from grader.web.marking import Marking
    from grader.web.pages import page
    from grader.web.practice_pages import add_practice_pages
    from grader.web.rubric_pages import add_rubric_pages

    app = FastAPI(
        title="grader",
        summary="Scores written answers point by point.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
    )
    loader = page_templates().loader
    assert loader is not None  # noqa: S101  # jinja2 types it as optional
    styles = loader.get_source(page_templates(), _SHARED_STYLES)[0]

    @app.get("/static/{name}", include_in_schema=False)
    def static(name: str) -> Response:
        if name == _SHARED_STYLES:
            return Response(styles, media_type="text/css")
        if name not in _STATIC:
            return Response("there is no such file\n", 404, media_type="text/plain")
        return Response((files("grader.web") / "static" / name).read_bytes(), media_type=_STATIC[name])

    is_local = access.token is None
    lock = Lock()  # the grader works for one request at a time

    @app.get("/", include_in_schema=False)
    def home() -> RedirectResponse:
        return RedirectResponse("/practise" if pile is None and is_local else "/mark", 303)

    if is_local:
        add_practice_pages(app, grader, personal.exercises, personal.history, lock)
        add_rubric_pages(app, grader, personal.files, personal.exercises, pile, lock)
    else:

        @app.get("/practise", include_in_schema=False)
        @app.get("/practise/progress", include_in_schema=False)
        @app.get("/rubrics", include_in_schema=False)
        def private() -> Response:
            return page("private.html.jinja", status=403, tab="", rater=None)

    add_api(app, grader, lock)
    add_mark_pages(app, None if pile is None or store is None else Marking(pile, store), is_local=is_local)
    app.add_middleware(Protection, access=access)
    return app


def run_server(
    grader: Grader,
    access: Access,
    *,
    host: str,
    port: int,
    personal: Personal,
    pile: "Pile | None" = None,
    store: "MarkStore | None" = None,
    ready: Callable[[int], None],
) -> None:
    """Serve until Ctrl-C.

    Args:
        grader, access, personal, pile, store: as `make_app`.
        host: the address to listen at.
        port: 0 takes a free one.
        ready: called with the port as soon as requests are taken.

    Raises:
        SetupError: the libraries are not installed, or the address cannot be used.

    """
    try:
        import uvicorn

        app = make_app(grader, access, personal=personal, pile=pile, store=store)
    except ImportError as error:
        raise SetupError(f"the page needs {error.name}: pip install 'answer-grader[web]'") from error
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise SetupError(f"cannot listen at {host}:{port} ({error.strerror}): choose another with --port") from error
    ready(listener.getsockname()[1])
    config = uvicorn.Config(
        app, log_level="warning", server_header=False, proxy_headers=False, timeout_keep_alive=10, lifespan="off"
    )
    uvicorn.Server(config).run(sockets=[listener])
