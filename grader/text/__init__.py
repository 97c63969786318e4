"""Untrusted text: normalised with offsets into the original, split into segments, words, numbers and clauses.

In: a string. Out: spans, words, quantities, clauses, all with character offsets into the original.
Nothing here uses questions, points or scores. Pure functions; no model.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
