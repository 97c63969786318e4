"""Grades beside what people gave: labelled sets, agreement, confidence, judges compared, attacks.

In: a labelled set, or rubrics to attack. Out: statistics with intervals. How they are shown is for `reports`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
