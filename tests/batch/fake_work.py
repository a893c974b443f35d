"""A kind of work for the tests of engines: lines of commands, some of which are deadly; and a worker that knows it."""

import os
import signal
import sys
import time

from gradcli.batch import work as works
from gradcli.errors import GradError

COMMAND = [sys.executable, __file__]


def work(spec):
    """Each line is echoed in capitals; a few words do what they say."""

    def do(header, payload):
        lines = payload.splitlines(keepends=True)
        answers = [answer(line, spec, header["first"] + number) for number, line in enumerate(lines)]
        errors = {"value": [b"".join(answers).count(b"BAD"), header["first"]]} if b"bad" in payload else {}
        return {"number": header["number"], "lines": len(lines), "errors": errors}, b"".join(answers)

    return do


def answer(line, spec, number):
    word, _, rest = line.strip().partition(b" ")
    if word == b"die":
        os.kill(os.getpid(), signal.SIGKILL)
    if word == b"die-once" and not os.path.exists(rest):
        open(rest, "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    if word == b"die-twice" and not os.path.exists(rest + b".2"):
        open(rest + (b".2" if os.path.exists(rest) else b""), "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    if word == b"sleep":
        time.sleep(float(rest))
    if word == b"spin":
        end = time.monotonic() + float(rest)
        while time.monotonic() < end:
            pass
    if word == b"refuse":
        raise GradError("value", f"line {number} is refused", hint="none", source="abc", spans=[(1, 2)])
    if word == b"bug":
        raise ZeroDivisionError("a bug")
    if word == b"print":
        print("something that nobody asked for")
        os.write(1, b"and this")
    if word == b"pid":
        return b"%d\n" % os.getpid()
    if word == b"many":
        return b"." * int(rest) + b"\n"
    return line.upper() + spec.get("end", "").encode()


def pieces(spec, header, payload):
    lines = payload.splitlines(keepends=True)
    return [(header | {"first": header["first"] + number}, line) for number, line in enumerate(lines)]


def lost(spec, header, payload, message):
    if spec.get("strict"):
        raise GradError("limit", message)
    count = payload.count(b"\n")
    errors = {"limit": [count, header["first"]]}
    return {"number": header["number"], "lines": count, "errors": errors}, b"LOST\n" * count


def answers(spec, header, payload):
    return payload.count(b"\n")


def told(spec, header, payload, output):
    return {"number": header["number"], "lines": output.count(b"\n"), "errors": {}, "told": True}


works.KINDS["fake"] = __name__  # the tests import this file, and so do their workers, each under a name of its own

if __name__ == "__main__":
    from gradcli.batch.worker import main

    main()
