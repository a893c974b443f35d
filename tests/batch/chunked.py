"""Helpers of these tests: a file's bytes as answers, without a command line."""

import json

from gradcli.batch.chunks import BOM, Cutter
from gradcli.batch.lines import work
from gradcli.batch.settings import Settings


def cut(data, sizes=(1 << 20,)):
    """The chunks of a file whose bytes arrive in blocks of these SIZES, again and again."""
    cutter = Cutter("'f'")
    data = data.removeprefix(BOM)
    at, found, turn = 0, [], 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        found += cutter.feed(data[at : at + size])
        at, turn = at + size, turn + 1
    found += cutter.finish()
    return [({"number": number, "file": "f", **header}, payload) for number, (header, payload) in enumerate(found)]


def written(data, sizes=(1 << 20,), **how):
    """The bytes that answer a file."""
    do = work(json.loads(json.dumps(Settings(**how).spec())))
    return b"".join(do(header, payload)[1] for header, payload in cut(data, sizes))


def objects(data, sizes=(1 << 20,), **how):
    """The answers to a file."""
    if isinstance(data, str):
        data = data.encode()
    return [json.loads(line) for line in written(data, sizes, **how).decode().splitlines()]


def one(line, **how):
    """The answer to one line."""
    (found,) = objects(line, **how)
    return found

