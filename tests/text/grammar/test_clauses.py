import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.text.grammar.clauses import clauses
from grader.text.grammar.lexicon import content_stems, is_plural, verb_forms
from grader.text.grammar.sentence import detokenize


def said(sentence: str) -> list[str]:
    return [detokenize(clause.words) for clause in clauses(sentence)]


SPLIT = {
    # Clauses with subjects of their own.
    "CNNs excel at images, RNNs handle sequences, and Transformers are strong at long contexts.": [
        "CNNs excel at images",
        "RNNs handle sequences",
        "Transformers are strong at long contexts",
    ],
    "Pruning removes weights and quantization lowers precision.": [
        "Pruning removes weights",
        "Quantization lowers precision",
    ],
    "SGD updates weights with one example, while Adam keeps running averages.": [
        "SGD updates weights with one example",
        "Adam keeps running averages",
    ],
    "Whereas UDP is connectionless, TCP guarantees delivery.": ["UDP is connectionless", "TCP guarantees delivery"],
    "The header of A has a fixed length while the header of B has a variable length.": [
        "The header of A has a fixed length",
        "The header of B has a variable length",
    ],
    # Verbs that share the subject, an auxiliary or more.
    "Backpropagation computes gradients of the loss and updates the weights and biases.": [
        "Backpropagation computes gradients of the loss",
        "Backpropagation updates the weights and biases",
    ],
    "ReLU is cheap and does not saturate for positive inputs.": [
        "ReLU is cheap",
        "ReLU does not saturate for positive inputs",
    ],
    "The layers must learn features and combine them.": [
        "The layers must learn features",
        "The layers must combine features",
    ],
    "The model is trained on the training set and evaluated on held-out data.": [
        "The model is trained on the training set",
        "The model is evaluated on held-out data",
    ],
    "A decoder is a network that reads a code and produces an output.": [
        "A decoder is a network that reads a code",
        "A decoder is a network that produces an output",
    ],
    "The autoencoder encodes an input, samples from a distribution, and decodes the sample.": [
        "The autoencoder encodes an input",
        "The autoencoder samples from a distribution",
        "The autoencoder decodes the sample",
    ],
    "Dropout not only reduces overfitting but also slows down training.": [
        "Dropout reduces overfitting",
        "Dropout slows down training",
    ],
    "Some libraries accept missing values, whereas plain networks do not.": [
        "Some libraries accept missing values",
        "Plain networks do not accept missing values",
    ],
    # Adjuncts before the subject belong to all parts.
    "During inference, the layer uses stored averages and needs no batch.": [
        "During inference, the layer uses stored averages",
        "During inference, the layer needs no batch",
    ],
    "In cross-attention the queries come from one sequence, and the keys come from another sequence.": [
        "In cross-attention the queries come from one sequence",
        "In cross-attention the keys come from another sequence",
    ],
    "If the model is too simple, it underfits, and if it is too complex, it overfits.": [
        "If the model is too simple, it underfits",
        "If the model is too complex, it overfits",
    ],
    # Relative and participial clauses.
    "BatchNorm, which normalizes activations, speeds up training and stabilizes gradients.": [
        "BatchNorm normalizes activations",
        "BatchNorm speeds up training",
        "BatchNorm stabilizes gradients",
    ],
    "An index is a data structure, which speeds up reads.": [
        "An index is a data structure",
        "An index speeds up reads",
    ],
    "Early stopping halts the training, thereby reducing overfitting.": [
        "Early stopping halts the training",
        "Early stopping reduces overfitting",
    ],
    "Activations bring curvature into networks, allowing them to learn any function.": [
        "Activations bring curvature into networks",
        "Activations allow networks to learn any function",
    ],
    # Links between sentences say nothing.
    "However, deep networks need more data.": ["Deep networks need more data"],
    "In addition, dropout slows training.": ["Dropout slows training"],
}

WHOLE = [
    "There is a trade-off between bias and variance.",
    "A supervised method needs labels and data.",
    "Training and validation loss diverge.",
    "It stores keys and values.",
    "Use dropout and weight decay.",
    "Sigmoid and tanh saturate for large inputs.",
    "The cache reduces reads and writes to disk.",
    "The scheduler reduces context switches and waits.",
    "The loss measures how far predictions and targets differ.",
    "Skip connections let gradients flow and layers learn.",
    "Gates control and regulate the flow.",
    "The model is trained, validated and tested on separate data.",
    "The compiler optimizes predicted and measured values.",
    "LSTMs use gates that control the flow and keep a state.",
    "The theorem states that the loss is convex and the optimum is unique.",
    "The loss diverges or becomes NaN.",
    "Users can either freeze the layers and train a head, or fine-tune all of it.",
    # A cause and its effect are one claim, and so is what leans on the other half.
    "High bias causes underfitting, and both errors are high.",
    "Gradients shrink in every layer, so early layers learn slowly.",
    "Attention links distant tokens, but the cost grows quadratically.",
    "The first is fast, and the latter is slow.",
    "Pruning removes weights, which makes the model smaller.",
]


@pytest.mark.parametrize(("sentence", "claims"), SPLIT.items(), ids=list(SPLIT))
def test_split(sentence: str, claims: list[str]) -> None:
    assert said(sentence) == claims


@pytest.mark.parametrize("sentence", WHOLE)
def test_stays_whole(sentence: str) -> None:
    assert said(sentence) == [sentence.rstrip(".")]


@pytest.mark.parametrize("sentence", SPLIT)
def test_a_claim_is_one_claim(sentence: str) -> None:
    assert all(said(claim) == [claim] for claim in said(sentence))


def test_spans_are_the_own_words() -> None:
    sentence = "Dropout (Srivastava) drops units, and it reduces overfitting."
    spans = [clause.span for clause in clauses(sentence)]
    assert [sentence[start:end] for start, end in spans] == [
        "Dropout (Srivastava) drops units",
        "it reduces overfitting",
    ]


def test_parentheses_and_examples_are_asides() -> None:
    (clause,) = clauses("Quantization stores weights in fewer bits (often 8), for example in integers.")
    assert detokenize(clause.words) == "Quantization stores weights in fewer bits"
    assert detokenize(clause.words, asides=True).endswith("fewer bits (often 8), for example in integers")


def test_formulas_keep_their_brackets() -> None:
    assert said("Search takes O(log n) time.") == ["Search takes O(log n) time"]


class TestPronouns:
    @pytest.mark.parametrize(
        ("before", "sentence", "expected"),
        [
            ("Dropout drops units.", "It reduces overfitting.", "Dropout reduces overfitting"),
            ("LSTMs use gates.", "They keep a state.", "LSTMs keep a state"),
            ("The encoder reads text.", "Its output is a vector.", "The encoder's output is a vector"),
            (
                "The rate sets the step.",
                "If it is too large, training fails.",
                "If the rate is too large, training fails",
            ),
            ("LSTMs use gates.", "It keeps a state.", "It keeps a state"),
            ("Dropout drops units.", "It is important to scale them.", "It is important to scale them"),
            ("Dropout drops units.", "This is because units adapt.", "This is because units adapt"),
            ("Dropout drops units.", "This gradient is small.", "This gradient is small"),
        ],
    )
    def test_subject_of_the_sentence_before(self, before: str, sentence: str, expected: str) -> None:
        (subject,) = (clause.subject for clause in clauses(before))
        assert [detokenize(clause.words) for clause in clauses(sentence, subjects=[subject])] == [expected]

    def test_the_first_subject_that_agrees(self) -> None:
        (plural,) = (clause.subject for clause in clauses("Averages are kept."))
        (singular,) = (clause.subject for clause in clauses("The layer learns."))
        (clause,) = clauses("It scales inputs.", subjects=[plural, singular])
        assert detokenize(clause.words) == "The layer scales inputs"

    def test_objects_are_named(self) -> None:
        assert said("The encoder maps inputs to a code, and the decoder reconstructs them.") == [
            "The encoder maps inputs to a code",
            "The decoder reconstructs inputs",
        ]
        assert said("Warm-up starts with a small rate and increases it slowly.") == [
            "Warm-up starts with a small rate",
            "Warm-up increases the small rate slowly",
        ]

    def test_an_unclear_object_keeps_the_halves_together(self) -> None:
        sentence = "Wrap it in a service and deploy it on a server"
        assert said(sentence) == [sentence]


class TestWords:
    @pytest.mark.parametrize(
        ("word", "forms"),
        [
            ("copies", {"s": "copy"}),
            ("stopped", {"past": "stop"}),
            ("reducing", {"ing": "reduce"}),
            ("normalises", {"s": "normalise"}),
            ("binarizes", {"s": "binarize"}),
            ("sizes", {}),
            ("noise", {}),
        ],
    )
    def test_verb_forms(self, word: str, forms: dict[str, str]) -> None:
        assert verb_forms(word) == forms

    def test_plurals(self) -> None:
        assert [word for word in ("data", "losses", "loss", "bias", "units", "analysis") if is_plural(word)] == [
            "data",
            "losses",
            "units",
        ]

    def test_stems_meet(self) -> None:
        assert content_stems("The trained gradients are normalised") == ["train", "gradient", "normalize"]
        assert content_stems("training, gradient, normalization") == ["train", "gradient", "normalize"]


@given(st.text(max_size=120))
def test_any_text_is_cut_within_its_bounds(text: str) -> None:
    last = 0
    for clause in clauses(text):
        start, end = clause.span
        assert last <= start < end <= len(text)
        last = start


def test_what_is_no_sentence_stays_whole() -> None:
    text = "A does X and B does Y, " * 60
    assert len(clauses(text)) == 1
