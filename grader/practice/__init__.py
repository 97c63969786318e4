"""Practising: what was answered so far, what to answer next, and what is still missed. No terminal and no page.

In: rubrics with topics, and grades. Out: attempts kept in one SQLite file a person, and what they show.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
