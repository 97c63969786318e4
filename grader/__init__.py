"""Score written answers point by point, with the words that show each point.

- Read files: `read_bank`, `read_rubrics`, `read_answers`, `read_grades`, `read_labelled_set`, `read_ratings`.
- Work: `derive` makes a rubric from a question, `Grader` and `grade_frame` grade answers, `evaluate` compares grades
  with people's scores, `calibrate` compares raters, `write_report` writes grades as an HTML page.
- What goes in and comes out: `QuestionBank`, `Question`, `Rubric`, `RubricPoint`, `Answer`, `Settings`; `Grade`,
  `PointGrade`, `Evidence`.
- Errors: `InputError` and `SetupError`, both a `GraderError`. A wrong type of argument is a `TypeError`.
  `InputWarning`: a file was read in a way that you should know of.

Each name is loaded at first use, so that `import grader` and `grader --help` stay quick. docs/python.md shows them at
work.
"""

import lazy_loader

from grader.__about__ import __version__ as __version__

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
