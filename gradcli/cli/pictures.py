"""The command graph, and the page: the circuit of a program."""

from __future__ import annotations

import sys

from gradcli.cli.commands import asked
from gradcli.errors import GradError
from gradcli.questions import explained

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gradcli.cli.quick import Request

SWITCHED = ("auto", "naive", "sigmoid")  # the decompositions that a page shows where they differ
KINDS = ("svg", "png", "dot", "mmd", "html")


def draw(request: Request) -> int:
    """The circuit in the format that was asked for."""
    output: str = request.given.get("output", "-")
    kind = request.format
    if output != "-" and "format" not in request.given and not output.lower().endswith(f".{kind}"):
        hint = f"end it in {', '.join(f'.{kind}' for kind in KINDS[:-1])} or .{KINDS[-1]}, or add --format"
        raise GradError("usage", f"the name {output!r} does not say what to draw", hint=hint)
    if kind == "html":
        return page(request)
    if output == "-" and kind in ("svg", "png") and sys.stdout.isatty():
        hint = f"add -o picture.{kind}; in the terminal, gradcli explain --view tree draws"
        raise GradError("usage", f"a terminal cannot show {kind}", hint=hint)
    from gradcli.render.picture import picture

    source, given, how = asked(request)
    if request["expand"] and how.decomposition in ("auto", "sigmoid"):
        how.decomposition = "typed"  # what is spelled out stands in an open box then
    options = {"local": bool(request["local"]), "full": bool(request["full"])}
    found = picture(explained(source, given, how), kind, digits=request["digits"] or 6, **options)
    if isinstance(found, str):
        sys.stdout.write(found)
    else:
        from gradcli.cli.written import onto_screen

        onto_screen(found)
    return 0


def page(request: Request) -> int:
    """The page to click through, with every decomposition that makes a difference; it has every local gradient."""
    from gradcli.render.page import page as written

    source, given, options = asked(request)
    found: list[tuple[str, Any]] = []
    for name in dict.fromkeys((options.decomposition, *SWITCHED)):
        options.decomposition = name
        explanation = explained(source, given, options)
        twin = next((place for place, (_, other) in enumerate(found) if _same(explanation, other)), None)
        if twin is None:
            found.append((name, explanation))
        elif name == "sigmoid" and found[twin][0] == "auto":
            found[twin] = (name, explanation)
    sys.stdout.write(written(found, digits=request["digits"] or 6))
    return 0


def _same(one: Any, other: Any) -> bool:
    """Whether two explanations are of the same lines."""
    a, b = one.graph, other.graph
    return (a.primitives, a.operands) == (b.primitives, b.operands) and repr(a.statics) == repr(b.statics)
