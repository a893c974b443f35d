"""A Hessian as plain data: a number for every pair, which pairs have a path, and what the matrix says of the place."""

from __future__ import annotations

from gradcli.graph.shapes import count
from gradcli.report.jacobian import Matrix
from gradcli.report.title import title
from gradcli.text import SCHEMA, significant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any, Protocol

    from gradcli.graph import Shape
    from gradcli.insight.notes import Note
    from gradcli.language.question import Question

    Value = Any  # a float or an array of floats

    class Hessian(Protocol):
        """The second derivatives by all elements of all names in a row."""

        def numbers(self) -> list[list[float]]: ...
        def reaches(self) -> list[list[bool]]: ...
        def survey(self) -> tuple[float, float]: ...


MODE = "forward-over-reverse"
MOST_ROWS = 1_000  # of a matrix whose eigenvalues are computed


class Block:
    """The second derivatives by one pair of names: rows by the elements of `row`, columns by those of another name."""

    __slots__ = ("label", "matrix", "row")

    def __init__(self, label: str, row: str, matrix: Matrix) -> None:
        self.label = label
        self.row = row
        self.matrix = matrix

    @property
    def name(self) -> str:
        """`∂²f/∂x∂y`."""
        return f"∂²{self.label}/∂{self.row}∂{self.matrix.name}"

    def words(self) -> str:
        """The pattern, and on which elements which element of the gradient depends."""
        gradient, name, matrix = f"∂{self.label}/∂{self.row}", self.matrix.name, self.matrix
        if matrix.pattern == "zero":
            return f"zero: no path leads from {name} to {gradient}"
        if matrix.pattern in ("one number", "one row", "one column"):
            return matrix.pattern
        if matrix.pattern == "dense":
            return f"dense: every element of {gradient} depends on every element of {name}"
        if matrix.depends is None:
            return matrix.pattern
        return f"{matrix.pattern}: ({gradient}){matrix.depends[0]} depends on {name}{matrix.depends[1]} alone"


EPSILON = 2.0**-52


class HessianReport:
    """The second derivatives of a program at a point, by every pair of its names.

    `numbers` and `reaches` are rows over all elements of all names in a row; `starts` says where each name begins.
    `passes` are the forward passes that made it, None where every flow carried all tangents.
    """

    def __init__(
        self, question: Question, value: float, gradients: Mapping[str, Value], shapes: Mapping[str, Shape],
        hessian: Hessian, notes: Sequence[Note], passes: int | None = None,
    ) -> None:  # fmt: skip
        self.question = question
        self.value = value
        self.gradients = gradients
        self.shapes = shapes
        self.notes = notes
        self.passes = passes
        self.numbers = hessian.numbers()
        self._hessian = hessian
        self._reaches: list[list[bool]] | None = None
        self._survey: tuple[float, float] | None = None
        self._counts: tuple[int, int] | None = None
        self._eigenvalues: list[float] | None = None
        starts = [0]
        for shape in shapes.values():
            starts.append(starts[-1] + count(shape))
        self.starts = dict(zip(shapes, starts, strict=False))

    @property
    def reaches(self) -> list[list[bool]]:
        """Which entries have a path; all others are 0 whatever the values are."""
        if self._reaches is None:
            self._reaches = self._hessian.reaches()
        return self._reaches

    @property
    def names(self) -> list[str]:
        """The names, in order."""
        return list(self.shapes)

    @property
    def size(self) -> int:
        """How many rows, and columns, all names have together."""
        return len(self.numbers)

    @property
    def is_scalar(self) -> bool:
        """Whether every name is a scalar."""
        return not any(self.shapes.values())

    @property
    def label(self) -> str:
        """The name of the result."""
        return self.question.labels().names[self.question.result]

    def title(self) -> str:
        """How the text was read."""
        return title(self.question.program)

    def block(self, row: str, column: str) -> list[list[float]]:
        """The rows of one name by the columns of another."""
        return self._cut(self.numbers, row, column)

    def block_reaches(self, row: str, column: str) -> list[list[bool]]:
        """Which entries of a block have a path."""
        return self._cut(self.reaches, row, column)

    def _cut(self, rows: list[list[Any]], row: str, column: str) -> list[list[Any]]:
        top, left = self.starts[row], self.starts[column]
        high, wide = count(self.shapes[row]), count(self.shapes[column])
        return [line[left : left + wide] for line in rows[top : top + high]]

    def nested(self, row: str, column: str) -> Any:
        """A block with the axes of the first name first, as nested lists; a number for two scalars."""
        found: list[Any] = [number for line in self.block(row, column) for number in line]
        for length in reversed((*self.shapes[row], *self.shapes[column])):
            found = [found[start : start + length] for start in range(0, len(found), length)] if length else []
        return found[0] if found else []

    def blocks(self) -> Iterator[Block]:
        """The blocks on the diagonal and above it, row by row."""
        names = self.names
        for place, row in enumerate(names):
            for column in names[place:]:
                yield Block(self.label, row, self._matrix(row, column))

    def _matrix(self, row: str, column: str) -> Matrix:
        from gradcli.autodiff.array_hessians import Hessian
        from gradcli.insight.patterns import pattern_of

        assert isinstance(self._hessian, Hessian)
        one, other = self.shapes[row], self.shapes[column]
        rows = slice(self.starts[row], self.starts[row] + count(one))
        columns = slice(self.starts[column], self.starts[column] + count(other))
        pattern = pattern_of(self._hessian.paths[rows, columns], one, other)
        numbers, reaches = self.block(row, column), self.block_reaches(row, column)
        return Matrix(column, one, other, numbers, reaches, pattern.name, pattern.depends, _range(numbers),
                      _counts(numbers, reaches))  # fmt: skip

    def block_of_all(self) -> Matrix:
        """All entries as one matrix."""
        extremes, counts = _range(self.numbers), _counts(self.numbers, self.reaches)
        return Matrix("", (), (), self.numbers, self.reaches, "", None, extremes, counts)

    def twins(self) -> str:
        """What is said of the blocks below the diagonal; empty where there is one block only."""
        if len(self.names) < 2:
            return ""
        distance = self.asymmetry
        how = "exactly" if distance == 0 else f"up to {significant(distance, 2)}"
        first, second = self.names[:2]
        one, other = f"∂²{self.label}/∂{second}∂{first}", f"∂²{self.label}/∂{first}∂{second}"
        more = " and so are all below the diagonal" if len(self.names) > 2 else ""
        return f"{one} is {other} transposed, {how}{more and ','}{more}; --json has every block"

    # What it says of the place

    def counts(self) -> tuple[int, int]:
        """How many entries have a path, and how many of those are 0."""
        if self._counts is None:
            without, zeros = _counts(self.numbers, self.reaches)
            self._counts = (self.size**2 - without, zeros)
        return self._counts

    def bandwidth(self) -> int:
        """How far from the diagonal entries with a path stand."""
        return max(
            (max(_distances(place, reaches), default=0) for place, reaches in enumerate(self.reaches)), default=0
        )

    def counted(self) -> str:
        """How many entries are not 0, and how far from the diagonal they stand, in one sentence."""
        entries = self.size**2
        paths, zeros = self.counts()
        many = paths - zeros
        share = f" ({significant(100 * many / entries, 2)} %)" if entries > 1 else ""
        found = f"{many:,} of {entries:,} entries {'is' if many == 1 else 'are'} not 0{share}"
        found += f", {zeros:,} with a path {'was' if zeros == 1 else 'were'} computed as 0" if zeros else ""
        found += f", {entries - paths:,} have no path" if paths < entries else ""
        each = [sum(row) for row in self.reaches]
        found += f"; at most {max(each):,} in a row"
        band = self.bandwidth()
        words = {0: "all on the diagonal", 1: "all within 1 of the diagonal: tridiagonal"}
        return found + (f"; {words.get(band, f'all within {band:,} of the diagonal')}" if self.size > 1 else "")

    def why(self) -> str:
        """How it was made."""
        size = self.size
        if self.passes is None:
            carried = f"{size:,} tangents are carried at once, each only along its paths"
            if size == 1:
                carried = "the tangent is carried along its paths"
            return f"forward over reverse: one backward pass, through which {carried}"
        if self.passes == 0:
            return "no pass: no gradient depends on anything"
        share = f", for {size:,} columns: those without a row in common share one" if self.passes < size else ""
        return f"forward over reverse: {_many(self.passes, 'forward pass')} through the adjoint lines{share}"

    @property
    def asymmetry(self) -> float:
        """By how much two entries across the diagonal differ at most; nan where one is nan."""
        return self._surveyed()[1]

    @property
    def largest(self) -> float:
        """The largest magnitude of an entry; nan where one is nan."""
        return self._surveyed()[0]

    def _surveyed(self) -> tuple[float, float]:
        if self._survey is None:
            self._survey = self._hessian.survey()
        return self._survey

    @property
    def is_finite(self) -> bool:
        """Whether every entry is a finite number."""
        return self.largest - self.largest == 0

    @property
    def is_symmetric(self) -> bool:
        """Whether entries across the diagonal differ by rounding only."""
        return self.asymmetry <= 1e-9 * self.largest

    @property
    def has_eigenvalues(self) -> bool:
        """Whether there are eigenvalues to speak of."""
        return 0 < self.size <= MOST_ROWS and self.is_finite and self.is_symmetric

    def eigenvalues(self) -> list[float] | None:
        """The eigenvalues, the least first; None where the matrix is not finite, not symmetric, or very large."""
        if self._eigenvalues is None and self.has_eigenvalues:
            from gradcli.autodiff.eigenvalues import eigenvalues

            self._eigenvalues = eigenvalues(self.numbers)
        return self._eigenvalues

    def tolerance(self) -> float:
        """An eigenvalue nearer to 0 than this may be 0: rounding of the eigenvalues, and what the entries differ by."""
        found = self.eigenvalues() or [0.0]
        return self.size * (8 * EPSILON * max(map(abs, found)) + self.asymmetry)

    def verdict(self) -> str:
        """What the matrix says of the place, in one sentence; empty where there is no matrix."""
        if not self.size:
            return ""
        label = self.label
        if not self.is_finite:
            return "not finite, so nothing is said about how it curves"
        if not self.is_symmetric:
            distance = self.asymmetry
            return (
                f"not symmetric: two entries across the diagonal differ by {significant(distance, 3)}, "
                "which is so only where a convention stands for a derivative"
            )
        if not self.has_eigenvalues:
            return f"undecided: eigenvalues are computed up to {MOST_ROWS:,} rows"
        found, bound = self.eigenvalues() or [], self.tolerance()
        up, down = sum(1 for one in found if one > bound), sum(1 for one in found if one < -bound)
        flat = len(found) - up - down
        zeros = f", as {flat} of {len(found)} {'does' if flat == 1 else 'do'}" if flat else ""
        still = all(number == 0 for value in self.gradients.values() for number in _flat(value))
        within = f"; an eigenvalue within {significant(bound, 2)} of 0 counts as 0{zeros}"
        if flat == len(found):
            undecided = "; the gradient is 0, and the second order does not decide" if still else ""
            return f"zero: {label} does not curve here, to second order{undecided}"
        kind, says = _kind(up, down, flat)
        says = says.format(label=label)
        if still and flat and not (up and down):
            says = f"the gradient is 0, and in {_many(flat, 'direction')} the second order does not decide"
        elif still:
            place = "saddle point" if up and down else "minimum" if up else "maximum"
            says = f"the gradient is 0, so this is a {place}"
        return f"{kind}: {says}{within}"

    def as_object(self, *, sparsity: bool = False) -> dict[str, object]:
        """The report as the JSON of schema gradcli/1; with SPARSITY, which entries have a path."""
        found: dict[str, object] = {
            "schema": SCHEMA,
            "expression": self.question.source,
            "at": {name: _plain(value) for name, value in self.question.at.items()},
            "value": self.value,
            "gradients": {name: _plain(value) for name, value in self.gradients.items()},
            "hessian": {row: {column: self.nested(row, column) for column in self.names} for row in self.names},
        }
        if sparsity:
            paths, zeros = self.counts()
            found["sparsity"] = {
                "entries": self.size**2,
                "paths": paths,
                "nonzeros": paths - zeros,
                "bandwidth": self.bandwidth(),
                "rows": [[column for column, reach in enumerate(row) if reach] for row in self.reaches],
            }
        found["decomposition"] = self.question.options.decomposition
        found["mode"] = MODE
        found["notes"] = [{"kind": n.kind, "line": n.line, "message": n.message} for n in self.notes]
        return found


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 'es' if what.endswith('s') else 's'}"


def _range(rows: Sequence[Sequence[float]]) -> tuple[float, float, float]:
    """The least entry, the mean and the largest; nan where one is nan."""
    numbers = [number for row in rows for number in row]
    total = sum(numbers)
    if not numbers or total != total:
        return total, total, total
    return min(numbers), total / len(numbers), max(numbers)


def _counts(rows: Sequence[Sequence[float]], reaches: Sequence[Sequence[bool]]) -> tuple[int, int]:
    """How many entries have no path, and how many of the others are 0."""
    without = zeros = 0
    for numbers, paths in zip(rows, reaches, strict=True):
        without += len(paths) - sum(paths)
        zeros += sum(1 for number, path in zip(numbers, paths, strict=True) if path and number == 0)
    return without, zeros


def _kind(up: int, down: int, flat: int) -> tuple[str, str]:
    if up and down:
        return "indefinite", "{label} curves up in some directions and down in others"
    word, way = ("positive", "up") if up else ("negative", "down")
    if flat:
        return f"{word} semidefinite to rounding", f"{{label}} curves {way} in some directions, in others not at all"
    return f"{word} definite", f"{{label}} curves {way} in every direction"


def _distances(place: int, reaches: Sequence[bool]) -> Iterable[int]:
    return (abs(place - column) for column, reach in enumerate(reaches) if reach)


def _flat(value: Value) -> list[float]:
    return [value] if type(value) is float else value.ravel().tolist()


def _plain(value: Value) -> Any:
    return value if type(value) is float else value.tolist()
