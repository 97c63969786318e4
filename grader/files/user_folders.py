"""Folders of the current user, and what becomes of a damaged file in them.

Own code, not platformdirs: it uses other folders on macOS and Windows, so existing caches would not be found.
"""

import os
from contextlib import suppress
from pathlib import Path


def cache_folder() -> Path:
    """The folder of this user's caches: `$GRADER_CACHE`, else `grader` in the user's cache folder.

    Source: XDG Base Directory Specification.
    """
    given = os.environ.get("GRADER_CACHE")
    if given:
        return Path(given)
    base = os.environ.get("LOCALAPPDATA") or os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "grader"


def set_aside(path: Path) -> Path:
    """Rename a damaged file of a cache to `NAME.damaged`, so that it can be made again and still be looked at.

    An earlier one of that name is replaced. Where nothing can be renamed (a read-only place) the file stays.

    Returns:
        the new path.

    """
    aside = path.with_name(f"{path.name}.damaged")
    with suppress(OSError):
        os.replace(path, aside)
    return aside
