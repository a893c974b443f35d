"""`explain --element` and `explain --shapes`: lessons in place of the whole table."""

from __future__ import annotations

from gradcli.cli.array_commands import upstream_of
from gradcli.cli.commands import asked, show_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gradcli.cli.quick import Request


def teach(request: Request) -> int:
    """The lessons that were asked for, one below the other; as JSON one object."""
    from gradcli.questions.lessons import taught

    source, given, options = asked(request)
    upstream = upstream_of(request["upstream"], options.max_memory)
    found = taught(
        source, given, options, element=request["element"], upstream=upstream, shapes=bool(request["shapes"])
    )
    if request.json:
        return show_json(found.as_object())
    from gradcli.cli.screen import Screen
    from gradcli.render.lessons import draw_lessons

    screen = Screen()
    digits = request["digits"] or 6
    return screen.show(
        draw_lessons(found, width=screen.width, unicode=screen.unicode, digits=digits, full=request["full"])
    )
