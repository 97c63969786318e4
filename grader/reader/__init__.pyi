from .reader import Reader as Reader
from .reader import Reading as Reading
from .reader import Task as Task
from .registry import check_weights as check_weights
from .registry import load_reader as load_reader
from .verifier import Verifier as Verifier
