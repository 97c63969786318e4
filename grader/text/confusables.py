"""Confusables: letters of other scripts that look like Latin ones are folded where they replace these.

Words that are really Greek, Russian or Armenian stay as they are, and so do the single Greek letters of formulas.

Own code, not confusable_homoglyphs 3.3.1: that has no folding, loads 0.9 MB (5 times our import), takes "αt" in a
formula for a disguise, maps capital-I look-alikes to "l" and lacks the small Cyrillic capitals; unicodedata has no
confusables.
"""

import re

# From Unicode's confusables.txt (Technical Standard 39, version 15.1), for letters that look like one ASCII letter, and
# lower-case Cyrillic that looks like small capitals. Each letter stands for the ASCII letter at the same position.
_LOOKALIKES = (
    ("ɑƄᴄꬲꬵꞙẝɡᶃıɪɩƖǀᴏᴑꬽꭇꭈꜱƽꞟᴜꭎꭒʋᴠɯᴡɣᶌʏỿꭚᴢꞴꞘꞲƦꞳ", "abcefffggiiiIlooorrssuuuuuvwwyyyyyzBFJRX"),
    ("αϲιΙοσρϱᴦυνγΑΒϹΕϜΗͿΚΜϺΝΟΡΤΧΥϒΖ", "aciIooppruvyABCEFHJKMMNOPTXYYZ"),
    ("аЬсԁеҽһіꙇӏјІӀорԛгѕѵѡԝхуүАВСЕԌНЈКМОРЅТѴԜХУҮктмнв", "abcdeehiiijIIopqrsvwwxyyABCEGHJKMOPSTVWXYYktmhb"),
    ("ᏏꮯᏧᏂꭵᎥꮁꮪꮩꮃꮓᎪᏴᏟᎠᎬᏀᏳᎻᎫᏦᏞᎷᏢᎡᏒᏕᏚᎢᏙᎳᏔᎩᎽᏃ", "bcdhiirsvwzABCDEGGHJKLMPRRSSTVWWYYZ"),
    ("ⲥⲒⲟⲣⲅⲤⲎⲔⳐⲘⲚⲞⲢⲦⲬⲨ", "cIoprCHKLMNOPTXY"),
    ("ꓒꓲꓮꓐꓚꓓꓰꓝꓖꓧꓙꓗꓡꓟꓠꓳꓑꓣꓢꓔꓴꓦꓪꓫꓬꓜ", "dIABCDEFGHJKLMNOPRSTUVWXYZ"),
    ("քցհոռօգզսաՕՏՍ", "fghnnoqquwOSU"),
)
_TO_LATIN = {ord(other): latin for others, latins in _LOOKALIKES for other, latin in zip(others, latins, strict=True)}
_WORD = re.compile(r"[^\W\d_]+")
_ASCII = re.compile(r"[A-Za-z]")
# Formulas have Greek small letters alone, in pairs and beside a Latin letter: "αt", "σx".
_GREEK_SMALL = re.compile(r"[α-ω]")
_SHORTEST_DISGUISE = 3


def fold_lookalikes(text: str) -> tuple[str, int]:
    """Replace look-alike letters by Latin ones in disguised words.

    A word is disguised when it mixes look-alikes with Latin letters, or when it consists of look-alikes only and the
    text is mostly Latin.

    Args:
        text: any text, NFKC-normalised.

    Returns:
        the text, of the same length, and the number of disguised words.

    """
    if text.isascii() or _TO_LATIN.keys().isdisjoint(map(ord, text)):
        return text, 0
    mostly_latin = 2 * len(_ASCII.findall(text)) > sum(map(len, _WORD.findall(text)))
    n_folded = 0

    def fold(match: re.Match[str]) -> str:
        nonlocal n_folded
        word = match[0]
        latin = word.translate(_TO_LATIN)
        if latin == word or not _is_disguised(word, latin, mostly_latin):
            return word
        n_folded += 1
        return latin

    return _WORD.sub(fold, text), n_folded


def _is_disguised(word: str, latin: str, mostly_latin: bool) -> bool:
    """Whether a word with look-alikes is to be read as Latin."""
    if _GREEK_SMALL.search(word) and len(word) < _SHORTEST_DISGUISE:
        return False
    return bool(_ASCII.search(word)) or (mostly_latin and latin.isascii())
