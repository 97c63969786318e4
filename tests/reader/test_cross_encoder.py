"""Any pair classifier as a reader: which label means what, and a real small model from a folder."""

from pathlib import Path

import pytest
from transformers import BertConfig, BertForSequenceClassification
from transformers.models.bert import BertTokenizer

from grader.errors import SetupError
from grader.reader.cross_encoder import CrossEncoderReader, label_outputs
from grader.reader.reader import Reading, Task


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({0: "contradiction", 1: "entailment", 2: "neutral"}, (1, 0)),
        ({0: "ENTAILMENT", 1: "NEUTRAL", 2: "CONTRADICTION"}, (0, 2)),
        ({0: "not_entailment", 1: "entailment"}, (1, None)),
        ({0: "unsupported", 1: "supported"}, (1, None)),
        ({0: "LABEL_0", 1: "LABEL_1"}, (1, None)),
        ({0: "REFUTES", 1: "SUPPORTS", 2: "NOT ENOUGH INFO"}, (1, 0)),
    ],
)
def test_labels_say_which_output_means_what(labels: dict[int, str], expected: tuple[int, int | None]) -> None:
    assert label_outputs("m", labels) == expected


def test_labels_without_a_meaning_are_refused() -> None:
    with pytest.raises(SetupError, match="no label for entailment or support"):
        label_outputs("m", {0: "positive", 1: "negative"})


def test_a_model_from_a_folder_reads(tmp_path: Path) -> None:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c"]
    (tmp_path / "vocab.txt").write_text("\n".join(words))
    BertTokenizer(vocab_file=str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
        id2label={0: "contradiction", 1: "entailment", 2: "neutral"},
        label2id={"contradiction": 0, "entailment": 1, "neutral": 2},
    )
    BertForSequenceClassification(config).save_pretrained(tmp_path)
    reader = CrossEncoderReader(str(tmp_path))
    [two, blank] = reader.read([Task("a", "b", ("a", "c")), Task("a", " ", ("b",))])
    assert len(two) == 2 and all(-14 < value < 14 for reading in two for value in reading)
    assert blank == [Reading(-10.0, -10.0)]
    assert reader.revision == "local"
