"""The first row of a CSV: which delimiter, which column is the program, which are values."""

from __future__ import annotations

import csv

from gradcli import language
from gradcli.batch.columns import Columns, is_column
from gradcli.batch.members import MEANT, MEMBERS
from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gradcli.batch.work import Header

DELIMITERS = ",;\t"
MOST_NEARLY = 100_000  # letters of a line that may be meant as a header
PROGRAM = "expr"
OWN = frozenset(MEMBERS) - {"at"}  # columns that are no values


def header_of(line: str, place: str) -> Header | None:
    """The format of a CSV whose first row is LINE; None where it is none, because no column is called expr.

    Raises GradError (name) where a column has no name, is no name, or stands twice.
    """
    for delimiter in DELIMITERS:
        names = cells_of(line, delimiter)
        if PROGRAM in names:
            _check(names, place)
            return {"format": "csv", "delimiter": delimiter, "columns": list(map(language.normalised, names))}
    _refuse_near_miss(line, place)
    return None


def cells_of(line: str, delimiter: str) -> list[str]:
    """The cells of one row, without the blanks around them."""
    try:
        rows = list(csv.reader([line], delimiter=delimiter, skipinitialspace=True))
    except csv.Error:
        return []
    return [name.strip() for name in rows[0]] if rows else []


def _check(names: list[str], place: str) -> None:
    seen: dict[str, int] = {}
    for number, name in enumerate(names, 1):
        if not name:
            hint = "name it; a column id is given back with each answer"
            raise GradError("name", f"column {number} of {place} has no name", hint=hint)
        if seen.setdefault(name, number) != number:
            twice = f"{name!r} is the name of columns {seen[name]} and {number} of {place}"
            raise GradError("name", twice, hint="give each column its own name")
        if name == "at":
            hint = "give each value a column of its own, or write it behind 'at' in expr"
            raise GradError("name", f"column {number} of {place} is called 'at'", hint=hint)
        if name not in OWN and not is_column(name):
            hint = f"a column is the name of a variable, or {', '.join(sorted(OWN))}"
            raise GradError("name", f"column {number} of {place} is called {name!r}, which is no name", hint=hint)
    values = Columns([name for name in names if name not in OWN])
    for name in values.found:
        try:
            values.places_of(name)
        except GradError as error:
            raise GradError("name", f"in {place}: {error.message}", hint=error.hint) from None


def refuse_table(start: bytes, path: str) -> None:
    """Raise GradError (file) where a file of programs looks like a table of numbers: names, then a row of numbers."""
    lines = start[:MOST_NEARLY].replace(b"\r\n", b"\n").replace(b"\r", b"\n").decode(errors="replace").split("\n")
    found = [line for line in lines if line.strip(" \t") and not line.lstrip(" \t").startswith("#")][:2]
    for delimiter in DELIMITERS if len(found) == 2 else "":
        names, cells = cells_of(found[0], delimiter), cells_of(found[1], delimiter)
        if 1 < len(names) == len(cells) and all(map(_may_be_column, names)) and all(map(_is_number, cells)):
            message = f"{path!r} looks like a table of numbers: no column is called 'expr'"
            raise GradError("file", message, hint=f"gradcli map EXPR {path} computes EXPR for every row")


def _may_be_column(name: str) -> bool:
    return name[:1].isalpha() and len(name) < 100 and not any(sign in name for sign in "()=^*+;")


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return not cell
    return True


def _refuse_near_miss(line: str, place: str) -> None:
    """Raise GradError (name) where the line looks like the header of a CSV that calls its programs something else."""
    for delimiter in DELIMITERS if len(line) < MOST_NEARLY else "":
        names = cells_of(line, delimiter)
        if len(names) < 2 or not all(not name or name.isidentifier() for name in names):
            continue
        for name in names:
            if name.lower() == PROGRAM or (len(name) > 1 and MEANT.get(name.lower()) == PROGRAM):
                message = f"{place} looks like a CSV, and no column is called 'expr'"
                raise GradError("name", message, hint=f"call the column {name!r} expr")
