"""Kernels for programs that are seen often: found by their text, and by their text with its literals taken out."""

from __future__ import annotations

from gradcli.batch.answers import notes_member
from gradcli.batch.skeletons import Compiled, NoKernel, Skeleton, compiled, settings, split, told
from gradcli.questions import differentiated, evaluated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from gradcli.language.question import Options

OFTEN = 20  # times that a program is seen before it is compiled, which costs as much as 20 answers save
LONGEST = 4000  # characters of a text that is looked at
MOST = 1000  # of what is kept: kernels, texts that have one, skeletons
MOST_COUNTED = 4000
PATIENCE = 500  # programs in a row without a kernel, after which only one in SELDOM is looked at
SELDOM = 32

Key = tuple[object, ...]


class Kernels:
    """Answers programs by kernels where there are some; everything it keeps is bounded.

    All programs are answered with the same OPTIONS: at ORDER 0 the value, at ORDER 1 the gradients with it. A program
    is compiled when it is seen for the time OFTEN.
    """

    __slots__ = ("counts", "idle", "kernels", "often", "options", "order", "skeletons", "texts", "usable")

    def __init__(self, options: Options, order: int = 1, *, often: int = OFTEN) -> None:
        self.options = options
        self.often = often
        self.order = order
        self.usable = order in (0, 1) and options.example is None and (options.mode == "reverse" or not order)
        self.texts: dict[Key, tuple[Compiled, list[float]]] = {}
        self.skeletons: dict[Key, Skeleton | None] = {}
        self.kernels: dict[Key, Compiled | None] = {}
        self.counts: dict[Key, int] = {}
        self.idle = 0

    def members(self, source: str, given: Mapping[str, Any]) -> str | None:
        """The members of the answer to SOURCE at the values GIVEN; None where the general way has to be gone.

        Never raises GradError: what is wrong with a program is said there.
        """
        if self.idle > PATIENCE:
            self.idle += 1
            if self.idle % SELDOM:
                return None
        if " at " in source:
            if not self.usable or len(source) > LONGEST:
                return None
            found = settings(source)
            if found is None:
                return None
            source, values = found
            given = {**values, **given} if given else values
        known = self.texts.get((source, *given))
        if known is None:
            known = self._found(source, given)
            if known is None:
                self.idle += 1
                return None
        self.idle = 0
        made, literals = known
        members: str | None = made.run(*given.values(), *literals)
        if members is None and made.kernel.missed:
            return self._learned(made, literals, source, given)
        return members

    def _found(self, source: str, given: Mapping[str, Any]) -> tuple[Compiled, list[float]] | None:
        """The kernel for a text that has not been seen before, and the literals in it."""
        if not self.usable or len(source) > LONGEST:
            return None
        pieces = split(source) if source.isascii() else [source]
        literals = [*map(float, pieces[1::2])]
        key: Key = (*given, None, *pieces[::2])
        skeleton = self.skeletons.get(key)
        is_new = skeleton is None
        if skeleton is None:
            if key in self.skeletons or not self._often(key):
                return None
            skeleton = self._skeleton(key, pieces, [*given])
            if skeleton is None:
                return None
        decided = skeleton.key(literals)
        if decided:
            key = (key, decided)
        made = self.kernels.get(key)
        if made is None:
            if key in self.kernels or (decided and not is_new and not self._often(key)):
                return None
            made = self._compiled(key, pieces, skeleton.groups(literals, decided), [*given])
            if made is None:
                return None
        if len(self.texts) >= MOST:
            self.texts.clear()
        self.texts[source, *given] = made, literals
        return made, literals

    def _often(self, key: Key) -> bool:
        """Count KEY once more: whether it was seen often enough."""
        count = self.counts.get(key, 0) + 1
        if len(self.counts) >= MOST_COUNTED:
            self.counts.clear()
        self.counts[key] = count
        return count >= self.often

    def _skeleton(self, key: Key, pieces: Sequence[str], names: Sequence[str]) -> Skeleton | None:
        try:
            found = Skeleton(pieces, names, self.options)
        except NoKernel:
            found = None
        _keep(self.skeletons, key, found)
        return found

    def _compiled(
        self, key: Key, pieces: Sequence[str], groups: Sequence[int | None], names: Sequence[str]
    ) -> Compiled | None:
        try:
            made = compiled(pieces, groups, names, self.options, self.order)
        except NoKernel:
            made = None
        _keep(self.kernels, key, made)
        return made

    def _learned(
        self, made: Compiled, literals: Sequence[float], source: str, given: Mapping[str, Any]
    ) -> str | None:
        """The answer where other gates are open than ever before; the next time their notes are known."""
        pattern = made.kernel.missed.pop()
        if pattern in made.untold:
            return None
        answer = (differentiated if self.order else evaluated)(source, given, self.options)
        if not told(answer.question, made.literals, answer.notes):
            made.untold.add(pattern)
            return None
        made.kernel.learn(pattern, notes_member(answer.notes))
        members: str | None = made.run(*given.values(), *literals)
        return members


def _keep(cache: dict[Key, Any], key: Key, value: object) -> None:
    """Put a value into a CACHE, in which there is room for MOST: the oldest goes."""
    if len(cache) >= MOST:
        del cache[next(iter(cache))]
    cache[key] = value
