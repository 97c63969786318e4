from .journal import Journal as Journal
from .ray_engine import RayEngine as RayEngine
from .run import Batch as Batch
from .run import BatchTotals as BatchTotals
from .run import Engine as Engine
from .run import LocalEngine as LocalEngine
from .worklist import Worklist as Worklist
