"""Cheap rules: whether a statement contradicts a point that it resembles, and how an answer is written.

In: a point and the segments of an answer, or an answer. Out: a `ContradictionCheck` or an `AnswerStyle` with flags.
Pure functions without a model.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
