"""Groups of like answers: which of many texts are nearly the same, by their vectors; pure functions on numpy arrays."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_AT_ONCE = 512  # texts that are compared with all leaders in one product


def like_groups(vectors: Floats, *, nearness: float) -> list[list[int]]:
    """Group texts by nearness to the first of each group.

    A text joins the group whose first member is nearest to it, if that cosine is at least `nearness`; else it is the
    first of a new group. So every member is near to the first one, and no chain of small steps makes far texts one.

    Args:
        vectors: unit vectors, shape `(n_texts, dim)`.
        nearness: a cosine, above 0 and up to 1.

    Returns:
        the positions in each group, in order; every text is in one group. Time grows with texts times groups.

    Raises: ValueError when `nearness` is out of range.
    Source: the leader algorithm, Hartigan (1975), "Clustering Algorithms", chapter 3.

    """
    if not 0 < nearness <= 1:
        raise ValueError(f"nearness must be above 0 and at most 1, got {nearness}")
    groups: list[list[int]] = []
    leaders = np.empty((0, vectors.shape[1]), np.float32)
    # Rounding must not part equal vectors.
    wanted = nearness - 1e-5
    for start in range(0, len(vectors), _AT_ONCE):
        some = vectors[start : start + _AT_ONCE]
        near = some @ leaders.T if len(leaders) else np.zeros((len(some), 1), np.float32)
        best, cosine = near.argmax(axis=1), near.max(axis=1)
        within = some @ some.T
        new: list[int] = []  # positions in this block that lead a group
        for at in range(len(some)):
            # Of the leaders in this block and before it the nearest; the earlier one where two are as near.
            here = int(within[at, new].argmax()) if new else -1
            if new and within[at, new[here]] > max(cosine[at], wanted):
                groups[len(groups) - len(new) + here].append(start + at)
            elif cosine[at] >= wanted:
                groups[best[at]].append(start + at)
            else:
                new.append(at)
                groups.append([start + at])
        leaders = np.concatenate([leaders, some[new]])
    return groups
