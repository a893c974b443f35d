"""Reading a drawn circuit back: its texts with the boxes they fill, its wires, its nodes."""

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import NamedTuple

from gradcli.questions import Options, explained
from gradcli.render.picture import picture
from gradcli.report.explanation import Explanation

SVG = "{http://www.w3.org/2000/svg}"
ROOT = Path(__file__).parents[2]
SIZES = {
    "op": 16, "name": 12, "shape": 12, "local": 12, "boxtext": 12, "gate": 12, "leaf": 17, "end": 17, "title": 15,
    "key": 13, "boxname": 13, "value": 14, "gradient": 14,
}  # fmt: skip
ENDS = {"leaf": 1.0, "local": 1.0, "cell": 1.0, "end": 0.0, "title": 0.0, "key": 0.0, "boxname": 0.0}
WIDE, NARROW = "mMWw@%…+=<>−×÷→←≤≥≠±", "iljI.,:;'|!·()[]-/ "


class Text(NamedTuple):
    """A text, and the box that its letters fill at most."""

    says: str
    role: str
    left: float
    right: float
    top: float
    bottom: float

    def meets(self, other: "Text") -> bool:
        """Whether the boxes share more than an edge."""
        apart = self.right <= other.left or other.right <= self.left
        return not (apart or self.bottom <= other.top or other.bottom <= self.top)


def letters(text: str) -> float:
    """The width of a text in sizes of the font: more than any usual font takes, and not taken from the program."""
    return sum(
        0.85 if sign in WIDE else 0.37 if sign in NARROW else 0.68 if sign.isascii() else 1.0 for sign in text
    )  # fmt: skip


def parsed(text: str) -> ET.Element:
    """The tree of a drawing of ours."""
    return ET.fromstring(text)  # noqa: S314 - it comes from no one else


def texts_of(svg: str) -> list[Text]:
    """Every text of a drawing."""
    found = []
    waiting = [(parsed(svg), 0.0, 0.0)]
    while waiting:
        part, x, y = waiting.pop()
        moved = re.match(r"translate\(([\d.]+) ([\d.]+)\)", part.get("transform", ""))
        if moved:
            x, y = x + float(moved[1]), y + float(moved[2])
        if part.tag == f"{SVG}text":
            found.append(_box(part, x, y))
        waiting += [(child, x, y) for child in part]
    return found


def _box(part: ET.Element, x: float, y: float) -> Text:
    roles = part.get("class", "").split()
    says = "".join(part.itertext())
    size = max(SIZES[role] for role in roles if role in SIZES) if "range" not in roles else 12
    before = next((ENDS[role] for role in reversed(roles) if role in ENDS), 0.5)
    wide = letters(says) * size
    left, base = x + float(part.get("x", "0")) - before * wide, y + float(part.get("y", "0"))
    return Text(says, roles[0], left, left + wide, base - 0.78 * size, base + 0.22 * size)


def meeting(texts: list[Text]) -> list[tuple[str, str]]:
    """The pairs of texts that overlap."""
    texts = sorted((text for text in texts if text.says), key=lambda text: text.left)
    found = []
    for at, text in enumerate(texts):
        for other in texts[at + 1 :]:
            if other.left >= text.right:
                break
            if text.meets(other):
                found.append((text.says, other.says))
    return found


def drawn(source: str, at: dict, *, local: bool = False, full: bool = False, **options) -> str:
    """The SVG of a program."""
    return str(picture(explained(source, at, Options(**options)), "svg", local=local, full=full))


def groups(svg: str, name: str) -> list[ET.Element]:
    """The groups of a class, in order."""
    return [part for part in parsed(svg).iter(f"{SVG}g") if name in part.get("class", "").split()]


def says(part: ET.Element, role: str) -> list[str]:
    """The texts of a role inside a group."""
    found = [text for text in part.iter(f"{SVG}text") if role in text.get("class", "").split()]
    return ["".join(text.itertext()) for text in found]


def sample(name: str, **options) -> Explanation:
    """The explanation of a sample at its point."""
    return explained((ROOT / "samples" / f"{name}.expr").read_text("utf-8"), {}, Options(**options))


def published() -> list[dict]:
    """The published cases."""
    return [json.loads(line) for line in (ROOT / "tests" / "published.jsonl").read_text("utf-8").splitlines()]
