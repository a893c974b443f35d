"""The Python face: the commands as functions, `gradcli.grad("x*y", x=2, y=3)`."""

from __future__ import annotations

from typing import Any, TypeAlias

from gradcli.errors import GradError
from gradcli.questions import Answer, Options, differentiated, evaluated, explained
from gradcli.text import json_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.text import Text

    from gradcli.insight.notes import Note
    from gradcli.questions.jacobians import Product
    from gradcli.report.comparison import Comparison
    from gradcli.report.explanation import Explanation
    from gradcli.report.jacobian import JacobianReport

Value: TypeAlias = Any  # a number, lists of numbers, an array, or a text: an expression without variables
Example: TypeAlias = Any  # "X:2x3,c", or shapes by name, {"X": (2, 3), "c": ()}, or "auto"
WIDTH = 100
PAGE = '<pre style="line-height:1.35;white-space:pre;overflow-x:auto"><code>{code}</code></pre>'


class Result:
    """An answer: its value, its gradients by name, its notes; printed, it is what the command prints."""

    def __init__(self, found: Answer | Explanation) -> None:
        self._found = found

    @property
    def value(self) -> float:
        """The value of the expression."""
        return self._found.value

    @property
    def gradients(self) -> dict[str, float]:
        """The derivative by every name; empty where none was asked for."""
        return dict(self._found.gradients or {})

    @property
    def notes(self) -> list[str]:
        """Conventions that were used, and where a nan or inf was born, a sentence each."""
        return [note.message for note in self._remarks()]

    def _remarks(self) -> Sequence[Note]:
        return self._found.notes

    def as_object(self) -> dict[str, object]:
        """The answer as plain data, as `--json` prints it: schema gradcli/1."""
        return self._found.as_object()

    def as_json(self) -> str:
        """One line of JSON, as `--json` prints it."""
        return json_text(self.as_object())

    def __str__(self) -> str:
        from gradcli.render.plain import gradient_lines, name_of_result, number

        found = self._found
        if found.gradients is None:
            return number(found.value)
        label = name_of_result(found.question.graph, found.question.result)
        return "\n".join(gradient_lines(label, found.value, found.gradients, digits=None, unicode=True))

    def __repr__(self) -> str:
        gradients = f", gradients={self.gradients}" if self._found.gradients is not None else ""
        return f"<{type(self).__name__.lower()} value={self.value}{gradients}>"


class Explained(Result):
    """Everything on the way; printed, or as the last line of a notebook's cell, it is the table."""

    _found: Explanation

    def text(self, *, view: str = "table", width: int = WIDTH, digits: int = 6, full: bool = False) -> str:
        """A view (table, tree, ledger) as plain text."""
        return plain(self._drawn(view=view, width=width, digits=digits, full=full))

    def _drawn(self, **how: Any) -> Sequence[Text]:
        from gradcli.render.explanation import draw

        return draw(self._found, unicode=True, **how)

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return page(self._drawn(view="table", width=WIDTH, digits=6, full=False))


class Lesson(Explained):
    """One element of a gradient derived, or what shapes say about products; printed, it is what the command prints."""

    def __init__(self, found: Any) -> None:
        self._found: Any = found

    def text(self, *, view: str = "table", width: int = WIDTH, digits: int = 6, full: bool = False) -> str:
        """The lesson as plain text; it has one view."""
        return plain(self._drawn(view=view, width=width, digits=digits, full=full))

    def _drawn(self, **how: Any) -> Sequence[Text]:
        from gradcli.render.lessons import draw_lessons

        del how["view"]
        return draw_lessons(self._found, unicode=True, **how)


class Compared:
    """The decompositions side by side; printed, it is the table."""

    def __init__(self, found: Comparison) -> None:
        self._found = found

    def as_object(self) -> dict[str, object]:
        """The comparison as plain data, as `--json` prints it: schema gradcli/1."""
        return self._found.as_object()

    def as_json(self) -> str:
        """One line of JSON, as `--json` prints it."""
        return json_text(self.as_object())

    def _drawn(self) -> Any:
        from gradcli.render.comparison import comparison_table

        return [comparison_table(self._found, width=WIDTH, unicode=True, digits=6)]

    def __str__(self) -> str:
        return plain(self._drawn())

    def _repr_html_(self) -> str:
        return page(self._drawn())


def evaluate(
    expression: str,
    *,
    at: Mapping[str, Value] | None = None,
    decomposition: str = "auto",
    example: Example | None = None,
    max_memory: int | str | None = None,
    **values: Value,
) -> Result:
    """The value of EXPRESSION where its variables have these values; `at` is for names such as `at` itself.

    `example` gives names without a value small whole numbers: "X:2x3,c", {"X": (2, 3), "c": ()} or "auto".
    """
    how = options(decomposition=decomposition, example=example, max_memory=max_memory)
    return Result(evaluated(_text(expression), point(at, values), how))


eval = evaluate


def grad(
    expression: str,
    *,
    at: Mapping[str, Value] | None = None,
    wrt: str | Iterable[str] | None = None,
    decomposition: str = "auto",
    mode: str = "reverse",
    ties: str = "split",
    zero: str = "ieee",
    example: Example | None = None,
    max_memory: int | str | None = None,
    **values: Value,
) -> Result:
    """The value of EXPRESSION and its derivative by every variable, or by those of `wrt`."""
    how = options(
        wrt=wrt, decomposition=decomposition, mode=mode, ties=ties, zero=zero, example=example, max_memory=max_memory
    )
    return Result(differentiated(_text(expression), point(at, values), how))


def explain(
    expression: str,
    *,
    at: Mapping[str, Value] | None = None,
    wrt: str | Iterable[str] | None = None,
    decomposition: str = "auto",
    mode: str = "reverse",
    ties: str = "split",
    zero: str = "ieee",
    example: Example | None = None,
    max_memory: int | str | None = None,
    element: str | None = None,
    upstream: Value | None = None,
    shapes: bool = False,
    **values: Value,
) -> Explained:
    """Every value, local gradient and flow on the way to the value and the gradients of EXPRESSION.

    With `element`, "X[0,0]", the derivative by that element is derived step by step (`upstream` weighs the elements of
    a value that is an array); with `shapes` every way to multiply is listed for each matrix product.
    """
    how = options(
        wrt=wrt, decomposition=decomposition, mode=mode, ties=ties, zero=zero, example=example, max_memory=max_memory
    )
    if element is not None or shapes:
        from gradcli.questions.lessons import taught

        weights = None if upstream is None else number("upstream", upstream)
        return Lesson(
            taught(_text(expression), point(at, values), how, element=element, upstream=weights, shapes=shapes)
        )
    if upstream is not None:
        raise GradError("usage", "explain takes upstream only with element")
    return Explained(explained(_text(expression), point(at, values), how))


def compare(
    expression: str,
    *,
    at: Mapping[str, Value] | None = None,
    wrt: str | Iterable[str] | None = None,
    ties: str = "split",
    zero: str = "ieee",
    example: Example | None = None,
    max_memory: int | str | None = None,
    **values: Value,
) -> Compared:
    """EXPRESSION in its decompositions, with the digits that each gets right."""
    from gradcli.questions.compare import compared

    how = options(wrt=wrt, ties=ties, zero=zero, example=example, max_memory=max_memory)
    return Compared(compared(_text(expression), point(at, values), how))


class Multiplied:
    """The product of a Jacobian with one vector; printed, it is what the command prints."""

    def __init__(self, found: Product) -> None:
        self._found = found

    @property
    def value(self) -> Value:
        """The value of the expression."""
        return self._found.value

    @property
    def vjp(self) -> dict[str, Value]:
        """The upstream gradient times the Jacobian, by name; empty where a direction was given."""
        return {} if self._found.forward else dict(self._found.found)

    @property
    def jvp(self) -> Value | None:
        """How the value moves along the direction; None where an upstream gradient was given."""
        return self._found.found if self._found.forward else None

    @property
    def notes(self) -> list[str]:
        """Conventions that were used, and where a nan or inf was born, a sentence each."""
        return [note.message for note in self._found.notes]

    def as_object(self) -> dict[str, object]:
        """The answer as plain data, as `--json` prints it: schema gradcli/1."""
        return self._found.as_object()

    def as_json(self) -> str:
        """One line of JSON, as `--json` prints it."""
        return json_text(self.as_object())

    def __str__(self) -> str:
        from gradcli.render.products import product_lines

        return "\n".join(product_lines(self._found, digits=None, unicode=True))

    def __repr__(self) -> str:
        name, found = ("jvp", self.jvp) if self._found.forward else ("vjp", self.vjp)
        return f"<{type(self).__name__.lower()} value={self.value}, {name}={found}>"


class Matrices:
    """The Jacobian by every name; printed, or as the last line of a notebook's cell, it is the lesson."""

    def __init__(self, found: JacobianReport) -> None:
        self._found = found

    @property
    def value(self) -> Value:
        """The value of the expression."""
        return self._found.value

    @property
    def jacobian(self) -> dict[str, Value]:
        """The derivative of every element of the value by every element of a name: the axes of the value first."""
        return {matrix.name: number(matrix.name, matrix.nested()) for matrix in self._found.matrices}

    @property
    def vjp(self) -> dict[str, Value]:
        """The upstream gradient times the Jacobian, by name; empty where none was given."""
        return dict(self._found.products or {})

    @property
    def notes(self) -> list[str]:
        """Conventions that were used, and where a nan or inf was born, a sentence each."""
        return [note.message for note in self._found.notes]

    def as_object(self) -> dict[str, object]:
        """The answer as plain data, as `--json` prints it: schema gradcli/1."""
        return self._found.as_object()

    def as_json(self) -> str:
        """One line of JSON, as `--json` prints it."""
        return json_text(self.as_object())

    def text(self, *, width: int = WIDTH, digits: int = 6, full: bool = False) -> str:
        """The lesson as plain text."""
        return plain(self._drawn(width=width, digits=digits, full=full))

    def _drawn(self, **how: Any) -> Sequence[Text]:
        from gradcli.render.jacobian import draw

        return draw(self._found, unicode=True, **how)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<jacobian of {list(self._found.shape)} by {', '.join(m.name for m in self._found.matrices)}>"

    def _repr_html_(self) -> str:
        return page(self._drawn(width=WIDTH, digits=6, full=False))


def vjp(
    expression: str,
    *,
    upstream: Value | None = None,
    at: Mapping[str, Value] | None = None,
    wrt: str | Iterable[str] | None = None,
    decomposition: str = "auto",
    ties: str = "split",
    zero: str = "ieee",
    example: Example | None = None,
    max_memory: int | str | None = None,
    **values: Value,
) -> Multiplied:
    """The gradient of sum(upstream*EXPRESSION) by every variable; of a scalar `upstream` is 1 where it is left out."""
    from gradcli.questions.jacobians import pulled

    how = options(
        wrt=wrt, decomposition=decomposition, ties=ties, zero=zero, example=example, max_memory=max_memory
    )
    weights = None if upstream is None else number("upstream", upstream)
    return Multiplied(pulled(_text(expression), point(at, values), how, weights))


def jvp(
    expression: str,
    *,
    along: Mapping[str, Value] | str,
    at: Mapping[str, Value] | None = None,
    decomposition: str = "auto",
    ties: str = "split",
    zero: str = "ieee",
    example: Example | None = None,
    max_memory: int | str | None = None,
    **values: Value,
) -> Multiplied:
    """How the value of EXPRESSION moves where the names in `along` move like that; all others stand still.

    `along` are tangents by name, or a text as --along takes it, "x=1,W=ones(2, 3)".
    """
    from gradcli.cli.array_commands import along_of
    from gradcli.questions.jacobians import Along, pushed

    direction = along_of(along) if isinstance(along, str) else Along(point(along, {}))
    how = options(decomposition=decomposition, ties=ties, zero=zero, example=example, max_memory=max_memory)
    return Multiplied(pushed(_text(expression), point(at, values), how, direction))


def jacobian(
    expression: str,
    *,
    upstream: Value | None = None,
    at: Mapping[str, Value] | None = None,
    wrt: str | Iterable[str] | None = None,
    decomposition: str = "auto",
    mode: str | None = None,
    ties: str = "split",
    zero: str = "ieee",
    full: bool = False,
    example: Example | None = None,
    max_memory: int | str | None = None,
    **values: Value,
) -> Matrices:
    """Every derivative of every element of EXPRESSION; without `mode` in the one that takes fewer passes.

    With `upstream` its product with each matrix is there, too; `full` lifts the bound of 1,000,000 entries.
    """
    from gradcli.questions.jacobians import dense

    how = options(
        wrt=wrt, decomposition=decomposition, mode=mode or "reverse", ties=ties, zero=zero, example=example,
        max_memory=max_memory,
    )  # fmt: skip
    how.mode = mode or "auto"
    weights = None if upstream is None else number("upstream", upstream)
    return Matrices(dense(_text(expression), point(at, values), how, weights, full=full))


def options(
    wrt: str | Iterable[str] | None = None,
    example: Example | None = None,
    max_memory: int | str | None = None,
    **choices: Any,
) -> Options:
    """How to answer; `wrt` is a list of names or one text, "x,y", `example` a text or shapes by name, `max_memory` a
    number of bytes or a text, "2G"."""
    from gradcli.cli.options import BY_FLAG
    from gradcli.cli.refusals import not_accepted

    for name, choice in choices.items():
        option = BY_FLAG[f"--{name}"]
        if not isinstance(choice, str) or not option.accepts(choice):
            refusal = not_accepted(option, str(choice))
            raise GradError("usage", refusal.message.removeprefix("--"), hint=refusal.hint)
    names = [part.strip() for part in wrt.split(",")] if isinstance(wrt, str) else wrt
    return Options(
        wrt=None if names is None else list(names), example=_example(example), max_memory=_bytes(max_memory), **choices
    )


def _bytes(many: int | str | None) -> int | None:
    from gradcli.cli.options import BY_FLAG
    from gradcli.cli.refusals import not_accepted

    if many is None:
        return None
    option = BY_FLAG["--max-memory"]
    if isinstance(many, bool) or not option.accepts(str(many)):
        refusal = not_accepted(option, str(many))
        raise GradError("usage", refusal.message.replace("--max-memory", "max_memory"))
    return option.value(str(many))  # type: ignore[return-value]


def _example(wanted: Example | None) -> str | None:
    """`example` as --example takes it; what is no size is left for it to refuse."""
    if wanted is None or isinstance(wanted, str):
        return wanted
    try:
        sized = {name: tuple(shape) if hasattr(shape, "__iter__") else (shape,) for name, shape in wanted.items()}
    except AttributeError:
        hint = 'write "X:2x3,c", or {"X": (2, 3), "c": ()}'
        raise GradError("usage", f"an example is a text or shapes by name, and {wanted!r} is none", hint=hint) from None
    return ",".join(f"{name}:{'x'.join(map(str, shape))}" if shape else name for name, shape in sized.items())


def point(at: Mapping[str, Value] | None, values: Mapping[str, Value]) -> dict[str, float]:
    """The values by name; a keyword wins over `at`."""
    from gradcli import language

    found: dict[str, float] = {}
    for name, value in {**(at or {}), **values}.items():
        name = language.normalised(name)
        if not name or not language.is_name(name):
            raise GradError(
                "name", f"{name!r} is no name", hint="a name is a letter or '_', then letters, '_' or digits"
            )
        found[name] = number(name, value)
    return found


def number(name: str, value: Value) -> Any:
    """A number as it is, lists and arrays as an array of floats, a text as an expression without variables."""
    if type(value) is float:
        return value
    if isinstance(value, str):
        return _computed(name, value)
    if isinstance(value, (list, tuple, range)):
        from gradcli.graph.nested import from_lists

        return from_lists(_unpacked(value), name, strict=False)
    if hasattr(value, "__array__"):
        from gradcli.graph.given import from_object

        return from_object(value, name)  # it is in memory: no bound is needed for it alone
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
    except (TypeError, ValueError):
        found = f"and a {type(value).__name__} is none"
        raise GradError("value", f"the value of {name!r} has to be a number or an array, {found}") from None


def _computed(name: str, text: str) -> Any:
    from gradcli.graph.nested import NON_FINITE

    if text in NON_FINITE:
        return NON_FINITE[text]
    if text[:1] == "@":
        raise GradError("value", f"{text!r} is no value of {name!r}: files are read on the command line only",
                        hint="in Python give the array itself, as in W=numpy.load('w.npy')")  # fmt: skip
    from gradcli.language.builder import value_of

    return value_of(text, what=f"the value of {name!r}")


def _unpacked(value: Any) -> Any:
    """Lists in which numpy arrays stand as rows, with those as lists too."""
    if isinstance(value, range):
        return list(value)
    if any(hasattr(entry, "__array__") for entry in value):
        return [entry.tolist() if hasattr(entry, "tolist") else entry for entry in value]
    return value


def _text(expression: str) -> str:
    if not isinstance(expression, str):
        raise GradError("usage", f"an expression is a text, and a {type(expression).__name__} is none")
    return expression


def plain(renderables: Iterable[Any]) -> str:
    """What the terminal would show, without colour."""
    from gradcli.cli.screen import drawn

    return drawn(renderables, width=WIDTH * 4).rstrip("\n")


def page(renderables: Iterable[Any]) -> str:
    """The same as HTML that stands for itself: inline styles, every letter of the user's escaped."""
    from io import StringIO

    from gradcli.cli.screen import console_on

    console = console_on(StringIO(), width=WIDTH * 4, colour=True, record=True)
    for renderable in renderables:
        console.print(renderable)
    return console.export_html(inline_styles=True, code_format=PAGE)
