"""`python -m service …` as a process that need not import anything any more.

Importing takes a second, and tests of the command line run hundreds of commands.  One process imports once and forks
for each of them: what runs is a process of its own, with the environment and the streams that it was given, from its
first line to its exit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.processes import dies_with_its_parent, stop
from tests.support.product import ROOT

PROGRAM = """
import json, os, sys
from service.commands import main
for line in iter(sys.stdin.readline, ""):
    arguments, environment, streams = json.loads(line)
    child = os.fork()
    if not child:
        for number, (path, how) in enumerate(streams):
            os.dup2(os.open(path, how), number)
        os.environ.clear()
        os.environ.update(environment)
        sys.exit(main(arguments))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), file=sys.stderr, flush=True)
"""


class Forge:
    """Where commands come from; `run` runs one to its end."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=dies_with_its_parent(),
        )

    def run(self, arguments: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """What came of `python -m service`, with these arguments and nothing else in its environment."""
        assert self._process.stdin is not None
        assert self._process.stderr is not None
        with TemporaryDirectory(prefix="ymateb-") as folder:
            out, err = Path(folder, "out"), Path(folder, "err")
            for file in (out, err):
                file.touch()
            streams = [("/dev/null", os.O_RDONLY), (str(out), os.O_WRONLY), (str(err), os.O_WRONLY)]
            asked = [list(arguments), dict(environment), streams]
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
            told = self._process.stderr.readline()
            return subprocess.CompletedProcess(list(arguments), int(told), out.read_text(), err.read_text())

    def close(self) -> None:
        stop(self._process)
