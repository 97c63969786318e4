"""What learning platforms and teachers call the columns that say who a student is.

English, German, Spanish, French, Italian, Portuguese, Dutch; in lower case, the most specific first.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

StudentColumn = Literal[
    "student_number",
    "sis_id",
    "username",
    "sis_login",
    "email",
    "student",
    "name",
    "first_name",
    "last_name",
    "section",
]

STUDENT_COLUMNS: Mapping[StudentColumn, tuple[str, ...]] = {
    what: tuple(names.split("|"))  # type: ignore[misc]  # the keys are literals
    for what, names in {
        "student_number": "student id|student number|sid|matriculation number|matrikelnummer|candidate id"
        "|candidate number",
        "sis_id": "sis user id|sis_id|sis id|sisid|id number|id-nummer|número de id|numéro d'identification",
        "username": "username|user name|login id|login|user id|anmeldename|nombre de usuario|nom d'utilisateur"
        "|nome utente|gebruikersnaam",
        "sis_login": "sis login id|login_id",
        "email": "email address|email|e-mail|e-mail address|e-mail-adresse|mail|school email|student email|your email"
        "|dirección de correo|correo electrónico|dirección de correo electrónico|adresse de courriel|adresse e-mail"
        "|adresse mail|indirizzo email|e-mailadres",
        "student": "candidate|student|participant|respondent|learner",
        "name": "full name|student name|name|your name|candidate name|your full name|display name"
        "|vollständiger name|nombre completo|nom complet|nome completo",
        "first_name": "first name|given name|forename|vorname|nombre|prénom|nome|voornaam",
        "last_name": "last name|surname|family name|nachname|apellido(s)|apellidos|nom|cognome|apelido|achternaam",
        "section": "section|sections|section_name|group|class",
    }.items()
}


def plain_name(name: str) -> str:
    """A column's name in lower case, with single blanks."""
    return " ".join(name.casefold().split())


def student_columns(columns: Iterable[str]) -> dict[StudentColumn, str]:
    """The first column of each kind that is there."""
    plain = {plain_name(name): name for name in reversed(list(columns))}
    found = (
        (what, next((plain[name] for name in names if name in plain), None)) for what, names in STUDENT_COLUMNS.items()
    )
    return {what: column for what, column in found if column is not None}
