"""Missed points as an Anki deck: one card a point, the same card again when the deck is written and imported again."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

from grader.errors import SetupError
from grader.files import atomic_bytes
from grader.phrases import count
from grader.practice.progress import StudyItem

# Fixed for all times: Anki knows decks and kinds of notes by these numbers.
_DECK_ID = 1_729_304_117
_MODEL_ID = 1_729_304_118
_FRONT = "{{Question}}<hr>{{Asked}}"
_BACK = "{{FrontSide}}<hr><b>{{Point}}</b><br><br><small>{{Reference}}</small>"


def write_anki_deck(path: str | Path, items: Sequence[StudyItem]) -> int:
    """Write a deck with a card for each missed point; returns the number of cards.

    The front has the question and how often the point was missed, the back the point and the whole reference answer.
    Texts are shown as they are: nothing in them is markup.

    Args:
        path: the `.apkg` file.
        items: from `study_list`.

    Raises:
        InputError: the file cannot be written.
        SetupError: genanki is not installed.

    """
    try:
        import genanki
    except ImportError as error:
        raise SetupError("Anki decks need a further package: pip install 'answer-grader[anki]'") from error

    fields = [{"name": name} for name in ("Question", "Asked", "Point", "Reference")]
    templates = [{"name": "Missed point", "qfmt": _FRONT, "afmt": _BACK}]
    model = genanki.Model(_MODEL_ID, "Missed point of an answer", fields=fields, templates=templates)
    deck = genanki.Deck(_DECK_ID, "Missed points")
    for item in items:
        for point in item.points:
            asked = f"Which point was missed in {point.n_missed} of {count(point.n_tries, 'answer')}?"
            if point.n_tries == 1:
                asked = "Which point was missed?"
            texts = (item.question, asked, point.text, item.reference_answer)
            deck.add_note(
                genanki.Note(
                    model=model,
                    fields=[escape(text).replace("\n", "<br>") for text in texts],
                    guid=genanki.guid_for(item.question_id, point.point_id),
                    tags=[] if item.topic is None else ["_".join(item.topic.split())],
                )
            )
    with TemporaryDirectory() as folder, atomic_bytes(path) as written:
        made = Path(folder) / "deck.apkg"
        genanki.Package(deck).write_to_file(made)
        written.write(made.read_bytes())
    return len(deck.notes)
