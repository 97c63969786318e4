"""Ids of answers in files that have none."""

from collections.abc import Collection


class MadeIds:
    """Makes ids that differ: `<question id>`, `<question id>-2`, or `<student>/<question id>` where students are told.

    Memory grows with the questions, not with the answers.

    Args:
        known: ids of questions, which no other question's answer may get.

    """

    def __init__(self, known: Collection[str]) -> None:
        self._known = known
        self._next: dict[str, int] = {}  # by question, the next number to try
        self._plain: set[str] = set()  # questions whose id was given to an answer

    def free(self, question_id: str, student: str | None = None) -> str:
        """An id for one more answer to a question."""
        if student is not None:
            return f"{student}/{question_id}"
        number = self._next.get(question_id, 1)
        while self._taken(name := question_id if number == 1 else f"{question_id}-{number}", question_id):
            number += 1
        self._next[question_id] = number + 1
        if name == question_id:
            self._plain.add(name)
        return name

    def _taken(self, name: str, question_id: str) -> bool:
        if name in self._plain or (name in self._known and name != question_id):
            return True
        base, _, number = name.rpartition("-")
        return base in self._next and number.isdecimal() and 2 <= int(number) < self._next[base]
