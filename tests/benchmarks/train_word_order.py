"""Make `grader/text/word_order.npz`: how likely one class of words follows another in English technical prose.

Usage: python -m tests.benchmarks.train_word_order [-o FILE]   (one minute)

The prose are the docstrings of the installed Python packages under permissive licences and of the standard library;
only counts of pairs are kept. Another set of packages gives a slightly different table.
"""

import argparse
import ast
import re
import sysconfig
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from grader.text.grammar.lexicon import FUNCTION_WORDS
from grader.text.word_order import BEGINNING, ENDINGS, OTHER, runs, word_class

PACKAGES = (
    "torch",
    "sympy",
    "scipy",
    "sklearn",
    "numpy",
    "networkx",
    "transformers",
    "sentence_transformers",
    "pydantic",
)
N_KNOWN = 600
# Pairs are smoothed with this many pseudo-counts of the second word's own frequency.
SMOOTHING = 5.0
SCALE = 25.0
_SENTENCE = re.compile(r"[A-Z][A-Za-z ,;:'’\"()\-0-9_]+[.!?]")
_NO_PROSE = re.compile(r">>>|::|\.\. |[{}\\|]|---|~~~|===")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=Path("grader/text/word_order.npz"))
    arguments = parser.parse_args()
    sentences = list(dict.fromkeys(prose()))
    counts = Counter(word.lower() for sentence in sentences for run in runs(sentence) for word in run)
    common = [word for word, _ in counts.most_common(N_KNOWN)]
    known = sorted({*common, *(word for word in FUNCTION_WORDS if counts[word])})
    classes = [BEGINNING, OTHER, *(f"-{end}" for end in ENDINGS), *known]
    index = {name: number for number, name in enumerate(classes)}
    pairs = np.zeros((len(classes), len(classes)))
    for sentence in sentences:
        for run in runs(sentence):
            places = [index[BEGINNING], *(index[word_class(word, index)] for word in run)]
            np.add.at(pairs, (places[:-1], places[1:]), 1)
    alone = (pairs.sum(axis=0) + 1) / (pairs.sum() + len(classes))
    after = (pairs + SMOOTHING * alone) / (pairs.sum(axis=1, keepdims=True) + SMOOTHING)
    ratios = np.clip(np.round(np.log(after / alone) * SCALE), -127, 127).astype(np.int8)
    np.savez_compressed(arguments.output, classes=np.array(" ".join(classes)), ratios=ratios, scale=np.float32(SCALE))
    size = arguments.output.stat().st_size
    print(f"{len(sentences)} sentences, {len(classes)} classes, {size / 1e3:.0f} kB in {arguments.output}")


def prose() -> Iterator[str]:
    """Sentences of docstrings that consist of words."""
    site, standard = (Path(sysconfig.get_path(name)) for name in ("purelib", "stdlib"))
    files = [path for name in PACKAGES for path in sorted((site / name).rglob("*.py"))]
    files += [path for path in sorted(standard.rglob("*.py")) if site not in path.parents and "test" not in path.parts]
    for path in files:
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
                yield from sentences_of(ast.get_docstring(node) or "")


def sentences_of(docstring: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", docstring):
        text = " ".join(paragraph.split())
        if len(text) < 40 or _NO_PROSE.search(text):
            continue
        for sentence in re.split(r"(?<=[.!?])\s+", re.sub(r"`+([^`]*)`+", r"\1", text)):
            if _SENTENCE.fullmatch(sentence) and 7 <= len(sentence.split()) <= 45:
                yield sentence


if __name__ == "__main__":
    main()
