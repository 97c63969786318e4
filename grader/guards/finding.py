"""What a guard reports: why a statement does not support a point."""

from typing import Literal, NamedTuple

Kind = Literal["negation", "opposite", "number", "quantifier", "roles", "denial", "rival"]


class Finding(NamedTuple):
    """Why a statement does not support a point.

    Attributes:
        kind: which check found it; "denial" for the trained verifier, "rival" where the claim stands elsewhere as well,
            so that a person should look.
        certain: whether it denies the point; otherwise a person should look.
        start, end: the telling words, in characters of the statement.
        reason: one line for the reader.

    """

    kind: Kind
    certain: bool
    start: int
    end: int
    reason: str
