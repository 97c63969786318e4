"""The reader that a name stands for, and whether the packaged weights are whole."""

from collections.abc import Iterator
from pathlib import Path

from grader.encoders import model_revision, packaged_model
from grader.errors import SetupError
from grader.reader.packaged_network import MODELS
from grader.reader.reader import PackagedReader, Reader
from grader.reader.verifier import Verifier
from grader.settings import NO_READER, PACKAGED_READER


def load_reader(name: str) -> Reader | None:
    """The reader of that name, `None` for `none`; its weights are loaded when it is first used.

    Args:
        name: `packaged`, `none`, or a sequence-pair classifier of sentence-transformers (a hub's name or a folder).

    Raises:
        SetupError: the packaged reader is not there, or was trained for another packaged model.

    """
    if name == NO_READER:
        return None
    if name == PACKAGED_READER:
        model = packaged_model()
        reader = PackagedReader(model)
        if not reader.fits(model_revision(model)):
            raise SetupError("the packaged reader does not fit the packaged model: install both anew, or --reader none")
        return reader
    from grader.reader.cross_encoder import CrossEncoderReader

    return CrossEncoderReader(name)


def check_weights() -> Iterator[tuple[Path, str | None]]:
    """Each packaged file of weights that is there, with how it differs from what was published, if it does."""
    for kind in (PackagedReader, Verifier):
        path = MODELS / f"{kind.what}.npz"
        if path.is_file():
            try:
                yield path, kind(MODELS).damage()
            except SetupError as error:
                yield path, str(error)
