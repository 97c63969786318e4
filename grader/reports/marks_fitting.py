"""A fitted model of marks as lines of text for a terminal.

Nothing here learns, computes or prints.
"""

from collections.abc import Mapping

from grader.calibration import Fitting
from grader.phrases import count
from grader.reports.untrusted_text import clean_for_terminal

_QUESTIONS = 5  # shown, those where further marks help most


def fitting_lines(found: Fitting, names: Mapping[str, str]) -> list[str]:
    """What was learned, how far off it is, and where further marks would help.

    Args:
        found: from `fit_marks`.
        names: the names to show for raters.

    """
    source = f"{count(found.n_marks, 'marked answer')} to {count(found.n_questions, 'question')}"
    lines = [f"learned from {source}, by {count(found.n_raters, 'rater')}"]
    left_out = {"without a text in the answers": found.n_without_answer, "blank or not gradable": found.n_unusable}
    lines += [f"  left out: {n} {why}" for why, n in left_out.items() if n]
    if found.severity:
        taken = ", ".join(f"{names.get(rater, rater)} {size:+.1%}" for rater, size in sorted(found.severity.items()))
        lines.append(f"  strictness taken out (share of the full score that a rater gives more): {taken}")
    errors = found.held_out
    lines += [
        f"  error on marks that were not given (root mean square): {errors.by_marks:.1%} of the scale with marks,",
        f"    {errors.by_map:.1%} with the map to the people's scale alone, {errors.without:.1%} without",
    ]
    if found.width is not None and found.share_open is not None:
        lines.append(
            f"  90 % intervals of the other answers span {found.width:.0%} of the scale on average; "
            f"{found.share_open:.0%} are too wide to say anything"
        )
    return [clean_for_terminal(line) for line in [*lines, *_plan_lines(found)]]


def _plan_lines(found: Fitting) -> list[str]:
    plan = found.plan
    if not plan.questions:
        return ["  every answer is marked"]
    steps = ", ".join(f"{error:.1%} with {more} more" for more, error in plan.curve.items() if more)
    lines = [f"  expected error on the others: {plan.curve[0]:.1%} now; marks a question: {steps}"]
    for question in plan.questions[:_QUESTIONS]:
        lines.append(
            f"  10 more marks on {question.question_id} would help: {question.error:.1%} -> "
            f"{question.error_with_more:.1%} ({question.n_marked} of {question.n_marked + question.n_waiting} marked)"
        )
    if plan.next_ids:
        lines.append(f"  mark these next: {', '.join(plan.next_ids)}")
    return lines
