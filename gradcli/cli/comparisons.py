"""What `compare` compares: each choice of --by is answered by modules that are imported only for it."""

from __future__ import annotations

from gradcli.cli.commands import asked, show_document, show_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from gradcli.cli.commands import Asked
    from gradcli.cli.quick import Request

    Way = tuple[Callable[..., Any], Callable[..., Sequence[Any]]]  # from a question to a report, and to a drawing


def by_decomposition(asked: Asked) -> Any:
    """The decompositions side by side, judged against the true numbers."""
    from gradcli.questions.compare import compared

    return compared(*asked)


def draw_decompositions(found: Any, **how: Any) -> Sequence[Any]:
    """The table of decompositions."""
    from gradcli.render.comparison import comparison_table

    return [comparison_table(found, **how)]


def by_mode(asked: Asked, *, full: bool = False) -> Any:
    """Forward and reverse mode side by side."""
    from gradcli.questions.compare_modes import compared

    return compared(*asked, full=full)


def draw_modes(found: Any, **how: Any) -> Sequence[Any]:
    """The trace, the costs, the chain of Jacobians."""
    from gradcli.render.modes import draw

    return draw(found, **how)


def by_engine(asked: Asked, *, full: bool = False, log: bool = False) -> Any:
    """Backpropagation beside reverse-mode AD."""
    from gradcli.questions.compare_engines import compared

    return compared(*asked, full=full, log=log)


def draw_engines(found: Any, **how: Any) -> Sequence[Any]:
    """The adjoint lines, and what optimising made of them."""
    from gradcli.render.engines import draw

    return draw(found, **how)


def by_order(asked: Asked, *, order: int | None = None) -> Any:
    """The derivatives of one name, order by order."""
    from gradcli.questions.compare_orders import compared

    return compared(*asked, order=order)


def draw_orders(found: Any, **how: Any) -> Sequence[Any]:
    """How the lines swell, and how many digits are right."""
    from gradcli.render.orders import draw

    return draw(found, **how)


ANSWERS: dict[str, Way] = {
    "decomposition": (by_decomposition, draw_decompositions),
    "mode": (by_mode, draw_modes),
    "engine": (by_engine, draw_engines),
    "order": (by_order, draw_orders),
}
EXTRAS = {"mode": ("full",), "engine": ("full", "log"), "order": ("order",)}  # the options that not all have


def answer(request: Request) -> int:
    """Compare by what was asked for."""
    ask, draw = ANSWERS[request["by"]]
    found = ask(asked(request), **extras(request["by"], request.given))
    if request.json:
        return show_json(found.as_object())
    if request.format != "text":
        return show_document(found, request)
    from gradcli.cli.screen import Screen

    screen = Screen()
    return screen.show(draw(found, width=screen.width, unicode=screen.unicode, digits=request["digits"] or 6))


def extras(by: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a choice that were GIVEN. Raises GradError (usage) for those of another one."""
    own = EXTRAS.get(by, ())
    for name in [name for name in given if name not in own]:
        others = [other for other, names in EXTRAS.items() if name in names]
        if others:
            from gradcli.errors import GradError

            raise GradError("usage", f"compare takes --{name} only with --by {' or '.join(others)}")
    if by == "decomposition" and "decomposition" in given:
        from gradcli.errors import GradError

        hint = "leave out --decomposition, or compare by something else"
        raise GradError("usage", "compare --by decomposition shows them all", hint=hint)
    return {name: given[name] for name in EXTRAS.get(by, ()) if name in given}
