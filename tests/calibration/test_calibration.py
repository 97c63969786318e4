import json
from dataclasses import replace

import pytest

from grader.calibration.calibration import Calibration, CalibrationOptions, calibrate, pseudonyms
from grader.calibration.ratings.reading import Rating, Ratings
from grader.errors import InputError
from grader.reports.blocks import report_tables
from grader.reports.calibration.json_export import calibration_json
from grader.reports.calibration.sections import calibration_sections
from grader.reports.calibration.sentences import verdict_sentences
from grader.reports.calibration.terminal import calibration_lines
from grader.reports.html_page import render_sections_page
from tests.support.sample_calibration import TEAM, any_ratings, rated_by_machine, team

QUICK = CalibrationOptions(resamples=100)


@pytest.fixture(scope="module")
def found() -> Calibration:
    ratings = replace(team(), gold={(f"a{i}", None): 5.0 for i in range(6)})
    return calibrate(rated_by_machine(ratings), CalibrationOptions(cut=6.0, resamples=200), earlier=team(seed=8))


def test_the_strict_rater_is_found(found: Calibration) -> None:
    strict = found.raters[found.arrays.raters.index(TEAM[0])]
    assert strict.verdict.label == "strict"
    # Two points less than each of two colleagues: 2 (1 - 1 / 3) less than the panel.
    assert strict.severity.value == pytest.approx(-4 / 3, abs=0.2)
    assert [profile.verdict.label for profile in found.raters].count("aligned") == 2


def test_every_section_has_something_to_say(found: Calibration) -> None:
    assert found.overview.connected and found.overview.strength == "bands"
    assert {"flips", "icc_a1", "sem"} <= set(found.agreement.statistics)
    assert len(found.gold) == 3 and found.repeats == ()
    assert [one.n_double_marked for one in found.questions] == [20, 20, 20]
    assert len(found.points) == 6 and len(found.agenda) == 6
    assert len(found.pairing.rotation) == 12 and found.plan.flips
    assert set(found.changes) >= {"krippendorff_alpha", "sem"}
    assert found.systems["system:m"].n == 60 and len(found.systems["system:m"].groups) == 2


def test_the_machine_is_not_one_of_the_people(found: Calibration) -> None:
    assert "system:m" not in found.arrays.raters
    assert found.overview.n_raters == 3


def test_one_rater_has_nobody_to_be_compared_with() -> None:
    alone = team(5, ("kim",))
    with pytest.raises(InputError, match=r"ratings.csv: all ratings are by 'kim': to compare, add"):
        calibrate(alone, QUICK)
    assert calibrate(rated_by_machine(alone), QUICK).systems["system:m"].n == 5


def test_few_answers_get_no_verdict() -> None:
    few = calibrate(team(12), QUICK)
    assert few.agreement.verdicts == {}
    assert verdict_sentences(few) == (
        "No verdict: 12 answers with two or more raters. An early indication needs 20, a verdict 50.",
    )
    assert {profile.verdict.label for profile in few.raters} == {"not_enough_data"}
    some = calibrate(team(30), QUICK)
    assert verdict_sentences(some)[0].startswith("An early indication, from 30 answers: two raters give the same score")


def test_of_two_raters_nobody_is_said_to_be_the_odd_one() -> None:
    sentences = verdict_sentences(calibrate(team(110, TEAM[:2]), QUICK))
    assert sentences[-1].startswith("The two raters differ in a way that is both certain and large; only a third")
    assert "1 of 3 raters differs from colleagues" in verdict_sentences(calibrate(team(110), QUICK))[-1]


def test_raters_who_share_no_answer_are_said_not_to_be_comparable() -> None:
    apart = [Rating(f"b{i}", rater, float(i % 4)) for i in range(25) for rater in ("pat", "sam")]
    ratings = team(25)
    found = calibrate(replace(ratings, rows=(*ratings.rows, *apart)), QUICK)
    assert not found.overview.connected
    assert "The raters fall into 2 groups" in found.overview.notes[0]


def test_constant_raters_and_no_shared_answers_are_no_traceback() -> None:
    constant = Ratings("r.csv", tuple(Rating(f"a{i}", rater, 3.0) for i in range(30) for rater in ("kim", "lee")))
    found = calibrate(constant, CalibrationOptions(cut=3, resamples=100))
    assert "all raters gave the same score everywhere" in (found.agreement.statistics["icc_a1"].note or "")
    rows = tuple(Rating(f"{rater}{i}", rater, float(i)) for i in range(5) for rater in ("kim", "lee"))
    nothing = calibrate(Ratings("r.csv", rows), CalibrationOptions(cut=3, resamples=100))
    assert nothing.agreement.statistics["exact"].value is None
    assert nothing.agenda == () and nothing.pairing.teams == ()
    for each in (found, nothing):
        json.dumps(calibration_json(each, each.pseudonyms), allow_nan=False)
        assert calibration_lines(each, each.pseudonyms)


def test_pseudonyms_are_steady_and_tell_nobody() -> None:
    ratings = team()
    names = tuple(sorted(TEAM))
    first = pseudonyms(ratings, names)
    assert sorted(first) == ["rater 1", "rater 2", "rater 3"]
    assert first == pseudonyms(ratings, names)
    others = {pseudonyms(team(seed=seed), names) for seed in range(12)}
    assert len(others) > 1  # neither the alphabet nor the order of the file decides


# --- JSON ------------------------------------------------------------------------------------------


def test_the_json_has_what_the_contract_says(found: Calibration) -> None:
    result = calibration_json(found, found.arrays.raters)
    json.dumps(result, allow_nan=False)
    assert {
        "n_answers",
        "n_raters",
        "n_ratings",
        "n_double_marked",
        "connected",
        "agreement",
        "raters",
    } <= result.keys()
    assert {"questions", "points", "agenda", "system"} <= result.keys()
    assert (result["n_answers"], result["n_raters"], result["n_double_marked"]) == (60, 3, 60)
    assert {
        *("exact", "adjacent", "quadratic_weighted_kappa", "krippendorff_alpha", "icc_a1", "icc_ak", "icc_c1"),
        *("icc_ck", "gwet_ac1", "sem"),
    } <= result["agreement"].keys()
    for estimate in result["agreement"].values():
        assert {"value", "low", "high", "n"} <= estimate.keys()
    for rater in result["raters"]:
        assert {
            "rater",
            "n",
            "severity",
            "low",
            "high",
            "consistency",
            "spread",
            "halo",
            "drift",
            "label",
        } <= rater.keys()
        assert rater["low"] < rater["severity"] < rater["high"]
    assert [rater["rater"] for rater in result["raters"]] == sorted(TEAM)
    assert result["system"]["name"] == "system:m" and len(result["system"]["rules"]) == 3


def test_without_a_machine_system_is_null() -> None:
    assert calibration_json(calibrate(team(20), QUICK), TEAM)["system"] is None


# --- terminal --------------------------------------------------------------------------------------


def test_the_terminal_shows_the_verdict_the_raters_and_what_to_discuss(found: Calibration) -> None:
    names = ["\x1b[31mred\x1b[0m", "lee", "max"]
    lines = calibration_lines(found, names)
    text = "\n".join(lines)
    assert "\x1b" not in text and "red" in text
    assert lines[0].startswith("3 raters, 60 answers, 60 of them rated by two or more; 180 ratings; all raters linked")
    assert any(line.startswith("Two raters give the same score") for line in lines)
    assert any("strict" in line for line in lines)
    assert "  To discuss" in lines and "  Change since the earlier ratings" in lines
    assert any("May system:m stand in for a person? From 60 answers" in line for line in lines)
    assert any("quadratic-weighted kappa with a person of at least .70" in line for line in lines)


def test_the_terminal_says_once_why_there_are_no_coefficients() -> None:
    rows = tuple(Rating(f"a{i}", rater, 2.0) for i in range(25) for rater in TEAM)
    text = "\n".join(calibration_lines(calibrate(Ratings("r.csv", rows)), TEAM))
    assert text.count("all raters gave the same score everywhere") == 1
    assert "No Quadratic-weighted kappa, Correlation r, " in text


def test_the_terminal_marks_words_on_few_answers_and_names_nobody_without_a_reason() -> None:
    found = calibrate(team(40, strict=0.0))
    lines = calibration_lines(found, TEAM)
    assert found.agreement.verdicts
    assert sum(line.endswith("(early indication)") for line in lines) == len(found.agreement.verdicts) + len(TEAM)
    assert not any(name in line for line in lines if "check: wrong or mis-keyed?" in line for name in TEAM)


def test_the_terminal_says_who_can_be_compared_with_whom() -> None:
    rows = [Rating(f"{pair}{i}", f"{pair}{who}", float(i % 4)) for pair in "xy" for i in range(20) for who in "12"]
    lines = calibration_lines(calibrate(Ratings("r.csv", tuple(rows))), ["x1", "x2", "y1", "y2"])
    assert any(line.split()[-3:] == ["a", "word", "group"] for line in lines)
    assert {line.split()[0]: line.split()[-1] for line in lines if line[2:4] in ("x1", "y2")} == {"x1": "1", "y2": "2"}


def test_questions_with_a_handful_of_answers_are_not_ranked_on_the_terminal() -> None:
    rows = [Rating(f"a{i}", rater, float(i % 4), f"q{i // 2}") for i in range(24) for rater in TEAM]
    assert not any(
        "Least agreement" in line for line in calibration_lines(calibrate(Ratings("r.csv", tuple(rows))), TEAM)
    )


def test_votes_of_many_raters_are_cut_short_on_the_terminal() -> None:
    names = [f"r{n}" for n in range(30)]
    rows = [Rating(f"a{i}", name, float((i + n) % 5)) for i in range(10) for n, name in enumerate(names)]
    lines = calibration_lines(calibrate(Ratings("r.csv", tuple(rows))), names)
    assert any(", 24 more, " in line for line in lines) and max(map(len, lines)) < 160


@pytest.mark.parametrize("seed", range(12))
def test_any_ratings_give_a_whole_report(seed: int) -> None:
    ratings = any_ratings(seed)
    try:
        found = calibrate(ratings, CalibrationOptions(cut=ratings.rows[0].score, resamples=100), earlier=ratings)
    except InputError as error:
        assert "all ratings are by" in str(error)
        return
    json.dumps(calibration_json(found, found.pseudonyms), allow_nan=False)
    assert calibration_lines(found, found.pseudonyms)
    sections = calibration_sections(found, found.pseudonyms)
    assert render_sections_page(sections, title="t", lead=(), footer="").count("<h2") == len(sections)
    for table in report_tables(sections):
        assert all(set(row) <= set(table.csv_columns()) for row in table.csv_rows())
        json.dumps(list(table.csv_rows()), allow_nan=False)
