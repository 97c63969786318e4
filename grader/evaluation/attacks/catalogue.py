"""The attacks C01 to C32 and C36 to C49: what each is, what must hold, and the function that builds its cases.

C33 to C35 attack runs and files, not texts; they are in `attack_evaluation`.
"""

from collections.abc import Callable, Iterable
from functools import partial

import numpy as np

from grader.evaluation.attacks import (
    answer_cases,
    attack_texts,
    fact_cases,
    fact_edits,
    form_cases,
    frame_cases,
    sentence_edits,
)
from grader.evaluation.attacks.cases import LOOSE, TOLERANCE, Attack, AttackCase, AttackTarget

_ZERO = "scores 0"
_HALF = "stays below half of the good answer's score"
_ONLY = "exactly the changed point earns nothing"
_PARTIAL = "the point is partial at best, or flagged"
_GONE = "the point earns nothing, or flagged"
_UNMOVED = f"score moves by {TOLERANCE} at most"
_LOOSELY = f"score moves by {LOOSE} at most"
_WRONG = "scores 0.2 at most"
_LITTLE = "its points earn 0.2 at most on average"
_NOT_AT_ALL = "score does not move at all"
_NEGATIONS = partial(fact_cases.changed, sentence_edits.negations, fact_edits.any_claim)
_OPPOSITES = partial(fact_cases.changed, sentence_edits.opposites, fact_edits.same_direction)
_NUMBERS = partial(fact_cases.changed, sentence_edits.numbers, fact_edits.same_quantity)
_ABSENCES = partial(frame_cases.listed, attack_texts.ABSENCES)
_HALVES = "true points earn 0.7 at least, false ones 0.2 at most, on average"


def _framed(frames: tuple[str, ...]) -> Callable[[AttackTarget, np.random.Generator], Iterable[AttackCase]]:
    return partial(frame_cases.framed, frames)


ATTACKS: tuple[Attack, ...] = (
    Attack(
        "C01", "blank or punctuation only", "absolute", _ZERO, partial(form_cases.worthless, attack_texts.BLANKS, 3)
    ),
    Attack("C02", "symbols and digits only", "absolute", _ZERO, partial(form_cases.worthless, attack_texts.SYMBOLS, 3)),
    Attack("C03", "gibberish", "absolute", "scores 0.05 at most, and flagged", form_cases.gibberish),
    Attack(
        "C04", "openings without an answer", "absolute", _ZERO, partial(form_cases.worthless, attack_texts.OPENERS, 4)
    ),
    Attack("C05", "question echoed", "directional", _HALF, form_cases.echo, "0.05 at most, and flagged"),
    Attack("C06", "question echoed before the answer", "invariant", _UNMOVED, form_cases.echo_before),
    Attack("C07", "list of keywords", "directional", _HALF, form_cases.keywords, "flagged"),
    Attack("C08", "words shuffled", "directional", _HALF, form_cases.word_salad, "falls by 0.3"),
    Attack("C09", "sentences shuffled", "invariant", _UNMOVED, form_cases.shuffled),
    Attack("C10", "negation", "directional", _ONLY, _NEGATIONS),
    Attack("C11", "opposite or direction", "directional", _ONLY, _OPPOSITES),
    Attack("C12", "number, unit or growth", "directional", _ONLY, _NUMBERS),
    Attack("C13", "roles swapped", "directional", _GONE, fact_cases.swapped),
    Attack("C14", "quantifier weakened", "directional", _PARTIAL, fact_cases.weakened),
    Attack("C15", "one fact of the reference flipped", "directional", _ONLY, fact_cases.flipped_reference),
    Attack("C16", "contradiction appended", "directional", _GONE, fact_cases.contradicted),
    Attack("C17", "each claim and its denial", "absolute", "flagged", fact_cases.shotgun),
    Attack("C18", "fluent but off topic", "absolute", "scores 0.1 at most", form_cases.off_topic),
    Attack("C19", "padding", "invariant", _LOOSELY, form_cases.padded, _UNMOVED),
    Attack("C20", "repetition", "invariant", _LOOSELY, form_cases.repeated, _UNMOVED),
    Attack("C21", "partial answer that grows", "directional", "never falls", form_cases.growing, "worth its points"),
    Attack("C22", "adverbs in a weak answer", "invariant", _UNMOVED, form_cases.adverbs),
    Attack("C23", "prefix before a weak answer", "invariant", _UNMOVED, form_cases.prefixes),
    Attack("C24", "keywords in a weak answer", "directional", f"{_HALF}, or flagged", form_cases.minimal_edits),
    Attack("C25", "typos, case, synonyms, spelling", "invariant", _LOOSELY, form_cases.reworded, _UNMOVED),
    Attack("C26", "another language", "absolute", "flagged as unreadable", form_cases.foreign),
    Attack("C27", "bullets, table, code, LaTeX", "invariant", _LOOSELY, form_cases.relaid, _UNMOVED),
    Attack("C28", "100,000 characters around it", "invariant", _LOOSELY, form_cases.very_long, _UNMOVED),
    Attack("C29", "look-alike letters", "invariant", _NOT_AT_ALL, form_cases.look_alikes),
    Attack("C30", "invisible characters", "invariant", _NOT_AT_ALL, form_cases.hidden),
    Attack("C31", "fullwidth and bold letters", "invariant", _NOT_AT_ALL, form_cases.styled),
    Attack("C32", "copy of the reference", "absolute", "scores 0.95, flagged as a copy", form_cases.copied),
    Attack("C36", "misconception in words of its own", "absolute", _WRONG, answer_cases.own_words),
    Attack("C37", "misconception in the points' words", "absolute", _WRONG, answer_cases.points_words),
    Attack("C38", "halves exchanged within a sentence", "absolute", _LITTLE, answer_cases.exchanged),
    Attack("C39", "terms listed within a clause", "absolute", f"{_LITTLE}, or add 0.1", frame_cases.listed_after),
    Attack("C40", "myth and its rejection", "absolute", _LITTLE, _framed(attack_texts.MYTHS)),
    Attack("C41", "hypothesis", "absolute", _LITTLE, _framed(attack_texts.HYPOTHESES)),
    Attack("C42", "irony", "absolute", _LITTLE, _framed(attack_texts.IRONIES)),
    Attack("C43", "both ways", "absolute", _LITTLE, frame_cases.both_ways),
    Attack("C44", "ignorance", "absolute", _LITTLE, _framed(attack_texts.IGNORANCE)),
    Attack("C45", "taught, but not taken in", "absolute", _LITTLE, _ABSENCES),
    Attack("C46", "quotation without assent", "absolute", _LITTLE, _framed(attack_texts.QUOTATIONS)),
    Attack("C47", "denied far away", "absolute", f"{_LITTLE}, or flagged", frame_cases.denied_far_away),
    Attack("C48", "half true, half false", "directional", _HALVES, answer_cases.half_wrong),
    Attack("C49", "good, partial, wrong", "directional", "the better one scores higher", answer_cases.better),
)
# Attacks that are so slow that only one answer of the bank is attacked.
SINGLE_TARGET = frozenset({"C28"})
