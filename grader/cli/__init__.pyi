from .app import main as main
from .stopping import end_stopped as end_stopped
from .stopping import end_watch as end_watch
from .stopping import watch_signals as watch_signals
