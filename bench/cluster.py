"""What a cluster costs and brings: one process, two, and dask on this machine; a billion rows on 100 machines.

    python bench/cluster.py [--lines 60000] [--rows 600000] [--rounds 5] [--machines 100 --cores 8]

Needs gradcli[dask]. In each round every engine does the same work in turn, started and warm, and gives the same bytes;
the tables show the medians, and the medians of the ratios to the first within a round. Then the parts of the work are
measured one by one, and a calculation from them says how long a billion rows would take on many machines, with its
formula and its assumptions.
"""

import argparse
import os
import platform
import random
import statistics
import sys
import tempfile
import time
from functools import partial

from gradcli.batch import cluster_run
from gradcli.batch.cluster import Dask
from gradcli.batch.cluster_run import ENOUGH, IN_FLIGHT, MOST, ROOM
from gradcli.batch.engines import Serial
from gradcli.batch.processes import Processes
from gradcli.batch.rows import Settings as Rows
from gradcli.batch.settings import Settings
from gradcli.batch.sources import tasks
from gradcli.batch.tables import open_table

BILLION = 10**9
MAP = "1/(1+exp(-(w0*x0+w1*x1+w2)))"
NAMES = ["w0", "x0", "w1", "x1", "w2"]
DEEP = "; ".join(f"a{k + 1} = tanh(sin(a{k}*w0) + cos(a{k}*x0)*exp(-a{k}^2) + log(1 + a{k}^2)*w1)" for k in range(200))
MIB = 1 << 20
LINK = 1.25e9  # bytes a second: 10 Gbit/s


def main() -> None:
    """Measure, calculate, print."""
    options = arguments()
    busy = f"load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    print(f"{platform.machine()}, {os.cpu_count()} processors, {busy}, Python {platform.python_version()}\n")
    with tempfile.TemporaryDirectory() as folder:
        works = made(folder, options.lines, options.rows)
        print(f"scaling, medians of {options.rounds} rounds; engines are started and warm")
        for work in works[:2]:
            scaling(work, options.rounds)
        costs = overheads()
        rows = [parts(work, folder, options.rounds) for work in works]
    print_overheads(costs)
    print_parts(works, rows)
    for work, cost in zip(works, rows, strict=True):
        calculate(work, cost, costs, options.machines, options.cores)
    print("\nnot measured: a real network, a scheduler with hundreds of workers, machines unlike this one")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lines", type=int, default=60_000)
    parser.add_argument("--rows", type=int, default=600_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--machines", type=int, default=100)
    parser.add_argument("--cores", type=int, default=8)
    return parser.parse_args()


class Work:
    """A name, a unit, a description for the engines, and the tasks."""

    def __init__(self, name: str, unit: str, count: int, spec: dict, path: str, chunks) -> None:
        self.name = name
        self.unit = unit
        self.count = count
        self.spec = spec
        self.size = os.path.getsize(path)
        self.chunks = chunks


def made(folder: str, lines: int, rows: int) -> list[Work]:
    """Files of distinct programs, and of rows; the last expression has 200 steps of a dozen operations each."""
    dice = random.Random(1)
    programs, table = os.path.join(folder, "lines.jsonl"), os.path.join(folder, "rows.csv")
    with open(programs, "w") as file:
        for number in range(lines):
            name = f"v{number}"
            point = f'{{"{name}":{dice.random():.6f},"y":{dice.random():.6f}}}'
            file.write(f'{{"expr":"{dice.random():.4f}*{name}*y + sin({name}*y) - exp(-{name})/y","at":{point}}}\n')
    with open(table, "w") as file:
        file.write(",".join(NAMES) + "\n")
        for _ in range(rows):
            file.write(",".join(f"{dice.gauss(0, 1):.6f}" for _ in NAMES) + "\n")
    few = os.path.join(folder, "few.csv")
    with open(table) as whole, open(few, "w") as file:
        for _ in range(rows // 20 + 1):
            file.write(whole.readline())
    deep = f"a0 = x1*w2; {DEEP}; a200"
    return [
        Work("distinct lines", "line", lines, Settings().spec(), programs, partial(tasks, [programs])),
        Work("map, neuron, csv to csv", "row", rows, spec_of(MAP), table, partial(pieces, table)),
        Work("map, 200 deep steps, csv to csv", "row", rows // 20, spec_of(deep), few, partial(pieces, few, 1 << 16)),
    ]


def spec_of(source: str) -> dict:
    """What map tells its workers."""
    return Rows(source, NAMES, {}, form="csv", kernel="numpy").spec()


def pieces(path: str, size: int = MIB):
    """A table in pieces, as map sends them."""
    with open_table(path) as table:
        table.select(NAMES)
        for number, (header, payload) in enumerate(table.pieces(size)):
            yield {**header, "number": number, "file": path}, payload


def scaling(work: Work, rounds: int) -> None:
    """Every engine in turn."""
    engines = {
        "one process": Serial,
        "--jobs 2": partial(Processes, 2),
        "dask, 1 worker": partial(Dask, jobs=1),
        "dask, 2 workers": partial(Dask, jobs=2),
    }
    expected = answered(Serial(), work)
    opened = {name: engine() for name, engine in engines.items()}
    try:
        for engine in opened.values():  # kernels, imports
            assert answered(engine, work) == expected
        times = {name: [] for name in engines}
        for _ in range(rounds):
            for name, engine in opened.items():
                begun = time.perf_counter()
                answered(engine, work)
                times[name].append(time.perf_counter() - begun)
    finally:
        for engine in opened.values():
            engine.close()
    sizes = f"{work.size / 1e6:.0f} MB in, {len(expected) / 1e6:.0f} MB out"
    print(f"\n  {work.name}: {work.count:,} {work.unit}s, {sizes}")
    first = next(iter(times.values()))
    for name, found in times.items():
        ratio = statistics.median(mine / other for mine, other in zip(first, found, strict=True))
        seconds = statistics.median(found)
        print(f"    {name:16} {seconds:7.2f} s  {work.count / seconds:11,.0f} {work.unit}s a second  {ratio:5.2f} x")


def answered(engine, work: Work) -> bytes:
    """All bytes that an engine answers."""
    return b"".join(payload for _, payload in engine.run(work.spec, work.chunks()))


def overheads() -> dict[str, float]:
    """What dask costs, whatever is computed: its start, a job that holds nothing, bytes there and back."""
    costs = {}
    begun = time.perf_counter()
    with Dask(jobs=2) as engine:
        costs["start"] = time.perf_counter() - begun
        spec = Settings().spec()
        empty, large = b"# nothing\n", b"#" + b"x" * (MIB - 2) + b"\n"
        cluster_run.ENOUGH = 0  # each chunk a job
        costs["chunk"], costs["busy"] = each_chunk(engine, spec, empty, 600)
        seconds, busy = each_chunk(engine, spec, large, 150)
        costs["link"] = MIB / max(seconds - costs["chunk"], 1e-9)
        cluster_run.ENOUGH = ENOUGH
        costs["link busy"] = max(busy - costs["busy"], 0) / MIB
        client = engine._client
        back = [client.submit(bytes, 4 * MIB, pure=False) for _ in range(20)]
        client.gather(client.map(len, back))
        begun = time.perf_counter()
        client.gather(back)
        costs["back"] = 20 * 4 * MIB / (time.perf_counter() - begun)
    return costs


def each_chunk(engine: Dask, spec: dict, payload: bytes, count: int) -> tuple[float, float]:
    """Seconds for each chunk, and processor seconds of the client and the scheduler, which here are one process."""
    for many in (20, count):
        chunks = (({"number": k, "first": 1, "file": "", "format": "text"}, payload) for k in range(many))
        begun, busy = time.perf_counter(), time.process_time()
        for _ in engine.run(spec, chunks):
            pass
    return (time.perf_counter() - begun) / count, (time.process_time() - busy) / count


def parts(work: Work, folder: str, rounds: int) -> dict[str, float]:
    """Processor seconds for each line or row, of reading, computing and writing: others on the machine matter less."""
    found: dict[str, list[float]] = {"read": [], "compute": [], "write": []}
    out = b""
    for _ in range(min(rounds, 3)):
        begun = time.process_time()
        chunks = list(work.chunks())
        found["read"].append(time.process_time() - begun)
        engine = Serial()
        begun = time.process_time()
        answers = [payload for _, payload in engine.run(work.spec, iter(chunks))]
        found["compute"].append(time.process_time() - begun)
        begun = time.process_time()
        with open(os.path.join(folder, "out"), "wb", 0) as file:
            for payload in answers:
                file.write(payload)
        found["write"].append(time.process_time() - begun)
        out = b"".join(answers)
    cost = {name: statistics.median(times) / work.count for name, times in found.items()}
    return cost | {"in": work.size / work.count, "out": len(out) / work.count, "chunk": work.count / len(chunks)}


def print_overheads(costs: dict[str, float]) -> None:
    """The parts that do not depend on the work."""
    print(f"""
dask on this machine, client and scheduler in one process, 2 workers
  start of the cluster             {costs["start"]:8.2f} s
  a job that holds nothing         {1e3 * costs["chunk"]:8.2f} ms
    client and scheduler compute   {1e3 * costs["busy"]:8.2f} ms of it
  bytes to the workers             {costs["link"] / 1e6:8.0f} MB/s
  bytes back                       {costs["back"] / 1e6:8.0f} MB/s""")


def print_parts(works: list[Work], rows: list[dict[str, float]]) -> None:
    """The parts of each kind of work."""
    print("\none process, microseconds of processor time for each line or row")
    print(f"  {'':36} {'read':>8} {'compute':>9} {'write':>8}   bytes in, out   in a chunk")
    for work, cost in zip(works, rows, strict=True):
        read, compute, write = (1e6 * cost[part] for part in ("read", "compute", "write"))
        size = f"{cost['in']:.0f}, {cost['out']:.0f}"
        print(f"  {work.name:36} {read:8.3f} {compute:9.3f} {write:8.3f}   {size:>13}   {cost['chunk']:10,.0f}")


def calculate(work: Work, cost: dict[str, float], costs: dict[str, float], machines: int, cores: int) -> None:
    """A billion: the slowest of the three who work at the same time decides."""
    room = ROOM / (IN_FLIGHT * machines * cores)
    job = max(cost["chunk"], min(ENOUGH / cost["compute"], min(MOST, room) / cost["in"]))
    jobs = BILLION / job
    bytes_in, bytes_out = BILLION * cost["in"], BILLION * cost["out"]
    client = BILLION * (cost["read"] + cost["write"]) + jobs * costs["busy"]
    client += (bytes_in + bytes_out) * costs["link busy"]
    link = max(bytes_in, bytes_out) / LINK
    workers = BILLION * cost["compute"] / (machines * cores)
    alone = BILLION * (cost["read"] + cost["compute"] + cost["write"]) / (machines * cores)
    slowest = max(client, link, workers)
    fed = BILLION * cost["compute"] / max(client, link)
    print(f"""
a billion {work.unit}s of {work.name!r} on {machines} machines of {cores} cores: {told(slowest)}
  = max(client, link, workers), who work at the same time
  client   N*(read + write) + N/{job:<6,.0f}*c + bytes*b      {told(client)}   c: a job, b: a byte, with the scheduler
  link     max(bytes in, bytes out) / (10 Gbit/s)       {told(link)}   assumed, not measured
  workers  N*compute / (machines*cores)                 {told(workers)}   assumed as fast as this machine's
  one client can feed compute/max(client, link) =       {fed:8,.1f} cores
  without a cluster, one process: N*(read + compute + write)   {told(alone * machines * cores)}
  files already on the machines, each with gradcli --jobs {cores}:   {told(alone)}""")


def told(seconds: float) -> str:
    """A duration for people, of one width."""
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:8,.1f} {unit:4}"
    return f"{seconds:8,.1f} s   "


if __name__ == "__main__":
    sys.exit(main())
