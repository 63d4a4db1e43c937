"""Fault points kill for real and are all declared; log lines hold ids only."""

import io
import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from termijn.runtime import faults
from termijn.runtime.telemetry import Log

SOURCES = Path(__file__).parents[2]
PASSING = re.compile(r"(?<!\w)fault\(\"([a-z_.]+)\"\)")


def test_every_fault_point_in_the_code_is_declared_and_every_declared_one_is_in_the_code() -> None:
    files = [*SOURCES.glob("shared/src/**/*.py"), *SOURCES.glob("services/*/src/**/*.py")]
    passed = {name for file in files if file.name != "faults.py" for name in PASSING.findall(file.read_text())}
    assert passed == faults.POINTS


def test_disarmed_nothing_happens_and_unknown_names_are_refused() -> None:
    faults.fault("relay.after_publish")
    with pytest.raises(ValueError, match="no such fault point"):
        faults.arm("relay.after_lunch:1")


def test_armed_the_process_is_killed_at_the_nth_passing() -> None:
    script = "from termijn.runtime.faults import fault\nfor n in range(1, 9): print(n, flush=True); fault('relay.after_publish')"
    done = subprocess.run([sys.executable, "-c", script], env={"TERMIJN_FAULT": "relay.after_publish:3"}, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert done.stdout.split() == [b"1", b"2", b"3"]


def test_a_line_has_ids_and_never_what_an_error_says() -> None:
    out = io.StringIO()
    try:
        raise ValueError("Jansen, NL91ABNA0417164300")
    except ValueError as error:
        Log("relay", out).error("a page failed", error, account="a-1", count=3, holder="Jansen")
    line = json.loads(out.getvalue())
    assert (line["log"], line["what"], line["account"], line["count"], line["error"]) == ("relay", "a page failed", "a-1", 3, "ValueError")
    assert "Jansen" not in out.getvalue()
    assert line["left_out"] == ["holder"]
