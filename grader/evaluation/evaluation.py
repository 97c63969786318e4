"""How far grades of a labelled set agree with people, and the baselines that every grader must beat."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from grader.argument_types import check_encoder, check_settings, wrong_type
from grader.encoders import Encoder
from grader.evaluation.agreement import Interval, agreement_statistics
from grader.evaluation.confidence import ReliabilityDiagram, ReviewCurve, reliability_diagrams, review_curve_of
from grader.evaluation.judge_comparison import JudgeComparison, JudgedAnswer, compare_judge
from grader.evaluation.judge_sample import JudgeSample, SampledAnswer, UnaskedAnswer, assess_sample, draw_answers
from grader.evaluation.labelled_grading import GradedAnswer, Progress, grade_labelled_set
from grader.evaluation.labelled_set import LabelledAnswer
from grader.evaluation.marks_evaluation import MarksEvaluation, evaluate_with_marks
from grader.judges import UNPROVEN_WEIGHT, JudgeWeight, Panel
from grader.provider import Price
from grader.schema import Grade
from grader.settings import Settings
from grader.statistics import Estimate, cluster_bootstrap


@dataclass(frozen=True)
class Evaluation:
    """Agreement of one grader with the people who scored one set.

    `statistics` has the names of the documentation; a statistic that does not apply to the set is absent. `reliability`
    has `points` where people marked points, and `answers` where they said only right or wrong. `review` is `None` when
    nothing was graded. `judge` compares the methods of grading where judges were asked, `judge_sample` says what a
    sample tells of the whole set. Where marks were used,
    `statistics` are of the other answers, `marked` has more about them, and `review` and `reliability` are left out.
    """

    n_answers: int
    n_questions: int
    n_graded: int
    n_ungraded: int
    signature: str
    seconds: float
    statistics: Mapping[str, Estimate]
    review: ReviewCurve | None
    reliability: Mapping[str, ReliabilityDiagram]
    judge: JudgeComparison | None = None
    judge_sample: JudgeSample | None = None
    marked: MarksEvaluation | None = None

    def as_dict(self) -> dict[str, Any]:
        """One flat JSON object, as `grader evaluate --json` prints it."""
        return {
            "n_answers": self.n_answers,
            "n_questions": self.n_questions,
            "n_graded": self.n_graded,
            "n_ungraded": self.n_ungraded,
            "signature": self.signature,
            "seconds": round(self.seconds, 3),
            "answers_per_second": round(self.n_answers / self.seconds, 2) if self.seconds else None,
            **{name: estimate.as_dict() for name, estimate in self.statistics.items()},
            "review": None if self.review is None else self.review.as_dict(),
            "reliability": {name: diagram.as_dict() for name, diagram in self.reliability.items()},
            **({} if self.judge is None else {"judge": self.judge.as_dict()}),
            **({} if self.judge_sample is None else {"judge_sample": self.judge_sample.as_dict()}),
            **({} if self.marked is None else {"marked": self.marked.as_dict()}),
        }


def evaluate(
    rows: Sequence[LabelledAnswer],
    *,
    encoder: Encoder | None = None,
    settings: Settings | None = None,
    panel: Panel | None = None,
    weight: JudgeWeight = UNPROVEN_WEIGHT,
    sample: int = 0,
    prices: Mapping[str, Price] | None = None,
    marked: int = 0,
    seed: int = 12345,
    n_resamples: int = 1000,
    progress: Progress = iter,
) -> Evaluation:
    """Grade a labelled set and compare with the people who scored it.

    A row's own rubric is used; without one, points are derived from each of its reference answers and the
    best-matching reference counts.

    Args:
        rows: the labelled answers.
        panel: judges that are asked under the best-matching reference; the statistics are of the grades with them.
        weight: of the judges' verdicts, from an earlier evaluation.
        sample: ask them about so many answers alone, drawn by seed, those that tell most first; the statistics are then
            of the grades without judges. 0 asks about all.
        prices: of the judges, by name, for what the rest of the set would cost.
        marked: how many answers per question keep their marks; the statistics are of the others, means over 5 draws.
        seed, n_resamples: of the draws and of the bootstrap over questions.
        progress: receives every row's grade and must yield it again, for example to show a progress bar.

    Raises:
        InputError: when there is no row, or when fewer than ten marks are given in all.
        SetupError: when the encoder cannot be loaded, or no request to a judge can succeed.
        TypeError: an argument is of a wrong type; says how to write it.

    >>> from pathlib import Path
    >>> from grader import Settings, evaluate, read_labelled_set
    >>> table = ["answer_id,question_id,reference_answer,answer,human_score,max_score",
    ...          "a1,dropout,Dropout disables random units.,Random units are disabled.,5,5",
    ...          "a2,dropout,Dropout disables random units.,It is a kind of layer.,0,5"]
    >>> _ = Path("labelled.csv").write_text("\\n".join(table))
    >>> result = evaluate(read_labelled_set("labelled.csv"), settings=Settings(encoder="static"))
    >>> result.n_graded, round(result.statistics["pearson"].value, 2)
    (2, 1.0)
    """
    _check_rows(rows)
    check_settings(settings)
    check_encoder(encoder)
    graded, features, signature, seconds = grade_labelled_set(
        rows,
        encoder=encoder,
        settings=settings,
        panel=panel,
        weight=weight,
        draw=partial(draw_answers, n=sample, seed=seed) if sample else None,
        progress=progress,
    )
    interval = partial(cluster_bootstrap, n_resamples=n_resamples, seed=seed)
    found = None
    if marked:
        found = evaluate_with_marks(graded, features, n_per_question=marked, seed=seed, interval=interval)
    return Evaluation(
        n_answers=len(rows),
        n_questions=len({row.question_id for row in rows}),
        n_graded=len(graded),
        n_ungraded=len(rows) - len(graded),
        signature=f"{signature}|marked:{marked},{found.n_draws},{seed}" if found else signature,
        seconds=seconds,
        statistics=found.statistics if found else agreement_statistics(graded, interval),
        review=review_curve_of(graded, interval) if graded and not found else None,
        reliability={} if found else reliability_diagrams(graded),
        judge=None if panel is None else _judge_comparison(graded, panel, interval),
        judge_sample=None if panel is None or not sample else _judge_sample(graded, panel, prices or {}, interval),
        marked=found,
    )


def _check_rows(rows: Any) -> None:
    write = 'evaluate(read_labelled_set("labelled.jsonl"))'
    if isinstance(rows, LabelledAnswer):
        write = "evaluate([row])"
    elif isinstance(rows, Iterator):
        write = "evaluate(list(rows))"
    if isinstance(rows, str | bytes) or not isinstance(rows, Sequence):
        raise wrong_type("rows", rows, "a list of labelled answers", write)
    for number, row in enumerate(rows):
        if not isinstance(row, LabelledAnswer):
            raise wrong_type(f"rows[{number}]", row, "a LabelledAnswer", write)


def _judge_comparison(graded: Sequence[GradedAnswer], panel: Panel, interval: Interval) -> JudgeComparison:
    answers = [_judged(item, item.judged) for item in graded if item.judged is not None]
    band = (panel.settings.unclear_from, panel.settings.unclear_to)
    return compare_judge(answers, interval=interval, name=" + ".join(panel.names), band=band)


def _judged(item: GradedAnswer, judged: Grade) -> JudgedAnswer:
    return JudgedAnswer(item.human, judged, item.rubric, item.row.question_id, item.row.point_labels, item.alone)


def _judge_sample(
    graded: Sequence[GradedAnswer], panel: Panel, prices: Mapping[str, Price], interval: Interval
) -> JudgeSample:
    return assess_sample(
        [SampledAnswer(_judged(item, item.judged), item.chance) for item in graded if item.judged is not None],
        [UnaskedAnswer(item.human, item.alone, item.rubric) for item in graded if item.judged is None],
        name=" + ".join(panel.names),
        prices={name: prices.get(name) for name in panel.names},
        interval=interval,
    )
