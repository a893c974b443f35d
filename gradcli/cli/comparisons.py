"""What `compare` compares: each choice of --by is answered by modules that are imported only for it."""

from __future__ import annotations

from gradcli.cli.commands import asked, show_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gradcli.cli.quick import Request


def decompositions(request: Request) -> int:
    """The decompositions side by side, judged against the true numbers."""
    from gradcli.questions.compare import compared

    found = compared(*asked(request))
    if request.json:
        return show_json(found.as_object())
    from gradcli.cli.screen import Screen
    from gradcli.render.comparison import comparison_table

    screen = Screen()
    digits = request["digits"] or 6
    return screen.show([comparison_table(found, width=screen.width, unicode=screen.unicode, digits=digits)])


ANSWERS = {"decomposition": decompositions}


def answer(request: Request) -> int:
    """Compare by what was asked for."""
    return ANSWERS[request["by"]](request)
