#!/usr/bin/env python3
"""`bench/peers/run`: that the comparison runs from end to end, with Grapevine alone."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

from harness import check, main, skip

RUN = pathlib.Path(__file__).resolve().parent.parent.parent / "bench" / "peers" / "run"
NOT_HERE = 3


def test_grapevine_alone():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o711)  # The members are other users.
        result = pathlib.Path(folder) / "result.json"
        done = subprocess.run(
            [sys.executable, "-B", RUN, "--systems", "grapevine-fast", "--members", "4",
             "--measures", "join,idle,events,detect", "--runs", "1", "--seconds", "2", "--settle",
             "1", "--idle-seconds", "2", "--json", result],
            capture_output=True, text=True, timeout=180, check=False,
            env={**os.environ, "TMPDIR": folder})
        if done.returncode == NOT_HERE or "unshare" in done.stderr:
            skip("the comparison runs", done.stderr.strip())
            return
        check(done.returncode == 0, "the comparison runs", done.stderr)
        document = json.loads(result.read_text())
        check(list(pathlib.Path(folder).iterdir()) == [result], "nothing is left but the result")
    found = {entry["measure"]: entry["values"] for entry in document["results"]}
    check(len(found["join"]["each_ms"]) == 4, "every member has listed every other")
    check(found["events"]["lost_copies"] == 0, "every event has reached every member", found)
    check(len(found["detect"]["kills"][0]["each_ms"]) == 3, "every survivor knows of a death")
    check(found["detect"]["false_deaths"] == 0, "and of no other")
    check(len(found["idle"]["rss_mib"]) == 4 and found["idle"]["bytes_per_second"] > 0,
          "the cost of each is known", found["idle"])
    check("N = 4" in done.stdout and "grapevine-fast" in done.stdout, "the table is printed")


if __name__ == "__main__":
    main(globals())
