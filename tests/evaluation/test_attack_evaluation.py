"""Attacks on the real grader: what the runner reports, and the gate on our own bank."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from grader.cli.app import app
from grader.encoders.protocol import Encoder
from grader.errors import InputError
from grader.evaluation.attack_evaluation import ATTACK_IDS, RobustnessReport, parse_attack_ids, run_attacks
from grader.evaluation.statement_pairs import grade_statement_pairs, read_statement_pairs
from grader.files.answer_files.answers import read_answers
from grader.flags import FLAGS
from grader.grading.grader import Grader
from grader.rubrics.rubric_files import read_rubric, read_rubrics
from grader.schema import Answer, Grade, Rubric

# The gate: the highest rate at which an attack may succeed on the questions below. Tighten a number
# when a defence makes it possible; never loosen one.
ALLOWED = {
    "C01": 0.0,  # blank
    "C02": 0.0,  # symbols
    "C03": 0.0,  # gibberish
    "C04": 0.0,  # openings
    "C05": 0.0,  # question echoed
    "C06": 0.0,  # question before the answer
    "C07": 0.0,  # keywords
    "C08": 0.0,  # words shuffled
    "C09": 0.0,  # sentences shuffled
    "C10": 0.125,  # negation: in words of its own it is hardly seen
    "C11": 0.0,  # opposite
    "C12": 0.0,  # number
    "C13": 0.0,  # roles
    "C14": 0.5,  # quantifier
    "C15": 0.0,  # one fact of the reference
    "C16": 0.0,  # contradiction appended
    "C17": 0.0,  # each claim and its denial
    "C18": 0.25,  # off topic
    "C19": 0.0,  # padding
    "C20": 0.0,  # repetition
    "C21": 0.0,  # partial answer
    "C22": 0.0,  # adverbs
    "C23": 0.0,  # prefix
    "C24": 0.34,  # keywords in a weak answer
    "C25": 0.0,  # typos and the like
    "C26": 0.0,  # another language
    "C27": 0.0,  # layout
    "C29": 0.0,  # look-alike letters
    "C30": 0.0,  # invisible characters
    "C31": 0.0,  # fullwidth and bold
    "C32": 0.0,  # copy
    "C33": 0.0,  # duplicates
    "C34": 0.0,  # order
    "C35": 0.0,  # faulty files
}
# No gate: 100,000 characters take too long for a test, and nobody has measured C36 to C49 yet.
NO_GATE = {"C28", *(f"C{number}" for number in range(36, 50))}
# How far a change that keeps the meaning may move the score on average.
MEAN_CHANGE = {"C06": 0.03, "C09": 0.03, "C19": 0.03, "C20": 0.03, "C25": 0.03, "C27": 0.03, "C31": 1e-6}
# Two questions with short answers, for time; `make attack` runs over the whole bank, and over C28 as well.
QUESTIONS = ("evaluation-metrics", "regularization")


@pytest.fixture(scope="module")
def raised() -> set[str]:
    """The flags of all answers of the report; empty until it was made."""
    return set()


@pytest.fixture(scope="module")
def report(root: Path, encoder: Encoder, raised: set[str]) -> RobustnessReport:
    def seen(grades: Iterator[Grade], total: int) -> Iterator[Grade]:
        for grade in grades:
            raised.update(grade.flags)
            yield grade

    known = read_rubrics(root / "rubrics")
    answers = [a for a in read_answers(root / "data" / "practice_answers.jsonl") if a.question_id in QUESTIONS]
    grader = Grader([known[name] for name in QUESTIONS], encoder=encoder)
    return run_attacks(grader, answers, only=ALLOWED, progress=seen)


def test_every_attack_has_a_gate_or_a_reason() -> None:
    assert set(ATTACK_IDS) - set(ALLOWED) == NO_GATE


@pytest.mark.parametrize("name", ALLOWED)
def test_gate(report: RobustnessReport, name: str) -> None:
    [result] = [result for result in report.results if result.id == name]
    row = result.as_dict()
    assert row["n"] > 0
    assert row["rate"] <= ALLOWED[name], [(case.question_id, case.change, case.why) for case in result.worst(5)]
    if name in MEAN_CHANGE:
        assert row["mean_change"] <= MEAN_CHANGE[name]


def test_every_flag_that_an_attack_raises_is_explained(report: RobustnessReport, raised: set[str]) -> None:
    assert raised >= {"gibberish", "question_echo", "contradiction", "hidden_characters", "no_answer", "language"}
    assert raised <= FLAGS.keys()


def test_the_report_adds_up(report: RobustnessReport) -> None:
    row = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    assert row["n_cases"] == sum(entry["n"] for entry in row["attacks"])
    assert row["signature"].startswith("grader:")
    for entry in row["attacks"]:
        assert {"id", "family", "expectation", "n", "n_failed", "rate", "low", "high"} <= set(entry)
        assert (entry["low"] is None) == (entry["n"] == 1)
        assert entry["n"] == 1 or 0 <= entry["low"] <= entry["rate"] <= entry["high"] <= 1
        assert entry["n_failed"] == pytest.approx(entry["rate"] * entry["n"])


# --- on a rubric of two points --------------------------------------------------------------------------

REFERENCE = "Dropout randomly disables units during training. The full network is used at inference."


@pytest.fixture
def dropout() -> Rubric:
    return Rubric.model_validate(
        {
            "question_id": "dropout",
            "question": "What does dropout do?",
            "reference_answer": REFERENCE,
            "points": [
                {"id": "p1", "text": "Dropout randomly disables units during training", "source_span": [0, 47]},
                {"id": "p2", "text": "The full network is used at inference", "source_span": [49, 86]},
            ],
        }
    )


def run(*arguments: object) -> Iterator[object]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "160"})
    return iter((result.exit_code, result.stdout, result.stderr))


def test_without_answers_the_reference_stands_for_a_good_one(dropout: Rubric, encoder: Encoder) -> None:
    report = run_attacks(Grader([dropout], encoder=encoder), only={"C09", "C15"})
    assert report.notes == ("1 questions without one: their reference answer stands for it",)
    by_id = {result.id: result for result in report.results}
    assert by_id["C15"].outcomes[0].of_reference
    changes = [outcome.change for outcome in by_id["C15"].outcomes]
    assert changes == ["p1: disables -> enables", "p2: is -> is not"]


def test_without_levels_the_best_scored_answer_is_the_good_one(dropout: Rubric, encoder: Encoder) -> None:
    texts = ("It makes nets bigger and better than before.", REFERENCE, "Dropout disables units.")
    answers = [Answer(answer_id=str(at), question_id="dropout", answer=text) for at, text in enumerate(texts)]
    report = run_attacks(Grader([dropout], encoder=encoder), answers, only={"C22", "C33"})
    assert report.notes == ("1 good answers (scored best)",)
    by_id = {result.id: result for result in report.results}
    assert by_id["C33"].outcomes[0].text == REFERENCE
    assert by_id["C22"].outcomes[0].text.endswith("makes nets bigger and better than before.")


def test_a_case_does_not_depend_on_the_others(dropout: Rubric, encoder: Encoder) -> None:
    grader = Grader([dropout], encoder=encoder)
    alone = run_attacks(grader, only={"C25"})
    among = run_attacks(grader, only={"C03", "C08", "C25"})
    assert [o.text for o in alone.results[0].outcomes] == [o.text for o in among.results[-1].outcomes]
    other = run_attacks(grader, only={"C25"}, seed=1)
    assert [o.text for o in alone.results[0].outcomes] != [o.text for o in other.results[0].outcomes]


def test_a_lost_point_is_no_success(dropout: Rubric, encoder: Encoder) -> None:
    """An attack that leaves no trace of the point fails, one that keeps its words succeeds."""
    [result] = run_attacks(Grader([dropout], encoder=encoder), only={"C15"}).results
    assert result.n_failed == sum(outcome.why is not None for outcome in result.outcomes)
    assert all(outcome.why is None or "keeps" in outcome.why for outcome in result.outcomes)


def test_written_answers_of_other_levels_are_material(dropout: Rubric, encoder: Encoder) -> None:
    rows = (
        ("strong", "Random units are switched off while training and never at test time, where the whole net runs."),
        ("strong", "While it trains, some units chosen by chance are silent; at inference nothing is silent."),
        ("partial", "While training, some units are switched off by chance."),
        ("misconception", "It deletes the smallest neurons for good to make the file shorter."),
        ("misconception", "Dropout randomly enables units during inference, the full network is used at training."),
    )
    answers = [
        Answer.model_validate(
            {"answer_id": str(at), "question_id": "dropout", "answer": text, "extra": {"level": level}}
        )
        for at, (level, text) in enumerate(rows)
    ]
    report = run_attacks(Grader([dropout], encoder=encoder), answers, only={"C36", "C37", "C49"})
    cases = {
        result.id: [(outcome.change, outcome.text) for outcome in result.outcomes if "turned" not in outcome.change]
        for result in report.results
    }
    assert list(cases) == ["C36", "C37", "C49"]
    # Once, though there are two good answers.
    assert cases["C36"] == [("written misconception", rows[3][1])]
    assert cases["C37"] == [("written misconception", rows[4][1])]
    compared = [change for change, _ in cases["C49"]]
    assert compared.count("good against partial") == 2
    assert {"good against wrong", "partial against wrong"} <= set(compared)


def test_without_written_answers_the_points_are_the_material(dropout: Rubric, encoder: Encoder) -> None:
    report = run_attacks(Grader([dropout], encoder=encoder), only={"C36", "C37", "C48", "C49"})
    n_cases = {result.id: len(result.outcomes) for result in report.results}
    assert n_cases == {"C36": 0, "C37": 1, "C48": 2, "C49": 3}
    [wrong] = report.results[1].outcomes
    assert wrong.text == "Dropout randomly enables units during training. The full network is not used at inference."
    assert report.as_dict()["attacks"][0]["rate"] is None


def test_only_open_questions_leave_nothing_to_attack(dropout: Rubric, encoder: Encoder) -> None:
    with pytest.raises(InputError, match="the rubrics hold no closed question"):
        run_attacks(Grader([dropout.model_copy(update={"kind": "open"})], encoder=encoder))


def test_ids_of_attacks() -> None:
    assert parse_attack_ids("c10, C11") == {"C10", "C11"}
    assert parse_attack_ids("") == set(ATTACK_IDS)
    assert tuple(f"C{number:02}" for number in range(1, 50)) == ATTACK_IDS
    with pytest.raises(InputError, match="there is no attack 'C50': expected C01 to C49"):
        parse_attack_ids("C50")


# --- the command ----------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, dropout: Rubric) -> Path:
    (tmp_path / "rubrics").mkdir()
    (tmp_path / "rubrics" / "dropout.json").write_text(dropout.model_dump_json())
    return tmp_path


def test_the_table_shows_rates_and_examples(folder: Path) -> None:
    code, out, err = run("attack", "--rubrics", folder / "rubrics", "--only", "C01,C15", "--examples", 1)
    assert code == 0
    assert "blank or punctuation only" in str(out) and "0%" in str(out)
    assert "reference answer stands for it" in str(err)


def test_json_is_one_object(folder: Path) -> None:
    code, out, _ = run("attack", "--rubrics", folder / "rubrics", "--only", "C01", "--json")
    assert code == 0
    [entry] = json.loads(str(out))["attacks"]
    assert (entry["id"], entry["n"], entry["n_failed"]) == ("C01", 3, 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "C99"], "grader: field 'only': there is no attack 'C99'"),
        (["--rubrics", "nowhere"], "grader: nowhere: there is no such file or folder"),
        (["--pairs", "nowhere.tsv"], "grader: nowhere.tsv: cannot be read"),
    ],
)
def test_faults_of_the_user_are_one_line(arguments: list[str], message: str) -> None:
    code, out, err = run("attack", *arguments)
    assert (code, out) == (1, "")
    assert str(err).startswith(message) and str(err).count("\n") == 1


# --- pairs ----------------------------------------------------------------------------------------------

PAIRS = (
    "point\tstatement\trelation\tsource\n"
    'The "cache" is warm\tThe cache is "warm\tsame\thand\n'
    "Dropout disables units\tWe had soup for lunch\tcontradicts\tother\n"
    "Dropout disables units\tDropout disables units\tSame\thand\n"
)


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    (tmp_path / "pairs.tsv").write_text(PAIRS)
    return tmp_path / "pairs.tsv"


def test_quotes_mean_nothing_in_tab_separated_pairs(pairs: Path) -> None:
    [first, *_] = read_statement_pairs(pairs)
    assert first == ('The "cache" is warm', 'The cache is "warm', "same", "hand")


def test_a_pair_counts_by_the_credit_of_its_point(pairs: Path, encoder: Encoder) -> None:
    row = grade_statement_pairs(read_statement_pairs(pairs), encoder=encoder).as_dict()
    assert (row["n_contradicts"], row["contradicted_rate"]) == (1, 1.0)
    assert (row["n_same"], row["false_veto_rate"]) == (2, 0.0)
    assert list(row["by_source"]) == ["hand", "other"]
    assert row["by_source"]["hand"]["contradicted_rate"] is None


def test_pairs_on_the_command_line(pairs: Path) -> None:
    code, out, _ = run("attack", "--pairs", pairs, "--json")
    assert code == 0
    assert json.loads(str(out))["n_same"] == 2
    code, out, _ = run("attack", "--pairs", pairs)
    assert "contradictions without credit 100.0%" in str(out)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\tcontradicts\t", "\tdenies\t", r":3: field 'relation': found 'denies', expected contradicts or same"),
        ("We had soup for lunch", "...", r":3: field 'statement': holds no letter or digit"),
        ("statement", "said", r"field 'statement': no such column"),
        ("\tother", "", r":3: found 3 fields, the header has 4 columns"),
    ],
)
def test_faulty_pairs_are_refused_with_their_line(pairs: Path, old: str, new: str, message: str) -> None:
    pairs.write_text(PAIRS.replace(old, new))
    with pytest.raises(InputError, match=message):
        read_statement_pairs(pairs)


def test_pairs_come_from_any_table(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text('{"point": "A tree grows", "statement": "A tree shrinks", "relation": "contradicts"}\n')
    [pair] = read_statement_pairs(path)
    assert (pair.relation, pair.source) == ("contradicts", "")


def test_our_own_rubrics_offer_every_kind_of_change(root: Path) -> None:
    """The words of the lists are those that the bank's points use."""
    from grader.evaluation.attacks import role_swap, sentence_edits

    sentences = [point.text for path in sorted((root / "rubrics").iterdir()) for point in read_rubric(path).points]
    edits = sentence_edits
    for edit, least in ((edits.negations, 100), (edits.opposites, 80), (edits.numbers, 8), (role_swap.role_swaps, 25)):
        assert sum(bool(edit(sentence)) for sentence in sentences) >= least
