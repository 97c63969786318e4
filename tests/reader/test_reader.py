"""The packaged reader: what it reads does not depend on company, and all ways of running it agree."""

from pathlib import Path

import numpy as np
import pytest
import torch

from grader.encoders.model_files import model_revision, packaged_model
from grader.errors import SetupError
from grader.grading.grader import Grader
from grader.grading.reader_credit import READER_CALIBRATION
from grader.reader.reader import N_ANSWER, PackagedReader, Reading, Task, packed_sequence
from grader.reader.registry import load_reader
from grader.schema import Answer, Rubric
from grader.settings import Settings
from tests.benchmarks.reader_data import Example
from tests.benchmarks.reader_network import Network, Pieces, save

QUESTION = "What does dropout do?"
POINTS = ("Dropout disables random units.", "It is active only during training.", "It reduces overfitting.")
ANSWER = "Units are switched off at random, but only while the network is being trained."


@pytest.fixture(scope="module")
def reader() -> PackagedReader:
    return PackagedReader(packaged_model(), keeps=False)


def test_it_was_trained_on_the_packaged_word_vectors(reader: PackagedReader) -> None:
    assert reader.fits(model_revision(packaged_model()))
    assert not reader.fits("another")


def test_a_reading_does_not_depend_on_the_other_answers(reader: PackagedReader) -> None:
    tasks = [Task(QUESTION, answer, POINTS) for answer in (ANSWER, "It helps.", "No idea.", ANSWER * 3)]
    assert reader.read(tasks) == [reader.read([task])[0] for task in tasks]
    assert reader.read(tasks[::-1]) == reader.read(tasks)[::-1]


def test_a_point_is_read_the_same_beside_any_other_points(reader: PackagedReader) -> None:
    [beside] = reader.read([Task(QUESTION, ANSWER, POINTS)])
    alone = [reader.read([Task(QUESTION, ANSWER, (point,))])[0][0] for point in POINTS]
    assert np.array(beside) == pytest.approx(np.array(alone), abs=1e-4)
    [many] = reader.read([Task(QUESTION, ANSWER, POINTS * 9)])
    assert np.array(many) == pytest.approx(np.array(alone * 9), abs=1e-4)


def test_nothing_is_stated_by_a_blank_answer_or_of_a_blank_point(reader: PackagedReader) -> None:
    assert reader.read([Task(QUESTION, "", POINTS)]) == [[Reading(-10, -10)] * 3]
    [[blank, _]] = reader.read([Task("", ANSWER, ("", POINTS[0]))])
    assert blank == Reading(-10, -10)
    assert reader.read([]) == []


def test_numpy_and_the_compiled_form_agree(reader: PackagedReader) -> None:
    assert reader._compiled is not None
    plain = PackagedReader(packaged_model(), keeps=False)
    plain.__dict__["_compiled"] = None  # as where the runtime is not installed
    task = Task(QUESTION, ANSWER, POINTS)
    assert np.array(plain.read([task])) == pytest.approx(np.array(reader.read([task])), abs=1e-3)


def test_a_long_answer_is_read_to_its_end(reader: PackagedReader) -> None:
    filler = "The lecture also spoke of many other things on that day. "
    [[early, _, _]] = reader.read([Task(QUESTION, ANSWER + " " + filler * 40, POINTS)])
    [[late, _, _]] = reader.read([Task(QUESTION, filler * 40 + ANSWER, POINTS)])
    [[none, _, _]] = reader.read([Task(QUESTION, filler * 40, POINTS)])
    assert min(early.stated, late.stated) > none.stated
    [[one_word, _, _]] = reader.read([Task(QUESTION, "neuron" * 2000, POINTS)])
    assert np.isfinite(one_word).all()


def test_no_point_looks_at_another_one() -> None:
    sequence = packed_sequence([5, 6], [7, 8, 9], [[10], [11, 12]])
    assert sequence.owners.tolist() == [-1] * 8 + [0] * 3 + [1] * 4
    visible = sequence.bias == 0
    assert not visible[8:11, 11:].any() and not visible[11:, 8:11].any()  # point and point
    assert not visible[:8, 8:].any()  # the answer does not see the points
    assert visible[:, :8].all() and visible[8:11, 8:11].all() and visible[11:, 11:].all()
    assert sequence.places.tolist() == [*range(8), *range(3), *range(4)]


def test_torch_and_the_package_compute_the_same(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = Network().eval()
    save(tmp_path / "reader.npz", network, words_from=model_revision(packaged_model()))
    examples = [
        Example(QUESTION, ANSWER, tuple((point, 0.0) for point in POINTS)),
        Example("", "Yes.", ((POINTS[0], 1.0),)),
    ]
    with torch.inference_mode():
        logits = network(Pieces().batch(examples)).numpy()
    packaged = PackagedReader(packaged_model(), tmp_path / "reader.npz", keeps=False)
    found = packaged.read([Task(example.question, example.answer, tuple(example.points)) for example in examples])
    # The file holds eight bits a weight.
    assert np.array([reading for readings in found for reading in readings]) == pytest.approx(logits, abs=0.1)


def test_what_was_read_is_kept_for_the_next_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADER_CACHE", str(tmp_path))
    task = Task(QUESTION, ANSWER, POINTS)
    first = PackagedReader(packaged_model()).read([task])
    again = PackagedReader(packaged_model())
    again.__dict__["_compiled"] = object()  # would fail if it ran
    assert again.read([task]) == first


def test_a_window_never_holds_more_than_the_network_reads(reader: PackagedReader) -> None:
    text = "One two three four five. " * 100 + "word " * 500
    assert max(map(len, reader._windows(text))) <= N_ANSWER


# --- in the pipeline ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rubric() -> Rubric:
    points = [{"id": f"p{number}", "text": text} for number, text in enumerate(POINTS, start=1)]
    return Rubric.model_validate({"question_id": "dropout", "question": QUESTION, "points": points})


def test_grades_carry_the_two_chances_and_the_signature_names_the_reader(rubric: Rubric) -> None:
    grader = Grader([rubric], settings=Settings(reader="packaged"))
    grade = grader.grade(Answer(answer_id="a", question_id="dropout", answer=ANSWER))
    assert f"|reader:packaged@{PackagedReader(packaged_model()).revision},{READER_CALIBRATION.name}|" in grade.signature
    for point in grade.points:
        assert point.stated is not None and point.contradicted is not None
        assert point.decided_by == "reader"
    assert grade.points[0].evidence is not None
    assert grade.points[0].evidence.text in ANSWER


def test_without_a_reader_there_are_none(rubric: Rubric) -> None:
    grader = Grader([rubric], settings=Settings(reader="none"))
    grade = grader.grade(Answer(answer_id="a", question_id="dropout", answer=ANSWER))
    assert "reader" not in grade.signature
    assert all(point.stated is None and point.contradicted is None for point in grade.points)


def test_aliases_are_read_and_the_best_wording_counts() -> None:
    rubric = Rubric.model_validate(
        {
            "question_id": "q",
            "question": "Can a tuple be changed?",
            "points": [{"id": "p", "text": "No mutation.", "aliases": ["A tuple cannot be changed after creation."]}],
        }
    )
    grader = Grader([rubric], settings=Settings(reader="packaged"))
    text = "A tuple cannot be changed after creation."
    with_alias = grader.grade(Answer(answer_id="a", question_id="q", answer=text)).points[0]
    [point] = rubric.points
    without = rubric.model_copy(update={"points": (point.model_copy(update={"aliases": ()}),)})
    alone = Grader([without], settings=Settings(reader="packaged"))
    assert with_alias.stated is not None
    stated = alone.grade(Answer(answer_id="a", question_id="q", answer=text)).points[0].stated
    assert stated is not None and with_alias.stated >= stated - 1e-6


def test_a_reader_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    assert load_reader("none") is None
    other = load_reader(str(tmp_path / "no-such-model"))
    assert other is not None
    with pytest.raises(SetupError, match="cannot be loaded"):
        other.read([Task(QUESTION, ANSWER, POINTS)])


@pytest.mark.parametrize("reader", ["packaged", "none"])
def test_a_reference_earns_full_marks_under_its_own_rubric(reader: str) -> None:
    reference = (
        "No tuple can be changed; it never needs a copy. It isn't slower than a list, and 1,000 of them take 50 % less."
    )
    points = [
        {"id": "a", "text": "Tuples are immutable."},
        {"id": "b", "text": "Tuples need no defensive copies."},
        {"id": "c", "text": "Tuples are slower than lists.", "weight": -1},
    ]
    rubric = Rubric.model_validate(
        {"question_id": "q", "question": "What is a tuple?", "reference_answer": reference, "points": points}
    )
    grader = Grader([rubric], settings=Settings(reader=reader))
    for text in (reference, reference.upper().replace(";", ",")):
        grade = grader.grade(Answer(answer_id="a", question_id="q", answer=text))
        assert [point.status for point in grade.points[:2]] == ["covered", "covered"]
        assert all(point.credit == 1 and point.evidence is not None for point in grade.points[:2])
        assert grade.points[2].decided_by != "rule"
