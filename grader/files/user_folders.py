"""Folders of the current user.

Own code, not platformdirs: it uses other folders on macOS and Windows, so existing caches would not be found.
"""

import os
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
