"""Untrusted text, made comparable: normalised with a way back, cut into segments, words, numbers, clauses.

In: a string. Out: spans, words, quantities, clauses, all with character offsets into the original.
Nothing here knows about questions, points or scores. Pure functions; no model.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
