"""A full disk: writes are refused with a clear error, all else goes on, and room brings it back.

The disk is a small file system in memory, in a mount namespace of this test's own.
"""

import errno
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

from daemons import Daemon, until

DISK_BYTES = 6 * 1024 * 1024


class FullDisk(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="gv-disk-")
        self.addCleanup(folder.cleanup)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", folder.name],
                       check=True)
        self.addCleanup(subprocess.run, ["umount", "--lazy", folder.name], check=False)
        self.disk = pathlib.Path(folder.name)
        self.one = Daemon("--name", "one", "--overlay", "demo", "--bind", "127.0.0.1:0",
                          "--profile", "fast", folder=self.disk)
        self.addCleanup(self.one.__exit__)
        self.one.start()
        token = self.ok(self.one.run("invite")).strip()
        self.two = Daemon("--name", "two", "--join", token, "--bind", "127.0.0.1:0",
                          "--profile", "fast")
        self.addCleanup(self.two.__exit__)
        self.two.start()
        self.assertTrue(until(lambda: self.alive() == 2))

    def ok(self, result):
        code, out, err = result
        self.assertEqual(code, 0, err)
        return out

    def alive(self):
        members = json.loads(self.ok(self.one.run("members", "--json")))["members"]
        return sum(member["status"] == "alive" for member in members)

    def value(self, daemon, key):
        code, out, _ = daemon.run("state", "get", key, "--json")
        return json.loads(out)["value"] if code == 0 else None

    def fill(self):
        with open(self.disk / "filler", "wb", buffering=0) as filler:
            for size in (65536, 4096, 1):
                try:
                    while True:
                        filler.write(b"x" * size)
                except OSError as error:
                    self.assertEqual(error.errno, errno.ENOSPC)

    def test_is_told_and_survived(self):
        acknowledged = {}
        for number in range(5):
            self.ok(self.one.run("state", "put", f"before{number}", "v"))
            acknowledged[f"before{number}"] = "v"
        self.fill()
        # The journal has some room left in blocks of its own; a value of 60 kB has none.
        refused = None
        for number in range(200):
            code, _, refused = self.one.run("state", "put", f"during{number}", "w" * 60000)
            if code != 0:
                break
            acknowledged[f"during{number}"] = "w" * 60000
        self.assertNotEqual(code, 0)
        self.assertRegex(refused, "(?i)full|space")
        # Read-only, and alive: it reads, it is a member, and it learns what others write.
        self.assertEqual(self.value(self.one, "before0"), "v")
        self.assertEqual(self.alive(), 2)
        self.ok(self.two.run("state", "put", "elsewhere", "e" * 60000))
        self.assertTrue(until(lambda: self.value(self.one, "elsewhere")))
        self.assertIsNone(self.one.process.poll())
        # With room again it goes on, and nothing that was acknowledged is lost.
        (self.disk / "filler").unlink()
        self.assertTrue(until(lambda: self.one.run("state", "put", "after", "a")[0] == 0))
        acknowledged["after"] = "a"
        self.one.stop(signal.SIGKILL)
        self.two.stop(signal.SIGKILL)
        self.one.start()
        for key, value in acknowledged.items():
            self.assertEqual(self.value(self.one, key), value, key)
        self.assertEqual(self.value(self.one, "elsewhere"), "e" * 60000)


if __name__ == "__main__":
    if os.environ.get("GRAPEVINE_TEST_MOUNTS") != "own":
        if os.geteuid() != 0:
            print("skipped: a file system of one's own needs root")
            sys.exit(77)
        os.environ["GRAPEVINE_TEST_MOUNTS"] = "own"
        os.execvp("unshare", ["unshare", "--mount", sys.executable, "-B", *sys.argv])
    unittest.main(verbosity=2)
