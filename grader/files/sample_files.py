"""The sample bank, rubrics, answers and ratings that come with the package."""

from pathlib import Path

# What users see them as, and where they are in the repository; the wheel has the same tree in `grader/samples/`.
SAMPLES = {
    "bank.yaml": "data/deep_learning.yaml",
    "rubrics": "rubrics",
    "answers.jsonl": "data/practice_answers.jsonl",
    "ratings.csv": "data/ratings.csv",
}


def sample_path(name: str) -> Path:
    """Where a sample is: one of `SAMPLES`.

    >>> from grader.files import sample_path
    >>> sample_path("rubrics").is_dir()
    True
    """
    package = Path(__file__).parents[1]
    installed = package / "samples"
    return (installed if installed.is_dir() else package.parent) / SAMPLES[name]
