"""Raters compared with each other and with the grader: all sections of a calibration, computed in their order.

The statistics are in `grader.statistics`; `grader.reports` shows the results.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import numpy as np

from grader.argument_types import wrong_type
from grader.calibration.agenda import AgendaItem, discussion_agenda
from grader.calibration.change_since import Change, change_since
from grader.calibration.interactions import Interaction, point_interactions, question_interactions
from grader.calibration.item_analysis import PointAdvice, advise_on_points
from grader.calibration.overview import Overview, level_step, overview
from grader.calibration.pairing import Team, Training, coverage_teams, rotation, training_pairs
from grader.calibration.panel_agreement import PanelAgreement, Scale, panel_agreement
from grader.calibration.planning import DoubleMarking, Flips, RatersNeeded, double_marking_for, flips_at_cut, raters_for
from grader.calibration.question_agreement import QuestionAgreement, question_agreement
from grader.calibration.raters.gold import GoldRecord, IntraRaterAgreement, gold_records, intra_rater_agreement
from grader.calibration.raters.profiles import RaterProfile, profile_raters
from grader.calibration.raters.severity import AdditiveModel, fit_additive
from grader.calibration.ratings.arrays import PointName, RatingArrays, rating_arrays
from grader.calibration.ratings.reading import Ratings
from grader.calibration.ratings.validation import check_choices, check_earlier, check_raters
from grader.calibration.system.grades import GradedRatings
from grader.calibration.system.system_rater import SystemRater, system_raters
from grader.phrases import natural
from grader.statistics import Level, LongForm, first_ratings, rater_pairs

SEED: Final = 12345
_ROTATED: Final = 4  # answers in the rotation that is shown, for each rater
_RATERS_ROTATED: Final = 24  # with more, a list for each answer is of no use
_HALF_A_LEVEL: Final = 0.5  # a difference from colleagues on a question or point that matters


@dataclass(frozen=True, slots=True)
class CalibrationOptions:
    """The options of a calibration.

    Attributes:
        level: level of measurement, for Krippendorff's alpha.
        cut: candidates with this score or more pass; `None` for no cut.
        step: size of one level, in points; `None` takes `overview.level_step`.
        tolerance: how far a rating may be from gold, in points; `None` takes one level.
        seed: of the bootstrap.
        resamples: how many, for agreement and change; `None` takes as many as are affordable, 2,000 at most.
    """

    level: Level = "ordinal"
    cut: float | None = None
    step: float | None = None
    tolerance: float | None = None
    seed: int = SEED
    resamples: int | None = None


@dataclass(frozen=True, slots=True)
class Pairing:
    """Who should rate with whom.

    Attributes:
        teams: pairs whose severities cancel out.
        training: who should rate with a steady colleague.
        rotation: who rates the next answers, two each, so that all raters stay comparable.
    """

    teams: tuple[Team, ...]
    training: tuple[Training, ...]
    rotation: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What more raters or more double marking would bring.

    Attributes:
        raters: how many must be averaged for a reliability.
        marking: how many double-marked answers an interval of +-.10 needs, by name of the coefficient.
        flips: of 100 candidates, by how many raters are averaged; empty without a cut.
    """

    raters: tuple[RatersNeeded, ...]
    marking: Mapping[str, DoubleMarking]
    flips: tuple[Flips, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """The result of a calibration. Raters, answers, questions and points are numbers; `arrays` has their names.

    Attributes:
        source: the file of the ratings.
        arrays: the ratings.
        first_totals, first_points: totals and ratings of points, the first of each rater, without repeats.
        pseudonyms: a name for each rater that does not identify the person.
        scale, seed: what the figures were computed with.
        overview: 1, the size and the design of the data.
        agreement: 2, how far raters agree.
        raters: 3, the profile of each rater.
        model: 3, severities and fair averages.
        gold: 3, how each rater did on gold answers; empty without any.
        repeats: 3, how each rater agrees with earlier ratings of the same answer; empty without any.
        on_questions, on_points: 4 and 5, where one rater alone differs; empty where questions or points are not known.
        questions: 4, how far raters agree on each question; empty where questions are not known.
        points: 5, what to do about each rubric point; empty where none were rated.
        agenda: 6, the answers to discuss.
        texts: the texts of answers, where they are known.
        point_texts: the texts of rubric points, likewise.
        quotes: by answer and point, the words that show it, as the grader found them.
        pairing: 7, who should rate with whom.
        plan: 8, what more raters or more double marking would bring.
        changes: 9, by name of the coefficient; empty without earlier ratings.
        systems: 10, machines as raters, by name.
        graded: the ratings with grades; `None` without grades.
    """

    source: str
    arrays: RatingArrays
    first_totals: LongForm
    first_points: LongForm | None
    pseudonyms: tuple[str, ...]
    scale: Scale
    seed: int
    overview: Overview
    agreement: PanelAgreement
    raters: tuple[RaterProfile, ...]
    model: AdditiveModel
    gold: tuple[GoldRecord, ...]
    repeats: tuple[IntraRaterAgreement, ...]
    on_questions: tuple[Interaction, ...]
    on_points: tuple[Interaction, ...]
    questions: tuple[QuestionAgreement, ...]
    points: tuple[PointAdvice, ...]
    agenda: tuple[AgendaItem, ...]
    texts: Mapping[str, str]
    point_texts: Mapping[PointName, str]
    quotes: Mapping[tuple[str, str], str]
    pairing: Pairing
    plan: Plan
    changes: Mapping[str, Change]
    systems: Mapping[str, SystemRater]
    graded: GradedRatings | None


def _check_types(ratings: Any, choices: Any, earlier: Any) -> None:
    read = 'read_ratings("ratings.csv")'
    if not isinstance(ratings, Ratings):
        raise wrong_type("ratings", ratings, "ratings that were read", f"calibrate({read})")
    if not isinstance(choices, CalibrationOptions | None):
        raise wrong_type("choices", choices, "a CalibrationOptions", "CalibrationOptions(cut=6)")
    if not isinstance(earlier, Ratings | None):
        raise wrong_type("earlier", earlier, "ratings that were read", f"earlier={read}")


def calibrate(
    ratings: Ratings,
    choices: CalibrationOptions | None = None,
    *,
    graded: GradedRatings | None = None,
    earlier: Ratings | None = None,
    texts: Mapping[str, str] | None = None,
) -> Calibration:
    """Compare raters with each other and with the machines among them.

    Args:
        ratings: of at least two people; with `graded`, of at least one.
        choices: the options, `CalibrationOptions()` by default.
        graded: grades of the same answers.
        earlier: ratings to compare with.
        texts: of answers, where they are known.

    Raises:
        InputError: all ratings are by one person and there is no machine to compare with, or an option or the earlier
            ratings do not fit.
        TypeError: an argument is of a wrong type; says how to write it.

    >>> from pathlib import Path
    >>> from grader import calibrate, read_ratings
    >>> _ = Path("ratings.csv").write_text("answer_id,Kim,Lee\\na1,6,7\\na2,1,3\\na3,4,4\\na4,2,5\\n")
    >>> result = calibrate(read_ratings("ratings.csv", raters=["Kim", "Lee"]))
    >>> result.arrays.raters, round(result.agreement.statistics["krippendorff_alpha"].value, 2)
    (('Kim', 'Lee'), 0.56)
    """
    _check_types(ratings, choices, earlier)
    chosen = CalibrationOptions() if choices is None else choices
    arrays = rating_arrays(ratings if graded is None else graded.ratings)
    check_raters(arrays, ratings)
    check_choices(arrays, ratings.source, level=chosen.level, cut=chosen.cut)
    first_totals = first_ratings(arrays.totals)
    points = None if arrays.point_ratings is None else first_ratings(arrays.point_ratings)
    model = fit_additive(first_totals)
    step = level_step(first_totals.scores, arrays.max_scores) if chosen.step is None else chosen.step
    scale = Scale(step, chosen.level, chosen.cut)
    agreement = panel_agreement(first_totals, scale, seed=chosen.seed, resamples=chosen.resamples)
    profiles = profile_raters(first_totals, points=points, model=model)
    names = pseudonyms(ratings, arrays.raters)
    on_points = () if points is None else point_interactions(points)
    return Calibration(
        source=ratings.source,
        arrays=arrays,
        first_totals=first_totals,
        first_points=points,
        pseudonyms=names,
        scale=scale,
        seed=chosen.seed,
        overview=overview(
            ratings,
            arrays,
            first_totals=first_totals,
            pairs=rater_pairs(first_totals),
            components=model.components,
            step=step,
        ),
        agreement=agreement,
        raters=profiles,
        model=model,
        gold=_gold(arrays, first_totals, step if chosen.tolerance is None else chosen.tolerance),
        repeats=intra_rater_agreement(arrays.totals) if arrays.totals.n_ratings > first_totals.n_ratings else (),
        on_questions=()
        if first_totals.questions is None
        else question_interactions(first_totals, model, least=_HALF_A_LEVEL * step),
        on_points=on_points,
        questions=question_agreement(first_totals, scale, seed=chosen.seed, resamples=chosen.resamples),
        points=_point_advice(arrays, points, on_points),
        agenda=discussion_agenda(first_totals, model, points=points, cut=chosen.cut),
        texts={**(graded.texts if graded else {}), **ratings.texts, **(texts or {})},
        point_texts=graded.point_texts if graded else {},
        quotes=graded.quotes if graded else {},
        pairing=_pairing(profiles, model, names),
        plan=_plan(agreement, first_totals, chosen.cut),
        changes={} if earlier is None else _changes(arrays, first_totals, earlier, scale, chosen),
        systems=system_raters(arrays, first_totals, scale, graded, seed=chosen.seed),
        graded=graded,
    )


def _point_advice(
    arrays: RatingArrays, points: LongForm | None, found: Sequence[Interaction]
) -> tuple[PointAdvice, ...]:
    if points is None:
        return ()
    machine = next(iter(arrays.system_points.values()), None)
    return advise_on_points(points, machine=None if machine is None else first_ratings(machine), interactions=found)


def _changes(
    arrays: RatingArrays, first_totals: LongForm, earlier: Ratings, scale: Scale, chosen: CalibrationOptions
) -> Mapping[str, Change]:
    then = rating_arrays(earlier)
    check_raters(then, earlier)
    check_earlier(arrays, then, earlier.source)
    known = {answer: place for place, answer in enumerate(arrays.answer_ids)}
    places = np.array([known.get(answer, -1) for answer in then.answer_ids])
    return change_since(
        first_totals, first_ratings(then.totals), places, scale, seed=chosen.seed, resamples=chosen.resamples
    )


def _gold(arrays: RatingArrays, first_totals: LongForm, tolerance: float) -> tuple[GoldRecord, ...]:
    return gold_records(first_totals, arrays.gold, tolerance=tolerance) if np.isfinite(arrays.gold).any() else ()


def _pairing(profiles: Sequence[RaterProfile], model: AdditiveModel, names: Sequence[str]) -> Pairing:
    n = len(profiles)
    # In the order of the pseudonyms: a list in the order of the names would reveal who is who.
    order = sorted(range(n), key=lambda rater: natural(names[rater]))
    rotated = rotation(n, _ROTATED * n) if 2 <= n <= _RATERS_ROTATED else ()
    rotated = tuple((order[one], order[other]) for one, other in rotated)
    variance = model.residual_variance
    return Pairing(coverage_teams(profiles, variance), training_pairs(profiles, variance), rotated)


def _plan(agreement: PanelAgreement, first_totals: LongForm, cut: float | None) -> Plan:
    wanted = ("krippendorff_alpha", "icc_a1", "quadratic_weighted_kappa")
    marking = {name: double_marking_for(agreement.statistics[name]) for name in wanted}
    mean = float(first_totals.scores.mean())
    flips = () if cut is None else flips_at_cut(agreement.components, mean=mean, cut=cut)
    return Plan(raters_for(agreement.statistics["icc_a1"]), marking, flips)


def pseudonyms(ratings: Ratings, raters: Sequence[str]) -> tuple[str, ...]:
    """A pseudonym for each rater: `rater 1` and so on, in an order that only the ratings themselves determine.

    The same ratings give the same pseudonyms. They reveal neither the alphabetical order nor the order of the file.
    """
    content = sha256(repr(ratings.rows).encode("utf-8", "surrogatepass")).hexdigest()
    keys = [sha256(f"{content}\0{name}".encode("utf-8", "surrogatepass")).digest() for name in raters]
    place = {key: number for number, key in enumerate(sorted(keys), 1)}
    return tuple(f"rater {place[key]}" for key in keys)
