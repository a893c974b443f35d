"""A question about formulas: a program whose names may have a shape and no value."""

from __future__ import annotations

from gradcli.errors import GradError
from gradcli.language.question import Options, Question

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from gradcli.graph import Shape


class Unvalued(Question):
    """A program in the decomposition that was asked for. Names without a value or an example are numbers.

    `point` and `at` hold the values that were given; an example says shapes only.
    """

    __slots__ = ("missing",)

    def __init__(self, source: str, given: Mapping[str, Any], options: Options) -> None:
        self.missing: list[str] = []
        super().__init__(source, given, options)
        if self.example is not None:
            for name in self.example.values:
                self.point.pop(name, None)
                self.at.pop(name, None)
                self.missing.append(name)
            self.example = None

    def complain_of_missing_values(self) -> None:
        """Keep the names that have no value: a formula needs none."""
        self.missing = [name for name in self.program.variables if name not in self.point]

    def _shapes_given(self) -> dict[str, Shape]:
        return {**dict.fromkeys(self.missing, ()), **super()._shapes_given()}

    def _infer_shapes(self) -> None:
        try:
            super()._infer_shapes()
        except GradError as error:
            if not self.missing or error.kind != "shape":
                raise
            raise self._without_shapes(error) from None

    def _without_shapes(self, error: GradError) -> GradError:
        from gradcli.language.unanswerable import _example

        listed = ", ".join(map(repr, self.missing[:8])) + (" ..." if len(self.missing) > 8 else "")
        several = len(self.missing) > 1
        hint = f"{listed} {'have' if several else 'has'} no value, and "
        hint += f"{'are taken for numbers' if several else 'is taken for a number'}: "
        hint += f"say {'their shapes' if several else 'its shape'}, as in --example {_example(self, self.missing)}"
        return GradError(
            error.kind, error.message, hint=hint, source=error.source, spans=error.spans, labels=error.labels,
            operator=error.operator,
        )  # fmt: skip

    def _write_derivatives(self, *, for_value: bool) -> None:
        from gradcli.autodiff.derivatives import write_out

        written = write_out(self.graph)
        moved, self.derivatives = written.moved, written.derivatives
        self.graph, self.shapes = written.graph, written.graph.shapes
        self.result = moved[self.result]
        self.sources = {name: None if line is None else moved[line] for name, line in self.sources.items()}
        self.folds = {}
