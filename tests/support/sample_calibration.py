"""Small teams of raters with known habits, for the tests of the calibration."""

from dataclasses import replace

import numpy as np

from grader.calibration.ratings.reading import Rating, Ratings

TEAM = ("Ann =1+1", "<script>alert(1)</script>", "Chi {{7*7}}")


def team(n: int = 60, raters: tuple[str, ...] = TEAM, *, strict: float = 2.0, seed: int = 7) -> Ratings:
    """Everybody rates `n` answers to three questions, with points; the first rater gives `strict` points less."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        quality = rng.normal(6, 2)
        common = {"question_id": f"q{i % 3}", "group": f"g{i % 2}"}
        for number, rater in enumerate(raters):
            score = quality - (strict if number == 0 else 0) + rng.normal(0, 0.7)
            total = float(np.clip(np.round(score), 0, 10))
            rows.append(Rating(f"a{i}", rater, total, max_score=10.0, time=float(i), line=2 + i, **common))
            for point in ("p1", "p2"):
                given = float(rng.random() < quality / 12)
                rows.append(Rating(f"a{i}", rater, given, common["question_id"], point, 1.0, line=2 + i))
    texts = {f"a{i}": f"Answer {i} <img src=x onerror=alert(1)>" for i in range(n)}
    return Ratings("ratings.csv", tuple(rows), n_rows=len(rows), texts=texts)


def rated_by_machine(ratings: Ratings, name: str = "system:m", *, seed: int = 3) -> Ratings:
    """The same with a machine that is near the last rater."""
    rng = np.random.default_rng(seed)
    last = ratings.rows[-1].rater
    rows = [
        row._replace(rater=name, score=float(np.clip(row.score + rng.integers(-1, 2), 0, 10)))
        for row in ratings.rows
        if row.rater == last and row.point_id is None
    ]
    return replace(ratings, rows=(*ratings.rows, *rows))


def any_ratings(seed: int) -> Ratings:
    """Ratings of some shape: few or many, with gaps, repeats, points, groups, gold, machines, or without variation."""
    rng = np.random.default_rng(seed)
    n, k, share = int(rng.choice([2, 6, 25])), int(rng.integers(2, 5)), rng.choice([0.4, 1.0])
    scale, constant, n_points = float(rng.choice([0.5, 1, 5, 100])), rng.random() < 0.2, int(rng.choice([0, 2]))
    rows: list[Rating] = []
    for i, r in np.argwhere(rng.random((n, k)) < share):
        rater = f"r{r}" if r < 2 or rng.random() < 0.9 else "system:m"
        question = f"q{i % 2}" if rng.random() < 0.9 else None
        for again in range(1 + int(rng.random() < 0.1)):
            score = scale if constant else float(rng.integers(0, 5)) * scale / 4
            rows.append(Rating(f"a{i}", rater, score, question, None, scale, float(i + again), f"g{i % 2}", len(rows)))
        for point in range(n_points):
            rows.append(Rating(f"a{i}", rater, float(rng.integers(0, 2)), question, f"p{point}", 1.0, line=len(rows)))
    gold: dict[tuple[str, str | None], float] = {(f"a{i}", None): scale / 2 for i in range(n) if rng.random() < 0.2}
    return Ratings("r.csv", tuple(rows), gold=gold, n_rows=len(rows))
