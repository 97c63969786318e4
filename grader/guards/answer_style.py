"""How an answer is written: question echoes, keyword lists, shuffled or random words, copies, prompt injection.

It looks at words, not at meaning or rubric points. Findings become flags for a person. Only segments without content
and texts without sentences also lose credit.
"""

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from grader.guards.prompt_injection import has_prompt_injection
from grader.text import FUNCTION_WORDS, Span, has_digit, stem, word_salad_score, word_set, words
from grader.text import segments as split

# In a shorter text a list of keywords cannot be distinguished from a terse answer.
_FEWEST_WORDS = 10
# Keyword lists have hardly any function words. Of the answers with full marks from people, 1 in 100 has less than this
# share of them.
_KEYWORD_LIST = 0.12
# An answer is a copy when runs of at least this many words of the reference make up this share of it.
_COPIED_RUN = 8
_COPIED_SHARE = 0.5
# Tokens per word from which words count as random letters: English words have 1.3 on average, technical ones up to 2,
# random letters 3 and more.
_RANDOM_LETTERS = 2.8
_FEWEST_RANDOM = 5
# Share of words with digits above which a text is a calculation or program output.
_NUMBERS = 0.12
# Share of a question's sentence that an echo repeats at least.
_ECHOED_SHARE = 0.7
# Credit share of keyword lists and shuffled words, so that terse honest answers keep some until a person looks.
LIST_SHARE = 0.25

# Words that introduce an answer without being part of it.
_FRAMING = {
    stem(word)
    for word in word_set(
        """
        answer answers answering question questions ask asks asked asking explain explains explanation describe
        describes discuss define problem solve solving solution solutions step steps think thinking thought thoughts
        process reasoning reason let let's lets here following follow below first start begin okay ok sure well response
        task carefully
        """
    )
}
# Function words without content. Prepositions and quantifiers are not among them: "all but the first" is an answer.
_EMPTY_WORDS = word_set(
    """
    a an the is are was were be been being am do does did has have had can could will would shall should may might must
    it its this that these those they them their he she i you we me my your our what which who whom whose why how when
    where there and of about by with s
    """
)
# The most frequent words of other languages in Latin script that are no English words.
_FOREIGN = word_set(
    """
    y puede sin sola solo der die das und ist nicht ein eine einer eines mit für auf von zu den dem sich werden
    wird durch bei auch oder aber wenn el la los las del que una por para con como más pero son está este esta
    entre cuando también sus porque según le les des est une dans pour qui sur avec pas plus sont ce cette aux ou
    mais comme être par ainsi donc elle ils il di che è della dei per gli sono alla nel anche più questo questa
    delle si tra quando o os as um uma não é em com dos pelo pela mas foi são ao seu sua het een van niet zijn op
    te voor met aan wordt door ook als bij naar deze dat jest nie się na do w z oraz przez dla ale które który są
    och att det som för med av är inte
    """
)
# English function words that other languages also have.
_SHARED_WITH_ENGLISH = word_set("no a an as me do he so on us in was is of at i")
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]")
# Fewer words or letters are too few to identify the language.
_FEWEST_FOR_LANGUAGE = 6
_FEWEST_LETTERS = 12


class AnswerStyle(NamedTuple):
    """How an answer is written.

    Attributes:
        flags: for the grade.
        credit_share: share of the credit that the answer keeps, 0..1; below 1 where its words form no sentences.
        empty_segments: for each segment whether it only repeats the question or introduces an answer.

    """

    flags: tuple[str, ...]
    credit_share: float
    empty_segments: tuple[bool, ...]


def assess_style(text: str, segments: Sequence[Span], *, question: str, reference: str, n_pieces: int) -> AnswerStyle:
    """Assess how an answer is written.

    Args:
        text: the normalised answer.
        segments: its segments, at least one.
        question, reference: what the answer is compared with; may be empty.
        n_pieces: tokens that the encoder cut the answer's words into.

    """
    sentences = [text[start:end] for start, end in segments]
    asked = _question_stems(question)
    empty = tuple(_is_empty(sentence, asked) for sentence in sentences)
    answer_words = words(text)
    flags = []
    share = 1.0
    if all(empty):
        flags.append("question_echo")
    if not all(empty) and not _has_numbers(text, answer_words):
        found, share = _without_sentences(answer_words, sentences, n_pieces)
        flags += found
    if _repeats(sentences):
        flags.append("repetition")
    if copies(text, reference):
        flags.append("verbatim_copy")
    if has_prompt_injection(text):
        flags.append("instructions")
    return AnswerStyle(tuple(flags), share, empty)


@lru_cache(maxsize=1024)
def _question_stems(question: str) -> tuple[frozenset[str], ...]:
    """The stems of each sentence of a question."""
    return tuple(_stems(question[start:end]) for start, end in split(question))


def _without_sentences(answer_words: Sequence[str], sentences: Sequence[str], n_pieces: int) -> tuple[list[str], float]:
    """The flag of words that form no sentences, if they do not, and the share of credit that they keep."""
    if len(answer_words) >= _FEWEST_RANDOM and n_pieces >= _RANDOM_LETTERS * len(answer_words):
        return ["gibberish"], 0.0
    if is_keyword_list(answer_words):
        return ["keyword_list"], LIST_SHARE
    shuffled = word_salad_score(sentences)
    return (["word_salad"], 1 - (1 - LIST_SHARE) * shuffled) if shuffled > 0 else ([], 1.0)


@lru_cache(maxsize=1024)
def _stems(text: str) -> frozenset[str]:
    """The stems of all words with content, without those that only introduce an answer."""
    return frozenset(stem(word) for word in map(str.lower, words(text)) if word not in _EMPTY_WORDS) - _FRAMING


def words_beyond_question(text: str, question: str) -> frozenset[str]:
    """The stems of a text's content words that the question does not have."""
    return _stems(text) - _stems(question)


def share_beyond_question(text: str, question: str) -> float:
    """The share of a text's words that the question does not have, as in `words_beyond_question`, 0..1; 0 for none.

    A text with numbers counts as entirely new, for they may be the answer.
    """
    if has_digit(text):
        return 1.0
    stems = _stems(text)
    return len(words_beyond_question(text, question)) / len(stems) if stems else 0.0


def _is_empty(piece: str, asked: Sequence[frozenset[str]]) -> bool:
    """Whether a segment only introduces an answer or repeats a sentence of the question.

    Words from several sentences of the question may be an answer: questions may contain a text, or the choices.
    """
    stems = _stems(piece)
    if not stems or has_digit(piece):
        return not stems
    return stems <= frozenset().union(*asked) and any(
        len(sentence & stems) >= _ECHOED_SHARE * len(sentence) for sentence in asked if sentence
    )


def _has_numbers(text: str, answer_words: Sequence[str]) -> bool:
    """Whether many words are numbers or formulas: tables and code need not be sentences."""
    return has_digit(text) and sum(map(has_digit, answer_words)) > _NUMBERS * len(answer_words)


def is_keyword_list(answer_words: Sequence[str]) -> bool:
    """Whether words lack the function words that sentences need."""
    plain = [word.lower() for word in answer_words if word[0].isalpha()]
    if len(plain) < _FEWEST_WORDS:
        return False
    return sum(word in FUNCTION_WORDS for word in plain) < _KEYWORD_LIST * len(plain)


def _repeats(sentences: Sequence[str]) -> bool:
    """Whether sentences are repeated: one occurs three times, or most of several at least twice."""
    if len(sentences) < 3:
        return False
    counts = Counter(" ".join(words(sentence.lower())) for sentence in sentences)
    repeated = sum(count - 1 for count in counts.values())
    return max(counts.values()) > 2 or (repeated > 1 and 2 * repeated >= len(counts))


def copies(text: str, reference: str) -> bool:
    """Whether the answer consists mostly of long runs of the reference's words."""
    known = _runs(reference)
    if not known:
        return False
    mine = [word.lower() for word in words(text)]
    copied: set[int] = set()
    for i in range(len(mine) - _COPIED_RUN + 1):
        if tuple(mine[i : i + _COPIED_RUN]) in known:
            copied.update(range(i, i + _COPIED_RUN))
    return len(copied) > _COPIED_SHARE * len(mine)


@lru_cache(maxsize=1024)
def _runs(reference: str) -> frozenset[tuple[str, ...]]:
    """All runs of words of a reference that count as copied; none where the reference is short."""
    theirs = [word.lower() for word in words(reference)]
    if len(theirs) < 2 * _COPIED_RUN:
        return frozenset()
    return frozenset(tuple(theirs[i : i + _COPIED_RUN]) for i in range(len(theirs) - _COPIED_RUN + 1))


def is_foreign(text: str) -> bool:
    """Whether a text is in another language than English, as far as its commonest words and its script show.

    Source: the share of stop words tells languages apart even in short texts (Grefenstette 1995).
    """
    n_letters = sum(map(str.isalpha, text))
    if n_letters < _FEWEST_LETTERS:
        return False
    if not text.isascii() and 2 * len(_LATIN.findall(text)) < n_letters:
        return True
    plain = [word.lower() for word in words(text) if word[0].isalpha()]
    if len(plain) < _FEWEST_FOR_LANGUAGE:
        return False
    foreign = [word for word in plain if word in _FOREIGN]
    # A single such word may be a name or a symbol: "Adam is RMSprop plus momentum", "O(n) and O(1)".
    if len(set(foreign)) < 2 or len(foreign) < 0.15 * len(plain):
        return False
    english = sum(
        word in FUNCTION_WORDS and word not in _SHARED_WITH_ENGLISH and word not in _FOREIGN for word in plain
    )
    return len(foreign) > 2 * english
