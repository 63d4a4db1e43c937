"""Processes by the dozen that a test may kill, each forked from one that has all services loaded: loading takes longer than dying.

A forked process is as mortal as any other: SIGKILL takes it alone, and nothing that it had open is closed in order. What loads is a
process of its own, which has opened nothing (the fork server of ``multiprocessing``); it ends with the process that asked for it.
"""

import os
import sys
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

_server = get_context("forkserver")
_server.set_forkserver_preload(["termijn.testing.fire_field"])


def forked(act: Callable[..., None], *arguments: object, out: Path, err: Path) -> BaseProcess:
    """A new process that does ``act(*arguments)`` and ends; what it prints goes to the files.

    ``act`` is a function of a module that can be imported. Its ``exitcode`` is None as long as it runs.
    """
    process = _server.Process(target=_act, args=(act, arguments, out, err), daemon=True)
    process.start()
    return process


def _act(act: Callable[..., None], arguments: tuple[object, ...], out: Path, err: Path) -> None:
    for stream, path in ((sys.stdout, out), (sys.stderr, err)):
        with path.open("wb") as file:
            os.dup2(file.fileno(), stream.fileno())
    act(*arguments)
