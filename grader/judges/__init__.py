"""An LLM as a judge: prompts, strict parsing of replies, checked quotes, panels of several judges, the Batch API.

In: an answer and the points to decide. Out: verdicts with verified quotes, or the reason why there are none.
`grading` decides how a verdict changes a grade.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
