"""A real server in a process of its own, for tests of the pages."""

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Served:
    """A server that answers requests, and its process."""

    url: str
    process: "subprocess.Popen[str]"
    said: list[str] = field(default_factory=list)

    def request(
        self, path: str, body: bytes | None = None, headers: dict[str, str] | None = None, method: str | None = None
    ) -> tuple[int, dict[str, str], str]:
        """Status, headers and text; redirects are not followed."""
        asked = urllib.request.Request(f"{self.url}{path}", body, headers or {}, method=method)  # noqa: S310
        try:
            with urllib.request.build_opener(_Stay).open(asked, timeout=30) as reply:
                return reply.status, {k.lower(): v for k, v in reply.headers.items()}, reply.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read().decode()


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object, **__: object) -> None:
        return None


@contextmanager
def serving(*arguments: str, cwd: Path | None = None) -> Iterator[Served]:
    """`grader serve` with these arguments at a free port, until the end of the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "grader", "serve", "--port", "0", *arguments],
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env={**os.environ, "NO_PROXY": "*"},
    )
    said = []
    try:
        assert process.stderr is not None
        for line in process.stderr:
            said.append(line.strip())
            if line.startswith("open "):
                yield Served(line.removeprefix("open ").strip().partition("/?")[0].rstrip("/"), process, said)
                return
        raise AssertionError("\n".join(said))
    finally:
        process.kill()
        process.communicate()
