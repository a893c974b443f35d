"""Example values for names without one: small whole numbers, the same in every run, in shapes that fit."""

from __future__ import annotations

from gradcli.errors import GradError
from gradcli.graph.shapes import BYTES, MAX_MEMORY, MOST_AXES, count, shown, sized
from gradcli.language import is_name, normalised

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any, NoReturn

    from gradcli.graph import Shape
    from gradcli.graph.determined import Determined
    from gradcli.language.builder import Program

AUTO = "auto"  # in place of a name: whatever is open is chosen
MOST_SHOWN = 12  # elements of an array whose numbers are said
MOST_NAMES = 8
MOST_LINES = 100_000  # of a program in which shapes are inferred
REGULAR = frozenset(("inv", "det", "solve"))  # what a singular matrix is no example for


class Wanted:
    """What stands behind --example: the shapes given by name, and whether all others are to be chosen."""

    __slots__ = ("auto", "places", "shapes", "text")

    def __init__(self, text: str) -> None:
        self.text = normalised(text)
        self.auto = False
        self.shapes: dict[str, Shape] = {}
        self.places: dict[str, tuple[int, int]] = {}
        start = 0
        for part in self.text.split(","):
            self._read(part, start)
            start += len(part) + 1

    def _read(self, part: str, start: int) -> None:
        """One `name` or `name:2x3`."""
        name, colon, sizes = part.partition(":")
        start += len(name) - len(name.lstrip())
        span = (start, start + max(len(part.strip()), 1))
        name = name.strip()
        if not part.strip():
            return
        if not name or not is_name(name) or name == "at":
            before = next(reversed(self.shapes), None)
            hint = "write names with their shapes, as in X:2x3,c"
            if name.isdigit() and before is not None:
                hint = f"write {before}:{'x'.join(map(str, (*self.shapes[before], name)))}"
            elif "=" in name:
                hint = f"write {name.replace('=', ':').replace(' ', '')}; NAME=VALUE stands outside --example"
            self.fail(f"{name or part.strip()!r} is no name", span, hint)
        if name == AUTO and not colon:
            self.auto = True
            return
        if name in self.shapes:
            self.fail(f"{name!r} gets a shape twice", span, "keep one of the two")
        self.places[name] = (start, start + len(name))
        self.shapes[name] = self._sizes(name, sizes, span) if colon else ()

    def _sizes(self, name: str, sizes: str, span: tuple[int, int]) -> Shape:
        words = sizes.strip().replace("\u00d7", "x").replace("X", "x").split("x")
        way = f"write sizes from 1 up with x between them: {name}:3 or {name}:2x3; {name} alone is a number"
        if not sizes.strip():
            self.fail(f"no shape stands behind {name!r}", span, way)
        if not all(word.isascii() and word.isdigit() and len(word) < 19 for word in words):
            self.fail(f"{sizes.strip()!r} is no shape", span, way)
        shape = tuple(map(int, words))
        if 0 in shape:
            self.fail(f"{name!r} would have the size 0", span, way)
        if len(shape) > MOST_AXES:
            self.fail(f"{name!r} would have {len(shape)} axes, the most is {MOST_AXES}", span, "use fewer sizes")
        return shape

    def fail(self, message: str, span: tuple[int, int], hint: str) -> NoReturn:
        """Raise with a place in the text of the option."""
        raise GradError("usage", f"--example: {message}", hint=hint, source=self.text, spans=[span])


class Example:
    """The values that --example gives to the names of a program that have none, in order of appearance.

    Every third number is negative, so that relu and max have something to do, and none comes twice.
    """

    __slots__ = ("auto", "inferred", "shapes", "values")

    def __init__(self, program: Program, wanted: Wanted, values: Mapping[str, Any], memory: int | None) -> None:
        self._check(program, wanted, values)
        missing = [name for name in program.variables if name not in values]
        self.auto = wanted.auto
        self.inferred = [name for name in missing if name not in wanted.shapes]
        given = {name: shape_of(values[name]) for name in program.variables if name in values}
        self.shapes = shapes_for(program, wanted, given, missing)
        self._refuse_size(wanted, memory)
        self.values = numbers(program, given, self.shapes)

    @staticmethod
    def _check(program: Program, wanted: Wanted, values: Mapping[str, Any]) -> None:
        for name, span in wanted.places.items():
            if name not in program.variables:
                from difflib import get_close_matches

                names = [other for other in program.variables if other not in values]
                near = get_close_matches(name, names, 1, 0.5)
                hint = f"did you mean {near[0]!r}?" if near else _its_names(names)
                wanted.fail(f"{name!r} does not occur in the program", span, hint)
            if name in values:
                wanted.fail(f"{name!r} has a value already", span, "remove one of the two")

    def _refuse_size(self, wanted: Wanted, memory: int | None) -> None:
        most = MAX_MEMORY if memory is None else memory
        taken = {name: count(shape) * BYTES for name, shape in self.shapes.items()}
        if sum(taken.values()) > most:
            name = max(taken, key=taken.__getitem__)
            raise GradError(
                "limit",
                f"--example: {name!r} of shape {shown(self.shapes[name])} takes {sized(taken[name])}, "
                f"the most is {sized(most)}",
                hint="an example is small numbers in small shapes, as in X:2x3",
                source=wanted.text,
                spans=[wanted.places[name]] if name in wanted.places else [],
            )  # fmt: skip

    def text(self) -> str:
        """Where the numbers come from, in short: `X:2x3, W:3x4 by --example`."""
        return f"{', '.join(map(spelled, self.shapes, self.shapes.values()))} by {self.option}" if self.shapes else ""

    @property
    def option(self) -> str:
        """How it was asked for."""
        return "--example auto" if self.auto else "--example"

    def message(self) -> str:
        """The same with the numbers, as a note says it."""
        from gradcli.graph.notation import constant

        said = []
        for name, value in [*self.values.items()][:MOST_NAMES]:
            few = type(value) is float or value.size <= MOST_SHOWN
            text = constant(value)[0] if type(value) is float else _literal(value) if few else _counted(value)
            said.append(f"{name} = {text}")
        more = len(self.values) - MOST_NAMES
        if more > 0:
            said.append(f"and {more} more")
        tail = f"; the shape of {_listed(self.inferred)} follows" if self._follow() else ""
        return f"{', '.join(said)} by {self.option}{tail}"

    def _follow(self) -> bool:
        return not self.auto and 0 < len(self.inferred) <= MOST_NAMES and any(self.shapes.values())


def shape_of(value: Any) -> Shape:
    """The shape of a value; () for a float."""
    shape: Shape = () if type(value) is float else value.shape
    return shape


def _literal(value: Any) -> str:
    from gradcli.graph.arrays import literal

    return literal(value)


def _counted(value: Any) -> str:
    flat = value.ravel()
    first = ", ".join(f"{number:g}" for number in flat[:3].tolist())
    return f"{shown(value.shape)} of {first}, … {flat[-1]:g}"


def _listed(names: Iterable[str]) -> str:
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last


def _its_names(names: list[str]) -> str:
    if not names:
        return "every name of the program has a value"
    return f"its names without a value are {', '.join(names[:MOST_NAMES])}"


def spelled(name: str, shape: Shape) -> str:
    """A name with its shape as --example takes it: X:2x3, and c for a number."""
    return f"{name}:{'x'.join(map(str, shape))}" if shape else name


def numbers(program: Program, given: Mapping[str, Shape], shapes: Mapping[str, Shape]) -> dict[str, Any]:
    """1 2 -3 4 5 -6 ... through all names; what cross_entropy takes for classes is counted from 0.

    In a matrix that is to be inverted the diagonal is negative: 1 2 -3 | 4 5 -6 | 7 8 -9 would be singular.
    """
    found: dict[str, Any] = {}
    following = 1
    classes = _classes(program, given, shapes) if program.has_arrays else {}
    inverted = _inverted(program)
    for name, shape in shapes.items():
        if name in classes:
            found[name] = _classes_of(classes[name], shape)
            continue
        if not shape:
            found[name] = float(-following if following % 3 == 0 else following)
        else:
            regular = program.variables[name] in inverted and len(shape) == 2
            found[name] = _counted_from(following, shape, negative_diagonal=regular)
        following += count(shape)
    return found


def _classes(program: Program, given: Mapping[str, Shape], shapes: Mapping[str, Shape]) -> dict[str, int]:
    """The names in SHAPES that are class indices, with how many classes there are."""
    from gradcli.graph.shapes import ShapesDoNotFit, infer

    graph = program.graph
    lines = [graph.operands[index] for index, p in enumerate(graph.primitives) if p.name == "cross_entropy"]
    if not lines:
        return {}
    try:
        every = infer(graph, {**given, **shapes})
    except ShapesDoNotFit:
        return {}
    by_line = {program.variables[name]: name for name in shapes}
    return {by_line[b]: every[a][-1] for a, b in lines if b in by_line and len(every[b]) < len(every[a])}


def _classes_of(many: int, shape: Shape) -> Any:
    from gradcli.graph.arrays import from_numbers

    return from_numbers([float(place % many) for place in range(count(shape))], shape)


def _inverted(program: Program) -> set[int]:
    """The lines of matrices that have to be regular."""
    graph = program.graph
    return {
        graph.operands[index][0] for index, primitive in enumerate(graph.primitives) if primitive.name in REGULAR
    }


def _counted_from(first: int, shape: Shape, *, negative_diagonal: bool) -> Any:
    """FIRST and the numbers that follow, every third of them negative, or those on the diagonal."""
    from gradcli.graph.arrays import arange

    counted = arange(float(first), 1.0, count(shape))
    if negative_diagonal:
        counted[:: shape[1] + 1] *= -1.0
    else:
        counted[-first % 3 :: 3] *= -1.0
    return counted.reshape(shape)


def shapes_for(
    program: Program, wanted: Wanted, given: Mapping[str, Shape], missing: Iterable[str]
) -> dict[str, Shape]:
    """The shape of every name in MISSING: as wanted, or as it follows from the program.

    Raises GradError (usage) where it does not follow, with an example that would do.
    """
    missing = [*missing]
    shapes = {**given, **wanted.shapes}
    if not program.has_arrays and not any(shapes.values()):
        return {name: wanted.shapes.get(name, ()) for name in missing}
    open_names = [name for name in missing if name not in wanted.shapes]
    if not open_names:
        return {name: wanted.shapes[name] for name in missing}
    if len(program.graph) > MOST_LINES:
        raise GradError(
            "limit", f"--example: no shape is given for {open_names[0]!r}, and shapes are inferred in programs of "
            f"up to {MOST_LINES:,} lines", hint="give the shape of every name",
        )  # fmt: skip
    known = _known(program, shapes)
    undecided = [name for name in open_names if known.whole_shape(program.variables[name]) is None]
    seen = {name: known.shape(program.variables[name]) for name in undecided}
    clash = known.clash
    known.choose()
    found = {name: wanted.shapes.get(name) or known.whole_shape(program.variables[name]) or () for name in missing}
    if undecided and not wanted.auto and not clash:
        raise _undecided(program, wanted, seen, found)
    return found


def _known(program: Program, shapes: Mapping[str, Shape]) -> Determined:
    from gradcli.graph.determined import Determined

    known = Determined(program.graph, shapes)
    known.use_conventions()
    return known


def suggested(program: Program, given: Mapping[str, Shape], missing: Iterable[str]) -> dict[str, Shape]:
    """Shapes that fit the names in MISSING, chosen so that no two sizes are equal without need."""
    return shapes_for(program, Wanted(AUTO), given, missing)


def _undecided(
    program: Program, wanted: Wanted, seen: Mapping[str, Any], found: Mapping[str, Shape]
) -> GradError:
    from gradcli.language.builder import build

    names = [*seen]
    placed = build(program.source, given=[*program.builder.given, *wanted.shapes], places=True)
    spans = [span for name in names if (span := placed.graph.spans[placed.variables[name]]) is not None]
    said = _listed([repr(name) for name in names[:MOST_NAMES]])
    message = f"the shape{'s' * (len(names) > 1)} of {said} {'do' if len(names) > 1 else 'does'} not follow"
    if len(names) == 1 and seen[names[0]] is not None:
        message += f": {names[0]} is [{','.join('?' if size is None else str(size) for size in seen[names[0]])}]"
        message += _open_part(seen[names[0]])
    whole = ",".join(spelled(name, shape) for name, shape in found.items())
    hint = f"say {'them' if len(names) > 1 else 'it'} too, as in --example {whole}"
    chosen = f"{wanted.text.strip(' ,')},{AUTO}" if wanted.shapes else AUTO
    hint += f"\nor let it be chosen: --example {chosen}"
    return GradError("usage", f"--example: {message}", hint=hint, source=placed.source, spans=spans)


def _open_part(shape: list[int | None]) -> str:
    if len(shape) != 2 or shape.count(None) != 1:
        return ""
    return f", any number of {'rows' if shape[0] is None else 'columns'} would do"
