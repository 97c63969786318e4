"""A calibration as one JSON object, with every figure at full precision."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from grader.calibration import AgendaItem, Calibration, Change, Effect, Interaction, PointAdvice, SystemRater
from grader.phrases import natural
from grader.reports.calibration.points import question_name
from grader.reports.calibration.raters import standardized_severity
from grader.reports.calibration.sections import calibration_signature
from grader.reports.calibration.sentences import verdict_sentences
from grader.statistics import Estimate


def calibration_json(found: Calibration, names: Sequence[str]) -> dict[str, Any]:
    """The whole calibration, ready for JSON; each statistic is `{value, low, high, n, note?}`.

    Args:
        found: from `calibrate`.
        names: of each rater.
    """
    seen = found.overview
    systems = [_system(name, system) for name, system in found.systems.items()]
    return {
        "n_answers": seen.n_answers,
        "n_raters": seen.n_raters,
        "n_ratings": seen.n_ratings,
        "n_double_marked": seen.n_double_marked,
        "connected": seen.connected,
        "strength": seen.strength,
        "verdict": list(verdict_sentences(found)),
        "data": _data(found, names),
        "agreement": {name: estimate.as_dict() for name, estimate in found.agreement.statistics.items()},
        "words": {name: {"words": word.words, "rule": word.rule} for name, word in found.agreement.verdicts.items()},
        "components": {**_plain(found.agreement.components), "usual_raters": found.agreement.usual_raters},
        "raters": [_rater(found, rater, names) for rater in _by_name(names)],
        "fair_averages": _fair_averages(found),
        "questions": [_question(found, place, names) for place in range(len(found.questions))],
        "points": [_point(found, one, names) for one in found.points],
        "agenda": [_agenda_item(found, item, names) for item in found.agenda],
        "pairing": _pairing(found, names),
        "plan": {
            "raters": _plain(found.plan.raters),
            "double_marking": _plain(found.plan.marking),
            "flips": _plain(found.plan.flips),
        },
        "change": {name: _change(change) for name, change in found.changes.items()} or None,
        "system": next(iter(systems), None),
        "systems": systems,
        "settings": {
            "level": found.scale.level,
            "step": found.scale.step,
            "cut": found.scale.cut,
            "seed": found.seed,
            "signature": calibration_signature(found),
        },
    }


def _by_name(names: Sequence[str]) -> list[int]:
    """The raters in the order of the names that are shown; another order would reveal who is who."""
    return sorted(range(len(names)), key=lambda rater: natural(names[rater]))


def _data(found: Calibration, names: Sequence[str]) -> dict[str, Any]:
    seen = found.overview
    repeats = None
    if seen.repeats is not None:
        repeats = {"exact": seen.repeats.exact.as_dict(), "distance": seen.repeats.distance}
    return {
        "n_rows": seen.n_rows,
        "n_questions": seen.n_questions,
        "n_points": seen.n_points,
        "n_point_ratings": seen.n_point_ratings,
        "n_blank": seen.n_blank,
        "n_not_blind": dict(seen.n_not_blind),
        "n_added_up": seen.n_summed,
        "n_gold": seen.n_gold,
        "repeats": repeats,
        "components": [sorted((names[rater] for rater in group), key=natural) for group in seen.components],
        "scale": None if seen.scale is None else list(seen.scale),
        "notes": list(seen.notes),
    }


def _rater(found: Calibration, rater: int, names: Sequence[str]) -> dict[str, Any]:
    profile = found.raters[rater]
    effects, verdict, severity = profile.effects, profile.verdict, profile.severity
    row: dict[str, Any] = {
        "rater": names[rater],
        "n": profile.n_ratings,
        "severity": severity.value,
        "low": severity.low,
        "high": severity.high,
        "consistency": effects.consistency.estimate.as_dict(),
        "spread": effects.spread.estimate.as_dict(),
        "halo": effects.halo.estimate.as_dict(),
        "drift": effects.drift.estimate.as_dict(),
        "label": verdict.label,
        "n_common": profile.n_common,
        "standardized_severity": standardized_severity(found, profile),
        "against_colleagues": _effect(effects.against_colleagues),
        "slope": effects.slope.estimate.as_dict(),
        "contrast": effects.contrast.estimate.as_dict(),
        "flags": list(verdict.flags),
        "early_indication": verdict.early,
        "reason": verdict.reason,
        "component": profile.component,
    }
    if severity.note:
        row["note"] = severity.note
    return row | _gold(found, rater)


def _gold(found: Calibration, rater: int) -> dict[str, Any]:
    row: dict[str, Any] = {}
    if found.gold:
        gold = found.gold[rater]
        row["gold"] = {
            "accuracy": gold.accuracy.as_dict(),
            "mean_error": gold.mean_error.estimate.as_dict(),
            "change": gold.change.estimate.as_dict(),
            "stop_after": gold.stop_after,
            "reason": gold.reason,
        }
    if found.repeats:
        again = found.repeats[rater]
        row["repeats"] = {**again._asdict(), "exact": again.exact.as_dict()}
    return row


def _effect(effect: Effect) -> dict[str, Any]:
    return {**effect.estimate.as_dict(), "p_value": effect.p_value}


def _fair_averages(found: Calibration) -> list[dict[str, Any]]:
    """The mean as given and the fair average of each answer, in order of the ids."""
    model, ids = found.model, found.arrays.answer_ids
    n = np.bincount(found.first_totals.answers, minlength=found.first_totals.n_answers)
    return [
        {
            "answer_id": ids[answer],
            "n": int(n[answer]),
            "raw": _known(model.raw[answer]),
            "fair": _known(model.fair[answer]),
        }
        for answer in np.flatnonzero(n)
    ]


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _question(found: Calibration, place: int, names: Sequence[str]) -> dict[str, Any]:
    one = found.questions[place]
    return {
        "question_id": question_name(found, one.question),
        "n_answers": one.n_answers,
        "n_double_marked": one.n_double_marked,
        "mean": one.mean,
        "exact": one.exact.as_dict(),
        "krippendorff_alpha": one.alpha.as_dict(),
        "sem": one.sem.as_dict(),
        "rater_share": one.rater_share.as_dict(),
        "raters": [
            _interaction(cell, names) for cell in found.on_questions if cell.cell == one.question and cell.flagged
        ],
    }


def _interaction(cell: Interaction, names: Sequence[str]) -> Mapping[str, Any]:
    """How one rater differs in one place."""
    return {"rater": names[cell.rater], "n": cell.n, "mean": cell.mean, "q_value": cell.q_value}


def _pairing(found: Calibration, names: Sequence[str]) -> dict[str, Any]:
    plan = found.pairing
    return {
        "teams": [{**team._asdict(), "raters": [names[rater] for rater in team.raters]} for team in plan.teams],
        "training": [
            {"rater": names[one.rater], "mentor": names[one.mentor], "reason": one.reason} for one in plan.training
        ],
        "rotation": [[names[one], names[other]] for one, other in plan.rotation],
    }


def _point(found: Calibration, one: PointAdvice, names: Sequence[str]) -> dict[str, Any]:
    question, point = found.arrays.points[one.point]
    return {
        "question_id": question or None,
        "point_id": point,
        "n_answers": one.n_answers,
        "n_common": one.n_common,
        "award_rate": one.award_rate.as_dict(),
        "split_rate": one.split_rate.as_dict(),
        "gwet_ac1": one.ac1.as_dict(),
        "rest_correlation": one.rest_correlation.as_dict(),
        "twin": None
        if one.twin is None
        else {"point_id": found.arrays.points[one.twin.point][1], "phi": one.twin.phi.as_dict()},
        "outliers": [_interaction(cell, names) for cell in one.outliers],
        "machine_differs": None if one.machine is None else one.machine.as_dict(),
        "machine_bias": one.machine_bias,
        "action": one.action,
        "reasons": [{"action": action, "reason": reason} for action, reason in one.reasons],
    }


def _agenda_item(found: Calibration, item: AgendaItem, names: Sequence[str]) -> dict[str, Any]:
    answer = found.arrays.answer_ids[item.answer]
    return {
        "answer_id": answer,
        "question_id": question_name(found, item.question),
        "spread": item.spread,
        "fair_spread": item.fair_spread,
        "split_at_cut": item.split,
        "scores": {names[rater]: score for rater, score in zip(item.raters, item.scores, strict=True)},
        "points": [found.arrays.points[point][1] for point in item.points],
        "ask": "different bar" if item.different_bar else "different evidence",
        "answer": found.texts.get(answer),
    }


def _change(change: Change) -> dict[str, Any]:
    return {"earlier": change.earlier, "now": change.now, "difference": change.difference.as_dict()}


def _system(name: str, system: SystemRater) -> dict[str, Any]:
    """A machine beside the people; `rules` are the three of automated scoring."""
    found: dict[str, Any] = _plain(system)
    return {"name": name, "rules": found.pop("triple"), **found}


def _plain(value: Any) -> Any:
    """Nested results as JSON knows them: objects for named fields, lists for arrays, null for what is undefined."""
    if isinstance(value, Estimate):
        return value.as_dict()
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {name: _plain(part) for name, part in zip(value._fields, value, strict=True)}
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
