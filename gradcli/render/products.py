"""Products with a Jacobian as plain lines, without rich."""

from __future__ import annotations

from gradcli.render.plain import cells, name_of_result, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Protocol

    from gradcli.language.question import Question

    class Product(Protocol):
        """A question with its value and what was found: a tangent, or gradients by name."""

        question: Question
        value: object
        found: object

    class Curving(Protocol):
        """A question with its value, and how its gradient moves by name."""

        question: Question
        value: float
        found: Mapping[str, object]


def product_lines(product: Product, *, digits: int | None, unicode: bool) -> Iterator[str]:
    """The value, then `df` (how it moves), or `U·∂f/∂x` a name a line; names and `=` stand in columns."""
    question = product.question
    label = name_of_result(question.graph, question.result)
    rows = [(label, number(product.value, digits))]
    if isinstance(product.found, dict):
        partial = f"U·∂{label}/∂" if unicode else f"U.d{label}/d"
        rows += [(partial + name, number(value, digits)) for name, value in product.found.items()]
    else:
        rows.append((f"d{label}", number(product.found, digits)))
    yield from _in_columns(rows)


def curving_lines(curving: Curving, *, digits: int | None, unicode: bool) -> Iterator[str]:
    """The value, then `d(∂f/∂x)`, how each part of the gradient moves, a name a line."""
    question = curving.question
    label = name_of_result(question.graph, question.result)
    partial = f"d(∂{label}/∂" if unicode else f"d(d{label}/d"
    rows = [(label, number(curving.value, digits))]
    rows += [(f"{partial}{name})", number(value, digits)) for name, value in curving.found.items()]
    yield from _in_columns(rows)


def _in_columns(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    widest = max(cells(name) for name, _ in rows)
    signed = any(text.startswith("-") for _, text in rows)
    for name, text in rows:
        gap = " " if signed and not text.startswith("-") else ""
        yield f"{name}{' ' * (widest - cells(name))} = {gap}{text}"
