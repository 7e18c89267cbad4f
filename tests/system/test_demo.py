"""`grapevine demo`: its numbers are plausible, and nothing of it remains, however it ends."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

from daemons import BINARY, environment, run

LIMIT_SECONDS = 150


def processes_with(text):
    """Ids of processes whose command line contains `text`."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if text in (entry / "cmdline").read_bytes().decode(errors="replace"):
                found.append(int(entry.name))
        except OSError:
            pass  # It has ended meanwhile.
    return found


class Demo(unittest.TestCase):
    def setUp(self):
        # All that a demo makes lies below TMPDIR, so this is where its traces are looked for.
        self.folder = tempfile.TemporaryDirectory(prefix="gv-demo-test-")
        self.addCleanup(self.folder.cleanup)

    def assert_nothing_remains(self):
        self.assertEqual(processes_with(self.folder.name), [])
        self.assertEqual(os.listdir(self.folder.name), [])

    def start(self, *arguments):
        return subprocess.Popen([BINARY, "demo", *arguments], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True,
                                env=environment(TMPDIR=self.folder.name))

    def test_numbers_are_plausible(self):
        code, out, err = run("demo", "--members", "5", "--seconds", "2", "--json",
                             timeout=LIMIT_SECONDS, TMPDIR=self.folder.name)
        self.assertEqual(code, 0, err)
        numbers = json.loads(out)
        self.assertEqual(set(numbers), {
            "members", "converged_ms", "events_published", "events_delivered", "events_expected",
            "gaps", "detected_first_ms", "detected_last_ms", "rejoined_ms"})
        self.assertEqual(numbers["members"], 5)
        self.assertEqual(numbers["gaps"], 0)
        self.assertGreater(numbers["events_published"], 50)
        self.assertEqual(numbers["events_delivered"], numbers["events_expected"])
        # Four survivors expect everything, the fifth what was published while it was there.
        self.assertGreaterEqual(numbers["events_expected"], 4 * numbers["events_published"])
        self.assertLessEqual(numbers["events_expected"], 5 * numbers["events_published"])
        self.assertGreater(numbers["converged_ms"], 0)
        self.assertGreater(numbers["rejoined_ms"], 0)
        self.assertGreater(numbers["detected_first_ms"], 0)
        self.assertLessEqual(numbers["detected_first_ms"], numbers["detected_last_ms"])
        self.assertLess(numbers["detected_last_ms"], 15_000)
        self.assert_nothing_remains()

    def test_two_members_suffice(self):
        code, out, err = run("demo", "--members", "2", "--seconds", "0", "--json",
                             timeout=LIMIT_SECONDS, TMPDIR=self.folder.name)
        self.assertEqual(code, 0, err)
        self.assertEqual(json.loads(out)["members"], 2)
        self.assert_nothing_remains()

    def interrupt(self, number, after):
        demo = self.start("--members", "3")
        self.addCleanup(demo.stdout.close)
        for line in demo.stdout:
            if after in line:
                break
        demo.send_signal(number)
        demo.stdout.read()
        code = demo.wait(LIMIT_SECONDS)
        self.assert_nothing_remains()
        return code

    def test_ctrl_c_while_it_starts_leaves_nothing(self):
        self.assertEqual(self.interrupt(signal.SIGINT, "starting d"), 1)

    def test_sigterm_in_the_middle_leaves_nothing(self):
        self.assertEqual(self.interrupt(signal.SIGTERM, "is killed"), 1)

    def test_ctrl_c_at_the_end_is_success(self):
        self.assertEqual(self.interrupt(signal.SIGINT, "until Ctrl-C"), 0)

    def test_even_sigkill_leaves_no_process(self):
        demo = self.start("--members", "3")
        for line in demo.stdout:
            if "events are flowing" in line:
                break
        demo.kill()
        demo.wait()
        demo.stdout.close()
        until = time.monotonic() + 20
        while processes_with(self.folder.name) and time.monotonic() < until:
            time.sleep(0.05)
        self.assertEqual(processes_with(self.folder.name), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
