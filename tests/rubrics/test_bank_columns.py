from pathlib import Path

import pytest

from grader.errors import InputError
from grader.rubrics.bank_import import ImportResult, import_questions


def table(folder: Path, text: str, name: str = "table.csv") -> ImportResult:
    path = folder / name
    path.write_text(text)
    return import_questions(path)


@pytest.mark.parametrize(
    "names",
    [
        "Question,Model answer,Marks,Topic",
        "QUESTION,Sample Answer,Max points,Chapter",
        "Frage,Musterlösung,Punkte,Thema",
        "Pregunta,Respuesta,Puntos,Tema",
        "Question,Réponse,Points,Thème",
        "Prompt,Answer key,Total marks,Unit",
    ],
)
def test_names_of_columns(tmp_path: Path, names: str) -> None:
    result = table(tmp_path, f'{names}\nWhat is wax?,A fat.,"4,5 points",Bees\nWho makes it?,Workers.,3,\n')
    assert [(one.question, one.reference_answer, one.max_score, one.topic) for one in result.bank.questions] == [
        ("What is wax?", "A fat.", 4.5, "Bees"),
        ("Who makes it?", "Workers.", 3, None),
    ]
    assert result.dropped == ()


def test_cells_are_read_as_text(tmp_path: Path) -> None:
    result = table(
        tmp_path,
        'question,answer\nWhat is wax?_x000D_,"<p>A fat.</p><p>&amp; more <img src=""w.png""></p>"\n'
        "What does the <b> tag do?,It is bold &amp; loud.\n",
    )
    assert [(one.question, one.reference_answer) for one in result.bank.questions] == [
        ("What is wax?", "A fat.\n\n& more"),
        ("What does the <b> tag do?", "It is bold & loud."),
    ]
    assert [(piece.text, piece.line, piece.why) for piece in result.dropped] == [("w.png", 2, "an image")]


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("Student,Question,Answer\nKim,Why?,a\nLee,Why?,b\n", "it has the column 'Student'"),
        ("question,answer\nWhy?,a\nWhy?,b\nWhy?,c\nHow?,d\nHow?,e\nHow?,f\n", "'Why?' has 3 different answers"),
        ("Timestamp,Email address,What is wax?,Who makes it?\n1,a@b.c,x,y\n", "it has the column 'Timestamp'"),
        ("Name,What is wax?,Who makes it?\nKim,x,y\n", "the names of its columns are questions"),
        ("answer_id,question_id,student_answer\n1,wax,x\n", "it has the column 'answer_id'"),
    ],
)
def test_many_peoples_answers_are_no_bank(tmp_path: Path, text: str, sign: str) -> None:
    with pytest.raises(InputError) as raised:
        table(tmp_path, text)
    assert "table.csv:1: is a table of many people's answers, not a bank" in str(raised.value)
    assert sign in str(raised.value) and f"'grader grade {tmp_path / 'table.csv'}'" in str(raised.value)


def test_a_reference_beside_peoples_answers_is_kept(tmp_path: Path) -> None:
    text = "candidate,question,reference_answer,answer\nKim,Why?,So.,x\nLee,Why?,So.,y\n"
    result = table(tmp_path, text)
    assert [(one.question, one.reference_answer) for one in result.bank.questions] == [("Why?", "So.")]


def test_a_table_without_names_is_told_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"table\.csv:1: the first row is a question: put a row with the names"):
        table(tmp_path, "What is wax?,A fat.\nWho makes it?,Workers.\n")


@pytest.mark.parametrize("name", ["page.md", "page.html"])
def test_tables_in_pages(tmp_path: Path, name: str) -> None:
    markdown = (
        "# Bees\n\n| # | Question | Answer | Marks |\n|---|---|---|---|\n| 1 | What is wax? | A fat \\| ester. | 4 |\n"
    )
    markdown += "| 2 | Who? | Workers. | 3 | more |\n\nText below.\n"
    page = (
        "<h1>Bees</h1><table><tr><th>#<th>Question<th>Answer<th>Marks<tr><td>1<td>What is wax?<td>A fat | ester.<td>4"
        "<tr><td>2<td>Who?<td>Workers.<td>3<td>more</table><p>Text below."
    )
    result = table(tmp_path, markdown if name == "page.md" else page, name)
    assert result.bank.title == "Bees"
    assert [(one.question, one.reference_answer, one.max_score) for one in result.bank.questions] == [
        ("What is wax?", "A fat | ester.", 4),
        ("Who?", "Workers.", 3),
    ]
    assert {(piece.text, piece.why) for piece in result.dropped} == {
        ("Bees", "the title of the page"),
        ("#", "a column that a bank does not have"),
        ("more", "beyond the columns: write \\| for a bar in a cell"),
        ("Text below.", "belongs to no question"),
    }


def test_a_table_inside_an_answer_stays_there(tmp_path: Path) -> None:
    result = table(tmp_path, "## What are the parts?\n\n| part | use |\n|---|---|\n| wax | cells |\n", "page.md")
    assert result.bank.questions[0].reference_answer == "| part | use |\n| --- | --- |\n| wax | cells |"


@pytest.mark.parametrize("answer", ["I don't know", "i think it is a tree", "idk", "Ich glaube, ein Baum", "No sé"])
def test_what_a_person_answers_is_no_reference(tmp_path: Path, answer: str) -> None:
    text = f'Question,Answer\nWhat is a heap?,A tree in an array.\nWhat is a trie?,"{answer}"\n'
    with pytest.raises(InputError, match=r"table\.csv:3: .*grade it with 'grader grade .*or call the column"):
        table(tmp_path, text)
    assert len(table(tmp_path, text.replace("Answer", "Reference answer", 1)).bank.questions) == 2


def test_answers_that_nothing_calls_references_are_told(tmp_path: Path) -> None:
    rows = "What is a heap?,A tree in an array.\nWhat is a trie?,A tree of prefixes.\n"
    assert [doubt.line for doubt in table(tmp_path, "Question,Answer\n" + rows).doubts] == [1]
    assert table(tmp_path, "Front,Back\n" + rows).doubts == ()
    assert table(tmp_path, "Question,Model answer\n" + rows).doubts == ()
