"""The names of columns as the variables of a program: `x`, the vector of `x[0]` and `x[1]`, a matrix of `W[0,0]`."""

from __future__ import annotations

from difflib import get_close_matches
from math import prod

from gradcli import language
from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from gradcli.graph import Shape

MOST_NAMES = 12  # that a message lists
MOST_COMPARED = 1000


class Columns:
    """What the columns of a table name: for each variable its shape and the places of its elements, in C order.

    Only those are looked at that name one of the WORDS, where these are given: a table may have a million columns. What
    is wrong with a name matters where a program uses it: `places_of` raises then.
    """

    def __init__(self, names: Sequence[str], words: Container[str] | None = None) -> None:
        self.names = list(names)
        self.found: dict[str, list[tuple[tuple[int, ...], int]]] = {}
        for place, column in enumerate(self.names):
            if words is not None and language.normalised(column.partition("[")[0].strip()) not in words:
                continue
            split = _split(column)
            if split is not None:
                name, index = split
                self.found.setdefault(name, []).append((index, place))

    def __contains__(self, name: str) -> bool:
        return name in self.found

    def shape_of(self, name: str) -> Shape:
        """The shape of a variable: as large as its indices are."""
        if self._is_number(name):
            return ()
        indices = [index for index, _ in self.found[name]]
        if len({len(index) for index in indices}) > 1:
            first, other = sorted(indices, key=len)[:: len(indices) - 1]
            raise GradError(
                "name", f"the columns {element(name, first)!r} and {element(name, other)!r} do not fit together",
                hint="the columns of one array have as many indices each",
            )  # fmt: skip
        return tuple([1 + max(axis) for axis in zip(*indices, strict=True)])

    def places_of(self, name: str) -> list[int]:
        """The places of the elements of a variable in the table.

        Raises GradError (name) where one is missing, or two columns have one name.
        """
        if self._is_number(name):
            return [self.found[name][0][1]]
        shape = self.shape_of(name)
        places: dict[tuple[int, ...], int] = {}
        for index, place in self.found[name]:
            if index in places:
                raise GradError(
                    "name", f"two columns are called {self.names[place]!r}",
                    hint=f"columns {places[index] + 1} and {place + 1}; give one of them another name",
                )  # fmt: skip
            places[index] = place
        if prod(shape) > len(places):
            missing = _first_missing(shape, places)
            raise GradError(
                "name", f"there is no column {element(name, missing)!r}, and {name!r} is an array "
                f"of {'×'.join(map(str, shape))}",
                hint="its other columns are there: every element needs one",
            )  # fmt: skip
        return [places[index] for index in sorted(places)]

    def _is_number(self, name: str) -> bool:
        """Whether a variable is one column without an index, as nearly all of a million are."""
        found = self.found[name]
        return len(found) == 1 and not found[0][0]

    def near(self, name: str) -> str | None:
        """A variable of the table that NAME may have been meant for."""
        some = dict.fromkeys(split[0] for split in map(_split, self.names[:MOST_COMPARED]) if split)
        return next(iter(get_close_matches(name, some, 1, 0.6)), None)

    def listed(self) -> str:
        """What the table has, for a hint."""
        shown = ", ".join(self.names[:MOST_NAMES])
        more = len(self.names) - MOST_NAMES
        return f"{shown} and {more} more" if more > 0 else shown or "none"


def is_column(name: str) -> bool:
    """Whether NAME can be a variable or an element of one."""
    return _split(name) is not None


def _split(column: str) -> tuple[str, tuple[int, ...]] | None:
    """The variable and the index that a column's name says; None where it is no name."""
    name, bracket, rest = column.strip().partition("[")
    name = language.normalised(name.strip())
    if not name or not language.is_name(name):
        return None
    if not bracket:
        return name, ()
    inside = rest.strip()
    parts = [part.strip() for part in inside[:-1].split(",")]
    if not inside.endswith("]") or not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
        return None
    return name, tuple(map(int, parts))


def _first_missing(shape: Shape, places: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    found = sorted(places)
    expected = [0] * len(shape)
    for index in found:
        if tuple(expected) != index:
            break
        axis = len(shape) - 1
        while axis >= 0 and expected[axis] + 1 == shape[axis]:
            expected[axis] = 0
            axis -= 1
        expected[axis] += 1
    return tuple(expected)


def element(name: str, place: Sequence[int]) -> str:
    """What an element is called; the module that knows it needs numpy, which a batch of scalars never imports."""
    from gradcli.graph import scalars

    return scalars.element(name, place)
