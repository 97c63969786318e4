import sqlite3
import zipfile
from pathlib import Path

import pytest

from grader.errors import InputError
from grader.practice.anki import write_anki_deck
from grader.practice.progress import study_list
from tests.practice.support import attempt, exercise

DROPOUT = exercise("dropout", "deep nets", question="What is <b>dropout</b> & why?\n{{Point}}")


def notes(deck: Path, folder: Path) -> dict[str, list[str]]:
    """The fields of each note of a deck by its id, as Anki reads them."""
    with zipfile.ZipFile(deck) as packed:
        packed.extract("collection.anki2", folder)
    connection = sqlite3.connect(folder / "collection.anki2")
    rows = connection.execute("SELECT guid, flds, tags FROM notes ORDER BY id").fetchall()
    connection.close()
    return {guid: [*fields.split("\x1f"), tags.strip()] for guid, fields, tags in rows}


def test_a_card_for_each_missed_point_and_the_same_one_later(tmp_path: Path) -> None:
    exercises, tries = {"dropout": DROPOUT}, [attempt(DROPOUT, 0, 0.5), attempt(DROPOUT, 1, 0, number=2, days=1)]
    assert write_anki_deck(tmp_path / "a.apkg", study_list(exercises, tries[:1])) == 2
    assert write_anki_deck(tmp_path / "a.apkg", study_list(exercises, tries)) == 1
    later = notes(tmp_path / "a.apkg", tmp_path)
    assert write_anki_deck(tmp_path / "b.apkg", study_list(exercises, tries[:1])) == 2
    first = notes(tmp_path / "b.apkg", tmp_path)
    assert later.keys() < first.keys()
    assert list(later.values()) == [
        [
            "What is &lt;b&gt;dropout&lt;/b&gt; &amp; why?<br>{{Point}}",
            "Which point was missed in 2 of 2 answers?",
            "Point 2 of dropout.",
            "It is so.",
            "deep_nets",
        ]
    ]


def test_where_it_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist, create it first"):
        write_anki_deck(tmp_path / "no" / "deck.apkg", study_list({"dropout": DROPOUT}, [attempt(DROPOUT, 0, 0)]))
