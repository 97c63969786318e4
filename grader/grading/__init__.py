"""The pipeline from an answer to a grade: coverage, guards, judges, credit, score, feedback.

In: rubrics, an encoder, answers. Out: one `Grade` for each answer, in order. `Grader` is the entry.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
