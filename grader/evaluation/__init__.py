"""Grades compared with people's scores: labelled sets, agreement, confidence, judges compared, attacks.

In: a labelled set, or rubrics to attack. Out: statistics with intervals, which `reports` shows.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
