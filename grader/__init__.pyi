__version__: str

from .calibration import calibrate as calibrate
from .calibration import read_ratings as read_ratings
from .errors import GraderError as GraderError
from .errors import InputError as InputError
from .errors import InputWarning as InputWarning
from .errors import SetupError as SetupError
from .evaluation import evaluate as evaluate
from .evaluation import read_labelled_set as read_labelled_set
from .files import read_answers as read_answers
from .files import read_grades as read_grades
from .grading import Grader as Grader
from .grading import grade_frame as grade_frame
from .reports import write_report as write_report
from .rubrics import derive as derive
from .rubrics import read_bank as read_bank
from .rubrics import read_rubrics as read_rubrics
from .schema import Answer as Answer
from .schema import Evidence as Evidence
from .schema import Grade as Grade
from .schema import PointGrade as PointGrade
from .schema import Question as Question
from .schema import QuestionBank as QuestionBank
from .schema import Rubric as Rubric
from .schema import RubricPoint as RubricPoint
from .settings import Settings as Settings
