"""Whether the files that vectors come from are as they were published or written."""

from collections.abc import Iterator
from pathlib import Path

from grader.encoders.compilation import compiled_damage, compiled_models
from grader.encoders.model_files import packaged_damage, packaged_files
from grader.encoders.vector_cache import vector_cache_damage


def check_encoder_files() -> Iterator[tuple[Path, str | None]]:
    """Each file of the packaged model, each compiled model and the cache of vectors, with what is wrong with it.

    Every file is read whole; nothing is changed. The reason is `None` where nothing is wrong.

    Raises:
        SetupError: the packaged model is not installed.

    """
    for path in packaged_files():
        yield path, packaged_damage(path)
    for path in compiled_models():
        damage = compiled_damage(path)
        yield path, damage and f"{damage}; it is made again when it is used"
    cache, damage = vector_cache_damage()
    if cache is not None:
        yield cache, damage
