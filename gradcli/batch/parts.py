"""Many files in, one file out for each: which names a pattern stands for, and where the answers to each file go."""

from __future__ import annotations

import os

from gradcli.errors import GradError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

MAGIC = "*?["
UNFINISHED = ".part"  # behind the name of a file that is being written: without it, a file is whole


class Part:
    """The file that answers PATH: TARGET when it is whole, until then another one beside it."""

    __slots__ = ("path", "target")

    def __init__(self, path: str, target: str) -> None:
        self.path = path
        self.target = target

    @property
    def unfinished(self) -> str:
        """Where its answers are written."""
        return self.target + UNFINISHED

    @property
    def is_finished(self) -> bool:
        """Whether an earlier run has written all of it."""
        return os.path.isfile(self.target)

    def begin(self) -> str:
        """Make its folder, and say where to write."""
        folder = os.path.dirname(self.target)
        try:
            os.makedirs(folder, exist_ok=True)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise GradError("file", f"cannot make the folder {folder!r}: {reason}") from None
        return self.unfinished

    def finish(self) -> None:
        """It is whole: give it its name."""
        os.replace(self.unfinished, self.target)


def clear(parts: Iterable[Part]) -> None:
    """Take away what an earlier run has left, or --resume would take it for a part of this one."""
    for part in parts:
        for path in (part.target, part.unfinished):
            if os.path.isfile(path):
                os.remove(path)


def expanded(paths: Iterable[str]) -> list[str]:
    """The paths, a pattern among them replaced by the files that it matches, sorted. GradError (file) if it has none.

    The shell has often done so already; a quoted pattern, or a shell that leaves this to programs, comes here. A path
    that exists is itself, whatever signs are in it; `**` matches folders within folders.
    """
    found: list[str] = []
    for path in paths:
        if not any(sign in path for sign in MAGIC) or os.path.exists(path):
            found.append(path)
            continue
        from glob import glob

        files = sorted(name for name in glob(path, recursive=True) if not os.path.isdir(name))
        if not files:
            raise GradError("file", f"no file matches {path!r}")
        found += files
    return found


def is_folder(path: str) -> bool:
    """Whether an output names a folder, which gets a file for each that is read."""
    return path.endswith(("/", os.sep)) or os.path.isdir(path)


def parts_of(paths: Sequence[str], folder: str, suffix_of: Callable[[str], str]) -> list[Part]:
    """The part for each path: in FOLDER, with its stem, and the suffix that SUFFIX_OF says.

    Where two would have one name, all keep the folders that they are in, from the one on that they share; where two
    still would, the suffix that they have stays, too. GradError (usage, file) where a path has no name, is there twice,
    or would be written over, and where a part would lie outside of FOLDER.
    """
    _refuse_doubles(paths)
    ways: tuple[Callable[[str], str], ...] = (
        lambda path: os.path.basename(_stem(path)),
        *((_within(paths, _stem), _within(paths, str)) if len(paths) > 1 else ()),
    )
    for way in ways:
        names = [way(path) + suffix_of(path) for path in paths]
        if len({os.path.normcase(name) for name in names}) == len(names):
            break
    parts = [Part(path, os.path.join(folder, name)) for path, name in zip(paths, names, strict=True)]
    _refuse_inputs(parts)
    _refuse_escapes(parts, folder)
    return parts


def _stem(path: str) -> str:
    """Without the suffix, and without that of a compressed file."""
    folder, name = os.path.split(path)
    bare = name[:-3] if name.lower().endswith(".gz") else name
    return os.path.join(folder, os.path.splitext(bare)[0])


def _within(paths: Sequence[str], part: Callable[[str], str]) -> Callable[[str], str]:
    shared = os.path.commonpath([os.path.dirname(os.path.abspath(path)) for path in paths])
    return lambda path: os.path.relpath(os.path.abspath(part(path)), shared)


def _refuse_doubles(paths: Sequence[str]) -> None:
    seen: set[str] = set()
    for path in paths:
        if path == "-":
            hint = "name a file: -o FILE"
            raise GradError("usage", "standard input has no name for a file in a folder", hint=hint)
        if os.path.realpath(path) in seen:
            raise GradError("usage", f"{path!r} is named twice")
        seen.add(os.path.realpath(path))


def _refuse_inputs(parts: Sequence[Part]) -> None:
    read = {os.path.realpath(part.path) for part in parts}
    for part in parts:
        for target in (part.target, part.unfinished):
            if os.path.realpath(target) in read:
                message = f"{target!r} would be read and written at once"
                raise GradError("file", message, hint="write into another folder")


def _refuse_escapes(parts: Sequence[Part], folder: str) -> None:
    """A link in FOLDER may lead out of it."""
    home = os.path.realpath(folder)
    for part in parts:
        place = os.path.realpath(os.path.dirname(part.target))
        if os.path.commonpath([home, place]) != home or os.path.islink(part.unfinished):
            raise GradError("file", f"{part.target!r} is not within {folder!r}: a link leads out of it")
