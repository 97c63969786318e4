"""Read the fields of question formats, which may be HTML or Markdown, as text; report what a text cannot hold."""

from typing import Literal

from grader.files import NOT_SHOWN, html_lines, looks_like_html, markdown_lines, page_text, plain_text
from grader.rubrics.parsed_page import DroppedText

Markup = Literal["html", "markdown", "plain", "auto"]
LEFT_OUT = {
    "link": "a link within the page",
    "image": "an image",
    "address": "the address of a link",
    "comment": "a comment",
    "menu": "a menu or footer of the page",
    "front matter": "a field above the page that a bank does not have",
}


def rich_text(text: str, line: int, dropped: list[DroppedText], *, markup: Markup = "auto") -> str:
    """The text of a field; images, addresses of links and comments in it are added to `dropped`.

    Args:
        text: the field.
        line: its line, for `dropped`.
        dropped: extended in place.
        markup: how the text is written; `auto` takes a text with elements that end (`<p>..</p>`, `<br>`) for HTML.

    """
    if markup == "auto":
        markup = "html" if looks_like_html(text) else "plain"
    if markup == "plain":
        return plain_text(text).strip()
    page = html_lines(text) if markup == "html" else markdown_lines(text)
    dropped += [DroppedText(one.text, line, LEFT_OUT[one.role]) for one in page if one.role in NOT_SHOWN and one.text]
    return page_text(page)
