import math
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.errors import InputError
from grader.rubrics.assembly import relative_weight
from grader.rubrics.bank import read_bank
from grader.rubrics.derivation import DERIVED_BY, FALLBACK_CRITERION, derive
from grader.rubrics.linter import lint
from grader.schema import Question, Rubric
from grader.text.grammar.listings import required_count


def rubric_of(
    reference: str, *, question: str = "What is asked?", kind: str = "knowledge", max_score: float = 10
) -> Rubric:
    return derive(
        Question.model_validate(
            {
                "id": "q1",
                "question": question,
                "reference_answer": reference,
                "kind": kind,
                "max_score": max_score,
            }
        )
    )


def texts(reference: str, *, question: str = "What is asked?", kind: str = "knowledge") -> list[str]:
    return [point.text for point in rubric_of(reference, question=question, kind=kind).points]


def sources(rubric: Rubric) -> list[str]:
    return [rubric.reference_answer[slice(*point.source_span)] for point in rubric.points if point.source_span]


class TestPoints:
    def test_claims_with_their_sources(self) -> None:
        rubric = rubric_of("Dropout drops units during training. It reduces overfitting and slows convergence.")
        assert [point.text for point in rubric.points] == [
            "Dropout drops units during training",
            "Dropout reduces overfitting",
            "Dropout slows convergence",
        ]
        assert sources(rubric) == ["Dropout drops units during training", "It reduces overfitting", "slows convergence"]
        assert [point.id for point in rubric.points] == ["p1", "p2", "p3"]
        assert rubric.derived_by == DERIVED_BY
        assert rubric.question_id == "q1"

    def test_the_topic_of_the_question_is_meant_when_the_last_subject_is_not(self) -> None:
        reference = "Dropout drops units. Averages are used at inference. It also acts as a regularizer."
        assert texts(reference, question="How does dropout work?")[-1] == "Dropout also acts as a regularizer"
        assert texts(reference, question="How is it done?")[-1] == "It also acts as a regularizer"

    def test_example_sentences_stay_with_their_claim(self) -> None:
        rubric = rubric_of("Kernels detect patterns. For example, one kernel responds to edges.")
        (point,) = rubric.points
        assert point.text == "Kernels detect patterns"
        assert point.aliases == ("Kernels detect patterns; for example, one kernel responds to edges",)
        assert sources(rubric) == [rubric.reference_answer]

    def test_asides_become_aliases(self) -> None:
        (point,) = rubric_of("Quantization stores weights in fewer bits (often 8).").points
        assert point.text == "Quantization stores weights in fewer bits"
        assert point.aliases == ("Quantization stores weights in fewer bits (often 8)",)

    @pytest.mark.parametrize(
        ("reference", "text", "alias"),
        [
            (
                "Recurrent neural networks (RNNs) read sequences.",
                "Recurrent neural networks read sequences",
                "RNNs read sequences",
            ),
            (
                "A long short-term memory (LSTM) keeps a state.",
                "A long short-term memory keeps a state",
                "A LSTM keeps a state",
            ),
        ],
    )
    def test_abbreviations_become_aliases(self, reference: str, text: str, alias: str) -> None:
        (point,) = rubric_of(reference).points
        assert (point.text, point.aliases) == (text, (alias,))

    def test_text_cut_by_a_tokenizer_reads_well(self) -> None:
        reference = "<t> The model does n't train ' well ' . </t> <t> It 's too small , so it underfits . </t>"
        assert texts(reference) == [
            "The model doesn't train well",
            "The model's too small, so it underfits",
        ]

    def test_headings_belong_to_what_follows(self) -> None:
        rubric = rubric_of("Advantages:\nTrees are easy to read.\n\nDrawbacks:\nTrees overfit quickly.")
        assert [point.text for point in rubric.points] == ["Trees are easy to read", "Trees overfit quickly"]
        assert sources(rubric)[1] == "Drawbacks:\nTrees overfit quickly"

    @pytest.mark.parametrize(
        ("reference", "expected"),
        [
            ("Backpropagation", ["Backpropagation"]),
            ("42", ["42"]),
            ("y = a * x + b * z", ["Y = a * x + b * z"]),
            ("```python\nfor i in range(3):\n    print(i)\n```", ["For i in range(3): print(i)"]),
            ("**Bold** claims need `code`.", ["Bold claims need code"]),
            ("(Everything stands in brackets.)", ["Everything stands in brackets"]),
        ],
    )
    def test_odd_references(self, reference: str, expected: list[str]) -> None:
        assert [text[:1].upper() + text[1:] for text in texts(reference)] == expected

    @pytest.mark.parametrize("reference", ["...", " - \n * ", "<t> </t>", "\u200b?!", "** **"])
    def test_a_reference_without_words(self, reference: str) -> None:
        with pytest.raises(InputError) as error:
            rubric_of(reference)
        assert error.value.field == "reference_answer"
        assert str(error.value) == (
            "field 'reference_answer': question 'q1' has a reference answer without a single word; "
            "write down what a full answer says"
        )


class TestFormulas:
    @pytest.mark.parametrize(
        "formula", [r"$s = \sqrt{\frac{1}{n} (x_1 + x_2)}$", r"\(a; b. c\)", "k (k - 1) / 2", "O (n log n)", "2 ** 3"]
    )
    def test_a_formula_stays_whole(self, formula: str) -> None:
        assert texts(f"The result is {formula} in every case. It grows.")[0] == f"The result is {formula} in every case"

    def test_a_formula_below_a_sentence_belongs_to_it(self) -> None:
        (point,) = rubric_of("Force is mass times acceleration. \\[ F = m (a) \\]").points
        assert point.text == "Force is mass times acceleration: \\[ F = m (a) \\]"
        assert point.aliases == ("Force is mass times acceleration",)

    def test_a_formula_on_its_own_line_completes_the_sentence(self) -> None:
        reference = "The area is given by\n\n$$\nA = \\pi r^2\n$$\n\nwhere $r$ is the radius. It grows fast."
        assert texts(reference) == [
            "The area is given by $$ A = \\pi r^2 $$ where $r$ is the radius",
            "The area grows fast",
        ]

    @pytest.mark.parametrize("formula", ["$a + b = c$", "E = mc^2", "V = I R"])
    def test_nothing_but_a_formula(self, formula: str) -> None:
        assert texts(formula) == [formula]


class TestMarkup:
    def test_code_images_and_links_are_no_points(self) -> None:
        reference = (
            "A lock guards the list. <br> ![lock](l.png)\n\n```c\nlock(&m); // 1. Takes it. 2. Waits.\n```\n"
            "- [Manual](https://example.org/locks)\nThe lock is [freed](#free) at the end. </div>"
        )
        assert texts(reference) == ["A lock guards the list", "The lock is freed at the end"]

    def test_each_cell_of_a_table_is_a_point_where_it_stands(self) -> None:
        reference = (
            "Arrays are old.\n\nThey differ in:\n\n| | Array | List |\n|---|---|---|\n"
            "| Access | by index | in order |\n\nLists grow."
        )
        rubric = rubric_of(reference)
        assert [point.text for point in rubric.points] == [
            "Arrays are old",
            "Array, Access: by index",
            "List, Access: in order",
            "Lists grow",
        ]
        assert sources(rubric)[2] == "in order"

    def test_headings_belong_to_what_follows(self) -> None:
        assert texts("## Benefits\n- speed\n- safety\n\n## Limits\nModels need data.") == [
            "Benefits: speed",
            "Benefits: safety",
            "Models need data",
        ]

    def test_the_answer_in_a_word_stays_with_its_reason(self) -> None:
        assert texts("No. Only one path exists.") == ["No. Only one path exists"]

    @pytest.mark.parametrize("reference", ["![plot](p.png)", "- [Manual](https://example.org)", "<br/><hr>"])
    def test_nothing_but_images_and_links(self, reference: str) -> None:
        with pytest.raises(InputError, match="without a single word"):
            rubric_of(reference)


class TestListsWithinASentence:
    @pytest.mark.parametrize(
        ("reference", "expected", "need"),
        [
            (
                "The stages are (1) planning, (2) building and (3) testing. Costs grow.",
                ["The stages are planning", "The stages are building", "The stages are testing", "Costs grow"],
                3,
            ),
            (
                "The kernel (a) picks a job; (b) runs the job; or (c) drops the job.",
                ["The kernel picks a job", "The kernel runs the job", "The kernel drops the job"],
                2,
            ),
            (
                "Three laws: i) $F = ma$ ii) $p = mv$ iii) $E = mc^2$",
                [f"Three laws: {x}" for x in ("$F = ma$", "$p = mv$", "$E = mc^2$")],
                3,
            ),
        ],
    )
    def test_every_item_is_kept(self, reference: str, expected: list[str], need: int) -> None:
        rubric = rubric_of(reference)
        assert [point.text for point in rubric.points] == expected
        assert [group.need for group in rubric.groups.values()] == [need]

    def test_items_that_are_sentences_are_points(self) -> None:
        assert texts("To renew: 1. open the page. 2. pay the fee. 3. print the form.") == [
            "Open the page",
            "Pay the fee",
            "Print the form",
        ]


ITEM = st.text("abcdefghij", min_size=3, max_size=8)


@given(st.lists(ITEM, min_size=2, max_size=9, unique=True), st.sampled_from(["({})", "{})"]), st.sampled_from("1ai"))
def test_a_list_within_a_sentence_keeps_every_item(items: list[str], style: str, first: str) -> None:
    marks = {"1": "123456789", "a": "abcdefghi", "i": ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix"]}[first]
    listed = ", ".join(f"{style.format(mark)} {item}" for mark, item in zip(marks, items, strict=False))
    points = texts(f"The usual parts are {listed}.")
    assert [point.rsplit(" ", 1)[-1].lower() for point in points] == items


class TestGroups:
    def test_a_list_of_examples(self) -> None:
        rubric = rubric_of(
            "Common remedies include gradient clipping, residual connections and careful initialization."
        )
        assert [point.text for point in rubric.points] == [
            "Common remedies include gradient clipping",
            "Common remedies include residual connections",
            "Common remedies include careful initialization",
        ]
        assert sources(rubric) == [
            "Common remedies include gradient clipping",
            "residual connections",
            "careful initialization",
        ]
        assert {point.group for point in rubric.points} == {"common-remedies"}
        assert {name: group.need for name, group in rubric.groups.items()} == {"common-remedies": 2}

    @pytest.mark.parametrize(
        ("reference", "need", "size"),
        [
            ("The main steps are sampling and scoring.", 2, 2),
            ("There are three stages: encoding, mixing, and decoding.", 3, 3),
            ("Typical tasks are detection, tracking, segmentation, and captioning.", 2, 4),
            ("Imbalance is handled by oversampling, class weights, or focal loss.", 2, 3),
            ("Settings are found with techniques like grid search or random search.", 1, 2),
            ("The usual choices are either padding or truncation.", 1, 2),
            ("A unit consists of an input, a weight, and a bias.", 3, 3),
            ("Accuracy, precision, and recall are common.", 2, 3),
            ("For classification, accuracy, precision, recall, AUC are common.", 2, 4),
        ],
    )
    def test_how_many_are_needed(self, reference: str, need: int, size: int) -> None:
        rubric = rubric_of(reference)
        ((name, group),) = rubric.groups.items()
        assert (group.need, sum(point.group == name for point in rubric.points)) == (need, size)

    def test_the_rule(self) -> None:
        assert [required_count(n, examples=True) for n in (1, 2, 3, 4, 5)] == [1, 2, 2, 2, 3]
        assert [required_count(n, joined_by_or=True) for n in (2, 3, 4)] == [1, 2, 2]
        assert [required_count(n) for n in (2, 3)] == [2, 3]
        assert required_count(2, either=True) == 1

    def test_what_holds_for_all_items_is_a_point_of_its_own(self) -> None:
        reference = "Techniques like pruning, quantization, and distillation are used to shrink large models."
        assert texts(reference) == [
            "Techniques like pruning are used",
            "Techniques like quantization are used",
            "Techniques like distillation are used",
            "Techniques are used to shrink large models",
        ]

    @pytest.mark.parametrize(
        "reference",
        [
            "Optimizers such as SGD and Adam follow the gradient.",
            "An attention layer uses queries, keys and values.",
            "Precision, recall and F1 show the performance on rare classes.",
            "A network consists of a generator and a discriminator that are trained together.",
        ],
    )
    def test_a_list_within_another_claim_is_no_group(self, reference: str) -> None:
        rubric = rubric_of(reference)
        assert not rubric.groups
        assert [point.text for point in rubric.points] == [reference.rstrip(".")]

    def test_two_groups_of_one_name(self) -> None:
        rubric = rubric_of("Common methods include A1, B1 and C1.\nCommon methods include D1, E1 and F1.")
        assert list(rubric.groups) == ["common-methods", "common-methods-2"]

    def test_bullets(self) -> None:
        rubric = rubric_of("Common remedies include:\n- gradient clipping\n- residual connections\n- the right start")
        assert [point.text for point in rubric.points] == [
            "Common remedies include gradient clipping",
            "Common remedies include residual connections",
            "Common remedies include the right start",
        ]
        assert [group.need for group in rubric.groups.values()] == [2]
        assert sources(rubric)[:2] == ["Common remedies include:\n- gradient clipping", "residual connections"]

    def test_numbered_steps_and_bullets_within_a_line(self) -> None:
        expected = ["The output is computed", "The error is propagated", "The weights are updated"]
        first, second, third = (f"{text}." for text in expected)
        numbered = f"Training has three steps:\n1. {first}\n2) {second}\n3.{third}"
        inline = f"Training has three steps: - {first} - {second} - {third}"
        assert texts(numbered) == texts(inline) == expected
        assert not rubric_of(numbered).groups

    def test_bullets_that_are_fragments(self) -> None:
        rubric = rubric_of("A CNN has the following parts:\n* input\n* convolution\n* output")
        assert [point.text for point in rubric.points] == [
            "A CNN has parts: input",
            "A CNN has parts: convolution",
            "A CNN has parts: output",
        ]
        assert [group.need for group in rubric.groups.values()] == [3]


def test_a_reference_answer_without_end_is_refused() -> None:
    assert rubric_of("Dropout disables units. " * 2000).points
    with pytest.raises(
        InputError, match="'q1' has a reference answer of 1,000,000 characters, expected at most 50,000"
    ):
        rubric_of("x" * 1_000_000)


class TestOpenQuestions:
    def test_guidance_becomes_criteria(self) -> None:
        reference = (
            "A good answer names the frameworks used and describes a concrete project. Mention specific drawbacks "
            "you've met. Candidates should justify their choice. Be concrete."
        )
        assert texts(reference, kind="open") == [
            "Names the frameworks used",
            "Describes a concrete project",
            "Mentions specific drawbacks the candidate has met",
            "Justifies their choice",
            "Is concrete",
        ]

    def test_placeholders_ask_for_nothing(self) -> None:
        reference = "[This requires a personalized answer based on your work. Mention specific projects.]"
        assert texts(reference, kind="open") == ["Mentions specific projects"]

    def test_guidance_that_names_nothing(self) -> None:
        assert texts("open", kind="open") == texts("Open-ended question.", kind="open") == [FALLBACK_CRITERION]
        rubric = rubric_of("[This requires a personalized answer.]", kind="open")
        assert [point.text for point in rubric.points] == ["Answers from personal experience with concrete details"]
        assert rubric.kind == "open"


class TestWeights:
    @pytest.mark.parametrize("n", [1, 3, 7])
    def test_equal_weights(self, n: int) -> None:
        reference = " ".join(f"Alpha{number} grows{' over many years' * number}." for number in range(n))
        reference += " Common methods include beta, gamma and delta."
        question = Question(id="q1", question="?", reference_answer=reference, max_score=10)
        rubric = derive(question, equal_weights=True)
        assert {point.weight for point in rubric.points} == {10 / (n + 3)}
        assert lint(rubric) == ()

    def test_the_root_of_the_new_words(self) -> None:
        assert relative_weight("Dropout reduces overfitting", "What is dropout?") == math.sqrt(2)
        assert relative_weight("Dropout", "What is dropout?") == 1

    def test_a_group_weighs_as_much_as_what_it_needs(self) -> None:
        # Each item and the single claim have three new words, so 2 of 4 items weigh as much as two claims.
        rubric = rubric_of("Methods include alpha, beta, gamma and delta. Omega works quickly.")
        *items, single = [point.weight for point in rubric.points]
        assert len(set(items)) == 1
        assert sum(items) == pytest.approx(2 * single, abs=0.1)
        assert [point.importance for point in rubric.points] == ["okay"] * 4 + ["vital"]

    def test_members_stay_equal_even_when_they_are_all(self) -> None:
        weights = [point.weight for point in rubric_of("Common methods include alpha, beta and gamma.").points]
        assert weights == pytest.approx([10 / 3] * 3)
        assert len(set(weights)) == 1

    def test_two_decimals(self) -> None:
        rubric = rubric_of("Alpha grows. Beta shrinks. Gamma keeps its value over time.", max_score=7)
        assert all(point.weight == round(point.weight, 2) for point in rubric.points)
        assert math.fsum(point.weight for point in rubric.points) == 7


PIECES = st.sampled_from(
    "the a model models uses use and , . ; : ( ) such as like include includes or is are can which that because while "
    "it they them this reduces update updates loss either both not only but [ ] - * 1. 2) e.g. for example data 0.5 = "
    "<t> </t> n't However too running \n \n- including".split(" ")
)
TEXTS = st.one_of(st.text(max_size=150), st.lists(PIECES, max_size=50).map(" ".join), st.lists(PIECES).map("".join))


@settings(deadline=None)
@given(TEXTS, st.sampled_from(["knowledge", "open"]), st.floats(0.001, 1000), st.text(max_size=20))
def test_any_text_gives_a_valid_rubric_or_says_why_not(text: str, kind: str, max_score: float, asked: str) -> None:
    if not text.strip():
        return
    try:
        rubric = rubric_of(text, question=asked.strip() or "What?", kind=kind, max_score=max_score)
    except InputError as error:
        assert error.field == "reference_answer"
        return
    assert Rubric.model_validate(rubric.model_dump()) == rubric
    assert math.fsum(point.weight for point in rubric.points) == pytest.approx(max_score, abs=1e-9)
    assert all(point.weight > 0 for point in rubric.points)
    spans = [point.source_span for point in rubric.points if point.source_span is not None]
    assert len(spans) == len(rubric.points)
    assert spans == sorted(spans)
    assert all(text[start:end].strip() for start, end in spans)
    for name in rubric.groups:
        assert len({point.weight for point in rubric.points if point.group == name}) == 1
    assert rubric_of(text, question=rubric.question, kind=kind, max_score=max_score) == rubric


def test_ten_thousand_words() -> None:
    reference = "The model reads a long text and writes a short one, which helps. " * 769
    start = time.perf_counter()
    rubric = rubric_of(reference)
    assert time.perf_counter() - start < 10
    assert len(rubric.points) == 2 * 769
    assert math.fsum(point.weight for point in rubric.points) == pytest.approx(10, abs=1e-9)


def test_a_sentence_without_end() -> None:
    assert len(rubric_of("word " * 10_000).points) == 1


def test_the_bank_makes_clean_rubrics(root: Path) -> None:
    for question in read_bank(root / "data" / "deep_learning.yaml").questions:
        rubric = derive(question)
        assert len(rubric.points) >= 5
        assert [finding for finding in lint(rubric) if finding.kind != "vague"] == []


def test_importing_it_loads_nothing_heavy() -> None:
    code = "import sys, grader.rubrics.derivation; print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not any(f"'{name}'" in done.stdout for name in ("torch", "transformers", "openai", "nltk", "spacy"))
