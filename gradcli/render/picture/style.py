"""The colours of a circuit, by day, by night and in print; at least 4.5 to 1 against what they stand on."""

from __future__ import annotations

FONT = "'DejaVu Sans','Segoe UI',Arial,sans-serif"

SHAPES = f"""
.circuit text{{font:15px {FONT};text-anchor:middle;white-space:pre;font-variant-numeric:tabular-nums}}
.circuit .value,.circuit .gradient{{font-size:14px;font-weight:600}}
.circuit .range{{font-size:12px}}
.circuit .op{{font-size:16px}}
.circuit .name,.circuit .shape,.circuit .local,.circuit .boxtext{{font-size:12px}}
.circuit .name{{font-weight:700}}
.circuit .gate{{font-size:12px;font-style:italic}}
.circuit text.leaf{{font-size:17px;font-weight:700;text-anchor:end}}
.circuit text.end,.circuit .title,.circuit .key,.circuit .boxname{{text-anchor:start}}
.circuit text.end{{font-size:17px;font-weight:700}}
.circuit text.local,.circuit .cell{{text-anchor:end}}
.circuit .key,.circuit .key tspan,.circuit .boxname{{font-size:13px}}
.circuit .key tspan{{font-weight:700}}
.circuit .line{{fill:none;stroke-width:1.5}}
.circuit .shapeofnode{{stroke-width:1.5}}
.circuit .bracket{{fill:none;stroke-width:1.2}}
.circuit .box{{stroke-width:1.2;stroke-dasharray:5 4}}
.circuit .added .line{{stroke-dasharray:6 4}}
.circuit .wire:hover .line{{stroke-width:3}}
"""

ROLES = """
.circuit .page{{fill:{page}}}
.circuit text{{fill:{ink}}}
.circuit .line,.circuit .shapeofnode{{stroke:{wire}}}
.circuit .shapeofnode{{fill:{node}}}
.circuit .tip,.circuit .dot{{fill:{wire}}}
.circuit .value{{fill:{value}}}
.circuit .gradient{{fill:{gradient}}}
.circuit .local,.circuit .boxname,.circuit .boxtext{{fill:{local}}}
.circuit .gate,.circuit .key,.circuit .shape{{fill:{dim}}}
.circuit .key .value{{fill:{value}}}
.circuit .key .gradient{{fill:{gradient}}}
.circuit .key .local{{fill:{local}}}
.circuit .bracket{{stroke:{dim}}}
.circuit .box{{stroke:{local};fill:{local};fill-opacity:.06}}
.circuit .added .line,.circuit .added .shapeofnode{{stroke:{gradient}}}
.circuit .added .shapeofnode{{fill:{added}}}
.circuit .added .tip,.circuit .added .dot,.circuit .added .name,.circuit .added .op{{fill:{gradient}}}
.circuit .added text.end{{fill:{gradient}}}
.circuit text.lost{{fill:{lost}}}
"""

LIGHT = {
    "page": "#fff", "ink": "#1f2328", "wire": "#57606a", "node": "#f6f8fa", "value": "#116329", "gradient": "#b3141f",
    "local": "#0b6473", "dim": "#57606a", "added": "#fff1f0", "lost": "#8a5300",
}  # fmt: skip
DARK = {
    "page": "#16181d", "ink": "#e6e8eb", "wire": "#8b949e", "node": "#22262d", "value": "#7ee787",
    "gradient": "#ff8a80", "local": "#7fd3e2", "dim": "#9aa4ae", "added": "#33201f", "lost": "#f2cc60",
}  # fmt: skip


def style(*, dark: bool = True) -> str:
    """The style sheet; with DARK it follows the reader's scheme on screens, and paper stays light."""
    found = SHAPES + ROLES.format(**LIGHT)
    if dark:
        found += f"@media screen and (prefers-color-scheme:dark){{{ROLES.format(**DARK)}}}"
    return found.replace("\n", "")
