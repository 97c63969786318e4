"""`grader judges`: the servers and models of a judges file, and what each can do."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from grader.cli.console import say
from grader.errors import InputError

if TYPE_CHECKING:
    from grader.judges import JudgeEntry


def judges(
    action: Annotated[Literal["add", "list", "test"], typer.Argument(help="What to do.")],
    name: Annotated[str | None, typer.Argument(help="The judge; test without a name tests all.")] = None,
    file: Annotated[Path, typer.Option("--judges", envvar="GRADER_JUDGES", help="The judges file.")] = Path(
        "judges.yaml"
    ),
    url: Annotated[
        str | None, typer.Option("--url", help="add: base address, such as http://localhost:11434/v1.")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="add: its name at the server.")] = None,
    key: Annotated[
        str | None, typer.Option("--key", help="add: the variable with the key, as '$NAME'; never the key itself.")
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option("--header", help="add: 'name: value', also several; $NAME is a variable.")
    ] = None,
    query: Annotated[list[str] | None, typer.Option("--query", help="add: 'name=value', also several.")] = None,
    api: Annotated[Literal["chat", "responses"] | None, typer.Option("--api", help="add: which endpoint.")] = None,
    max_tokens: Annotated[int | None, typer.Option("--max-tokens", min=1, help="add: longest reply.")] = None,
    reasoning_effort: Annotated[str | None, typer.Option("--reasoning-effort", help="add: such as low.")] = None,
    concurrency: Annotated[
        int | None, typer.Option("--concurrency", "-j", min=1, max=256, help="add: most calls at once.")
    ] = None,
    allow_http: Annotated[
        bool, typer.Option("--allow-http", help="add: allow http:// to a server in your own network.")
    ] = False,
    timeout: Annotated[float, typer.Option("--timeout", min=1, help="test: seconds that a call may take.")] = 120.0,
    as_json: Annotated[bool, typer.Option("--json", help="One object on stdout.")] = False,
) -> None:
    """Servers and models that can judge: add one to the file, list them, or test what one can do.

    A test asks one harmless question about boiling water and prints what the server takes, how long it took and whether
    the verdicts are right. Exit code 1 means that a judge gave no usable reply.

    \b
    Examples:
      grader judges add local --url http://localhost:11434/v1 --model qwen3:8b
      grader judges add azure --url https://me.openai.azure.com/openai/deployments/gpt-4o \\
        --header 'api-key: $AZURE_OPENAI_API_KEY' --query api-version=2024-10-21
      grader judges list
      grader judges test local
      grader grade answers.jsonl --judge local
    """
    if action == "add":
        if name is None or url is None:
            raise InputError("a judge needs a name and an address: grader judges add NAME --url https://host/v1")
        from grader.judges import add_judge

        given = {
            "name": name,
            "url": url,
            "model": model,
            "key": key,
            "headers": _pairs(header, ":", "--header 'name: value'"),
            "query": _pairs(query, "=", "--query name=value"),
            "api": api,
            "max_tokens": max_tokens,
            "reasoning_effort": reasoning_effort,
            "concurrency": concurrency,
            "allow_http": allow_http,
        }
        add_judge(file, {setting: value for setting, value in given.items() if value})
        say(f"{file}: added '{name}'; try it with: grader judges test {name}")
        return
    from grader.judges import read_judges_file

    known = read_judges_file(file).judges
    if name is not None and name not in known:
        raise InputError(f"{file} has no judge '{name}': it has {', '.join(known) or 'none'}")
    chosen = [known[name]] if name is not None else list(known.values())
    if action == "list":
        rows = [{"name": one.name, "url": one.url, "model": one.model or one.name, "api": one.api} for one in chosen]
        typer.echo(
            json.dumps({"judges": rows})
            if as_json
            else "\n".join(f"{row['name']}: {row['model']} at {row['url']}" for row in rows)
        )
        return
    results = {one.name: _test(one, timeout, quiet=as_json) for one in chosen}
    if as_json:
        typer.echo(json.dumps({"judges": results}))
    if any(result["problem"] for result in results.values()):
        raise typer.Exit(1)


def _pairs(given: list[str] | None, separator: str, form: str) -> dict[str, str]:
    pairs = {}
    for text in given or []:
        name, found, value = text.partition(separator)
        if not found or not name.strip() or not value.strip():
            raise InputError(f"found '{name}', expected {form}")
        pairs[name.strip()] = value.strip()
    return pairs


def _test(entry: "JudgeEntry", timeout: float, *, quiet: bool) -> dict[str, object]:
    from grader.judges import run_server_test

    result = run_server_test(entry, timeout=timeout)
    if quiet:
        return result.as_json()
    able = result.capabilities
    if able is not None:
        forms = {
            "json_schema": "strict JSON schemas",
            "schema": "JSON schemas (llama-cpp-python)",
            "json_object": "JSON objects, no schemas",
            "text": "no JSON mode: it is asked in words",
        }
        no = [
            label
            for label, has in (
                ("temperature", able.temperature),
                ("seed", able.seed),
                ("reasoning effort", able.reasoning),
                ("system role", able.system),
            )
            if not has
        ]
        typer.echo(f"{entry.name}: {forms[able.form]}; length as {able.length}; refuses: {', '.join(no) or 'nothing'}")
    took = f"{result.calls} calls, {result.seconds:.1f} s, {result.input_tokens} + {result.output_tokens} tokens"
    if result.problem:
        typer.echo(f"{entry.name}: no usable reply: {result.problem}; {took}")
    else:
        said = ", ".join(f"{name} {word}" for name, word in result.verdicts.items())
        typer.echo(f"{entry.name}: {'right' if result.is_right else 'WRONG'} on one easy answer ({said}); {took}")
    return result.as_json()
