"""Write ratings.csv: made-up ratings of the practice answers by four made-up raters, each with one habit.

Usage: python data/make_ratings.py   (always writes the same file)

No person rated anything. What an answer is taken to state follows from the level that it was written for; which of the
rubric's points those are, from the words that it shares with them. The raters then see that through their habits.
"""

import csv
import io
import json
import random
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import yaml

DATA = Path(__file__).parent
SEED = 20261
MAX_SCORE = 10
COLUMNS = "answer_id rater score max_score question_id point_id time phase gold group".split()
# Share of the points that an answer of each level is taken to state.
STATED = {"strong": 0.9, "partial": 0.5, "misconception": 0.1, "weak": 0.1, "off_topic": 0.0, "echo": 0.0, "empty": 0.0}
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
N_GOLD, N_REPEATED, N_DISCUSSED = 12, 8, 6


class Rater(NamedTuple):
    """A made-up rater: error of totals in score points, chance to misread a point, and the habit."""

    name: str
    error: float = 0.5
    misread: float = 0.05
    severity: float = 0.0  # added to each total
    drift: float = 0.0  # added from the first rating (half of it taken off) to the last
    halo: bool = False  # the impression of the whole answer decides its points


RATERS = (
    Rater("rater-a", severity=-1.6),
    Rater("rater-b", halo=True),
    Rater("rater-c", error=2.2, misread=0.15),
    Rater("rater-d", drift=3.6),
)


class Answer(NamedTuple):
    """An answer and the points that it is taken to state."""

    answer_id: str
    question_id: str
    group: str
    level: str
    points: dict[str, bool]

    @property
    def worth(self) -> float:
        """The total that it deserves."""
        return MAX_SCORE * sum(self.points.values()) / len(self.points)


def answers() -> list[Answer]:
    """The practice answers with what they are taken to state."""
    found = []
    for line in (DATA / "practice_answers.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        rubric = yaml.safe_load((DATA.parent / "rubrics" / f"{row['question_id']}.yaml").read_text(encoding="utf-8"))
        group = "group-1" if int(row["candidate"][1:]) % 2 else "group-2"
        found.append(Answer(row["answer_id"], row["question_id"], group, row["level"], stated(row, rubric["points"])))
    return found


def stated(row: dict[str, Any], points: list[dict[str, Any]]) -> dict[str, bool]:
    """Which points an answer is taken to state: as many as its level says, those whose words it shares most."""
    said = words(row["answer"])
    shared = {point["id"]: len(words(point["text"]) & said) / len(words(point["text"])) for point in points}
    n_stated = round(STATED[row["level"]] * len(points))
    chosen = sorted(shared, key=lambda point: -shared[point])[:n_stated]
    return {point["id"]: point["id"] in chosen for point in points}


def words(text: str) -> set[str]:
    """The beginnings of the longer words: enough to tell which point is meant."""
    return {word[:6] for word in re.findall(r"[a-z]{4,}", text.lower())}


def half_points(score: float) -> float:
    """The nearest half point on the scale."""
    return min(float(MAX_SCORE), max(0.0, round(2 * score) / 2))


def rows() -> list[dict[str, object]]:
    """All rows of the file: what each rater gave in order of time, discussed scores, definitive scores."""
    chance = random.Random(SEED)  # noqa: S311  # made-up data, no secret
    known = answers()
    found = [row for rater in RATERS for row in of_rater(rater, known, chance)]
    worth_discussing = [answer for answer in known if answer.level == "partial"]
    for answer in chance.sample(worth_discussing, N_DISCUSSED):
        for rater in RATERS:
            after = START + timedelta(days=7)
            found.append(total(answer, rater.name, half_points(answer.worth), after) | {"phase": "after"})
    for answer in chance.sample([answer for answer in known if answer.worth > 0], N_GOLD):
        found.append(total(answer, "definitive", half_points(answer.worth), None) | {"gold": "yes"})
    return found


def of_rater(rater: Rater, known: list[Answer], chance: random.Random) -> list[dict[str, object]]:
    """What one rater gave: every answer once, in an order of their own, and the first few again at the end."""
    order = chance.sample(known, len(known))
    found = []
    for place, answer in enumerate([*order, *order[:N_REPEATED]]):
        time = START + timedelta(days=place // 40, minutes=4 * (place % 40))
        habit = rater.severity + rater.drift * (place / len(known) - 0.5)
        score = answer.worth + habit + chance.gauss(0, rater.error) if answer.worth else 0.0
        found.append(total(answer, rater.name, half_points(score), time))
        if place >= len(order):
            continue
        for point, there in answer.points.items():
            seen = score > MAX_SCORE / 2 if rater.halo else there
            if chance.random() < rater.misread and answer.worth:
                seen = not seen
            vote = {"score": int(seen), "max_score": 1, "point_id": point}
            found.append(total(answer, rater.name, 0, time) | vote)
    return found


def total(answer: Answer, rater: str, score: float, time: datetime | None) -> dict[str, object]:
    """A row for a whole answer."""
    return {
        "answer_id": answer.answer_id,
        "rater": rater,
        "score": f"{score:g}",
        "max_score": MAX_SCORE,
        "question_id": answer.question_id,
        "point_id": "",
        "time": "" if time is None else f"{time:%Y-%m-%dT%H:%M}",
        "phase": "blind",
        "gold": "",
        "group": answer.group,
    }


def text() -> str:
    """The file."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows())
    return out.getvalue()


if __name__ == "__main__":
    (DATA / "ratings.csv").write_text(text(), encoding="utf-8", newline="\n")
