"""The answer to one program after another, as the members of a JSON object: what `questions` says, only sooner."""

from __future__ import annotations

from gradcli.batch.answers import notes_member, scalar_members
from gradcli.batch.block import answers
from gradcli.batch.fused import Fused
from gradcli.batch.templates import PATIENCE, SELDOM, Kernels
from gradcli.questions import Options, differentiated, evaluated
from gradcli.text import json_text

MOST_KEPT = 100  # ways to answer, for lines that say their own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Protocol

    from gradcli.insight.notes import Note

    class Settings(Protocol):
        """How programs are answered that do not say it themselves."""

        wrt: Sequence[str] | None
        decomposition: str
        mode: str
        ties: str
        zero: str
        max_memory: int | None
        order: int


class Calculator:
    """Answers programs one after the other; nothing is kept of one for the next but compiled kernels.

    The `kernels`, where there are some, are asked first, about programs answered by the options of the whole file.
    """

    __slots__ = ("_fused", "_others", "kernels", "options", "order", "settings")

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.order = settings.order
        self.options = self._options(settings.wrt, settings.mode, settings.decomposition)
        self.kernels: Kernels | None = Kernels(self.options, self.order)
        self._fused = Fused(self.options)
        self._others: dict[tuple[object, ...], Fused] = {}

    def members(
        self,
        source: str,
        given: Mapping[str, Any],
        wrt: Sequence[str] | None = None,
        mode: str | None = None,
        decomposition: str | None = None,
        order: int | None = None,
    ) -> str:
        """The answer to the program in SOURCE at the values GIVEN, floats or arrays: the members of a JSON object.

        `"value"`, with order 1 or more `"gradients"`, from 2 on `"hessian"`, from 3 on `"derivatives"`, and `"notes"`
        where there are some. What is None is as for the whole file. Raises GradError as a question does.
        """
        if wrt is None and mode is None and decomposition is None and order is None:
            if self.kernels is not None:
                found = self.kernels.members(source, given)
                if found is not None:
                    return found
            return self.alone(source, given)
        fused = self._by_line(wrt, mode, decomposition)
        order = self.order if order is None else order
        if order == 1:
            return fused.members(source, given) or first_order(source, given, fused.options)
        return members_of_order(order, source, given, fused.options)

    def several(self, sources: Sequence[str], points: Sequence[Mapping[str, Any]]) -> list[str | None]:
        """The same for several programs at the values of each; None where one has to be answered `alone`."""
        found = self._by_kernels(sources, points)
        if self.order == 1 and None in found:
            places = [place for place, text in enumerate(found) if text is None]
            texts = answers(self._fused, [sources[place] for place in places], [points[place] for place in places])
            for place, text in zip(places, texts, strict=True):
                found[place] = text
        return found

    def _by_kernels(self, sources: Sequence[str], points: Sequence[Mapping[str, Any]]) -> list[str | None]:
        """What kernels say of several programs; those that would not be looked at are passed over at once."""
        kernels = self.kernels
        if kernels is None:
            return [None] * len(sources)
        place = 0
        found: list[str | None] = []
        while kernels.idle > PATIENCE and place < len(sources):
            skipped = min(SELDOM - 1 - kernels.idle % SELDOM, len(sources) - place)
            kernels.idle += skipped
            found += [None] * skipped
            place += skipped
            if place < len(sources):
                found.append(kernels.members(sources[place], points[place]))
                place += 1
        return [*found, *map(kernels.members, sources[place:], points[place:])]

    def alone(self, source: str, given: Mapping[str, Any]) -> str:
        """The answer to one program by the options of the whole file, without kernels."""
        if self.order == 1:
            return self._fused.members(source, given) or first_order(source, given, self.options)
        return members_of_order(self.order, source, given, self.options)

    def _by_line(self, wrt: Sequence[str] | None, mode: str | None, decomposition: str | None) -> Fused:
        """What answers lines with options of their own, the same for the same options."""
        key = (wrt if wrt is None else tuple(wrt), mode, decomposition)
        found = self._others.get(key)
        if found is None:
            settings = self.settings
            names = settings.wrt if wrt is None else wrt
            options = self._options(names, mode or settings.mode, decomposition or settings.decomposition)
            if len(self._others) >= MOST_KEPT:
                self._others.clear()
            found = self._others[key] = Fused(options)
        return found

    def _options(self, wrt: Sequence[str] | None, mode: str, decomposition: str) -> Options:
        settings = self.settings
        return Options(
            wrt=wrt, decomposition=decomposition, mode=mode, ties=settings.ties, zero=settings.zero,
            max_memory=settings.max_memory,
        )  # fmt: skip


def members_of_order(order: int, source: str, given: Mapping[str, Any], options: Options) -> str:
    """The value, the derivatives up to ORDER and the notes, as the members of a JSON object."""
    if order == 1:
        return first_order(source, given, options)
    if order == 0:
        answer = evaluated(source, given, options)
        return _joined({"value": answer.as_object()["value"]}, answer.notes)
    from gradcli.batch.orders import higher_order

    members, notes = higher_order(order, source, given, options)
    return _joined(members, notes)


def first_order(source: str, given: Mapping[str, Any], options: Options) -> str:
    """The value, the gradients and the notes, as the members of a JSON object."""
    answer = differentiated(source, given, options)
    if answer.question.shapes is not None:
        found = answer.as_object()
        return _joined({"value": found["value"], "gradients": found["gradients"]}, answer.notes)
    assert answer.gradients is not None
    return scalar_members(answer.value, answer.gradients, answer.notes)


def _joined(members: dict[str, object], notes: Sequence[Note]) -> str:
    return json_text(members)[1:-1] + notes_member(notes)
