"""Pairs of a point and a statement: how often a statement that contradicts the point gets credit all the same."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from grader.encoders import Encoder, load_encoder
from grader.errors import InputError
from grader.files import pick_columns, read_rows, source_name, tsv_rows
from grader.grading import Grader
from grader.schema import Answer, Rubric, RubricPoint
from grader.settings import Settings
from grader.statistics import wilson_interval

Relation = Literal["contradicts", "same"]
_COLUMNS = {name: (name,) for name in ("point", "statement", "relation", "source")}
_RELATIONS: tuple[Relation, ...] = ("contradicts", "same")
# Pairs whose vectors are held at once.
_BLOCK = 2000


class Pair(NamedTuple):
    """A point, a statement, and whether the statement contradicts the point or says the same."""

    point: str
    statement: str
    relation: Relation
    source: str


@dataclass(frozen=True)
class PairReport:
    """For each pair whether the point got no credit for the statement."""

    pairs: tuple[Pair, ...]
    refused: tuple[bool, ...]
    signature: str

    def as_dict(self) -> dict[str, Any]:
        """One JSON object, as `grader attack --pairs FILE --json` prints it.

        `contradicted_rate` is the share of the contradictions that got no credit, `false_veto_rate` that of the
        statements that say the same; `None` where there is none.
        """
        sources = dict.fromkeys(pair.source for pair in self.pairs if pair.source)
        return {
            **self._rates(None),
            "by_source": {source: self._rates(source) for source in sources},
            "signature": self.signature,
        }

    def _rates(self, source: str | None) -> dict[str, Any]:
        row: dict[str, Any] = {}
        for relation, rate in zip(_RELATIONS, ("contradicted", "false_veto"), strict=True):
            given = [
                refused
                for pair, refused in zip(self.pairs, self.refused, strict=True)
                if pair.relation == relation and source in (None, pair.source)
            ]
            share = wilson_interval(sum(given), len(given))
            row[f"n_{relation}"] = len(given)
            row |= {f"{rate}_rate": share.value, f"{rate}_low": share.low, f"{rate}_high": share.high}
        return row


def read_statement_pairs(path: str | Path) -> list[Pair]:
    """The pairs of a table with the columns `point, statement, relation` and perhaps `source`.

    In a `.tsv` file quote characters mean nothing.

    Raises:
        InputError: with the line: a missing column, a relation other than `contradicts` and `same`, a blank text.

    """
    source = source_name(path)
    rows = tsv_rows(path) if Path(path).suffix.lower() == ".tsv" else read_rows(path)
    pairs: list[Pair] = []
    for row in rows:
        columns = pick_columns(row.values, _COLUMNS, required=("point", "statement", "relation"), source=source)
        values = {field: str(row.values[name] or "").strip() for field, name in columns.items()}
        relation = next((known for known in _RELATIONS if known == values["relation"].lower()), None)
        if relation is None:
            problem = f"found '{values['relation'][:40]}', expected contradicts or same"
            raise InputError(problem, source=source, line=row.line, field="relation")
        for field in ("point", "statement"):
            if not any(char.isalnum() for char in values[field]):
                raise InputError("holds no letter or digit", source=source, line=row.line, field=field)
        pairs.append(Pair(values["point"], values["statement"], relation, values.get("source", "")))
    return pairs


def grade_statement_pairs(
    pairs: Sequence[Pair],
    *,
    settings: Settings | None = None,
    encoder: Encoder | None = None,
    progress: Callable[[Iterator[bool]], Iterable[bool]] = iter,
) -> PairReport:
    """Grade each statement as an answer to a rubric of one point, and say where the point got no credit.

    Args:
        pairs: points and statements.
        settings, encoder: of the grader.
        progress: receives every verdict and must yield it again.

    """
    settings = settings or Settings()
    encoder = encoder or load_encoder(settings.encoder)
    rubrics = [
        Rubric(question_id=f"pair{at}", points=(RubricPoint(id="p1", text=pair.point),))
        for at, pair in enumerate(pairs, 1)
    ]
    refused = tuple(progress(_verdicts(pairs, rubrics, settings, encoder)))
    return PairReport(tuple(pairs), refused, Grader(rubrics, encoder=encoder, settings=settings).signature)


def _verdicts(pairs: Sequence[Pair], rubrics: Sequence[Rubric], settings: Settings, encoder: Encoder) -> Iterator[bool]:
    for start in range(0, len(pairs), _BLOCK):
        block = rubrics[start : start + _BLOCK]
        answers = (
            Answer(answer_id=rubric.question_id, question_id=rubric.question_id, answer=pair.statement)
            for rubric, pair in zip(block, pairs[start : start + _BLOCK], strict=True)
        )
        for grade in Grader(block, encoder=encoder, settings=settings).grade_many(answers):
            yield not grade.points[0].credit
