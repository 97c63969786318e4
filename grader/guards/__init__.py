"""Cheap rules: whether a statement denies the point that it resembles, and how an answer is written.

In: a point and a statement, or an answer. Out: a `Finding` or a flag. Pure functions; no model.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
