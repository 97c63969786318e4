"""`grader schema`: what each file holds, as JSON Schema, for editors and other programs."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import typer

from grader.cli.outputs import OUTPUTS, check_outputs

if TYPE_CHECKING:
    from pydantic import BaseModel

Name = Literal["bank", "rubric", "answers", "ratings", "labelled", "grades", "marks"]
Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_FILES: Mapping[str, str] = {
    "bank": "A question bank (YAML or JSON).",
    "rubric": "What an answer to one question must say (YAML or JSON).",
    "answers": "One answer: a line of JSONL, or a row of a table with one row an answer.",
    "ratings": "One rating: a line of JSONL, or a row of a table with one row a rating.",
    "labelled": "One answer with what people gave it: a line of JSONL.",
    "grades": "One graded answer: a line of JSONL.",
    "marks": "What was learned from people's marks (JSON).",
}
# What an editor shows beside a field.
_FIELDS: Mapping[str, str] = {
    "id": "Stays the same when others are added.",
    "kind": "`open` has no fixed answer: the reference answer is guidance, and only a judge can grade it.",
    "max_score": "The full score.",
    "reference_answer": "What a full answer says.",
    "step": "What scores are rounded to where people read them, in points; 0 rounds nothing.",
    "text": "One thing that an answer must say, as a sentence.",
    "weight": "What it is worth beside the other points; below 0 it is a mistake that costs.",
    "importance": "A note for people; it changes no score.",
    "group": "A name of `groups`: some of its points are enough.",
    "groups": "By name: any `need` of the group's points earn full credit for the group.",
    "need": "How many points of the group are enough.",
    "aliases": "Other wordings that count as the same.",
    "source_span": "Where the point stands in the reference answer: first character and the one after the last.",
    "derived_by": "What made the points.",
}


def schema(
    ctx: typer.Context,
    name: Annotated[Name | None, typer.Argument(help="Which file; by default all are listed.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write to, by default stdout.")
    ] = None,
) -> None:
    """Print the JSON Schema (2020-12) of a file: its fields, which of them are needed, and what they may hold.

    Editors complete and check rubrics with it: docs/formats.md says how. Names of fields that other tools use and
    `grader` accepts are in it. What a schema cannot say, such as that ids are unique, is checked when the file is read.

    \b
    Examples:
      grader schema
      grader schema rubric -o rubric.schema.json
      grader schema grades | jq .required
    """
    if name is None:
        if output is not None:
            raise typer.BadParameter("which file's? name one: grader schema rubric -o FILE", param_hint="--output")
        for each, about in _FILES.items():
            typer.echo(f"{each:9} {about}")
        return
    from grader.files import atomic_writer

    ctx.meta[OUTPUTS] = check_outputs(output)
    with atomic_writer("-" if output is None else output) as file:
        file.write(json.dumps(file_schema(name), ensure_ascii=False, indent=2) + "\n")


def file_schema(name: Name) -> Schema:
    """The JSON Schema of a file, or of one of its rows where `_FILES` says so."""
    made = _MAKERS[name]()
    made["description"] = _FILES[name]
    return {"$schema": _DIALECT, "title": f"grader {name}", **{key: made[key] for key in made if key != "title"}}


def _bank() -> Schema:
    from grader.schema import QuestionBank

    return _typed_text(_of_model(QuestionBank))


def _rubric() -> Schema:
    from grader.schema import Rubric

    return _typed_text(_of_model(Rubric))


def _answers() -> Schema:
    from grader.files import ANSWER_COLUMNS
    from grader.schema import Answer

    made = _row(_of_model(Answer), ids=("answer_id", "question_id", "candidate"), columns=ANSWER_COLUMNS)
    for each in ANSWER_COLUMNS["answer"]:
        made["properties"][each]["type"] = ["string", "number"]
    return made


def _ratings() -> Schema:
    from grader.calibration import RATING_COLUMNS

    cell = {"type": ["string", "number", "null"]}
    properties: Schema = {field: dict(cell) for field in RATING_COLUMNS}
    properties["score"]["description"] = "A number, `3/5`, `80 %`, or a grade of the --scale file."
    properties["phase"]["description"] = "`blind` or nothing counts; anything else is left out."
    properties["gold"] = {"type": ["string", "number", "boolean", "null"]}
    properties["answer"]["description"] = "The text of the answer, for the agenda."
    made: Schema = {"type": "object", "properties": properties, "required": ["rater", "score"]}
    _add_aliases(made, RATING_COLUMNS)
    known_by = ("candidate", *RATING_COLUMNS["answer_id"])  # a candidate makes the id where there is none
    made["properties"]["candidate"] = dict(cell)
    made["allOf"] = [*made.get("allOf", ()), _any_of(known_by)]
    return made


def _labelled() -> Schema:
    from grader.evaluation import LABELLED_COLUMNS, LabelledAnswer

    made = _of_model(LabelledAnswer)
    properties, needed = made["properties"], set(made["required"])
    properties["reference_answers"] = {"anyOf": [properties["reference_answers"], {"type": "string"}]}
    for field in properties.keys() - needed:
        properties[field] = {"anyOf": [properties[field], {"enum": [None, ""]}]}  # as if it were not there
    properties["answer"]["type"] = ["string", "number"]
    return _row(made, ids=("answer_id", "question_id"), columns=LABELLED_COLUMNS)


def _grades() -> Schema:
    from grader.schema import Grade

    made = _row(_of_model(Grade), ids=(), columns={})
    ungraded = {"required": ["ungraded_reason"], "properties": {"ungraded_reason": {"type": "string"}}}
    made["if"] = {"properties": {"score": {"type": "null"}}}
    made["then"], made["else"] = ungraded, {"properties": {"ungraded_reason": {"type": "null"}}}
    return made


def _marks() -> Schema:
    from grader.marks import MarksDocument

    made = _of_model(MarksDocument)
    made["properties"]["sha256"] = {"type": "string", "description": "Of all other fields."}
    return made


_MAKERS: Mapping[Name, Callable[[], Schema]] = dict(
    zip(get_args(Name), (_bank, _rubric, _answers, _ratings, _labelled, _grades, _marks), strict=True)
)


def _of_model(model: "type[BaseModel]") -> Schema:
    """The schema of a model, with every name under which a field is read, and descriptions without examples."""
    from grader.ids import IGNORED_POINT_FIELDS
    from grader.schema import Question, RubricPoint

    made = model.model_json_schema()
    parts = {**made.get("$defs", {}), model.__name__: made}
    for part in (Question, RubricPoint):
        if part.__name__ in parts:
            choices = {name: field.validation_alias for name, field in part.model_fields.items()}
            _add_aliases(
                parts[part.__name__],
                {name: [str(each) for each in found.choices] for name, found in choices.items() if found is not None},  # type: ignore[union-attr]  # all are AliasChoices
            )
            parts[part.__name__]["properties"]["id"]["type"] = ["string", "number"]
    if RubricPoint.__name__ in parts:
        parts[RubricPoint.__name__]["required"].remove("id")  # p1, p2, .. where there is none
        for name in sorted(IGNORED_POINT_FIELDS):
            parts[RubricPoint.__name__]["properties"][name] = {"description": "Of other programs; it is not used."}
    for part_schema in parts.values():
        if "description" in part_schema:
            part_schema["description"] = part_schema["description"].partition("\n\n>>>")[0]
        for name, field in part_schema.get("properties", {}).items():
            field.pop("title", None)
            if name in _FIELDS and "description" not in field:
                field["description"] = _FIELDS[name]
    return made


def _row(made: Schema, *, ids: Iterable[str], columns: Mapping[str, Iterable[str]]) -> Schema:
    """A row of a table: ids may be numbers, columns have further names, and other columns are carried through."""
    made["properties"].pop("extra", None)
    made["additionalProperties"] = True
    for name in ids:
        nullable = "anyOf" in made["properties"][name]
        made["properties"][name] = {"type": ["string", "number", *["null"] * nullable]}
    _add_aliases(made, columns)
    return made


def _add_aliases(made: Schema, columns: Mapping[str, Iterable[str]]) -> None:
    """Let fields have other names; of a needed one any of its names must be there."""
    for field, names in columns.items():
        others = [name for name in names if name != field]
        if not others:
            continue
        for other in others:
            about = f"Another name of `{field}`."
            made["properties"][other] = {**made["properties"][field], "description": about}
        if field in made.get("required", ()):
            made["required"].remove(field)
            made.setdefault("allOf", []).append(_any_of((field, *others)))


def _any_of(names: Iterable[str]) -> Schema:
    return {"anyOf": [{"required": [name]} for name in names]}


def _typed_text(made: Schema) -> Schema:
    """The schema of a document in which text may look like a number (`404`) or a truth value (`yes`), as in YAML."""
    typed = {key: _typed_value(value) for key, value in made.items()}
    if typed.get("type") in ("string", ["string", "number"]) and "enum" not in typed:
        typed["type"] = ["string", "number", "boolean"]
    return typed


def _typed_value(value: Any) -> Any:
    if isinstance(value, list):
        return [_typed_value(each) for each in value]
    return _typed_text(value) if isinstance(value, dict) else value
