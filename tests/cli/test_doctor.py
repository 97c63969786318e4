"""What the doctor says, and that it sends and loads nothing."""

import json
import sqlite3
from pathlib import Path

import numpy as np
from typer.testing import CliRunner, Result

from grader.cli.app import app
from grader.encoders.vector_cache import VectorCache
from grader.provider.reply_cache import ReplyCache


def doctor(folder: Path, *arguments: str, **env: str) -> Result:
    given = {"GRADER_CACHE": str(folder), "OPENAI_API_KEY": "", "OPENAI_BASE_URL": "", **env}
    return CliRunner().invoke(app, ["doctor", *arguments], env=given)


def test_it_names_encoder_judge_and_extras(tmp_path: Path) -> None:
    done = doctor(tmp_path, "--json", OPENAI_API_KEY="sk-TESTSECRET", OPENAI_BASE_URL="https://example.com/v1")
    found = json.loads(done.stdout)
    assert found["encoder"]["name"] == "all-MiniLM-L6-v2" and found["encoder"]["ready_offline"]
    assert found["judge"] == {"base_url": "https://example.com/v1", "key_set": True}
    assert found["extras"]["parquet"]
    assert "sk-TESTSECRET" not in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


def test_people_read_what_would_leave(tmp_path: Path) -> None:
    assert "answers would leave this machine), key not set" in doctor(tmp_path).stdout
    local = doctor(tmp_path, OPENAI_BASE_URL="http://localhost:11434/v1")
    assert "http://localhost:11434/v1 (on this machine)" in local.stdout
    assert "cannot be used" in doctor(tmp_path, OPENAI_BASE_URL="https://me:secret@example.com").stdout
    assert (
        "secret"
        not in doctor(
            tmp_path,
            OPENAI_BASE_URL="https://me:secret@example.com",
        ).stdout
    )


def test_it_says_what_runs_the_encoder(tmp_path: Path) -> None:
    assert "onnx (compiled at first use, in a second or two), ready offline" in doctor(tmp_path).stdout
    assert "torch, ready offline" in doctor(tmp_path, "--encoder", "torch:all-MiniLM-L6-v2").stdout
    assert "static: a table of words, no model is run, ready offline" in doctor(tmp_path, "--encoder", "static").stdout


def test_an_encoder_of_a_hub_is_not_ready(tmp_path: Path) -> None:
    found = json.loads(doctor(tmp_path, "--encoder", "someone/some-model", "--json").stdout)["encoder"]
    assert found["path"] is None and not found["ready_offline"]


def test_purge_leaves_no_text(tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path / "grader.sqlite")
    cache.put({"a": {"reason": "a very private sentence"}})
    cache.close()
    VectorCache("model", tmp_path / "vectors-2.sqlite").put([np.arange(3)], [np.ones((3, 4), np.float32)])
    said = doctor(tmp_path, "--purge").stderr
    assert "1 kept replies" in said and "vectors-2.sqlite" in said
    assert [file.name for file in tmp_path.iterdir() if "vectors" in file.name] == []
    assert all(b"very private" not in file.read_bytes() for file in tmp_path.iterdir())


def test_verify_names_every_file_and_what_is_damaged(tmp_path: Path) -> None:
    vectors, replies = tmp_path / "vectors-2.sqlite", tmp_path / "grader.sqlite"
    VectorCache("model", vectors).put([np.arange(3)], [np.ones((3, 4), np.float32)])
    cache = ReplyCache(replies)
    cache.put({"a": {"credit": 0.5}})
    cache.close()
    whole = doctor(tmp_path, "--verify")
    assert whole.exit_code == 0 and whole.stdout.count("ok  ") == 8
    assert "model.safetensors" in whole.stdout and "reader.npz" in whole.stdout
    with sqlite3.connect(replies) as connection:
        connection.execute("UPDATE items SET value = replace(value, '5', '7')")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "x.onnx").write_bytes(b"half a model")
    found = doctor(tmp_path, "--verify", "--json")
    assert found.exit_code == 1 and "2 of 9 files are damaged" in found.stderr
    files = json.loads(found.stdout)["files"]
    assert files[str(replies)] == "1 damaged rows" and files[str(vectors)] is None
    assert "no readable hash beside it; it is made again" in files[str(tmp_path / "models" / "x.onnx")]
