"""Names that generated code may use: ASCII, and nothing that means something to the language or to our own code."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

LONGEST = 32  # letters of a name of the user's
PLAIN = re.compile(r"(?!_[A-Z_])[A-Za-z_][A-Za-z0-9_]*\Z")  # C and Python keep `__x` and `_X` for themselves
OTHER_SCRIPT = "x"  # begins the names that stand for those of other scripts: x_1, x_2


class Names:
    """Safe names, each given out once. A RESERVED word gets a suffix `_`, and so does what is taken already.

    The names of the USER are claimed first, so that they keep their spelling wherever it is safe. `renamed` says which
    of them did not.
    """

    __slots__ = ("given", "renamed", "reserved", "taken")

    def __init__(self, reserved: Collection[str], user: Iterable[str] = ()) -> None:
        self.reserved = reserved
        self.taken: set[str] = set()
        self.given: dict[str, str] = {}
        self.renamed: dict[str, str] = {}
        names = list(dict.fromkeys(user))
        plain = [name for name in names if is_plain(name)]
        free = [name for name in plain if name not in reserved and len(name) <= LONGEST]
        self.taken.update(free)  # before another's substitute can be the same
        self.given.update((name, name) for name in free)
        for name in names:
            if name not in self.given:
                safe = self._numbered() if not is_plain(name) else self._short(name)
                self.given[name] = self.renamed[name] = safe

    def __getitem__(self, name: str) -> str:
        """What a name of the user's is called in the code."""
        return self.given[name]

    def fresh(self, wanted: str) -> str:
        """A name like WANTED, which is ASCII, that nothing else has."""
        while wanted in self.taken or wanted in self.reserved:
            wanted += "_"
        self.taken.add(wanted)
        return wanted

    def another(self, wanted: str) -> str:
        """WANTED, or where that is taken WANTED_2 and so on."""
        if wanted not in self.taken and wanted not in self.reserved:
            self.taken.add(wanted)
            return wanted
        return self.numbered(f"{wanted}_", 2)[0]

    def numbered(self, stem: str, count: int) -> tuple[str, int]:
        """The first free name of STEM and a number from COUNT on, and that number."""
        while f"{stem}{count}" in self.taken or f"{stem}{count}" in self.reserved:
            count += 1
        self.taken.add(f"{stem}{count}")
        return f"{stem}{count}", count

    def _short(self, name: str) -> str:
        return self.fresh(name) if len(name) <= LONGEST else self.numbered(f"{name[: LONGEST - 4]}_", 1)[0]

    def _numbered(self) -> str:
        return self.numbered(f"{OTHER_SCRIPT}_", 1)[0]


def is_plain(name: str) -> bool:
    """Whether a NAME is an ASCII identifier that is nobody's but the user's."""
    return PLAIN.match(name) is not None
