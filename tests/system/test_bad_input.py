"""Whatever is wrong with what a user gives: the error names the cause and the cure."""

import os
import pathlib
import socket
import subprocess
import tempfile
import unittest

from daemons import (BINARY, FAILED, NOT_FOUND, UNREACHABLE, USAGE, Daemon, environment, run,
                     taken_port)

KEY = "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


class BadInput(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="gv-bad-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def agent(self, *arguments, text="", **more):
        """An agent that is expected to refuse to start."""
        config = self.folder / "grapevine.toml"
        config.write_text(text)
        return run("agent", "--config", config, "--state", self.folder / "state", "--http-bind",
                   "127.0.0.1:0", *arguments, timeout=30, **more)

    def assert_says(self, result, code, *texts):
        got, _, err = result
        self.assertEqual(got, code, err)
        self.assertIn("error: ", err)
        self.assertIn("  cure: ", err)
        for text in texts:
            self.assertIn(text, err)

    def test_unknown_command(self):
        self.assert_says(run("mebmers"), USAGE, "did you mean members?")

    def test_unknown_flag(self):
        self.assert_says(run("agent", "--http-bnid", "x"), USAGE, "did you mean --http-bind?")

    def test_unknown_key(self):
        self.assert_says(self.agent(text="[http]\nbnid = 1\n"), FAILED,
                         "grapevine.toml:2:1: http.bnid", "did you mean bind?")

    def test_no_toml(self):
        self.assert_says(self.agent(text="name = \n"), FAILED, "grapevine.toml:1:",
                         "this is not TOML")

    def test_bad_value_in_the_environment(self):
        self.assert_says(self.agent(GRAPEVINE_LOG_LEVEL="loud"), FAILED,
                         "GRAPEVINE_LOG_LEVEL: log.level: 'loud' is not known")

    def test_missing_config_file(self):
        self.assert_says(run("agent", "--config", self.folder / "none.toml"), FAILED, "none.toml")

    def test_unreadable_config_file(self):
        if os.geteuid() == 0:
            self.skipTest("root can read everything")
        config = self.folder / "secret.toml"
        config.write_text("")
        config.chmod(0)
        self.assert_says(run("agent", "--config", config), FAILED, "secret.toml")

    def test_bad_key(self):
        self.assert_says(self.agent("--overlay", "demo", "--key", "1:short"), FAILED,
                         "overlay.demo.keys", "grapevine keys generate")

    def test_damaged_invitation(self):
        self.assert_says(self.agent("--join", "gv1.AAAAAAAA"), FAILED, "the token")

    def test_overlay_port_in_use(self):
        taken, port = taken_port()
        with taken:
            self.assert_says(self.agent("--overlay", "demo", "--bind", f"127.0.0.1:{port}"),
                             FAILED, str(port))

    def test_http_port_in_use(self):
        taken, port = taken_port(socket.SOCK_STREAM)
        with taken:
            self.assert_says(self.agent("--http-bind", f"127.0.0.1:{port}"), FAILED, str(port))

    def test_address_of_another_host(self):
        # 192.0.2.0/24 is for documentation (RFC 5737): no host has it.
        self.assert_says(self.agent("--overlay", "demo", "--bind", "192.0.2.1:9471"), FAILED,
                         "192.0.2.1")

    def test_state_folder_is_a_file(self):
        state = self.folder / "file"
        state.write_text("")
        self.assert_says(self.agent("--state", state), FAILED, str(state))

    def test_state_folder_cannot_be_written(self):
        # Not even root can make a folder in /proc.
        self.assert_says(self.agent("--state", "/proc/grapevine"), FAILED, "/proc/grapevine")

    def test_state_folder_of_another_daemon(self):
        with Daemon() as daemon:
            self.assert_says(self.agent("--state", daemon.state), FAILED, str(daemon.state))

    def test_missing_certificate(self):
        self.assert_says(
            self.agent("--http-tls-certificate", self.folder / "c.pem", "--http-tls-key",
                       self.folder / "k.pem"), FAILED, "c.pem")

    def test_full_output(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([BINARY, "version"], stdout=full, stderr=subprocess.PIPE,
                                  text=True, env=environment(), timeout=30, check=False)
        self.assertEqual(done.returncode, FAILED, done.stderr)
        self.assertIn("error: ", done.stderr)

    def test_no_daemon(self):
        self.assert_says(run("members", "--url", "http://127.0.0.1:1"), UNREACHABLE,
                         "nothing listens on 127.0.0.1:1", "grapevine agent")


class BadRequests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon("--overlay", "demo", "--bind", "127.0.0.1:0")
        cls.daemon.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.daemon.__exit__()

    assert_says = BadInput.assert_says

    def test_wrong_token(self):
        result = run("members", "--url", self.daemon.url, "--token", "gv_wrong")
        self.assert_says(result, FAILED, "token")

    def test_no_token(self):
        self.assert_says(run("members", "--url", self.daemon.url), FAILED, "--token-file")

    def test_unknown_overlay(self):
        self.assert_says(self.daemon.run("members", "-o", "dmeo"), NOT_FOUND, "dmeo")

    def test_unknown_member(self):
        self.assert_says(self.daemon.run("forget", "nobody"), NOT_FOUND, "nobody")

    def test_the_living_are_not_forgotten(self):
        name = self.daemon.run("overlay", "show", "demo", "--json")[1]
        self.assertIn("member_name", name)
        result = self.daemon.run("forget", socket.gethostname())
        self.assertIn(result[0], (FAILED, NOT_FOUND), result[2])

    def test_payload_above_the_limit(self):
        result = self.daemon.run("publish", "t", stdin="x" * (1024 * 1024 + 1))
        self.assert_says(result, FAILED, "1048576")

    def test_bad_topic(self):
        self.assert_says(self.daemon.run("publish", "a b", "x"), FAILED, "topic")

    def test_damaged_invitation(self):
        self.assert_says(self.daemon.run("join", "gv1.AAAAAAAA"), FAILED, "token")

    def test_overlay_that_exists(self):
        self.assert_says(self.daemon.run("overlay", "create", "demo"), FAILED, "demo")

    def test_overlay_of_the_command_line_is_not_changed(self):
        self.assert_says(self.daemon.run("overlay", "change", "demo", "--profile", "fast"), FAILED,
                         "demo")

    def test_value_above_the_limit(self):
        self.assert_says(self.daemon.run("record", "set", "k", "v" * 769), FAILED, "768")

    def test_missing_key_of_the_record(self):
        self.assert_says(self.daemon.run("record", "get", "none"), NOT_FOUND, "none")


if __name__ == "__main__":
    unittest.main(verbosity=2)
