"""The pages to practise and for rubrics, in a real browser and by bare requests."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from grader.practice import History
from grader.rubrics import read_rubric
from tests.support.web_server import Served, serving
from tests.web.pages import EVIL, browser_test, nothing_ran, opened_browser

WEAK = "It keeps some copies of a page."
GOOD = "A cache keeps copies of pages close to the reader. It must drop a copy when the page changes."

browser = pytest.fixture(scope="module")(opened_browser)


def write_rubrics(folder: Path, evil: str = "") -> Path:
    """Rubrics of two questions, one as YAML with a comment."""
    rubrics = folder / "rubrics"
    rubrics.mkdir()
    (rubrics / "cache.yaml").write_text(
        "# ask Robin before you change this\n"
        "question_id: cache\n"
        f"question: {json.dumps('What does a web cache do?' + evil)}\n"
        f"reference_answer: {json.dumps('A cache keeps copies of pages; it drops stale copies.' + evil)}\n"
        "points:\n"
        f"- {{id: p1, text: {json.dumps('A cache keeps copies of pages' + evil)}, weight: 1, source_span: [0, 29]}}\n"
        f"- {{id: p2, text: {json.dumps('A cache drops copies when pages change' + evil)}, weight: 1}}\n"
    )
    other = {
        "question_id": "dns",
        "question": "What is DNS for?",
        "points": [{"text": "DNS turns names into addresses"}],
    }
    (rubrics / "dns.json").write_text(json.dumps(other))
    return rubrics


def serve(folder: Path, *more: str) -> Any:
    arguments = ("--history", str(folder / "tries.sqlite"), "--encoder", "static", *more)
    return serving(*arguments, cwd=folder)


def answer(page: Any, text: str) -> None:
    page.fill("#answer", text)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".result")


@browser_test
def test_a_score_is_improved_by_practice(tmp_path: Path, browser: Any) -> None:
    with serve(tmp_path, "--rubrics", str(write_rubrics(tmp_path))) as served:
        page = browser.new_context().new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text))
        page.goto(f"{served.url}/")
        assert "never tried" in page.inner_text("main")
        answer(page, WEAK)
        weak = float(page.inner_text(".result .big"))
        assert page.inner_text(".hint").startswith("Hint") and page.locator(".reference").count() == 0
        assert "when pages change" not in page.inner_text("main").casefold()
        assert page.locator(".answer mark").count() >= 1
        assert page.input_value("#answer") == WEAK
        answer(page, GOOD)
        assert float(page.inner_text(".result .big")) > weak
        assert "Better than the last time" in page.inner_text(".compared")
        assert "gained: A cache drops copies" in page.inner_text(".compared")
        assert "drops stale copies" in page.inner_text(".reference")
        page.click("text=Next question")
        assert "DNS" in page.inner_text("h1")
        page.click("text=Progress")
        assert "What does a web cache do?" in page.inner_text("section[aria-labelledby=questions]")
        assert "What is DNS for?" in page.inner_text("section[aria-labelledby=never]")
        assert faults == []
    with History(tmp_path / "tries.sqlite") as history:
        assert [(each.answer, each.aid) for each in history.attempts()] == [(WEAK, "none"), (GOOD, "hint")]


@browser_test
def test_the_bundled_sample_is_practised_on_a_phone(tmp_path: Path, browser: Any) -> None:
    with serve(tmp_path) as served:
        page = browser.new_context(viewport={"width": 390, "height": 800}).new_page()
        page.goto(f"{served.url}/practise?by=weakness&topic=training")
        answer(page, "The gradients get small.")
        page.click("text=Show the points and the reference answer")
        answer(page, "The gradients get small, and the loss goes down.")
        for path in (
            "/practise",
            "/practise/1?show=all",
            "/practise/progress",
            "/rubrics",
            "/rubrics/edit?question=optimizers",
        ):
            page.goto(f"{served.url}{path}")
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    with History(tmp_path / "tries.sqlite") as history:
        assert [each.aid for each in history.attempts()] == ["none", "reference"]


@browser_test
def test_nothing_in_answers_or_rubrics_runs(tmp_path: Path, browser: Any) -> None:
    with serve(tmp_path, "--rubrics", str(write_rubrics(tmp_path, EVIL))) as served:
        page = browser.new_context().new_page()
        page.goto(f"{served.url}/practise?question=cache")
        answer(page, WEAK + EVIL + "</textarea>" + EVIL)
        for path in ("/practise/1", "/practise/1?show=all", "/practise", "/practise/progress", "/rubrics"):
            page.goto(f"{served.url}{path}")
            assert nothing_ran(page), path
        page.goto(f"{served.url}/practise?{urlencode({'topic': EVIL})}")
        assert nothing_ran(page)
        page.goto(f"{served.url}/rubrics/edit?question=cache")
        page.fill("#tried", GOOD + EVIL)
        page.locator("[name=text]").first.fill(f"</textarea>{EVIL}")
        page.wait_for_selector(".diff")
        page.click("#split-1")
        assert nothing_ran(page)


@browser_test
def test_an_edit_of_a_rubric_changes_a_score_and_is_saved(tmp_path: Path, browser: Any) -> None:
    rubrics = write_rubrics(tmp_path)
    pile = tmp_path / "pile.jsonl"
    rows = [{"answer_id": str(n), "question_id": "cache", "answer": text} for n, text in enumerate((WEAK, GOOD, "No."))]
    pile.write_text("\n".join(map(json.dumps, rows)))
    with serve(tmp_path, str(pile), "--rubrics", str(rubrics)) as served:
        page = browser.new_context().new_page()
        page.goto(f"{served.url}/rubrics")
        page.click("text=What does a web cache do?")
        page.fill("#tried", WEAK)
        page.wait_for_selector("#tried-score")
        before = float(page.inner_text("#tried-score .big"))
        page.locator("[name=weight]").first.fill("9")
        page.wait_for_selector("#tried-score:has-text('with the file as it is')")
        assert float(page.inner_text("#tried-score .big")) > before
        assert page.locator(".reference mark").count() == 1
        page.locator("[name=text]").nth(1).fill("good things")  # linted while it is typed
        page.wait_for_selector("#lint:has-text('p2')")
        page.locator("[name=text]").nth(1).fill("A cache drops copies | it drops them when pages change")
        page.click("#split-2")
        page.wait_for_selector("[data-row='3']")
        page.click("#ask-effect")
        page.wait_for_selector("#effect")
        assert "of 3 grades" in page.inner_text("#effect") and not page.inner_text("#effect").startswith("0")
        assert "weight: 9" in page.inner_text(".diff")
        page.click("#save")
        page.wait_for_selector(".said:has-text('Saved')")
        saved = read_rubric(rubrics / "cache.yaml")
        assert [(point.id, point.weight) for point in saved.points] == [("p1", 9.0), ("p2", 0.5), ("p3", 0.5)]
        [kept] = rubrics.glob("*.bak")  # it had a comment
        assert kept.read_text().startswith("# ask Robin")
        page.click("#merge-2")
        page.wait_for_selector("[data-row='3']", state="detached")
        assert page.locator("[name=weight]").nth(1).input_value() == "1"
        page.goto(f"{served.url}/practise?question=cache")  # practised by the new rubric
        answer(page, WEAK)
        assert float(page.inner_text(".result .big")) > before


@browser_test
def test_an_edit_in_the_file_is_not_lost(tmp_path: Path, browser: Any) -> None:
    rubrics = write_rubrics(tmp_path)
    path = rubrics / "cache.yaml"
    with serve(tmp_path, "--rubrics", str(rubrics)) as served:
        page = browser.new_context().new_page()
        page.goto(f"{served.url}/rubrics/edit?question=cache")
        page.locator("[name=weight]").first.fill("2")
        page.wait_for_selector("#save:enabled")
        theirs = path.read_text().replace("weight: 1}", "weight: 7}")
        path.write_text(theirs)
        page.click("#save")
        page.wait_for_selector(".problem:has-text('changed by somebody else')")
        assert path.read_text() == theirs
        assert page.locator("[name=weight]").first.input_value() == "2"
        page.click("text=Save mine over it")
        page.wait_for_selector(".said:has-text('Saved')")
        assert [point.weight for point in read_rubric(path).points] == [2.0, 1.0]
        [kept] = rubrics.glob("*.bak")
        assert kept.read_text() == theirs


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("requests")
    with serve(folder, "--rubrics", str(write_rubrics(folder))) as found:
        yield found


def post(served: Served, path: str, fields: Any, **headers: str) -> tuple[int, dict[str, str], str]:
    sent = {"Origin": served.url, **headers}
    return served.request(path, urlencode(fields, doseq=True).encode(), sent)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"question": "cache"},
        {"question": "../cache", "answer": "x", "aid": "none"},
        {"question": "cache", "answer": "x", "aid": "all"},
        {"question": "cache", "answer": " ", "aid": "none"},
    ],
)
def test_what_cannot_be_practised_is_refused_and_not_kept(served: Served, fields: dict[str, str]) -> None:
    assert post(served, "/practise", fields)[0] in (400, 404)
    assert served.request("/practise/1")[0] == 404


@pytest.mark.parametrize(
    "path", ["/practise?by=x", "/practise?topic=x", "/practise?question=x", "/practise/99999999999"]
)
def test_what_is_not_there_is_not_found(served: Served, path: str) -> None:
    assert served.request(path)[0] == 404


ROW = {"id": "p1", "text": "A cache keeps copies", "weight": "1", "span": "0-29", "new": "0"}


@pytest.mark.parametrize(
    "changes",
    [{"weight": "x"}, {"weight": "0"}, {"weight": "nan"}, {"text": " "}, {"span": "5-900"}, {"span": "x"}],
)
def test_what_is_no_rubric_is_not_saved(served: Served, changes: dict[str, str]) -> None:
    page = served.request("/rubrics/edit?question=cache")[2]
    seen = page.partition('name="seen" value="')[2][:16]
    status, _, text = post(served, "/rubrics/edit", {"question": "cache", "seen": seen, "do": "save", **ROW, **changes})
    assert status == 400 or "problem" in text
    assert "Saved" not in text
    assert served.request("/rubrics/edit?question=cache")[2] == page


@pytest.mark.parametrize("do", ["split:9", "merge:1", "delete:-1", "split:x", "nothing"])
def test_odd_commands_change_nothing(served: Served, do: str) -> None:
    assert post(served, "/rubrics/edit", {"question": "cache", "seen": "", "do": do, **ROW})[0] in (200, 400)
    assert post(served, "/rubrics/edit", {"question": "../x", "seen": "", "do": do, **ROW})[0] == 404


def test_another_origin_neither_practises_nor_edits(served: Served) -> None:
    for path in ("/practise", "/rubrics/edit"):
        assert post(served, path, {"question": "cache"}, Origin="http://evil.example")[0] == 403


def test_a_network_sees_neither_practice_nor_rubrics(tmp_path: Path) -> None:
    token = "a-token-for-tests"  # noqa: S105
    with serve(tmp_path, "--host", "0.0.0.0", "--token", token) as served:  # noqa: S104
        url = f"http://127.0.0.1:{served.url.rpartition(':')[2]}"
        served.url = url
        cookie = {"Cookie": f"grader_access={token}"}
        for path in ("/practise", "/practise/progress", "/rubrics"):
            assert served.request(path, headers=cookie)[0] == 403
        assert served.request("/rubrics/edit?question=optimizers", headers=cookie)[0] == 404
        assert served.request("/practise", b"question=optimizers", {**cookie, "Origin": url})[0] == 405
