"""`explain --element` and `explain --shapes`: lessons in place of the whole table."""

from __future__ import annotations

from gradcli.cli.array_commands import upstream_of
from gradcli.cli.commands import asked, show_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gradcli.cli.quick import Request
    from gradcli.report.lessons import ElementLesson
    from gradcli.report.shape_lesson import ShapeLesson


def teach(request: Request) -> int:
    """The lessons that were asked for, one below the other; as JSON one object."""
    from gradcli.questions.lessons import derived, shapes_explained

    source, given, options = asked(request)
    element: ElementLesson | None = None
    shapes: ShapeLesson | None = None
    if request["element"]:
        upstream = upstream_of(request["upstream"], options.max_memory)
        element = derived(source, given, options, request["element"], upstream)
    if request["shapes"]:
        shapes = shapes_explained(source, given, options)
    if request.json:
        return show_json({**(shapes.as_object() if shapes else {}), **(element.as_object() if element else {})})
    from gradcli.cli.screen import Screen
    from gradcli.render.lessons import draw_lessons

    screen = Screen()
    return screen.show(
        draw_lessons(
            element, shapes, width=screen.width, unicode=screen.unicode, digits=request["digits"] or 6,
            full=request["full"],
        )
    )  # fmt: skip
