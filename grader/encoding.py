"""What an encoder is, and the encoder that a name stands for: texts -> token vectors with character offsets.

One pass over a text gives everything that coverage needs: a vector for each word, its place in the text, how rare it
is, and the vector of the whole text. Nothing here knows about questions, points or scores.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from grader import PACKAGED_MODEL
from grader.errors import SetupError
from grader.model_files import model_path
from grader.tokens import TokenVectors
from grader.torch_encoding import SentenceTransformerEncoder

if TYPE_CHECKING:
    from grader.cache import Cache
    from grader.calls import Calls


class Encoder(Protocol):
    """Anything that turns texts into token vectors.

    `name` and `revision` go into the signature: the same two must always give the same vectors.
    """

    @property
    def name(self) -> str:
        """What the user called it."""
        ...

    @property
    def revision(self) -> str:
        """Which weights these are."""
        ...

    def encode(self, texts: Sequence[str]) -> list[TokenVectors]:
        """The token vectors of each text, in the order given; an empty text has none."""
        ...


# How a name on the command line becomes an encoder; anything else is a sentence-transformers model.
ENCODERS = {PACKAGED_MODEL: SentenceTransformerEncoder}
# What a model behind an OpenAI-compatible server is called by; see `remote_encoding`.
REMOTE = "openai:"


def load_encoder(name: str, *, calls: "Calls | None" = None, cache: "Cache | None" = None) -> Encoder:
    """The encoder of that name; a model is loaded, and a server asked, only when it is first used.

    Args:
        name: of a model, a folder, or `openai:MODEL` for one behind a server that the environment names.
        calls: limits and retries of a server; those of the judges, so that one budget holds for a run.
        cache: keeps the vectors of a server.

    """
    if not name.strip():
        raise SetupError(f"the encoder has no name; leave --encoder out to use the packaged {PACKAGED_MODEL}")
    if name.startswith(REMOTE):
        from grader.remote_encoding import EndpointEncoder

        return EndpointEncoder(name, calls=calls, cache=cache)
    return ENCODERS.get(name, SentenceTransformerEncoder)(name)


def describe_encoder(name: str) -> dict[str, Any]:
    """What an encoder is and whether it is ready offline, without loading it.

    Returns:
        `name`, `path` (`None` for a model of a hub or a server), `runtime`, `ready_offline`.

    """
    if name.startswith(REMOTE):
        return {"name": name, "path": None, "runtime": "server", "ready_offline": False}
    path = model_path(name)
    here = path.is_dir()
    return {"name": name, "path": str(path) if here else None, "runtime": "torch", "ready_offline": here}
