"""The pages in a real browser, and a real server against what may come over the network."""

import json
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from grader.calibration import read_ratings
from grader.marks import read_marks
from tests.support.web_server import Served, serving
from tests.web.pages import EVIL, browser_test, nothing_ran, opened_browser

POINTS = ("Dropout disables random units during training", "Dropout keeps units from relying on each other")


def make_pile(folder: Path, *, evil: str = "") -> Path:
    """A pile of sixteen answers to two questions, two of them in the same words."""
    rubrics = folder / "rubrics"
    rubrics.mkdir()
    for name in ("dropout", "batchnorm"):
        rubric = {
            "question_id": name,
            "question": f"What does {name} do?{evil}",
            "reference_answer": f"{POINTS[0]}. {POINTS[1]}.{evil}",
            "points": [{"id": f"p{n}{evil}", "text": text + evil} for n, text in enumerate(POINTS, 1)],
        }
        (rubrics / f"{name}.json").write_text(json.dumps(rubric))
    texts = [
        "It disables random units while the network is being trained.",
        "Units are switched off at random during training so that they cannot rely on each other.",
        "It makes the learning rate smaller after each epoch of training.",
        "Nothing much, I think it is about the size of the batch that is used.",
        "Random units are disabled, and so no unit relies on another one.",
        "It normalises the inputs of each layer over the mini-batch, with a mean of zero.",
        "Because neurons are dropped at random, the network becomes more robust in general.",
        "Because neurons are dropped at random, the network becomes more robust in general.",
    ]
    rows = [
        {"answer_id": f"{n}/{name}", "question_id": name, "answer": text + evil, "candidate": f"student {n}{evil}"}
        for name in ("dropout", "batchnorm")
        for n, text in enumerate(texts)
    ]
    path = folder / "pile.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def serve(folder: Path, *more: str, evil: str = "", made: bool = False) -> Any:
    path = folder / "pile.jsonl" if made else make_pile(folder, evil=evil)
    return serving(str(path), "--rubrics", str(folder / "rubrics"), "--encoder", "static", *more)


browser = pytest.fixture(scope="module")(opened_browser)


def enter(page: Any, served: Served, name: str = "Kim") -> None:
    page.goto(f"{served.url}/mark")
    page.fill("#name", name)
    page.click("button.main")
    page.wait_for_selector("#mark")


def wait_for_marks(page: Any, n: int) -> None:
    wait_for(page, f"progress[value='{n}']")


def wait_for(page: Any, selector: str) -> None:
    page.wait_for_selector(selector, state="attached")


def confirm(page: Any) -> None:
    """Save the mark by key and wait for the next answer."""
    before = int(page.locator("progress").get_attribute("value"))
    page.keyboard.press("Enter")
    wait_for_marks(page, before + 1)


def is_fault(message: Any) -> bool:
    """Whether the console shows an error; htmx also logs that a newer choice has overtaken a request."""
    return message.type == "error" and not message.text.startswith(("htmx:afterRequest", "htmx:sendAbort"))


@browser_test
def test_ten_marks_by_keyboard_change_the_rest_and_are_exported(tmp_path: Path, browser: Any) -> None:
    with serve(tmp_path) as served:
        page = browser.new_context().new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if is_fault(message) else None)
        enter(page, served)
        assert "10 more marks" in page.inner_text(".outlook")
        assert "from ten marks on" in page.inner_text(".rest")
        machine = page.input_value("#score")
        for _ in range(3):  # covered, partial, missing in turn
            page.keyboard.press("1")
        chosen = page.locator("[name=p1]:checked").get_attribute("value")
        page.keyboard.press("1")
        wait_for(page, "#scorebox:has-text('by the points')")
        assert page.locator("[name=p1]:checked").get_attribute("value") != chosen
        page.keyboard.press("w")
        page.keyboard.type("two units, =1+1")
        page.keyboard.press("Escape")
        page.keyboard.press("s")
        page.keyboard.type("3.5")
        confirm(page)
        assert "Saved: 3.5 of 10" in page.inner_text(".said")
        for _ in range(9):
            confirm(page)
        assert "learns" not in page.inner_text(".outlook")
        assert "–" in page.inner_text(".rest")
        page.keyboard.press("u")
        wait_for_marks(page, 9)
        assert "taken back" in page.inner_text(".said")
        confirm(page)
        assert faults == []
        ratings = tmp_path / "ratings.csv"
        ratings.write_bytes(page.request.get(f"{served.url}/export/ratings").body())
        rows = read_ratings(ratings).rows
        assert len(rows) == 10
        assert (rows[0].rater, rows[0].score, rows[0].max_score) == ("Kim", 3.5, 10.0)
        assert ",'=1+1" not in ratings.read_text() and "two units, =1+1" in ratings.read_text()
        assert f",{machine}" in ratings.read_text().splitlines()[1]  # the grader's score stands beside it
        marks = tmp_path / "marks.json"
        marks.write_bytes(page.request.get(f"{served.url}/export/marks").body())
        assert len(read_marks(marks).marks.marked) == 10
        grades = [json.loads(line) for line in page.request.get(f"{served.url}/export/grades").text().splitlines()]
        [given] = [grade for grade in grades if grade["answer_id"] == rows[0].answer_id]
        assert given["score"] == 3.5 and given["marked_by"] == "Kim" and given["grader_score"] != 3.5
        assert len(grades) == 16
        told = page.request.get(f"{served.url}/export/canvas")
        assert "no column has ids" in told.text()
        assert "Points Possible" in page.request.get(f"{served.url}/export/canvas?known=true").text()


@browser_test
def test_like_answers_are_marked_together_and_undone_together(tmp_path: Path, browser: Any) -> None:
    with serve(tmp_path) as served:
        page = browser.new_context(viewport={"width": 390, "height": 800}).new_page()
        enter(page, served)
        page.goto(f"{served.url}/mark?answer=6")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.keyboard.press("t")
        page.keyboard.press("Enter")
        wait_for_marks(page, 2)
        assert "1 like answers" in page.inner_text(".said")
        page.keyboard.press("u")
        wait_for_marks(page, 0)


@browser_test
def test_two_people_mark_blind_and_two_windows_do_not_overwrite(tmp_path: Path, browser: Any) -> None:
    with serve(tmp_path) as served:
        kim, lee = browser.new_context(), browser.new_context()
        first, second, other = kim.new_page(), kim.new_page(), lee.new_page()
        enter(first, served, "Kim")
        enter(other, served, "Lee")
        for page in (first, second, other):
            page.goto(f"{served.url}/mark?answer=0")
        first.fill("#score", "8")
        first.keyboard.press("Enter")
        wait_for_marks(first, 1)
        second.fill("#score", "1")
        second.keyboard.press("Enter")
        wait_for(second, ".said:has-text('Another window')")
        assert second.input_value("#score") == "8"
        other.reload()
        assert "marked by you" not in other.inner_text("#answer")
        other.fill("#score", "2")
        other.keyboard.press("Enter")
        wait_for_marks(other, 1)
        text = first.request.get(f"{served.url}/export/ratings").text()
        assert ",Kim,8.0," in text and ",Lee,2.0," in text and ",Kim,1.0," not in text


@browser_test
def test_nothing_in_answers_names_or_rubrics_runs(tmp_path: Path, browser: Any) -> None:
    with serve(tmp_path, evil=EVIL) as served:
        page = browser.new_context().new_page()
        enter(page, served, f"Kim {EVIL}"[:60])
        for _ in range(3):
            confirm(page)
        for path in ("/mark?answer=6", "/export", "/mark?answer=99", f"/export/{EVIL}"):
            page.goto(f"{served.url}{path}")
            assert nothing_ran(page), path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("pile"), "--api-key", "key-for-tests") as found:
        yield found


def sign_in(served: Served) -> dict[str, str]:
    """The headers of a browser that has entered."""
    origin = {"Origin": served.url}
    status, headers, _ = served.request("/signin", b"name=Kim", origin)
    assert status == 303
    return {**origin, "Cookie": headers["set-cookie"].partition(";")[0]}


def mark(served: Served, headers: dict[str, str], **fields: str) -> int:
    return served.request("/mark/0", urlencode({"score": "5", "seen": "0", "why": "", **fields}).encode(), headers)[0]


def n_ratings(served: Served, headers: dict[str, str]) -> int:
    return len(served.request("/export/ratings", headers=headers)[2].splitlines()) - 1


def test_another_origin_changes_nothing(served: Served) -> None:
    mine = sign_in(served)
    before = n_ratings(served, mine)
    for origin in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {}, {"Sec-Fetch-Site": "cross-site"}):
        headers = {"Cookie": mine["Cookie"], **origin}
        assert mark(served, headers) == 403
        assert served.request("/undo", b"", headers)[0] == 403
    assert mark(served, {**mine, "Sec-Fetch-Site": "cross-site"}) == 403
    assert n_ratings(served, mine) == before


def test_another_name_for_the_server_is_refused(served: Served) -> None:
    assert served.request("/mark", headers={"Host": "evil.example"})[0] == 421
    assert served.request("/mark", headers={"Host": "localhost:1"})[0] == 200


@pytest.mark.parametrize(
    "path", ["/static/../store.py", "/static/%2e%2e%2fstore.py", "/static/..%5cstore.py", "/static/x"]
)
def test_paths_do_not_lead_out(served: Served, path: str) -> None:
    assert served.request(path)[0] == 404


@pytest.mark.parametrize("form", ["..%2f..%2fetc%2fpasswd", "passwd"])
def test_only_known_files_are_exported(served: Served, form: str) -> None:
    assert served.request(f"/export/{form}", headers=sign_in(served))[0] == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"score": "11"},
        {"score": "-1"},
        {"score": "nan"},
        {"score": ""},
        {"seen": "x"},
        {"together": "99"},
        {"together": "3"},
    ],
)
def test_impossible_marks_are_refused(served: Served, fields: dict[str, str]) -> None:
    mine = sign_in(served)
    before = n_ratings(served, mine)
    assert mark(served, mine, **fields) == 400
    assert n_ratings(served, mine) == before


def test_headers_keep_scripts_out(served: Served) -> None:
    _, headers, _ = served.request("/mark")
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"


def test_a_body_of_50_mb_is_refused_and_the_server_goes_on(served: Served) -> None:
    host, port = served.url.removeprefix("http://").split(":")
    for head in ("Content-Length: 50000000", "Transfer-Encoding: chunked"):
        with socket.create_connection((host, int(port)), timeout=30) as link:
            link.sendall(
                f"POST /signin HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {served.url}\r\n{head}\r\n\r\n".encode()
            )
            piece = b"x" * 1_000_000
            try:
                for _ in range(50):
                    link.sendall(b"%x\r\n%b\r\n" % (len(piece), piece) if "chunked" in head else piece)
            except OSError:  # the server has hung up
                continue
            assert b" 413 " in link.recv(1000)
    assert served.request("/mark")[0] == 200


def test_many_requests_at_once_leave_the_server_answering(served: Served) -> None:
    statuses: list[int] = []

    def ask() -> None:
        for _ in range(25):
            statuses.append(served.request("/mark")[0])

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {200, 429}
    threading.Event().wait(2)
    assert served.request("/mark")[0] == 200


def test_a_killed_server_loses_no_mark(tmp_path: Path) -> None:
    with serve(tmp_path) as first:
        assert mark(first, sign_in(first)) == 303
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
    with serve(tmp_path, made=True) as second:
        assert ",Kim,5.0," in second.request("/export/ratings", headers=sign_in(second))[2]


def test_the_network_needs_the_token(tmp_path: Path) -> None:
    token = "a-token-for-tests"  # noqa: S105
    with serve(tmp_path, "--host", "0.0.0.0", "--token", token) as served:  # noqa: S104
        served.url = f"http://127.0.0.1:{served.url.rpartition(':')[2]}"
        assert served.request("/mark")[0] == 401
        assert served.request("/mark?token=wrong")[0] == 401
        status, headers, _ = served.request(f"/mark?answer=1&token={token}")
        assert (status, headers["location"]) == (303, "/mark?answer=1")
        cookie = {"Cookie": headers["set-cookie"].partition(";")[0]}
        assert served.request("/mark", headers=cookie)[0] == 200
        assert served.request("/mark", headers={**cookie, "Host": "evil.example"})[0] == 421
        entered = {**cookie, "Origin": served.url}
        assert served.request("/signin", b"name=Kim", entered)[0] == 303
        assert served.request("/signin", b"name=kim", entered)[0] == 400  # another browser may not take the name


KEY = {"Authorization": "Bearer key-for-tests", "Content-Type": "application/json"}


def test_the_api_grades_and_derives(served: Served) -> None:
    answer = {"answer_id": "1", "question_id": "dropout", "answer": "It disables random units during training."}
    status, _, text = served.request("/v1/grade", json.dumps({"answers": [answer]}).encode(), KEY)
    [grade] = json.loads(text)["grades"]
    assert status == 200 and grade["answer_id"] == "1" and grade["points"][0]["status"] == "covered"
    question = {"id": "q", "question": "What is RAM?", "reference_answer": "RAM is fast memory that loses its data."}
    status, _, text = served.request("/v1/derive", json.dumps({"questions": [question]}).encode(), KEY)
    [made] = json.loads(text)["rubrics"]
    assert status == 200 and made["rubric"]["points"]
    own = {"question_id": "q", "points": [{"text": "RAM is fast"}]}
    asked = {"answers": [{**answer, "question_id": "q", "answer": "RAM is fast."}], "rubrics": [own]}
    assert json.loads(served.request("/v1/grade", json.dumps(asked).encode(), KEY)[2])["grades"][0]["score"] > 9
    assert {"/v1/grade", "/v1/derive"} == set(json.loads(served.request("/v1/openapi.json", headers=KEY)[2])["paths"])


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"answers": 1}', b'{"answers": [{}]}', b'{"answers": [], "x": 1}', b"\xff"]
)
def test_the_api_refuses_what_it_cannot_use(served: Served, body: bytes) -> None:
    assert served.request("/v1/grade", body, KEY)[0] in (400, 422)
    assert served.request("/v1/derive", body, KEY)[0] in (400, 422)


def test_the_api_needs_a_key(served: Served) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "key-for-tests"}):
        assert served.request("/v1/grade", b'{"answers": []}', headers)[0] == 401
