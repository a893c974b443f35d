"""What the Python face answers with: numbers as attributes, text where they are printed, tables in a notebook."""

from __future__ import annotations

from gradcli.text import json_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, TypeAlias

    from rich.text import Text

    from gradcli.insight.notes import Note
    from gradcli.questions import Answer
    from gradcli.questions.hessians import Curving
    from gradcli.questions.jacobians import Product
    from gradcli.report.explanation import Explanation
    from gradcli.report.hessian import HessianReport
    from gradcli.report.jacobian import JacobianReport

    Value: TypeAlias = Any  # a number or an array

WIDTH = 100
PAGE = '<pre style="line-height:1.35;white-space:pre;overflow-x:auto"><code>{code}</code></pre>'


class Answered:
    """What is common to answers: plain data, and one line of JSON."""

    _found: Any

    def as_object(self) -> dict[str, object]:
        """The answer as plain data, as `--json` prints it: schema gradcli/1."""
        found: dict[str, object] = self._found.as_object()
        return found

    def as_json(self) -> str:
        """One line of JSON, as `--json` prints it."""
        return json_text(self.as_object())

    @property
    def notes(self) -> list[str]:
        """Conventions that were used, and where a nan or inf was born, a sentence each."""
        return [note.message for note in self._remarks()]

    def _remarks(self) -> Sequence[Note]:
        found: Sequence[Note] = self._found.notes
        return found


class Result(Answered):
    """An answer: its value, its gradients by name, its notes; printed, it is what the command prints."""

    _found: Answer | Explanation

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


class Compared(Answered):
    """Several ways side by side; printed, it is what the command prints."""

    def __init__(self, found: Any, draw: Callable[..., Sequence[Any]]) -> None:
        self._found = found
        self._draw = draw

    def _drawn(self) -> Sequence[Any]:
        return self._draw(self._found, width=WIDTH, unicode=True, digits=6)

    def __str__(self) -> str:
        return plain(self._drawn())

    def _repr_html_(self) -> str:
        return page(self._drawn())


class Multiplied(Answered):
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

    def __str__(self) -> str:
        from gradcli.render.products import product_lines

        return "\n".join(product_lines(self._found, digits=None, unicode=True))

    def __repr__(self) -> str:
        name, found = ("jvp", self.jvp) if self._found.forward else ("vjp", self.vjp)
        return f"<{type(self).__name__.lower()} value={self.value}, {name}={found}>"


class Drawn(Answered):
    """An answer that is drawn: in a terminal as text, as the last line of a notebook's cell as a page."""

    def text(self, *, width: int = WIDTH, digits: int = 6, full: bool = False) -> str:
        """The drawing as plain text."""
        return plain(self._drawn(width=width, digits=digits, full=full))

    def _drawn(self, *, width: int, digits: int, full: bool, **how: Any) -> Sequence[Text]:
        raise TypeError(f"{type(self).__name__} draws nothing")

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return page(self._drawn(width=WIDTH, digits=6, full=False))


class Matrices(Drawn):
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
        from gradcli.cli.given import number

        return {matrix.name: number(matrix.name, matrix.nested()) for matrix in self._found.matrices}

    @property
    def vjp(self) -> dict[str, Value]:
        """The upstream gradient times the Jacobian, by name; empty where none was given."""
        return dict(self._found.products or {})

    def _drawn(self, **how: Any) -> Sequence[Text]:
        from gradcli.render.jacobian import draw

        return draw(self._found, unicode=True, **how)

    def __repr__(self) -> str:
        return f"<jacobian of {list(self._found.shape)} by {', '.join(m.name for m in self._found.matrices)}>"


class SecondOrder(Answered):
    """What is common to answers of second order."""

    @property
    def value(self) -> float:
        """The value of the expression."""
        found: float = self._found.value
        return found

    @property
    def gradients(self) -> dict[str, Value]:
        """The derivative by every name."""
        return dict(self._found.gradients)


class Curvature(Drawn, SecondOrder):
    """The second derivatives by every pair of names; printed, or as the last line of a notebook's cell, the matrix."""

    _found: HessianReport

    def __init__(self, found: HessianReport) -> None:
        self._found = found

    @property
    def hessian(self) -> dict[str, dict[str, Value]]:
        """The derivative of the gradient by one name by another: the axes of the first name first."""
        from gradcli.cli.given import number

        found, names = self._found, self._found.names
        return {row: {other: number(row, found.nested(row, other)) for other in names} for row in names}

    @property
    def matrix(self) -> Value:
        """All of it as rows, the elements of all names in their order: lists, or an array where a name is one."""
        from gradcli.cli.given import number

        rows = [list(row) for row in self._found.numbers]
        return rows if self._found.is_scalar else number("matrix", rows)

    @property
    def eigenvalues(self) -> list[float] | None:
        """The eigenvalues, the least first; None where the matrix is not finite, or not symmetric."""
        found = self._found.eigenvalues()
        return None if found is None else list(found)

    @property
    def verdict(self) -> str:
        """Whether it is definite, in one sentence."""
        return self._found.verdict()

    def text(self, *, width: int = WIDTH, digits: int = 6, full: bool = False, sparsity: bool = False) -> str:
        """The matrix, or with `sparsity` its pattern, as plain text."""
        return plain(self._drawn(width=width, digits=digits, full=full, sparsity=sparsity))

    def _drawn(self, **how: Any) -> Sequence[Text]:
        from gradcli.render.hessian import draw

        return draw(self._found, unicode=True, **how)

    def __repr__(self) -> str:
        return f"<hessian of {self._found.size}×{self._found.size} by {', '.join(self._found.names)}>"


class Curved(SecondOrder):
    """A Hessian times a direction; printed, it is what the command prints."""

    _found: Curving

    def __init__(self, found: Curving) -> None:
        self._found = found

    @property
    def hvp(self) -> dict[str, Value]:
        """How the derivative by every name moves along the direction."""
        return dict(self._found.found)

    def __str__(self) -> str:
        from gradcli.render.products import curving_lines

        return "\n".join(curving_lines(self._found, digits=None, unicode=True))

    def __repr__(self) -> str:
        return f"<hvp value={self.value}, hvp={self.hvp}>"


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
