"""What a candidate is told without a judge: which points were stated and which were missed, from the rubric alone."""

from collections.abc import Sequence

from grader.phrases import count
from grader.schema import PointGrade, Rubric


def missed(rubric: Rubric, points: Sequence[PointGrade]) -> list[str]:
    """One line for each thing that cost marks: a missing or partly stated point, an unmet group, a mistake made.

    Args:
        rubric: gives the groups.
        points: what each of its points earned, in the rubric's order.

    """
    lines = []
    group_of = {point.id: point.group for point in rubric.points}
    for point in points:
        if group_of[point.point_id] is not None:
            continue
        if point.weight < 0 and point.status == "covered":
            lines.append(f"mistake: {point.text}")
        elif point.weight > 0 and point.status == "partial":
            lines.append(f"only in part: {point.text}")
        elif point.weight > 0 and point.status in ("missing", "contradicted"):
            lines.append(point.text if point.status == "missing" else f"{point.status}: {point.text}")
    for name, group in rubric.groups.items():
        members = [point for point in points if group_of[point.point_id] == name]
        stated = sum(point.status == "covered" for point in members)
        if stated < group.need and any(point.status != "not_judged" for point in members):
            open_ones = "; ".join(point.text for point in members if point.status != "covered")
            lines.append(f"{group.need - stated} more of: {open_ones}")
    return lines


def plain_feedback(rubric: Rubric, points: Sequence[PointGrade]) -> str:
    """A short paragraph: how many points were stated, in full and in part, then what was missed."""
    wanted = [point for point in points if point.weight > 0]
    stated = sum(point.status == "covered" for point in wanted)
    in_part = sum(point.status == "partial" for point in wanted)
    lines = missed(rubric, points)
    summary = f"Stated {stated} of {count(len(wanted), 'point')}{f', {in_part} more in part' if in_part else ''}."
    return summary if not lines else f"{summary} Missed: {' | '.join(lines)}"
