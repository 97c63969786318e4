"""Sheets for blind marking: a workbook or a page a rater, with the answers in an order of its own and no names."""

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from markupsafe import Markup

from grader.calibration import BlindKey
from grader.files import FormSheet, atomic_writer, write_forms
from grader.phrases import number
from grader.reports.html_page import page_templates


def write_blind_sheets(key: BlindKey, folder: Path, *, html: bool) -> list[Path]:
    """Write a sheet for each rater, and return their files.

    Args:
        key: which answers, under which codes, for whom.
        folder: must exist.
        html: pages that save their marks as CSV, in place of workbooks.

    Raises:
        InputError: a file cannot be written.

    """
    written = []
    for name, rater in key.raters.items():
        file = folder / f"{name}{'.html' if html else '.xlsx'}"
        if html:
            with atomic_writer(file) as out:
                out.write(blind_page(key, rater, name))
        else:
            write_forms(file, _sheets(key, rater))
        written.append(file)
    return written


_POINT_WIDTH, _ANSWER_WIDTH, _REMARK_WIDTH, _SCORE_WIDTH, _CODE_WIDTH = 14, 70, 30, 8, 8


def _sheets(key: BlindKey, rater: str) -> list[FormSheet]:
    """A sheet a question, so that each point has a column with its text above."""
    sheets = []
    for place, (name, codes) in enumerate(key.order_for(rater).items(), 1):
        question = key.questions[name]
        boxes = tuple(map(str, range(1, len(question.points) + 1)))
        how = f"For each answer: a score from 0 to {number(question.max_score)}"
        how += " and an x below each point that it states." if boxes else "."
        texts = tuple(("mistake: " if point.weight < 0 else "") + point.text for point in question.points)
        sheets.append(
            FormSheet(
                name=f"Question {place}",
                above=(("Rater", rater), ("Question", question.question), ("How", how), ("", "", *texts)),
                header=("code", "answer", *boxes, "score", "remark"),
                rows=tuple((code, key.answers[code].text) for code in codes),
                widths=(_CODE_WIDTH, _ANSWER_WIDTH, *(_POINT_WIDTH for _ in boxes), _SCORE_WIDTH, _REMARK_WIDTH),
                boxes=boxes,
                ranges=(("score", 0.0, question.max_score),),
            )
        )
    return sheets


def blind_page(key: BlindKey, rater: str, name: str) -> str:
    """One self-contained page that keeps marks in the browser and saves them as CSV; equal keys give equal bytes."""
    templates = page_templates()
    script = files("grader.reports").joinpath("templates/blind_sheet.js").read_text(encoding="utf-8")
    return templates.get_template(
        "blind_sheet.html.jinja"
    ).render(
        key=key,
        rater=rater,
        name=name,
        orders=key.order_for(rater),
        script=Markup(script),  # noqa: S704  # our own
        script_hash=f"sha256-{b64encode(sha256(script.encode()).digest()).decode()}",
        set_hash=sha256(key.model_dump_json().encode()).hexdigest()[:16],  # another set's marks are not these
    )
