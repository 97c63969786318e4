"""Which columns of an answers file say who a student is, as learning platforms and their teachers call them."""

from collections.abc import Iterable, Mapping
from typing import Literal

Identity = Literal["first_name", "last_name", "name", "email", "username", "id_number", "section"]

# English, German, Spanish, French, Italian, Portuguese, Dutch; the most specific first.
_NAMES: Mapping[Identity, tuple[str, ...]] = {
    "first_name": tuple("first name|given name|forename|vorname|nombre|prénom|nome|voornaam".split("|")),
    "last_name": tuple(
        "last name|surname|family name|nachname|apellido(s)|apellidos|nom|cognome|apelido|achternaam".split("|")
    ),
    "name": tuple("full name|student name|name|student|display name|vollständiger name|your name".split("|")),
    "email": tuple(
        "email address|email|e-mail|e-mail address|e-mail-adresse|mail|student email|dirección de correo"
        "|correo electrónico|adresse de courriel|adresse e-mail|indirizzo email|e-mailadres".split("|")
    ),
    "username": tuple(
        "username|user name|login|login id|sis login id|login_id|anmeldename|nombre de usuario"
        "|nom d'utilisateur|nome utente|gebruikersnaam".split("|")
    ),
    "id_number": tuple(
        "sis user id|sis_id|sis id|id number|student id|student number|sid|matriculation number|matrikelnummer"
        "|id-nummer|número de id|numéro d'identification".split("|")
    ),
    "section": ("section", "sections", "section_name", "group", "class"),
}
# The number that Canvas gives a person stands in a column with a bare name.
CANVAS_ID = ("id",)


def identity_columns(columns: Iterable[str]) -> dict[Identity, str]:
    """The columns that tell names, addresses and numbers of students, by what they tell."""
    plain = {_plain(name): name for name in reversed(list(columns))}
    found = ((what, next((plain[name] for name in names if name in plain), None)) for what, names in _NAMES.items())
    return {what: column for what, column in found if column is not None}


def column_called(columns: Iterable[str], names: Iterable[str]) -> str | None:
    """The first column with one of these names, whatever their case."""
    wanted = set(names)
    return next((column for column in columns if _plain(column) in wanted), None)


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())
