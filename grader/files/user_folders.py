"""The folders of this user.

Own code, not platformdirs: on macOS and Windows it names other folders, so that existing caches would not be found.
"""

import os
from pathlib import Path


def cache_folder() -> Path:
    """Where this user's caches live: `$GRADER_CACHE`, else `grader` in the user's cache folder.

    Source: XDG Base Directory Specification.
    """
    given = os.environ.get("GRADER_CACHE")
    if given:
        return Path(given)
    base = os.environ.get("LOCALAPPDATA") or os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "grader"
