"""Attacks and pairs in a terminal: a table with one line an attack, and the worst cases. Computes nothing."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from grader.evaluation import AttackOutcome, AttackResult, RobustnessReport
from grader.reports.untrusted_text import terminal_line

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

_SHOWN = 160  # characters of an attacked answer


def attack_table(report: RobustnessReport, *, examples: int = 0, width: int | None = None) -> "Group":
    """One line an attack, with its rate of success and the interval, then the worst cases of each.

    Args:
        report: from `run_attacks`.
        examples: how many successful cases of each attack are shown.
        width: of the table in columns; that of the console if left out.

    """
    from rich.console import Group
    from rich.text import Text

    said = f" {report.n_cases:,} cases from {', '.join(report.notes)}; rate = share of attacks that succeed"
    parts: list[Any] = [_table(report, width), Text(said), Text(f" {report.signature}", style="dim")]
    for result in report.results:
        parts += _examples(result, examples)
    return Group(*parts)


def _table(report: RobustnessReport, width: int | None) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, width=width, pad_edge=False, collapse_padding=True)
    for name, justify in (("id", "left"), ("attack", "left"), ("must hold", "left"), ("kind", "left")):
        table.add_column(name, justify=justify, no_wrap=name in ("id", "kind"))  # type: ignore[arg-type]  # a literal
    for name in ("n", "failed", "rate", "95 %", "change"):
        table.add_column(name, justify="right", no_wrap=True)
    for result in report.results:
        row = result.as_dict()
        rate, interval = "-", "-"
        if row["rate"] is not None:
            rate = f"{row['rate']:.0%}"
            interval = "-" if row["low"] is None else f"{row['low']:.0%}-{row['high']:.0%}"
        change = f"{row['mean_change']:.3f}" if "mean_change" in row else ""
        cells = (row["id"], row["family"], row["expectation"], row["kind"], str(row["n"]), str(row["n_failed"]))
        table.add_row(*cells, rate, interval, change)
    return table


def _examples(result: AttackResult, count: int) -> "list[Any]":
    """A heading and two lines per case: the change and its effect, and the words around the change."""
    from rich.text import Text

    worst = result.worst(count)
    lines: list[Any] = [Text(f"\n{result.id} {result.family}: must hold: {result.expectation}", style="bold")]
    for outcome in worst:
        said = f"  {outcome.question_id}: {terminal_line(outcome.change)}: {outcome.why}"
        if outcome.before is not None and outcome.after is not None:
            said += f" (whole score {outcome.before:.2f} -> {outcome.after:.2f})"
        lines += [Text(said), Text(f"    “{_around(outcome)}”", style="dim")]
    return lines if worst else []


def _around(outcome: AttackOutcome) -> str:
    """The attacked answer around the place where it was changed."""
    start = max(0, outcome.changed_at - _SHOWN // 2)
    shown = outcome.text[start : start + _SHOWN]
    return "…" * (start > 0) + terminal_line(shown) + "…" * (start + _SHOWN < len(outcome.text))


def statement_pair_lines(report: Mapping[str, Any]) -> list[str]:
    """The figures of a run over pairs, one line for all of them and one a source."""
    rows = [("all", report), *report["by_source"].items()]
    return [
        f"{name:<24} contradictions without credit {_share(row, 'contradicts', 'contradicted')}; "
        f"false vetoes {_share(row, 'same', 'false_veto')}"
        for name, row in rows
    ]


def _share(row: Mapping[str, Any], relation: str, rate: str) -> str:
    if row[f"{rate}_rate"] is None:
        return "- (n=0)"
    low, high = row[f"{rate}_low"], row[f"{rate}_high"]
    interval = "" if low is None else f" [{low:.1%}, {high:.1%}]"
    return f"{row[f'{rate}_rate']:.1%}{interval} (n={row[f'n_{relation}']})"
