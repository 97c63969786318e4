"""The same answer in other surroundings, and answers that say nothing, so that the reader learns to ignore form.

None of this changes which points an answer states: fillers, repetition, the question before the answer, lists, tables,
LaTeX, emphasis, case, sentences in another order, and a sentence about something else.
"""

import random
import re
import string
from collections.abc import Callable

# Share of the answers that get other surroundings: of those in `data/statements`, and of those of scored sets.
NOISE_SHARE, SETS_NOISE_SHARE = 0.3, 0.2
# Share of the questions that get an answer that says nothing.
EMPTY_SHARE = 0.5
_LONGEST = 600  # characters of an answer that is changed; a longer one would be cut

_OPENINGS = (
    "Thank you for the question.", "Let me think.", "Let me explain this step by step.", "That is a good question.",
    "I will try to answer as clearly as possible.", "Hello,", "In my opinion this is an important topic.",
    "Well, so basically", "To begin with, here is my answer.", "I have thought about this for a while.",
    "First of all, this is a broad topic.", "Answer:", "Here is what I know.",
    "This question was discussed in the course.", "I would like to structure my answer.",
)  # fmt: skip
_CLOSINGS = (
    "I hope this answers the question.", "In conclusion, that is my answer.",
    "That is everything that comes to my mind.", "This is very important in practice.",
    "There are of course many other aspects.", "Thanks for reading.",
    "To sum up, these are the main things to keep in mind.", "It depends on the situation, of course.",
    "I am happy to go into more detail.", "As you can see, this matters a lot.", "etc.",
    "More could be said, but time is short.", "All in all it is an interesting subject.", "Regards",
    "This is what I learned.",
)  # fmt: skip
_EMPHASIS = ("**{}**", "*{}*", "`{}`", r"\textbf{{{}}}", "_{}_", "<b>{}</b>", r"\emph{{{}}}")
_BULLETS = ("- ", "* ", "\N{BULLET} ", "\N{EN DASH} ")
_SYMBOLS = "!?.,;:-_#*+=()[]{}0123456789 "


def noisy(answer: str, question: str, other: str, rng: random.Random) -> str:
    """The answer with the same content in another form; long answers stay as they are.

    Args:
        answer: to change.
        question: which may be repeated before the answer.
        other: an answer to something else.
        rng: for all choices.

    """
    if len(answer) > _LONGEST or not answer.strip():
        return answer
    changes: tuple[Callable[[], str], ...] = (
        lambda: _filled(answer, rng),
        lambda: _repeated(answer, rng),
        lambda: question + rng.choice((" ", "\n", "\n\n", " - ")) + answer,
        lambda: _laid_out(answer, rng),
        lambda: _emphasised(answer, rng),
        lambda: _retyped(answer, rng),
        lambda: " ".join(_shuffled(_sentences(answer), rng)),
        lambda: " ".join(_shuffled([answer, rng.choice(_sentences(other) or [""])], rng)),
    )
    [change] = rng.choices(changes, weights=(22, 12, 10, 18, 8, 10, 10, 10))
    return change()


def empty_answer(question: str, rng: random.Random) -> str:
    """An answer that states nothing: fillers, gibberish, symbols, or the question in some form."""
    letters = string.ascii_lowercase
    words = question.split()
    return rng.choice(
        (
            " ".join(rng.choices(_OPENINGS + _CLOSINGS, k=rng.randint(1, 3))),
            " ".join("".join(rng.choices(letters, k=rng.randint(2, 8))) for _ in range(rng.randint(3, 19))),
            "".join(rng.choices(_SYMBOLS, k=rng.randint(5, 59))),
            f"{question} {rng.choice(_CLOSINGS)}",
            " ".join(_shuffled(words, rng)),
            f"{rng.choice(_OPENINGS)} {question}",
        )
    )


def _sentences(text: str) -> list[str]:
    return [piece for piece in re.split(r"(?<=[.!?])\s+", text.strip()) if piece]


def _shuffled(parts: list[str], rng: random.Random) -> list[str]:
    return rng.sample(parts, len(parts))


def _filled(answer: str, rng: random.Random) -> str:
    for _ in range(rng.choice((1, 1, 2))):
        before = rng.random() < 0.5
        answer = f"{rng.choice(_OPENINGS)} {answer}" if before else f"{answer} {rng.choice(_CLOSINGS)}"
    return answer


def _repeated(answer: str, rng: random.Random) -> str:
    again = rng.choice((answer, rng.choice(_sentences(answer))))
    return answer + rng.choice((" ", "\n", " As I said: ", " Again, ", " In other words: ")) + again


def _laid_out(answer: str, rng: random.Random) -> str:
    sentences = _sentences(answer)
    bullet, mark = rng.choice(_BULLETS), rng.choice(".)")
    rows = "\n".join(f"| {number} | {sentence} |" for number, sentence in enumerate(sentences, 1))
    head = f"| {rng.choice(('Item', 'No.', 'Aspect'))} | {rng.choice(('Text', 'Answer', 'Explanation'))} |"
    items = "\n".join(rf"\item {sentence}" for sentence in sentences)
    [text] = rng.choices(
        (
            "\n".join(bullet + sentence for sentence in sentences),
            "\n".join(f"{number}{mark} {sentence}" for number, sentence in enumerate(sentences, 1)),
            f"{head}\n| --- | --- |\n{rows}",
            f"\\begin{{itemize}}\n{items}\n\\end{{itemize}}",
            f"# {rng.choice(('Answer', 'My answer', 'Solution', 'Notes'))}\n\n{answer}",
            f"```\n{answer}\n```",
            "\n\n".join(sentences),
        ),
        weights=(30, 15, 15, 15, 10, 7, 8),
    )
    return text


def _emphasised(answer: str, rng: random.Random) -> str:
    words, form = answer.split(" "), rng.choice(_EMPHASIS)
    for index in rng.sample(range(len(words)), max(1, len(words) // 8)):
        if words[index].isalpha():
            words[index] = form.format(words[index])
    return " ".join(words)


def _retyped(answer: str, rng: random.Random) -> str:
    [text] = rng.choices(
        (
            answer.lower(),
            answer.upper(),
            answer.replace(",", "").replace(".", ""),
            " ; ".join(_sentences(answer)),
            answer.replace(" ", "  "),
        ),
        weights=(40, 10, 20, 15, 15),
    )
    return text
