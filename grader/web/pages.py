"""What all pages share: templates, forms, and the answer to a fault."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from grader.phrases import shorten
from grader.reports import STATUS_LABELS, page_templates

if TYPE_CHECKING:
    from fastapi import Request
    from fastapi.responses import HTMLResponse
    from jinja2 import Environment


@cache
def _templates() -> "Environment":
    from jinja2 import ChoiceLoader, PackageLoader

    shared = page_templates()
    assert shared.loader is not None  # noqa: S101  # jinja2 types it as optional
    environment = shared.overlay(loader=ChoiceLoader([PackageLoader("grader.web", "templates"), shared.loader]))
    environment.filters = {**environment.filters, "short": shorten}
    environment.globals = {**environment.globals, "labels": STATUS_LABELS}
    return environment


def page(template: str, *, status: int = 200, **values: Any) -> "HTMLResponse":
    """A page, or a part of one."""
    from fastapi.responses import HTMLResponse

    return HTMLResponse(_templates().get_template(template).render(**values), status)


def fault(request: "Request", problem: str, *, status: int = 400) -> "HTMLResponse":
    """What went wrong, as a page or, for a page that asks for a part, as a line for it."""
    return page("fault.html.jinja", status=status, problem=problem, part=is_part(request))


def is_part(request: "Request") -> bool:
    """Whether a page on the screen asks, which takes a part of a page in place of a whole one."""
    return request.headers.get("hx-request") == "true"


def first_field(fields: Mapping[str, list[str]], name: str) -> str:
    """The value of a field, or nothing."""
    return fields.get(name, [""])[0]


async def form_fields(request: "Request") -> dict[str, list[str]]:
    """The fields of a form, each with its values."""
    body = (await request.body()).decode("utf-8", "replace")
    return parse_qs(body, keep_blank_values=True, max_num_fields=20_000)
