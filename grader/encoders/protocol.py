"""What an encoder is: texts -> token vectors with character offsets."""

from collections.abc import Sequence
from typing import Protocol

from grader.encoders.token_vectors import TokenVectors


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
