"""How many threads the arithmetic uses.

numpy's own threads cost more than they save where matrix products are small. The commands switch them off for the whole
process; as a library, grader limits them only while it computes.
"""

import os
from contextlib import AbstractContextManager
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController


def n_threads() -> int:
    """Threads for the arithmetic: `OMP_NUM_THREADS` where it is set, else the cores that this process may use."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    if given.isdigit() and int(given) > 0:
        return int(given)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def one_thread() -> AbstractContextManager[Any]:
    """While it is open, numpy uses one thread for its products. Opening it takes microseconds."""
    limit: AbstractContextManager[Any] = _libraries().limit(limits=1)
    return limit


@cache
def _libraries() -> "ThreadpoolController":
    """The linear algebra libraries that this process has loaded, at least numpy's."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")
