"""The interface of encoders: texts -> token vectors with character offsets."""

from collections.abc import Sequence
from typing import Protocol

from grader.encoders.token_vectors import TokenVectors


class Encoder(Protocol):
    """Anything that turns texts into token vectors.

    `name` and `revision` are part of a grade's signature: the same two must always give the same vectors.
    """

    @property
    def name(self) -> str:
        """The name that the user gave."""
        ...

    @property
    def revision(self) -> str:
        """Identifies the weights."""
        ...

    def encode(self, texts: Sequence[str]) -> list[TokenVectors]:
        """The token vectors of each text, in the order given; an empty text has none."""
        ...
