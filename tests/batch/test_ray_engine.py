"""Many machines give the bytes of one, also when one of them is lost on the way. Needs Ray."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader import Grader, SetupError
from grader.batch.journal import Journal
from grader.batch.ray_engine import RayEngine
from grader.batch.run import Batch
from grader.batch.worklist import Worklist
from grader.cli.outputs import journal_of, write_grades
from grader.files.answer_files.answers import numbered_answers
from grader.settings import Settings
from tests.batch.test_run import answer, write
from tests.support.batch_run import CHUNK, rubrics
from tests.support.batch_run import run as run_here
from tests.support.fake_encoder import WordEncoder

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'answer-grader[ray]'")
pytestmark = pytest.mark.filterwarnings("ignore")  # Ray warns about its own internals
N = 120


def make(first: str = "Dropout disables random units") -> Grader:
    return Grader(rubrics(first), encoder=WordEncoder(), settings=Settings(verifier=False))


def make_slowly() -> Grader:
    time.sleep(1)
    return make()


def make_on_a_gpu() -> Grader:
    assert ray.get_gpu_ids()
    return make()


@pytest.fixture(scope="module")
def cluster() -> Iterator[object]:
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    ray.init(address=cluster.address, log_to_driver=False, logging_level="error", include_dashboard=False)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    return write(tmp_path / "answers.jsonl", [answer(number) for number in range(N)])


def run(answers: Path, output: Path, engine: RayEngine) -> int:
    """Grade on the cluster; how many grades were there before."""
    with Journal(journal_of(output)) as journal, Worklist() as work:
        batch = Batch(make().signature_of, engine, journal, work, chunk_size=CHUNK)
        batch.load(numbered_answers(answers), source=str(answers))
        for _ in batch.grade():
            pass
        write_grades(batch, "jsonl", output, as_json=False)
        return batch.n_reused


def clean(answers: Path, folder: Path) -> bytes:
    (folder / "clean").mkdir()
    run_here(answers, folder / "clean" / "grades.jsonl")
    return (folder / "clean" / "grades.jsonl").read_bytes()


def test_it_gives_the_same_bytes_and_goes_on_by_the_same_rule(cluster: object, answers: Path, tmp_path: Path) -> None:
    output = tmp_path / "grades.jsonl"
    engine = RayEngine(make(), make, n_actors=1)
    assert run(answers, output, engine) == 0
    assert output.read_bytes() == clean(answers, tmp_path)
    assert run(answers, output, engine) == N
    rows = [answer(number) for number in range(N)]
    write(answers, [*rows[:-1], {**rows[-1], "question_id": "q1", "answer": "Quite another answer"}])
    assert run(answers, output, engine) == N - 1
    assert json.loads(output.read_text().splitlines()[-1])["score"] is not None


def test_a_node_that_is_lost_half_way_changes_nothing(cluster: object, answers: Path, tmp_path: Path) -> None:
    node = cluster.add_node(num_cpus=1)  # type: ignore[attr-defined]
    cluster.wait_for_nodes()  # type: ignore[attr-defined]
    output = tmp_path / "grades.jsonl"
    kept = journal_of(output)
    assert kept is not None

    def lose() -> None:
        while not kept.exists() or kept.stat().st_size < 2000:
            time.sleep(0.01)
        cluster.remove_node(node, allow_graceful=False)  # type: ignore[attr-defined]

    thread = threading.Thread(target=lose)
    thread.start()
    run(answers, output, RayEngine(make(), make_slowly, n_actors=2))
    thread.join()
    assert output.read_bytes() == clean(answers, tmp_path)


def test_graders_take_the_gpus_that_they_are_given(cluster: object, answers: Path, tmp_path: Path) -> None:
    """Ray counts GPUs by what it is told, so that this needs none."""
    with pytest.raises(SetupError, match="the cluster has 0 GPUs and each grader needs 1: look at `ray status`"):
        RayEngine(make(), make, gpus=1.0)
    node = cluster.add_node(num_cpus=2, num_gpus=1)  # type: ignore[attr-defined]
    cluster.wait_for_nodes()  # type: ignore[attr-defined]
    output = tmp_path / "grades.jsonl"
    engine = RayEngine(make(), make_on_a_gpu, gpus=0.5)
    assert engine._n_actors == 2
    run(answers, output, engine)
    assert output.read_bytes() == clean(answers, tmp_path)
    cluster.remove_node(node)  # type: ignore[attr-defined]


def test_a_machine_that_would_grade_otherwise_is_refused(cluster: object, answers: Path, tmp_path: Path) -> None:
    engine = RayEngine(make(), lambda: make("Another rubric"), n_actors=1)
    with pytest.raises(SetupError, match="a machine of the cluster grades otherwise"):
        run(answers, tmp_path / "grades.jsonl", engine)
