"""What became of the lines: how many were answered, how many failed, of which kind, and where first."""

from __future__ import annotations

from gradcli.errors import safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gradcli.batch.work import Header

LONGEST = 160  # letters of a message in the summary


class Failures:
    """The errors of one kind: how many, and the place and message of the first."""

    __slots__ = ("count", "file", "line", "message")

    def __init__(self, count: int, line: int, message: str, file: str) -> None:
        self.count = count
        self.line = line
        self.message = message
        self.file = file


class Tally:
    """The sum over the answers to chunks, which come in order."""

    __slots__ = ("kinds", "lines", "names_files")

    def __init__(self, *, names_files: bool = False) -> None:
        self.names_files = names_files
        self.lines = 0
        self.kinds: dict[str, Failures] = {}

    def add(self, header: Header) -> None:
        """Count one chunk, whose answer had this HEADER."""
        self.lines += header["asked"]
        for kind, (count, line, message, file) in header["errors"].items():
            seen = self.kinds.get(kind)
            if seen is None:
                self.kinds[kind] = Failures(count, line, message, file)
            else:
                seen.count += count

    @property
    def failed(self) -> int:
        """How many lines have an error in their place."""
        return sum(failures.count for failures in self.kinds.values())

    def summary(self, seconds: float) -> list[str]:
        """`10 lines in 0.1 s: 8 answered, 2 failed`, then a line for each kind of error, the commonest first."""
        failed = self.failed
        took = f"{lasted(seconds)}{rate_of(self.lines, seconds)}"
        lines = [f"{_counted(self.lines)} in {took}: {self.lines - failed:,} answered"]
        if failed:
            lines[0] += f", {failed:,} failed"
        rows = sorted(self.kinds.items(), key=lambda item: -item[1].count)
        digits = max((len(f"{failures.count:,}") for _, failures in rows), default=0)
        name = max((len(kind) for kind, _ in rows), default=0)
        for kind, failures in rows:
            place = f"line {failures.line:,}"
            if self.names_files:
                place = f"{safe(failures.file)}, line {failures.line:,}"
            message = safe(failures.message)
            if len(message) > LONGEST:
                message = f"{message[: LONGEST // 2]}…{message[-LONGEST // 2 :]}"
            lines.append(f"  {failures.count:>{digits},} {kind.ljust(name)}  first at {place}: {message}")
        return lines


def _counted(lines: int) -> str:
    return f"{lines:,} line{'s' * (lines != 1)}"


def lasted(seconds: float) -> str:
    """A time with as many digits as matter."""
    if seconds < 0.995:
        return f"{seconds:.2f} s"
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def rate_of(lines: int, seconds: float) -> str:
    """Lines a second, to three digits; nothing where the time is too short to say."""
    if seconds < 1 or not lines:
        return ""
    return f" ({float(f'{lines / seconds:.3g}'):,.10g} a second)"
