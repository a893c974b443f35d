"""The Python face of formulas: `gradcli.diff("x^3")` is `3*x^2`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.cli.faced import faced
from gradcli.cli.given import Example, Value, expression_text, options, point
from gradcli.cli.results import Answered
from gradcli.errors import GradError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gradcli.report.formulas import Formulas

MOST_ORDER = 20


@faced
def diff(
    expression: str,
    *,
    wrt: str | Iterable[str] | None = None,
    order: int = 1,
    mixed: bool = False,
    simplify: bool = False,
    at: Mapping[str, Value] | None = None,
    decomposition: str = "auto",
    ties: str = "split",
    example: Example | None = None,
    max_memory: int | str | None = None,
    **values: Value,
) -> Derived:
    """The derivative of EXPRESSION as a formula, `order` times by every variable, or by each name of `wrt`.

    With `mixed` it is differentiated by the names of `wrt` one after the other. Names need no value; where all have
    one, the numbers are there, too. `simplify` takes steps that change where a formula has a value, each with a note.
    """
    from gradcli.questions.formulas import formulas

    if type(order) is not int or not 0 <= order <= MOST_ORDER:
        raise GradError("usage", f"order has to be a whole number from 0 to {MOST_ORDER}; {order!r} given")
    if ties not in ("split", "first"):
        raise GradError("usage", f"ties has to be one of split, first; {ties!r} given")
    how = options(wrt=wrt, decomposition=decomposition, ties=ties, example=example, max_memory=max_memory)
    return Derived(
        formulas(expression_text(expression), point(at, values), how, order=order, mixed=mixed, simplify=simplify)
    )


class Derived(Answered):
    """Derivatives as formulas; printed, they are what the command prints."""

    _found: Formulas

    def __init__(self, found: Formulas) -> None:
        self._found = found

    @property
    def derivatives(self) -> dict[str, str]:
        """Every formula by its names, a program that stands for itself."""
        return self._found.derivatives()

    @property
    def value(self) -> Any:
        """The number of the derivative, where it is one and every name has a value; else None."""
        numbers = self._found.numbers or {}
        return next(iter(numbers.values())) if len(numbers) == 1 else None

    @property
    def values(self) -> dict[str, Any]:
        """The number of every derivative; empty where a name has no value."""
        return dict(self._found.numbers or {})

    def latex(self) -> str:
        """The formulas as LaTeX."""
        from gradcli.render.formulas import latex_lines

        return "\n".join(latex_lines(self._found))

    def markdown(self) -> str:
        """The formulas as a block of Markdown."""
        from gradcli.render.formulas import markdown_lines

        return "\n".join(markdown_lines(self._found))

    def __str__(self) -> str:
        from gradcli.render.formulas import formula_lines

        return "\n".join(formula_lines(self._found, unicode=True))

    def __repr__(self) -> str:
        return f"<derived {', '.join(f'{name}: {text!r}' for name, text in self.derivatives.items())}>"

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"
