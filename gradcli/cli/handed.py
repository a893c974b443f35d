"""The Python face of what is taken away: `gradcli.code("x*y")` is a program, `gradcli.picture` draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradcli.cli.faced import faced
from gradcli.cli.given import Example, Value, checked, expression_text, options, point
from gradcli.cli.results import Answered, Result
from gradcli.errors import GradError
from gradcli.questions import explained
from gradcli.questions.code import Coded, coded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from gradcli.report.explanation import Explanation


@faced
def code(
    expression: str,
    *,
    style: str = "flat",
    target: str = "python",
    optimised: bool = False,
    at: Mapping[str, Value] | None = None,
    wrt: str | Iterable[str] | None = None,
    decomposition: str = "auto",
    ties: str = "split",
    zero: str = "ieee",
    example: Example | None = None,
    max_memory: int | str | None = None,
    **values: Value,
) -> Program:
    """EXPRESSION and its backward pass as code for a `target`: python, numpy, torch, jax or c.

    `style` is flat (one operation a line) or modular (gates with forward and backward); `optimised` writes the tidied
    graph of the gradient. Names need no value; where all have one, the code prints the numbers when it is run.
    """
    checked("style", style)
    checked("target", target)
    _split_or_first(ties)
    how = options(
        wrt=wrt, decomposition=decomposition, ties=ties, zero=zero, example=example, max_memory=max_memory
    )
    return Program(
        coded(expression_text(expression), point(at, values), how, style=style, target=target, optimised=optimised)
    )


@faced
def picture(
    expression: str,
    *,
    local: bool = False,
    expand: bool = False,
    full: bool = False,
    digits: int = 6,
    at: Mapping[str, Value] | None = None,
    wrt: str | Iterable[str] | None = None,
    decomposition: str = "auto",
    mode: str = "reverse",
    ties: str = "split",
    zero: str = "ieee",
    example: Example | None = None,
    max_memory: int | str | None = None,
    **values: Value,
) -> Circuit:
    """EXPRESSION as a circuit: values above the wires, gradients below.

    `local` writes the local gradients too, `expand` opens recognised forms, `full` lifts the bound on its size.
    """
    how = options(
        wrt=wrt, decomposition=decomposition, mode=mode, ties=ties, zero=zero, example=example, max_memory=max_memory
    )
    if expand and how.decomposition in ("auto", "sigmoid"):
        how.decomposition = "typed"  # what is spelled out stands in an open box then
    found = explained(expression_text(expression), point(at, values), how)
    return Circuit(found, {"local": local, "full": full, "digits": digits})


def _split_or_first(ties: str) -> None:
    if ties not in ("split", "first"):
        raise GradError("usage", f"ties has to be one of split, first; {ties!r} given")


class Program(Answered):
    """A program as code; printed, it is its text."""

    _found: Coded

    def __init__(self, found: Coded) -> None:
        self._found = found

    @property
    def text(self) -> str:
        """The whole text, with a newline at its end."""
        return self._found.text

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<program {self._found.style} {self._found.target}, {self.text.count(chr(10))} lines>"


class Circuit(Result):
    """A picture; in a notebook it shows itself."""

    _found: Explanation

    def __init__(self, found: Explanation, how: Mapping[str, Any]) -> None:
        super().__init__(found)
        self._how = how

    def svg(self) -> str:
        """The picture as SVG."""
        return str(self._as("svg"))

    def dot(self) -> str:
        """The graph for graphviz."""
        return str(self._as("dot"))

    def mermaid(self) -> str:
        """The graph for Mermaid."""
        return str(self._as("mmd"))

    def png(self) -> bytes:
        """The picture in pixels; it takes the extra `png`."""
        found = self._as("png")
        assert isinstance(found, bytes)
        return found

    def _as(self, kind: str) -> str | bytes:
        from gradcli.render.picture import picture as drawn

        return drawn(self._found, kind, **self._how)

    def _repr_svg_(self) -> str:
        return self.svg()
