"""The commands about second derivatives: the Hessian, and its product with a direction."""

from __future__ import annotations

import sys

from gradcli.cli.array_commands import along_of, no_direction
from gradcli.cli.commands import asked, in_unicode, remark, show_document, show_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gradcli.cli.quick import Request


def hessian(request: Request) -> int:
    """The matrix of second derivatives, or its pattern."""
    from gradcli.questions.hessians import dense

    found = dense(*asked(request), full=request["full"])
    sparsity = bool(request["sparsity"])
    if request.json:
        return show_json(found.as_object(sparsity=sparsity))
    if request.format != "text":
        if sparsity:
            from gradcli.cli.refusals import no_document

            raise no_document(request.format, "sparsity")
        return show_document(found, request)
    from gradcli.cli.screen import Screen
    from gradcli.render.hessian import draw

    screen = Screen()
    return screen.show(
        draw(
            found, width=screen.width, unicode=screen.unicode, digits=request["digits"] or 6, full=request["full"],
            sparsity=sparsity,
        )
    )  # fmt: skip


def hvp(request: Request) -> int:
    """How the gradient moves along a direction."""
    from gradcli.questions.hessians import FORWARD, multiplied

    if request["along"] is None:
        raise no_direction(request)
    memory: int | None = request["max-memory"]
    along = along_of(request["along"], memory)
    found = multiplied(*asked(request), along, request.given.get("mode", FORWARD))
    if request.json:
        return show_json(found.as_object())
    from gradcli.render.products import curving_lines

    for line in curving_lines(found, digits=request["digits"], unicode=in_unicode()):
        sys.stdout.write(line + "\n")
    return remark(found.notes)


ANSWERS = {"hessian": hessian, "hvp": hvp}


def answer(request: Request) -> int:
    """Do what one of these commands was asked for."""
    return ANSWERS[request.command](request)
