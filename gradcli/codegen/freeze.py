"""Build step: write the local gradients of every primitive out as float functions (gradcli/autodiff/frozen.py)."""

from __future__ import annotations

from pathlib import Path

from gradcli.codegen.python import body
from gradcli.graph import NAMED, Primitive, primitives
from gradcli.graph.carriers import trace_rules

HEAD = '''"""Generated from the rules by `python -m gradcli.codegen.freeze`: local gradients as float functions. Do not edit."""
# mypy: ignore-errors
# ruff: noqa

from gradcli.graph import real
'''
STATICS = (2.0, 3.0, -1.0, 0.5)  # the exponents that nearly every program uses
COUNTS = (2, 3)  # operands of the variadic ones


def frozen_text() -> str:
    """The whole text of gradcli/autodiff/frozen.py."""
    primitives()
    functions: dict[tuple[str, ...], str] = {}
    blocks, rows = [], []
    for primitive in NAMED.values():
        for static, count in _variants(primitive):
            trace = trace_rules(primitive, static, count)
            names = []
            for slot, output in enumerate(trace.outputs):
                if output is None:
                    names.append("None")
                    continue
                leaves = ["y", *"abcdefgh"[:count]]
                lines = (", ".join(leaves), *body(trace, slot, leaves))
                if lines not in functions:
                    functions[lines] = f"f{len(functions)}"
                    blocks.append(f"\n\ndef {functions[lines]}({lines[0]}):\n    " + "\n    ".join(lines[1:]) + "\n")
                names.append(functions[lines])
            rows.append(f"    ({primitive.name!r}, {static!r}, {count}): ({', '.join(names)},),\n")
    return HEAD + "".join(blocks) + "\n\nLOCALS: dict = {\n" + "".join(rows) + "}\n"


def _variants(primitive: Primitive) -> list[tuple[float | None, int]]:
    if not primitive.rules:
        return []
    if primitive.static:
        return [(static, 1) for static in STATICS]
    if primitive.variadic:
        return [(None, count) for count in COUNTS]
    return [(None, len(primitive.rules))]


def main() -> None:
    """Rewrite the generated module."""
    path = Path(__file__).resolve().parents[1] / "autodiff" / "frozen.py"
    path.write_text(frozen_text(), "utf-8")


if __name__ == "__main__":
    main()
