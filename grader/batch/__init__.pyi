from .journal import Journal as Journal
from .ray_engine import RayEngine as RayEngine
from .run import Batch as Batch
from .run import Engine as Engine
from .run import LocalEngine as LocalEngine
from .run import Totals as Totals
from .worklist import Worklist as Worklist
