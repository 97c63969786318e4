"""Grade many answers in a run that can be interrupted and resumed: journal, worklist, local and Ray engines.

In: a file of answers and a `Grader`. Out: grades in input order, also after a crash.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
