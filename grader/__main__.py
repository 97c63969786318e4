"""`grader` and `python -m grader`."""

import os

from grader.cli import main

# Products here are small: threads of numpy's own would wait for each other longer than they compute. The encoder's
# runtime has its own threads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

if __name__ == "__main__":
    main()
