from .pile import read_pile as read_pile
from .protection import Access as Access
from .server import Personal as Personal
from .server import run_server as run_server
from .store import MarkStore as MarkStore
