"""numpy's own threads, held back where products are small: they wait for each other longer than they compute.

The commands switch them off for the whole process; who calls this library may need them for other work.
"""

from contextlib import AbstractContextManager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


def one_thread() -> AbstractContextManager[Any]:
    """While it is open, numpy's products run in the thread that asks for them; it takes some microseconds."""
    limit: AbstractContextManager[Any] = _libraries().limit(limits=1)
    return limit


@cache
def _libraries() -> ThreadpoolController:
    """The libraries of linear algebra that this process has loaded: numpy's at least."""
    return ThreadpoolController().select(user_api="blas")
