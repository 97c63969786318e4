"""What the tests of the pages share: a browser, and files whose texts would run as scripts if a page let them."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium")
browser_test = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt install chromium)")
EVIL = "<script>document.title='run'</script><img src=x onerror=\"document.title='run'\">"


def opened_browser() -> Iterator[Any]:
    """A browser for all tests of a module."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


def nothing_ran(page: Any) -> bool:
    """Whether no text of a page became an element of it."""
    page.wait_for_timeout(100)
    found = page.locator("script:not([src])").count() + page.locator("img").count()
    return page.title() != "run" and found == 0
