"""Read one YAML or JSON document with the line of every value, and write one in a form that people can edit.

YAML scalars stay the text that was typed (`007`, `no`, `12:30`); the models convert them to numbers or booleans.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import yaml

from grader.errors import InputError
from grader.files.cells import number_text
from grader.files.output_files import atomic_writer
from grader.files.text_input import parse_json, source_name, text_lines
from grader.files.validation import Place

SIZE_LIMIT = 5_000_000  # bytes; 5,000 questions with 500-character answers take 3,700,000
NODE_LIMIT = 100_000  # values; the same bank has 35,000
DEPTH_LIMIT = 50  # nested lists and objects; a rubric has 4
_YAML_ENDINGS = (".yaml", ".yml")
_CORE = "tag:yaml.org,2002:"
_CORE_TAGS = {_CORE + name for name in ("str", "int", "float", "bool", "null", "seq", "map")}
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WIDTH = 100


@dataclass(frozen=True)
class Document:
    """The content of a file; `data` consists of dict, list, str, None and, from JSON, numbers and booleans."""

    data: Any
    source: str
    lines: Mapping[Place, int] = field(repr=False)

    def line_of(self, place: Place) -> int | None:
        """The line of the value at `place`, such as `("points", 3, "text")`, or of the innermost value around it."""
        around = (place[:length] for length in range(len(place), -1, -1))
        return next((self.lines[known] for known in around if known in self.lines), None)


class _Event(NamedTuple):
    """A parser event: an object or list begins or ends, or a scalar (a value or a key)."""

    kind: Literal["object", "list", "end", "scalar"]
    value: Any
    line: int


@dataclass
class _Level:
    """An object or list that has not ended; `key` is a key whose value has not been read yet."""

    node: dict[str, Any] | list[Any]
    place: Place
    key: str | None = None


def read_document(path: str | Path) -> Document:
    """Read one YAML or JSON document.

    Args:
        path: a `.yaml`, `.yml` or `.json` file, or `-` for standard input (JSON if it begins with { or [).

    Raises:
        InputError: with the line: not UTF-8, bad syntax, duplicate keys, aliases, foreign tags, several
            documents, or more than SIZE_LIMIT, NODE_LIMIT or DEPTH_LIMIT.

    """
    source, ending = source_name(path), Path(path).suffix.lower()
    if Path(path).is_dir():
        raise InputError("it is a folder, expected a .yaml, .yml or .json file", source=source)
    if str(path) != "-" and ending not in (*_YAML_ENDINGS, ".json"):
        raise InputError(f"the ending '{ending}' is not a known document: use .yaml, .yml or .json", source=source)
    text = "".join(line for _, line in text_lines(path, limit=SIZE_LIMIT))
    return parse_document(text, source, as_json=ending == ".json" or (str(path) == "-" and looks_like_json(text)))


def looks_like_json(text: str) -> bool:
    """True when a text begins as a JSON object or list."""
    return text.lstrip()[:1] in ("{", "[")


def parse_document(text: str, source: str, *, as_json: bool) -> Document:
    """As `read_document`, for a text that has been read already."""
    data, lines = _build(_json_events(text, source) if as_json else _yaml_events(text, source), source)
    if data is None:
        raise InputError("is empty: expected a document", source=source)
    return Document(data, source, lines)


def _yaml_events(text: str, source: str) -> Iterator[_Event]:
    """The parser's events, restricted to core YAML; reading events needs no recursion, unlike building its tree."""
    strange = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if strange:
        problem = f'the character U+{ord(strange[0]):04X} is not allowed: write it as "\\x{ord(strange[0]):02x}"'
        raise InputError(problem, source=source, line=text.count("\n", 0, strange.start()) + 1)
    n_documents = 0
    try:
        events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
        for event in events:
            line = event.start_mark.line + 1
            if isinstance(event, yaml.DocumentStartEvent):
                n_documents += 1
                if n_documents > 1:
                    raise InputError("a second document starts here, expected one", source=source, line=line)
            elif isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
                yield _Event("end", None, line)
            elif isinstance(event, yaml.NodeEvent):
                yield _node_event(event, line, source)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = f"not valid YAML: {error.problem or error.context}; put quotes around text with ': ' or '#' in it"
        raise InputError(problem, source=source, line=mark.line + 1 if mark else None) from error


def _node_event(event: Any, line: int, source: str) -> _Event:
    if event.anchor is not None:  # also set for an alias
        problem = f"anchors and aliases (here '{event.anchor}') are not accepted: write the value out"
        raise InputError(problem, source=source, line=line)
    if event.tag is not None and event.tag not in _CORE_TAGS:
        raise InputError(f"the tag '{event.tag}' is not accepted: leave it out", source=source, line=line)
    if isinstance(event, yaml.ScalarEvent):
        plain = not event.style and event.tag is None
        empty = event.tag == _CORE + "null" or (plain and event.value in ("", "~", "null"))
        return _Event("scalar", None if empty else event.value, line)
    return _Event("object" if isinstance(event, yaml.MappingStartEvent) else "list", None, line)


_JSON_PIECE = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}\n]|[^\s\[\]{},:"]+')


def _json_events(text: str, source: str) -> Iterator[_Event]:
    if text.strip():
        parse_json(text, source=source, decoder=json.JSONDecoder())  # after this the syntax is valid
    line = 1
    for piece in _JSON_PIECE.findall(text):
        if piece == "\n":
            line += 1
        elif piece in "[]{}":
            yield _Event("object" if piece == "{" else "list" if piece == "[" else "end", None, line)
        else:
            yield _Event("scalar", parse_json(piece, source=source, line=line), line)


def _build(events: Iterable[_Event], source: str) -> tuple[Any, dict[Place, int]]:
    """The tree, and the line of each value. Uses its own stack, so that deep nesting gives an error, not a crash."""
    root: Any = None
    lines: dict[Place, int] = {}
    stack: list[_Level] = []
    for event in events:
        if len(lines) > NODE_LIMIT:
            raise InputError(f"more than {NODE_LIMIT:,} values", source=source, line=event.line)
        if event.kind == "end":
            stack.pop()
            continue
        level = stack[-1] if stack else None
        if level is not None and isinstance(level.node, dict) and level.key is None:
            _open_key(level, event, lines, source)
            continue
        node = event.value if event.kind == "scalar" else {} if event.kind == "object" else []
        place = _attach(level, node, event.line, lines)
        if level is None:
            root = node
        if event.kind != "scalar":
            if len(stack) == DEPTH_LIMIT:
                raise InputError(f"nested deeper than {DEPTH_LIMIT} levels", source=source, line=event.line)
            stack.append(_Level(node, place))
    return root, lines


def _open_key(level: _Level, event: _Event, lines: dict[Place, int], source: str) -> None:
    key = event.value
    if event.kind != "scalar" or not isinstance(key, str):
        problem = "a key must be text: put quotes around it, or around a value that begins with { or ["
        raise InputError(problem, source=source, line=event.line)
    if key in level.node:
        problem = f"the key '{key[:60]}' appears twice, the first time on line {lines[(*level.place, key)]}"
        raise InputError(problem, source=source, line=event.line)
    level.key = key
    lines[(*level.place, key)] = event.line


def _attach(level: _Level | None, node: Any, line: int, lines: dict[Place, int]) -> Place:
    if level is None:
        lines[()] = line
        return ()
    if isinstance(level.node, list):
        level.node.append(node)
        place = (*level.place, len(level.node) - 1)
        lines[place] = line
        return place
    key, level.key = level.key or "", None
    level.node[key] = node
    return (*level.place, key)


def write_document(data: Any, path: str | Path) -> None:
    """Write JSON if the file ends in `.json`, YAML otherwise; arguments and errors as in `dump_yaml`."""
    if Path(path).suffix.lower() != ".json":
        dump_yaml(data, path)
        return
    with atomic_writer(path) as out:
        out.write(json.dumps(data, ensure_ascii=False, allow_nan=False, indent=2) + "\n")


def dump_yaml(data: Any, path: str | Path) -> None:
    """Write one YAML document; the same data gives the same bytes, and `read_document` returns the same texts.

    Args:
        data: dict (text keys), list, tuple, str, int, float, bool and None; at most DEPTH_LIMIT levels deep.
        path: the file, or `-` for standard output.

    Raises:
        InputError: the file cannot be written, or a text has a lone surrogate, which YAML cannot represent.

    """
    events = [
        yaml.StreamStartEvent(),
        yaml.DocumentStartEvent(explicit=False),
        *_data_events(data, str(path)),
        yaml.DocumentEndEvent(explicit=False),
        yaml.StreamEndEvent(),
    ]
    with atomic_writer(path) as out:
        # Always the Python emitter: the C emitter breaks lines at other places.
        yaml.emit(events, stream=out, Dumper=yaml.SafeDumper, width=_WIDTH, allow_unicode=True)


def _data_events(value: Any, source: str) -> Iterator[Any]:
    if isinstance(value, dict):
        yield yaml.MappingStartEvent(None, None, True, flow_style=not value)
        for key, item in value.items():
            yield _text_event(key, source, is_key=True)
            yield from _data_events(item, source)
        yield yaml.MappingEndEvent()
    elif isinstance(value, list | tuple):
        numbers = all(isinstance(item, int | float) for item in value)
        yield yaml.SequenceStartEvent(None, None, True, flow_style=numbers)
        for item in value:
            yield from _data_events(item, source)
        yield yaml.SequenceEndEvent()
    elif isinstance(value, str):
        yield _text_event(value, source)
    else:
        words = {None: "null", True: "true", False: "false"}
        text = words[value] if value is None or isinstance(value, bool) else number_text(value)
        yield yaml.ScalarEvent(None, None, (True, False), text)


_RESOLVER: Any = yaml.resolver.Resolver()


def _fits_block_style(text: str) -> bool:
    """Whether no line begins or ends with white space, the first and last are not empty, and nothing needs escapes."""
    lines = text.removesuffix("\n").split("\n")
    neat = all(line == line.strip() and line.isprintable() for line in lines)
    return neat and lines[0] != "" and lines[-1] != ""


def _text_event(text: str, source: str, *, is_key: bool = False) -> Any:
    """A text in the most readable style that every YAML reader reads back as the same text."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"half a surrogate pair cannot be written: {text[:40]!r}", source=source) from error
    style = None
    if not is_key and _fits_block_style(text):
        style = "|" if "\n" in text else ">" if len(text) > _WIDTH - 20 and "  " not in text else None
    elif not text.isprintable():
        style = '"'
    is_text = _RESOLVER.resolve(yaml.ScalarNode, text, (True, False)) == _CORE + "str"
    return yaml.ScalarEvent(None, None, (is_text, True), text, style=style)
