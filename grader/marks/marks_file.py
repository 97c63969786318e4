"""A fitted marks model as a file: `grader calibrate --fit` writes it, `grader grade --calibration` reads it.

It holds the marked answers, as vectors, words and their beginnings, and the parameters fitted to them. The model is
rebuilt from these.
"""

import json
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from grader.errors import InputError
from grader.files import atomic_writer, parse_json, source_name, text_lines, validate
from grader.marks.gaussian_process import Variances
from grader.marks.model import MarksModel
from grader.marks.records import AnswerFeatures, FittedParameters, MarkedAnswer
from grader.marks.score_map import ScoreMap
from grader.schema import Noun

FIT = "grader calibrate RATINGS --answers ANSWERS --fit FILE"
# Bytes of a file; 10,000 marked answers take 15,000,000.
_LIMIT = 100_000_000
# Characters of a marked answer that are kept, to show it beside others.
SNIPPET_LENGTH = 160
# Parts of a signature that may differ between the run that fitted the marks and the run that uses them.
_FREE = frozenset({"grader", "rubric"})
_Unit = Field(ge=0, le=1)


class _Answer(Noun):
    answer_id: str
    question_id: str
    mark: float = _Unit
    fraction: float = _Unit
    flags: tuple[str, ...]
    topic: float
    own: float = _Unit
    vector: str
    words: str
    text: str


class _Map(Noun):
    n: int
    heights: tuple[float, ...] = Field(min_length=21, max_length=21)


class _Variances(Noun):
    level: float = Field(gt=0)
    closeness: float = Field(gt=0)
    shared: float = Field(gt=0)
    noise: float = Field(gt=0)
    told_mean: float
    told_spread: float = Field(gt=0)


class MarksDocument(Noun):
    """The content of the file, but for the hash of it."""

    version: Literal[1]
    signature: str
    rubrics: dict[str, str]
    n_raters: int
    score_map: _Map
    variances: _Variances
    lifts: dict[str, float]
    reach: float = Field(ge=0)
    reach_elsewhere: float = Field(ge=0)
    words: dict[str, float]
    answers: tuple[_Answer, ...]


@dataclass(frozen=True, eq=False)
class FittedMarks:
    """A marks model, and the settings under which it was fitted.

    Attributes:
        marks: the model.
        signature: of the grader that graded the marked answers.
        rubrics: hash of each question's rubric at that time.
        texts: by answer id, the beginning of each marked answer.
        n_raters: people who marked.
        source: the file.

    """

    marks: MarksModel
    signature: str
    rubrics: Mapping[str, str]
    texts: Mapping[str, str]
    n_raters: int
    source: str = ""

    @cached_property
    def name(self) -> str:
        """Its name in the signature of a grade: `marks@` and twelve hex digits of a hash of the content."""
        content = {name: value for name, value in self._content().items() if name != "signature"}
        return f"marks@{_digest(content)[:12]}"

    def check_compatible(self, signature: str, rubrics: Mapping[str, str]) -> None:
        """Check that a run grades as the run did in which the marks were fitted.

        Args:
            signature: of the run, without marks.
            rubrics: hash of the run's rubric for each question.

        Raises:
            InputError: names what differs and the command that fits the marks again.

        """
        mine, theirs = _parts(self.signature), _parts(signature)
        for part in sorted(mine.keys() | theirs.keys()):
            if mine.get(part) != theirs.get(part):
                problem = f"was learned with {part} {mine.get(part)}, this run has {theirs.get(part)}"
                raise InputError(f"{problem}; learn it again: {FIT}", source=self.source, field="signature")
        for question, found in sorted(self.rubrics.items()):
            if rubrics.get(question, found) != found:
                problem = f"the rubric of '{question}' has changed since the marks were learned"
                raise InputError(f"{problem}; learn them again: {FIT}", source=self.source, field="rubrics")

    def _content(self) -> dict[str, Any]:
        """The document, ready for JSON."""
        parameters = self.marks.parameters
        variances = parameters.variances
        words: dict[str, float] = {}
        for answer in self.marks.marked:
            words.update(answer.features.words)
        return {
            "version": 1,
            "signature": self.signature,
            "rubrics": dict(sorted(self.rubrics.items())),
            "n_raters": self.n_raters,
            "score_map": {"n": parameters.score_map.n, "heights": list(parameters.score_map.heights)},
            "variances": {
                "level": variances.level,
                "closeness": variances.embedding,
                "shared": variances.lexical,
                "noise": variances.noise,
                "told_mean": variances.containment_mean,
                "told_spread": variances.containment_sd,
            },
            "lifts": dict(parameters.lifts),
            "reach": parameters.half_width,
            "reach_elsewhere": parameters.half_width_unmarked,
            "words": dict(sorted(words.items())),
            "answers": [_row(answer, self.texts.get(answer.answer_id, "")) for answer in self.marks.marked],
        }

    def write(self, path: str | Path) -> None:
        """Write the file: one JSON object, a line for each marked answer.

        Raises:
            InputError: the file cannot be written.

        """
        content = self._content()
        digest = _digest(content)
        answers = content.pop("answers")
        head = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in content.items()]
        rows = ",\n".join(json.dumps(answer) for answer in answers)
        with atomic_writer(path) as file:
            file.write("{" + ",\n".join([*head, f'"answers": [\n{rows}\n]', f'"sha256": "{digest}"']) + "}\n")


def read_marks(path: str | Path) -> FittedMarks:
    """Read a fitted marks model.

    Raises:
        InputError: with file and field: not such a file, or a damaged one.

    """
    source = source_name(path)
    text = "".join(line for _, line in text_lines(path, limit=_LIMIT))
    data = parse_json(text, source=source, line=1)
    if not isinstance(data, dict) or "score_map" not in data:
        raise InputError(f"expected what `{FIT}` writes", source=source)
    written = data.pop("sha256", None)
    if written is not None and written != _digest(data):
        raise InputError(f"is damaged or was changed since it was written; write it again: {FIT}", source=source)
    found = validate(MarksDocument, data, source=source, line_of=lambda _: None)
    marked = [_marked(row, found.words, source) for row in found.answers]
    parameters = FittedParameters(
        ScoreMap(found.score_map.heights, found.score_map.n),
        Variances(
            level=found.variances.level,
            embedding=found.variances.closeness,
            lexical=found.variances.shared,
            noise=found.variances.noise,
            containment_mean=found.variances.told_mean,
            containment_sd=found.variances.told_spread,
        ),
        found.lifts,
        found.reach,
        found.reach_elsewhere,
    )
    if len({len(answer.features.vector) for answer in marked}) > 1:
        raise InputError("its vectors differ in length", source=source, field="answers")
    texts = {row.answer_id: row.text for row in found.answers}
    return FittedMarks(MarksModel(marked, parameters), found.signature, found.rubrics, texts, found.n_raters, source)


def as_stored(answer: MarkedAnswer) -> MarkedAnswer:
    """The answer with the precision of the file, so that models fitted before and after writing are the same."""
    vector = _unpacked(_packed(answer.features.vector), "")
    return answer._replace(features=answer.features._replace(vector=vector))


def _digest(content: Mapping[str, Any]) -> str:
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _row(answer: MarkedAnswer, text: str) -> dict[str, Any]:
    seen = answer.features
    return {
        "answer_id": answer.answer_id,
        "question_id": answer.question_id,
        "mark": answer.mark,
        "fraction": seen.fraction,
        "flags": list(seen.flags),
        "topic": seen.topic,
        "own": seen.share_beyond_question,
        "vector": _packed(seen.vector),
        "words": " ".join(sorted(seen.words)),
        "text": text,
    }


def _marked(row: _Answer, weights: Mapping[str, float], source: str) -> MarkedAnswer:
    try:
        words = {word: weights[word] for word in row.words.split()}
    except KeyError as error:
        problem = f"'{error.args[0]}' of the answer '{row.answer_id}' is not among its words"
        raise InputError(problem, source=source, field="words") from error
    seen = AnswerFeatures(row.fraction, row.flags, row.topic, row.own, _unpacked(row.vector, source), words)
    return MarkedAnswer(row.answer_id, row.question_id, row.mark, seen)


def _packed(vector: NDArray[np.float32]) -> str:
    """Half-precision floats in base64: the cosine of two vectors changes by less than .001."""
    return b64encode(np.asarray(vector, "<f2").tobytes()).decode()


def _unpacked(text: str, source: str) -> NDArray[np.float32]:
    try:
        vector = np.frombuffer(b64decode(text, validate=True), "<f2").astype(np.float32)
    except (Base64Error, ValueError) as error:
        raise InputError("is damaged: expected two bytes a number in base64", source=source, field="vector") from error
    if not np.isfinite(vector).all():
        raise InputError("is damaged: holds no numbers", source=source, field="vector")
    return vector


def _parts(signature: str) -> dict[str, str]:
    """The parts of a signature by name, without those that may differ."""
    parts = dict(part.partition(":")[::2] for part in signature.split("|"))
    return {name: value for name, value in parts.items() if name not in _FREE}
