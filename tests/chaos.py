"""Kill batches at random, and compare bytes: `python tests/chaos.py [--lines 100000] [--kills 20] [--seed 1]`.

The outputs of one process, of two, of dask where it is installed, of a run whose workers are killed, and of one that is
killed itself and goes on with --resume, again and again, have to be the same bytes.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

LAUNCHER = Path(__file__).parents[1] / "bin" / "gradcli"
COMMAND = [sys.executable, str(LAUNCHER), "batch"]
BAD = ("sin(x{0} + 1", "x{0} ** ", "sigmod(x)", "x + y{0}", "1 + * {0}", "[1,2] + [1,2,{0}]", "at x=1", "atan2(x)")
UNREADABLE = ('{"expr": "x", "at": {"x": }}', '{"exp": "x"}', '{"expr": 3}', '["x"]', "nothing of JSON", '{"expr": "x"')
LONG = 700  # operations of the longest programs: their answers are longer than what a pipe takes at once


def programs(chance: random.Random, count: int) -> Iterator[tuple[str, dict[str, float]]]:
    """COUNT programs with their points: new ones, one text with other values, other literals, arrays, long ones."""
    for number in range(count):
        x, y = round(chance.uniform(-3, 3), chance.randint(0, 16)), chance.randint(1, 99)
        a, b = round(chance.random(), 4), chance.randint(2, 9)
        match number % 11:
            case 0 | 1 | 2:
                yield "1/(1 + exp(-(a*x + b*y)))", {"a": a, "x": x, "b": float(b), "y": float(y)}
            case 3 | 4:
                yield f"{a}*x^2 + {b}*sin(x*y) - {y}", {"x": x, "y": float(y)}
            case 5:
                yield f"f{number} = x*{b} + y; max(f{number}, y) * tanh(f{number})", {"x": x, "y": float(y)}
            case 6:
                yield f"sum([x, {b}, y]^2) / {y}", {"x": x, "y": float(y)}
            case 7:
                yield f"log(x) + sqrt(y - {y})", {"x": x, "y": float(y)}  # a note
            case 8:
                yield f"grad(x^{b}*y, x) + {a}", {"x": x, "y": float(y)}
            case 9 if chance.random() < 0.01:
                yield " + ".join(f"x{k}*{k + 1}" for k in range(LONG)), {f"x{k}": a + k for k in range(LONG)}
            case _:
                yield f"exp(-x*{a})*(x - {b})*cos({y}*x + {number})", {"x": x}


def lines(form: str, count: int, seed: int) -> Iterator[str]:
    """COUNT lines of a batch in FORM (jsonl or text): 1 % are bad, a few are blank or comments."""
    chance = random.Random(seed)
    for number, (program, point) in enumerate(programs(chance, count)):
        fate = chance.random()
        if 0.01 <= fate < 0.02:
            yield chance.choice(("", "# a comment", "  "))
        elif form == "jsonl" and fate < 0.005:
            yield chance.choice(UNREADABLE)
        else:
            program = chance.choice(BAD).format(number) if fate < 0.01 else program
            if form == "jsonl":
                given: dict[str, object] = {"id": f"é{number}"} if fate > 0.7 else {}
                given |= {"expr": program, "at": point}
                given |= {"mode": "forward"} if fate > 0.95 else {"wrt": ["x"]} if fate > 0.9 and "x" in point else {}
                yield json.dumps(given, ensure_ascii=False)
            else:
                values = ", ".join(f"{name}={value}" for name, value in point.items())
                yield program if fate < 0.01 else f"{program} at {values}"


def write_input(path: Path, form: str, count: int, seed: int) -> Path:
    """A file of such lines."""
    path.write_text("".join(f"{line}\n" for line in lines(form, count, seed)), "utf-8")
    return path


def start(batch: Path, output: Path, *options: str) -> subprocess.Popen[bytes]:
    """The batch into OUTPUT, running; in a session of its own, so that whatever it leaves behind can be found."""
    words = [*COMMAND, str(batch), "--output", str(output), "--quiet", *options]
    return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)


def finish(running: subprocess.Popen[bytes]) -> bytes:
    """Wait for its end and say what it told; it has to end as a batch with bad lines does."""
    told = running.communicate()[1]
    assert running.returncode == 1 and b"Traceback" not in told, (running.returncode, told.decode(errors="replace"))
    return told


def undisturbed(batch: Path, output: Path, *options: str) -> bytes:
    """The bytes of a run that nobody disturbs."""
    told = finish(start(batch, output, *options))
    assert not told, told.decode(errors="replace")
    return output.read_bytes()


def killed_and_resumed(
    batch: Path, output: Path, expected: bytes, *options: str, kills: int, pause: float, chance: random.Random
) -> int:
    """Kill the run at random moments up to PAUSE seconds after its start, go on each time, and say how many kills hit.

    After each kill what was written has to be a part of what is EXPECTED, from its beginning.
    """
    output.unlink(missing_ok=True)
    hit = 0
    for _ in range(kills):
        running = start(batch, output, *options, "--resume")
        time.sleep(chance.uniform(0, pause))
        hit += running.poll() is None
        running.kill()
        running.communicate()
        assert expected.startswith(output.read_bytes() if output.exists() else b""), "a killed run left other bytes"
    finish(start(batch, output, *options, "--resume"))
    assert output.read_bytes() == expected, "the resumed run ended with other bytes"
    return hit


def with_workers_killed(
    batch: Path, output: Path, expected: bytes, *options: str, kills: int, pause: float, chance: random.Random
) -> int:
    """Kill workers at random moments, at most PAUSE seconds apart, and say how many were killed."""
    running = start(batch, output, *options)
    hit = 0
    while hit < kills and running.poll() is None:
        time.sleep(chance.uniform(0, pause))
        workers = children(running.pid)
        if workers:
            try:
                os.kill(chance.choice(workers), signal.SIGKILL)
                hit += 1
            except ProcessLookupError:
                pass
    finish(running)
    assert output.read_bytes() == expected, "the run with killed workers ended with other bytes"
    return hit


def children(parent: int) -> list[int]:
    """The processes that a process has started."""
    told = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True).stdout
    rows = [row.split() for row in told.splitlines()]
    return [int(pid) for pid, ppid, stat in rows if int(ppid) == parent and not stat.startswith("Z")]


def main() -> None:
    """Everything, on files of text and of JSON Lines."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--lines", type=int, default=100_000)
    options.add_argument("--kills", type=int, default=20)
    options.add_argument("--seed", type=int, default=random.randrange(10**6))
    given = options.parse_args()
    chance = random.Random(given.seed)
    print(f"{given.lines:,} lines, 1 % bad, seed {given.seed}")
    with tempfile.TemporaryDirectory() as folder:
        for form in ("jsonl", "text"):
            torment(Path(folder), form, given.lines, given.kills, chance, given.seed)


def torment(folder: Path, form: str, count: int, kills: int, chance: random.Random, seed: int) -> None:
    """One file in every way."""
    batch, output = write_input(folder / f"batch.{form}", form, count, seed), folder / "out.jsonl"
    begun = time.monotonic()
    expected = undisturbed(batch, folder / "serial.jsonl", "--jobs", "1")
    alone = time.monotonic() - begun
    answers = expected.count(b"\n")
    print(f"{form}: one process {alone:.1f} s, {answers:,} answers, {len(expected):,} bytes")
    for name, options in {"--jobs 2": ["--jobs", "2"], "default": [], "--jobs 5": ["--jobs", "5"]}.items():
        begun = time.monotonic()
        assert undisturbed(batch, output, *options) == expected, name
        print(f"{form}: {name} {time.monotonic() - begun:.1f} s, the same bytes")
    if find_spec("distributed"):
        assert undisturbed(batch, output, "--engine", "dask", "--jobs", "2") == expected, "dask"
        print(f"{form}: dask, the same bytes")
    for options in (["--jobs", "1"], ["--jobs", "2"]):
        hit = killed_and_resumed(batch, output, expected, *options, kills=kills, pause=alone / kills, chance=chance)
        print(f"{form}: {' '.join(options)} killed {hit} times and resumed, the same bytes")
    hit = with_workers_killed(batch, output, expected, "--jobs", "2", kills=kills, pause=alone / kills, chance=chance)
    print(f"{form}: {hit} workers killed, the same bytes")


if __name__ == "__main__":
    main()
