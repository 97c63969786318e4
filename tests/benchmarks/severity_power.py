"""How often simulated raters get the word that they deserve, and words that they do not.

Usage: python -m tests.benchmarks.severity_power [--teams N] [--write]   (default: 400 teams a cell, printed only)

With --write the tables replace those in docs/calibration.md. A team marks on a scale of five levels, all in one order,
and five points an answer for halo. Rater 0 has an effect and the others have none, or nobody has one.
"""

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np

from grader.calibration.interactions import question_interactions
from grader.calibration.raters.profiles import RaterProfile, profile_raters
from grader.calibration.raters.severity import fit_additive
from grader.statistics.rating_tables import LongForm

PAGE = Path(__file__).parents[2] / "docs" / "calibration.md"
BEGIN, END = "<!-- tables of severity_power.py -->\n", "<!-- end of the tables -->"
ANSWERS = (10, 20, 40, 80)
WITH_WORDS = ANSWERS[1:]  # below 20 answers in common nobody gets a word
N_POINTS = 5
N_QUESTIONS = 4
# Number of raters, whether in rotating pairs.
DESIGNS = {"3 raters mark everything": (3, False), "6 raters in rotating pairs": (6, True)}
# What rater 0 does, and the word for it.
EFFECTS = {
    "strict by 0.47 of a level": "strict",
    "noisy: errors twice as large": "noisy",
    "compressing: half the spread": "compressing",
    "halo: the impression of the answer decides its points": "halo",
    "drifting by one level from first to last": "drifting",
}
# Half-width of the severity's interval, power, and false flags of an earlier simulation with another generator.
EARLIER = {
    ("3 raters mark everything", 10): (0.28, 48, 4),
    ("3 raters mark everything", 20): (0.20, 78, 3),
    ("3 raters mark everything", 40): (0.14, 99, 5),
    ("3 raters mark everything", 80): (0.10, 100, 5),
    ("6 raters in rotating pairs", 10): (0.42, 30, 2),
    ("6 raters in rotating pairs", 20): (0.30, 61, 4),
    ("6 raters in rotating pairs", 40): (0.21, 92, 3),
    ("6 raters in rotating pairs", 80): (0.15, 100, 5),
}


@dataclass(frozen=True)
class Plan:
    """Who marks which answer, as columns of a long form."""

    n_raters: int
    answers: np.ndarray
    raters: np.ndarray
    times: np.ndarray

    @property
    def n_answers(self) -> int:
        return int(self.answers.max()) + 1


@dataclass(frozen=True)
class Cell:
    """What came out for the teams of one design, number of answers and effect."""

    planted: list[RaterProfile]  # rater 0 of each team
    others: list[list[RaterProfile]]  # the raters without an effect of each team; all of them where nobody has one
    alarms: list[set[int]]  # raters with a flagged question in each team


def plan(design: str, per_rater: int) -> Plan:
    """Everybody marks everything, or each answer goes to the next of all pairs."""
    n_raters, pairs = DESIGNS[design]
    teams = list(combinations(range(n_raters), 2)) if pairs else [tuple(range(n_raters))]
    n_answers = per_rater * n_raters // len(teams[0])
    raters = np.array([rater for answer in range(n_answers) for rater in teams[answer % len(teams)]])
    answers = np.repeat(np.arange(n_answers), len(teams[0]))
    times = np.array([float(np.sum(raters[:row] == raters[row])) for row in range(raters.size)])
    return Plan(n_raters, answers, raters, times)


def team(rng: np.random.Generator, who: Plan, word: str | None) -> tuple[LongForm, LongForm]:
    """Totals and points of one team."""
    planted = who.raters == 0
    ability = rng.normal(0, 0.8, who.n_answers)
    errors = rng.normal(0, 0.46, who.raters.size) * np.where(planted & (word == "noisy"), 2, 1)
    latent = ability[who.answers] + errors
    latent -= 0.47 * (planted & (word == "strict"))
    latent *= np.where(planted & (word == "compressing"), 0.5, 1)
    if word == "drifting":
        latent += planted * (who.times / who.times[planted].max() - 0.5)
    # A question is a stretch of answers, so that all pairs come round in it.
    questions = who.answers * N_QUESTIONS // who.n_answers
    latent -= planted & (word == "question") & (questions == 0)
    scores = np.clip(np.round(3 + latent), 1, 5)
    totals = LongForm(
        who.answers, who.raters, scores, who.n_answers, who.n_raters, questions=questions, times=who.times
    )
    stated = ability[:, None] + rng.normal(0, 0.8, (who.n_answers, N_POINTS)) + np.linspace(-0.8, 0.8, N_POINTS)
    seen = stated[who.answers] + rng.normal(0, 0.4, (who.raters.size, N_POINTS))
    if word == "halo":
        seen = np.where(planted[:, None], latent[:, None] + 0.25 * seen, seen)
    points = LongForm(
        np.repeat(who.answers, N_POINTS),
        np.repeat(who.raters, N_POINTS),
        (seen > 0).astype(float).ravel(),
        who.n_answers,
        who.n_raters,
        points=np.tile(np.arange(N_POINTS), who.raters.size),
    )
    return totals, points


def measure(n_teams: int, who: Plan, word: str | None, *, seed: int) -> Cell:
    rng = np.random.default_rng(seed)
    first = 0 if word is None else 1
    cell = Cell([], [], [])
    for _ in range(n_teams):
        totals, points = team(rng, who, word)
        if word in (None, "question"):
            found = question_interactions(totals, fit_additive(totals), least=0.5)
            cell.alarms.append({one.rater for one in found if one.flagged})
        profiles = profile_raters(replace(totals, questions=None), points=points)
        cell.planted.append(profiles[0])
        cell.others.append(list(profiles[first:]))
    return cell


def share(found: Iterable[bool]) -> float:
    return 100 * float(np.mean(list(found)))


def excludes_0(profile: RaterProfile) -> bool:
    low, high = profile.severity.low, profile.severity.high
    return low is not None and high is not None and not low <= 0 <= high


def half_width(profiles: Iterable[RaterProfile]) -> float:
    return float(np.mean([(one.severity.high or 0) - (one.severity.low or 0) for one in profiles])) / 2


def severity_table(cells: dict[tuple[str, int, str | None], Cell]) -> Iterator[str]:
    yield "| design | answers a rater | half-width | strict rater found | even-handed rater flagged |"
    yield "| --- | --- | --- | --- | --- |"
    for (design, n), (width, power, false) in EARLIER.items():
        even = [profile for profiles in cells[design, n, None].others for profile in profiles]
        found = share(excludes_0(one) for one in cells[design, n, "strict"].planted)
        flagged = share(excludes_0(one) for one in even)
        yield (
            f"| {design} | {n} | {half_width(even):.2f} ({width:.2f}) | {found:.0f} % ({power} %) "
            f"| {flagged:.1f} % ({false} %) |"
        )


def heading(first: str) -> Iterator[str]:
    yield (
        f"| {first} | " + " | ".join(f"{DESIGNS[d][0]} raters, {n} answers" for d in DESIGNS for n in WITH_WORDS) + " |"
    )
    yield "| --- " * (1 + len(DESIGNS) * len(WITH_WORDS)) + "|"


def row(name: str, values: Iterable[str]) -> str:
    return f"| {name} | " + " | ".join(values) + " |"


def power_table(cells: dict[tuple[str, int, str | None], Cell]) -> Iterator[str]:
    yield from heading("what the rater does")
    places = [(design, n) for design in DESIGNS for n in WITH_WORDS]
    for name, word in EFFECTS.items():
        found = (share(word in one.verdict.flags for one in cells[(*place, word)].planted) for place in places)
        yield row(name, (f"{value:.0f} %" for value in found))
    found = (share(0 in raters for raters in cells[(*place, "question")].alarms) for place in places)
    yield row("one level less on one question of four", (f"{value:.0f} %" for value in found))


def false_table(cells: dict[tuple[str, int, str | None], Cell]) -> Iterator[str]:
    yield from heading("word that is not deserved")
    places = [(design, n) for design in DESIGNS for n in WITH_WORDS]
    even = {place: [one for profiles in cells[(*place, None)].others for one in profiles] for place in places}
    for words in (("strict", "lenient"), ("noisy",), ("compressing",), ("halo",), ("drifting",)):
        found = (share(any(word in one.verdict.flags for word in words) for one in even[place]) for place in places)
        yield row(" or ".join(words), (f"{value:.1f} %" for value in found))
    found = (share(bool(one.verdict.flags) for one in even[place]) for place in places)
    yield row("**any word**", (f"**{value:.1f} %**" for value in found))
    found = (share(any(one.verdict.flags for one in team) for team in cells[(*place, None)].others) for place in places)
    yield row("anybody in an even-handed team has a word", (f"{value:.0f} %" for value in found))
    for name, word in EFFECTS.items():
        beside = ([one for profiles in cells[(*place, word)].others for one in profiles] for place in places)
        found = (share(bool(one.verdict.flags) for one in profiles) for profiles in beside)
        yield row(f"any word, beside a colleague {name.partition(':')[0]}", (f"{value:.1f} %" for value in found))
    found = (share(bool(raters) for raters in cells[(*place, None)].alarms) for place in places)
    yield row("any question of any rater in an even-handed team", (f"{value:.0f} %" for value in found))


def tables(n_teams: int) -> str:
    cells = {
        (design, n, word): measure(n_teams, plan(design, n), word, seed=seed)
        for design in DESIGNS
        for n in ANSWERS
        for seed, word in enumerate((None, *EFFECTS.values(), "question"))
        if n in WITH_WORDS or word in (None, "strict")
    }
    parts = [
        f"The severity's 95 % interval, {n_teams} teams a cell. In brackets an earlier simulation with a bootstrap:",
        *severity_table(cells),
        f"How often the rater has the word, alone or among others ({n_teams} teams a cell):",
        *power_table(cells),
        "How often raters without any effect have one:",
        *false_table(cells),
    ]
    text = "\n".join(parts)
    return "\n" + text.replace(":\n|", ":\n\n|").replace("|\nHow", "|\n\nHow") + "\n\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--teams", type=int, default=400)
    parser.add_argument("--write", action="store_true", help="replace the tables in docs/calibration.md")
    arguments = parser.parse_args()
    found = tables(arguments.teams)
    print(found)
    if arguments.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(before + BEGIN + found + END + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    main()
