"""The judges file, `judges.yaml`: servers and models by name. Secrets stay in the environment."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from grader.errors import InputError, SetupError
from grader.files import read_document
from grader.judges.chat import ModelOptions
from grader.provider import KEY_HEADERS, KEY_VARIABLE, Endpoint, Price, find_endpoint

JUDGES_FILE = "judges.yaml"
_VARIABLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?")
_NONE = BeforeValidator(lambda value: None if value in ("none", "null", "") else value)


class _Price(BaseModel):
    model_config = ConfigDict(extra="forbid")

    input: float = Field(ge=0)
    output: float = Field(ge=0)


class JudgeEntry(BaseModel):
    """One judge of the file.

    Attributes:
        name: what --judge calls it.
        url: base address of the server, such as `http://localhost:11434/v1`.
        model: its name at the server; by default the name of the judge.
        key: the environment variable with the key, as `$NAME`.
        headers, query: sent with every request; `$NAME` stands for a variable of the environment.
        api: `chat` completions or `responses`.
        max_tokens: limit on a reply with its reasoning.
        reasoning_effort: sent if given.
        temperature: a number, or `none` to send none.
        system_role: whether the model takes a system message.
        seed: whether a seed is sent.
        price: money per million tokens.
        concurrency: most calls at once.
        allow_http: allows an unencrypted address in your own network.

    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    url: str
    model: str = ""
    key: str = f"${KEY_VARIABLE}"
    headers: dict[str, str] = {}
    query: dict[str, str] = {}
    api: Literal["chat", "responses"] = "chat"
    max_tokens: Annotated[int | None, _NONE] = Field(default=None, ge=1)
    reasoning_effort: Annotated[str | None, _NONE] = None
    temperature: Annotated[float | None, _NONE] = Field(default=0.0, ge=0, le=2)
    system_role: bool = True
    seed: bool = True
    price: _Price | None = None
    concurrency: Annotated[int | None, _NONE] = Field(default=None, ge=1, le=256)
    allow_http: bool = False

    def options(self) -> ModelOptions:
        """How the model is asked."""
        return ModelOptions(
            self.model or self.name,
            self.api,
            self.max_tokens,
            self.reasoning_effort,
            self.temperature,
            self.seed,
            self.system_role,
        )

    def known_price(self) -> Price | None:
        """The price, if the file has one."""
        return None if self.price is None else Price(self.price.input, self.price.output)

    def endpoint(self, *, needs_key: bool = True) -> Endpoint:
        """The server with its key and headers.

        Raises:
            InputError: the address is not valid, or the key stands in the file.
            SetupError: a variable is not set in the environment.

        """
        variable = _VARIABLE.fullmatch(self.key)
        if variable is None:
            raise InputError(f"the key of '{self.name}' is no variable: write 'key: $NAME' and export NAME=...")
        return find_endpoint(
            self.url,
            needs_key=needs_key,
            label=f"'{self.name}'",
            key_variable=self._key_variable_of_headers() or variable[1],
            headers=self._filled(self.headers, needs_key=needs_key),
            query=self._filled(self.query, needs_key=needs_key),
            allow_http=self.allow_http,
        )

    def _key_variable_of_headers(self) -> str:
        """The variable in a header that takes the place of the key; empty without one."""
        found = [_VARIABLE.search(text) for name, text in self.headers.items() if name.lower() in KEY_HEADERS]
        return next((variable[1] for variable in found if variable is not None), "")

    def _filled(self, values: Mapping[str, str], *, needs_key: bool) -> dict[str, str]:
        def value(found: re.Match[str]) -> str:
            known = os.environ.get(found[1], "").strip()
            if not known and needs_key:
                raise SetupError(f"'{self.name}' needs {found[1]}; set it in the environment: export {found[1]}=...")
            return known

        return {name: _VARIABLE.sub(value, text) for name, text in values.items()}


class JudgesFile(NamedTuple):
    """The judges of a file, by name."""

    path: Path
    judges: Mapping[str, JudgeEntry]


def read_judges_file(path: Path) -> JudgesFile:
    """Read a judges file: `judges:` and a list of entries.

    Raises:
        InputError: the file has another form, or two judges have one name; with file, line and field.

    """
    document = read_document(path)
    entries = document.data.get("judges") if isinstance(document.data, dict) else None
    if not isinstance(entries, list):
        raise InputError(
            "expected 'judges:' and a list of entries with name and url; `grader judges add` writes one",
            source=document.source,
            line=document.line_of(()),
        )
    judges: dict[str, JudgeEntry] = {}
    for at, data in enumerate(entries):
        entry = _entry(data, document, at)
        if entry.name in judges:
            raise InputError(
                f"two judges are called '{entry.name}'",
                source=document.source,
                line=document.line_of(("judges", at)),
                field="name",
            )
        judges[entry.name] = entry
    return JudgesFile(path, judges)


def _entry(data: Any, document: Any, at: int) -> JudgeEntry:
    try:
        return JudgeEntry.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        place = tuple(first["loc"])
        if first["type"] == "extra_forbidden":
            problem = f"there is no such setting; known are {', '.join(JudgeEntry.model_fields)}"
        else:
            problem = first["msg"][0].lower() + first["msg"][1:]
        raise InputError(
            problem,
            source=document.source,
            line=document.line_of(("judges", at, *place[:1])),
            field=".".join(map(str, place)),
        ) from None


def add_judge(path: Path, settings: Mapping[str, Any]) -> JudgeEntry:
    """Append a judge to a file, which is made if there is none; what stands there, comments too, stays as it is.

    Raises:
        InputError: the file or the settings are not valid, or the name is taken.

    """
    import json

    try:
        entry = JudgeEntry.model_validate(dict(settings))
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise InputError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    if path.exists() and entry.name in read_judges_file(path).judges:
        raise InputError(f"{path} already has a judge '{entry.name}': choose another name, or edit the file")
    if _VARIABLE.fullmatch(entry.key) is None:
        raise InputError("the key stays in the environment: give the name of its variable, --key '$NAME'")
    text = path.read_text(encoding="utf-8") if path.exists() else "judges:\n"
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in settings.items()]
    added = f"{text.rstrip()}\n  - " + "\n    ".join(lines) + "\n"
    path.write_text(added, encoding="utf-8")
    read_judges_file(path)
    return entry
