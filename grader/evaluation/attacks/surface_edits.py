"""A text -> the same text in other letters, another layout, another wording, or with padding. Pure and seeded."""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from grader.evaluation.attacks.attack_texts import COMBINING, FILLER
from grader.evaluation.attacks.word_lists import ADVERBS
from grader.text import segments

ZERO_WIDTH = "\u200b"
_TAGS = 0xE0000  # "tag" characters: invisible copies of ASCII


def sentences(text: str) -> list[str]:
    """The sentences and list items of a text, without bullets."""
    return [text[span.start : span.end] for span in segments(text)]


def replaced(text: str, table: Mapping[str, str]) -> str:
    """The text with whole words and phrases replaced; a capital at the start of one stays."""

    def other(match: re.Match[str]) -> str:
        new = table[match[0].lower()]
        return new[:1].upper() + new[1:] if match[0][:1].isupper() else new

    wanted = "|".join(map(re.escape, sorted(table, key=len, reverse=True)))
    return re.sub(rf"(?<![\w-])(?:{wanted})(?![\w-])", other, text, flags=re.IGNORECASE)


def with_typos(text: str, rng: np.random.Generator, *, every: int = 12) -> str:
    """The text with two neighbouring inner letters swapped in one word of `every`, in words of five letters or more."""
    long = [match for match in re.finditer(r"[a-z]{5,}", text) if len(set(match[0][1:-1])) > 1]
    count = min(len(long), max(1, len(text.split()) // every))
    letters = list(text)
    for index in rng.choice(len(long), size=count, replace=False) if long else []:
        inner = range(long[index].start() + 1, long[index].end() - 2)
        at = rng.choice([at for at in inner if text[at] != text[at + 1]])
        letters[at], letters[at + 1] = letters[at + 1], letters[at]
    return "".join(letters)


def with_adverbs(text: str, rng: np.random.Generator) -> str:
    """The text with an adverb after each "is", "are", "can", "will" or "have", or before the whole."""
    pattern = r"\b(is|are|can|will|have|has|would)\b(?! not\b)"
    padded = re.sub(pattern, lambda match: f"{match[1]} {ADVERBS[int(rng.integers(len(ADVERBS)))]}", text)
    return padded if padded != text else f"Naturally, {text[:1].lower()}{text[1:]}"


def padding(n_words: int, rng: np.random.Generator) -> list[str]:
    """Generic sentences of at least `n_words` words in all, which say nothing about anything."""
    chosen: list[str] = []
    while sum(len(sentence.split()) for sentence in chosen) < n_words:
        chosen += [FILLER[index] for index in rng.permutation(len(FILLER))]
    while sum(len(sentence.split()) for sentence in chosen[:-1]) >= n_words:
        chosen.pop()
    return chosen


def interleaved(text: str, others: Sequence[str]) -> str:
    """The sentences of a text with the others spread evenly among them."""
    own = sentences(text)
    cuts = np.linspace(0, len(others), len(own) + 1).astype(int)
    parts = [part for at, sentence in enumerate(own) for part in (_closed(sentence), *others[cuts[at] : cuts[at + 1]])]
    return " ".join(parts)


def shuffled(text: str, rng: np.random.Generator) -> str:
    """The sentences of a text in another order."""
    own = sentences(text)
    return " ".join(_closed(own[index]) for index in rng.permutation(len(own)))


def word_salad(text: str, rng: np.random.Generator) -> str:
    """The words of each sentence in another order."""
    mixed = []
    for sentence in sentences(text):
        words = sentence.rstrip(".!?;").split()
        mixed.append(" ".join(words[index] for index in rng.permutation(len(words))) + ".")
    return " ".join(mixed)


def _closed(sentence: str) -> str:
    """With a full stop, where a list item or a clause before a semicolon had none."""
    return sentence if sentence.endswith((".", "!", "?")) else sentence.rstrip(";:, ") + "."


# --- layout ---------------------------------------------------------------------------------------------


def as_bullets(text: str) -> str:
    """One bullet a sentence."""
    return "\n".join(f"- {sentence}" for sentence in sentences(text))


def as_table(text: str) -> str:
    """A Markdown table with one row a sentence."""
    rows = [f"| {at} | {sentence.replace('|', '/')} |" for at, sentence in enumerate(sentences(text), 1)]
    return "\n".join(["| no | statement |", "| --- | --- |", *rows])


def as_code(text: str) -> str:
    """A fenced block with one comment line a sentence."""
    return "\n".join(["```python", *(f"# {sentence}" for sentence in sentences(text)), "```"])


def as_latex(text: str) -> str:
    """A LaTeX list with numbers in formulas and every tenth word in bold."""
    rows = []
    for sentence in sentences(text):
        words = [
            f"\\textbf{{{word}}}" if at % 10 == 3 and word.isalpha() else word
            for at, word in enumerate(sentence.split())
        ]
        rows.append("\\item " + re.sub(r"(?<![\w$])(\d+)(?![\w$])", r"$\1$", " ".join(words)))
    return "\n".join(["\\begin{itemize}", *rows, "\\end{itemize}"])


# --- characters -----------------------------------------------------------------------------------------


def every_nth(text: str, table: Mapping[int, int | str], n: int) -> str:
    """The text with every `n`-th letter that the table knows replaced."""
    seen = 0
    letters = []
    for char in text:
        seen += ord(char) in table
        letters.append(char.translate(table) if ord(char) in table and seen % n == 0 else char)
    return "".join(letters)


def with_inserts(text: str, insert: str, *, every: int) -> str:
    """The text with `insert` between letters, after every `every`-th character."""
    return "".join(char + insert * (at % every == every - 1) for at, char in enumerate(text))


def with_marks(text: str) -> str:
    """The text with combining marks heaped on every fourth letter."""
    return "".join(
        char + COMBINING[:3] * (char.isascii() and char.isalpha() and at % 4 == 0) for at, char in enumerate(text)
    )


def with_overrides(text: str) -> str:
    """The text with each word wrapped in bidirectional control characters."""
    return re.sub(r"[A-Za-z]+", lambda match: f"\u202a{match[0]}\u202c", text)


def in_tags(text: str) -> str:
    """An ASCII text in invisible tag characters."""
    return "".join(chr(_TAGS + ord(char)) for char in text if " " <= char <= "~")
