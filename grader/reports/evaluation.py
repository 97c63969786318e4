"""Agreement with people as lines of text for a terminal.

Nothing here computes a statistic or prints.
"""

from grader.evaluation import Evaluation, JudgeComparison, JudgeSample, MarksEvaluation, ReliabilityDiagram, ReviewCurve
from grader.phrases import count
from grader.statistics import Estimate

# What the diagrams of `Evaluation.reliability` are about.
_ABOUT = {"points": "that people find a point stated", "answers": "that people call an answer right"}


def evaluation_lines(result: Evaluation) -> list[str]:
    """Every statistic with its interval, agreement after review, and predicted chances against people's decisions."""
    numbers = f"{count(result.n_answers, 'answer')} to {count(result.n_questions, 'question')}"
    lines = [*sample_lines(result.judge_sample), *judge_lines(result.judge), f"{numbers}, {result.n_ungraded} ungraded"]
    lines += [f"  {name:<24} {estimate_text(estimate)}" for name, estimate in result.statistics.items()]
    if result.marked is not None:
        lines += _marked_lines(result.marked)
    if result.review is not None:
        lines += _review_lines(result.review)
    for name, diagram in result.reliability.items():
        lines += _diagram_lines(diagram, _ABOUT[name])
    return [*lines, result.signature]


def _marked_lines(marked: MarksEvaluation) -> list[str]:
    """The marks that were used, the same answers without marks, and the coverage of the intervals."""
    return [
        f"  with {count(marked.n_per_question, 'mark')} a question given, {marked.n_marks:.0f} in all: the statistics "
        f"are of the other answers, means over {marked.n_draws} draws",
        "  the same answers without marks",
        *(f"    {name:<22} {estimate_text(estimate)}" for name, estimate in marked.without_marks.items()),
        f"  {marked.nominal:.0%} intervals hold {marked.coverage:.1%} of the marks and span {marked.width:.0%} of the "
        f"scale on average; {marked.share_open:.0%} are too wide to say anything",
    ]


# What each method of grading is, in the table of a judge.
_METHODS = {
    "embedding": "embedding alone",
    "judge": "judge alone",
    "unclear": "judge on unclear points, unproven",
    "settled": "judge decides unclear points",
    "weighted": "both, weighted",
}


def sample_lines(sample: JudgeSample | None) -> list[str]:
    """Whether the judge would help, then for each band its gain and what the rest of the set would take."""
    if sample is None:
        return []
    lines = [sample.verdict, f"  of {sample.n_asked} answers asked, for all {sample.n_asked + sample.n_rest}:"]
    lines.append(f"    {'error taken away':<17} {'band':>9}   for the other {count(sample.n_rest, 'answer')}")
    for found in sample.bands:
        gain, (low, high) = found.gain, found.band
        cost = "no price known (--prices)" if found.cost is None else f"at most {found.cost:.2f}"
        tokens = f"{count(found.calls, 'call')}, at most {found.input_tokens:,} + {found.output_tokens:,} tokens"
        lines.append(f"    {_percents(gain):<17} {f'{low:g}-{high:g}':>9}   {tokens}, cost: {cost}")
    return [*lines, f"    {_percents(sample.unproven):<17}   as far as it may move points while it is unproven"]


def _percents(gain: Estimate) -> str:
    if gain.value is None or gain.low is None or gain.high is None:
        return "-"
    return f"{gain.value:.0%} [{gain.low:.0%}, {gain.high:.0%}]"


def judge_lines(comparison: JudgeComparison | None) -> list[str]:
    """First of all whether the judge helps; then each method of grading with its statistics."""
    if comparison is None:
        return []
    words = ", ".join(f"{n} {word.replace('_', ' ')}" for word, n in comparison.n_verdicts.items())
    lines = [comparison.verdict, f"verdicts: {words or 'none'}; {comparison.n_unsupported} awards without proof"]
    for method, found in comparison.methods.items():
        lines.append(f"  {_METHODS[method]}")
        lines += [f"    {name:<22} {estimate_text(estimate)}" for name, estimate in found.statistics.items()]
        if method != "embedding":
            lines.append(f"    {'gain in ' + comparison.headline:<22} {estimate_text(found.gain)}")
    weight = comparison.weight
    where = "on all points" if weight.everywhere else "on unclear points alone"
    return [*lines, f"  weight of the judge: {weight.influence:.2f} {where} ({weight.name})"]


def estimate_text(estimate: Estimate) -> str:
    """A statistic with its interval and n; the reason where it is undefined."""
    if estimate.value is None:
        return f"      -  ({estimate.note})"
    interval = "" if estimate.low is None or estimate.high is None else f"  [{estimate.low:.3f}, {estimate.high:.3f}]"
    note = "" if estimate.note is None else f"  ({estimate.note})"
    return f"{estimate.value:7.3f}{interval}  n={estimate.n}{note}"


def _review_lines(curve: ReviewCurve) -> list[str]:
    unchanged = "-" if curve.random is None else f"{curve.random:.3f}"
    return [
        f"{curve.statistic} of the rest when the least sure answers go to people; {unchanged} when any others do",
        *(f"  {f'{step.share_sent:.0%} sent':<24} {estimate_text(step.kept)}" for step in curve.steps),
    ]


def _diagram_lines(diagram: ReliabilityDiagram, what: str) -> list[str]:
    error = "-" if diagram.error is None else f"{diagram.error:.3f}"
    return [
        f"predicted chance {what}, and how often they do; calibration error {error}",
        *(
            f"  {f'{bin_.low:.1f} to {bin_.high:.1f}, mean {bin_.predicted:.2f}':<24} {estimate_text(bin_.observed)}"
            for bin_ in diagram.bins
        ),
    ]
