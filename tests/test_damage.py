"""Damage to any file that the program writes or reads back is found, or changes no number."""

import logging
import os
from pathlib import Path

import numpy as np
import pytest

from grader.batch.worklist import Worklist
from grader.encoders.compilation import compiled_path, recorded_digest
from grader.encoders.onnx import OnnxEncoder
from grader.errors import InputError
from grader.schema import Answer
from tests.support.damage import TARGETS, run

TEXTS = ["Dropout turns random units off.", "A loss says how wrong a net is."]


@pytest.mark.parametrize("name", TARGETS)
def test_damage_is_found_or_changes_no_number(name: str, tmp_path: Path) -> None:
    assert run(name, tmp_path, 10).total() == 10


def test_a_flipped_bit_in_the_compiled_encoder_changes_no_vector(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("GRADER_CACHE", str(tmp_path))
    right = OnnxEncoder().encode(TEXTS[:1])
    path = compiled_path(OnnxEncoder()._key)
    whole = path.read_bytes()
    digest = recorded_digest(path)
    place = len(whole) // 2
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 64]) + whole[place + 1 :])
    with caplog.at_level(logging.WARNING):
        found = OnnxEncoder().encode(TEXTS)  # the second text is not in the cache: the file is opened
    assert f"{path} is damaged (its sha256 is " in caplog.text
    assert np.array_equal(found[0].vectors, right[0].vectors)
    assert path.read_bytes() == whole and recorded_digest(path) == digest
    assert path.with_name(f"{path.name}.damaged").exists()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the temporary file is reached through /proc")
def test_damage_to_the_worklist_stops_the_run() -> None:
    refused = 0
    for seed in range(20):
        draw = np.random.default_rng(seed)
        with Worklist() as work:
            for number in range(700):
                answer = Answer(answer_id=str(number), question_id="q", answer=f"{number} " + "some words " * 400)
                work.add(answer, key=f"key {number}", words=None, line=number, source="a.jsonl")
            [file] = [fd for fd in map(int, os.listdir("/proc/self/fd")) if _is_deleted_database(fd)]
            with open(f"/proc/self/fd/{file}", "r+b") as opened:
                opened.seek(int(draw.integers(os.fstat(file).st_size)))
                opened.write(draw.bytes(100))
            try:
                found = [(item.answer.answer_id, len(item.answer.answer), item.key) for item in work.in_order()]
            except InputError as error:
                assert "damaged: run the same command again" in str(error)
                refused += 1
            else:
                assert [one[0] for one in found] == [str(number) for number in range(700)]
                assert all(one[2] == f"key {one[0]}" for one in found)
    assert refused > 5


def _is_deleted_database(fd: int) -> bool:
    try:
        return "etilqs" in os.readlink(f"/proc/self/fd/{fd}")
    except OSError:
        return False
