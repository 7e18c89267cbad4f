"""The life of daemons: joining, leaving, coming back, changing, and being refused."""

import contextlib
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import tempfile
import time

from daemons import run
from harness import (KEY, OTHER_KEY, Agent, Follower, agents, all_see, check, cluster, end,
                     free_port, main, skip, tell, wait_until)

MIB = 1024 * 1024
# Every 10 s the peers are written down for the day on which all seeds are gone.
PEER_CACHE_SECONDS = 12


@contextlib.contextmanager
def configured(text, *arguments, name="d1"):
    """One daemon with a configuration file, which can be rewritten: `agent.config`."""
    with tempfile.TemporaryDirectory(prefix="gv-system-") as folder:
        agent = Agent("--name", name, *arguments, folder=folder)
        agent.config = pathlib.Path(folder) / "grapevine.toml"
        agent.config.write_text(text)
        try:
            yield agent.start()
        finally:
            end(agent)


def overlay_text(name, port, key=KEY, more=""):
    return (f'[overlay.{name}]\nbind = "127.0.0.1:{port}"\nkeys = ["{key}"]\nprofile = "fast"\n'
            f"{more}\n")


# -- Joining --------------------------------------------------------------------------------------

def test_an_invitation_opens_the_door_for_an_empty_host():
    with agents({"d1": ["--overlay", "demo", "--bind", "127.0.0.1:0", "--profile", "fast"],
                 "d2": []}) as daemons:
        code, token, error = daemons["d1"].run("invite")
        check(code == 0 and token.startswith("gv1."), "invite prints a token", token, error)
        with agents({"d3": ["--join", token.strip(), "--bind", "127.0.0.1:0"]}) as more:
            all_see({"d1": daemons["d1"], "d3": more["d3"]})
            check(True, "agent --join TOKEN: an empty daemon becomes a member")
            code, _, error = daemons["d2"].run("join", token.strip())
            check(code == 0, "join TOKEN is accepted by a running daemon", error)
            all_see({**daemons, **more})
            check(True, "all three see each other")
            more["d3"].stop()
            more["d3"].start()
            all_see({**daemons, **more})
            check(True, "agent --join TOKEN again, with its state: it is a member as before")


def test_a_member_comes_back_by_its_peer_cache_when_every_seed_is_gone():
    with agents(cluster(3)) as daemons:
        all_see(daemons)
        time.sleep(PEER_CACHE_SECONDS)
        for name in ("d3", "d1"):
            daemons[name].kill()
        wait_until(lambda: daemons["d2"].status_of("d3") == "dead", 20, "d3 is seen dead")
        daemons["d3"].start()
        _, seconds = wait_until(lambda: daemons["d3"].sees("d2", "d3")
                                and daemons["d2"].sees("d2", "d3"), 30, "d3 is back")
        check(True, "the only seed is down for good: d3 finds d2 by its own memory")
        tell(f"after {seconds:.1f} s")


def test_sigterm_is_a_leave_and_no_death():
    with agents(cluster(3)) as daemons:
        all_see(daemons)
        follower = Follower(daemons["d1"], "members=1&events=0")
        code = daemons["d3"].stop(signal.SIGTERM)
        check(code == 0, "the daemon ends with 0", code)
        _, seconds = wait_until(lambda: all(daemons[n].status_of("d3") == "left"
                                            for n in ("d1", "d2")), 2, "d3 has left everywhere")
        check(seconds < 1, "the others know at once that it left", seconds)
        time.sleep(3)
        kinds = [item["kind"] for item in follower.items if item["type"] == "member"
                 and item["member"]["name"] == "d3"]
        check("left" in kinds and not {"suspected", "died"} & set(kinds),
              "nobody suspects it or calls it dead", kinds)
        follower.close()


# -- Changing -------------------------------------------------------------------------------------

def test_sighup_adds_changes_and_removes_overlays():
    ports = [free_port() for _ in range(3)]
    with configured(overlay_text("one", ports[0]) + overlay_text("two", ports[1])) as agent:
        def names():
            return {v["name"] for v in agent.ask("GET", "/v1/overlays").json["overlays"]}

        check(names() == {"one", "two"}, "the overlays of the file run", names())
        agent.config.write_text(
            overlay_text("one", ports[0], more='labels = { rack = "r7" }')
            + overlay_text("three", ports[2]))
        agent.process.send_signal(signal.SIGHUP)
        wait_until(lambda: names() == {"one", "three"}, 10, "one overlay comes, one goes")
        check(True, "SIGHUP: the new overlay is added, the missing one left")
        wait_until(lambda: agent.view("one")["labels"] == {"rack": "r7"}, 5, "labels change")
        check(True, "SIGHUP: changed labels are told")
        agent.config.write_text("[overlay.one]\nbnid = 1\n")
        agent.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "did you mean bind?" in agent.log(), 5, "the problem is in the log")
        check(names() == {"one", "three"}, "a file with a problem changes nothing", names())


def test_overlays_made_over_the_api_survive_a_restart():
    with agents({"d1": []}) as daemons:
        agent = daemons["d1"]
        made = agent.ask("POST", "/v1/overlays", {
            "name": "made", "bind": f"127.0.0.1:{free_port()}", "labels": {"dc": "fra"},
            "profile": "fast"})
        check(made.status == 201, "an overlay is created", made.text)
        changed = agent.ask_overlay("PATCH", "", {"labels": {"dc": "ber"}}, overlay="made")
        check(changed.status == 200, "PATCH is accepted", changed.text)
        agent.ask_overlay("PUT", "/record/k", {"value": "v"}, overlay="made")
        before = agent.view("made")
        agent.stop()
        agent.start()
        after = agent.view("made")
        same = ("id", "bind", "labels", "profile", "key_ids", "origin")
        check([before[k] for k in same] == [after[k] for k in same]
              and after["labels"] == {"dc": "ber"}, "it comes back as it was", before, after)
        check(after["incarnation"] > before["incarnation"], "with a higher incarnation")
        check(agent.ask_overlay("GET", "/record/k", overlay="made").json["value"] == "v",
              "and with its record")


def test_overlays_made_without_an_address_take_the_next_free_port():
    with agents({"d1": []}) as daemons:
        agent = daemons["d1"]
        made = [agent.ask("POST", "/v1/overlays", {"name": name}) for name in ("a", "b")]
        check([answer.status for answer in made] == [201, 201], "two overlays are made",
              *[answer.text for answer in made])
        ports = [int(answer.json["bind"].rpartition(":")[2]) for answer in made]
        check(min(ports) >= 9471 and ports[0] != ports[1], "they listen from 9471 up", ports)
        again = agent.ask("POST", "/v1/overlays", {"name": "a"})
        check(again.status == 409, "a name that is taken is still refused", again.text)
        agent.stop()
        agent.start()
        kept = [int(agent.view(name)["bind"].rpartition(":")[2]) for name in ("a", "b")]
        check(kept == ports, "and have the same ports after a restart", ports, kept)


def test_patch_changes_labels_while_it_runs():
    with agents(cluster(1)) as first, agents({"d2": []}) as second:
        token = first["d1"].ask_overlay("POST", "/invite").json["token"]
        second["d2"].ask("POST", "/v1/join", {"token": token})
        daemons = {**first, **second}
        all_see(daemons)
        before = second["d2"].view()["incarnation"]
        answer = second["d2"].ask_overlay("PATCH", "", {"labels": {"rack": "r9"}})
        check(answer.status == 200, "PATCH is accepted", answer.text)
        wait_until(lambda: daemons["d1"].members()["d2"]["labels"] == {"rack": "r9"}, 5,
                   "d1 sees the new label")
        check(second["d2"].view()["incarnation"] >= before,
              "the others see it, and nobody restarted")


def test_unknown_keys_of_a_request_are_refused_with_the_nearest():
    with agents({"d1": []}) as daemons:
        answer = daemons["d1"].ask("POST", "/v1/overlays", {"name": "x", "bnid": "127.0.0.1:0"})
        check(answer.status in (400, 422) and "bnid" in answer.text and "bind" in answer.text,
              "bnid: did you mean bind?", answer.status, answer.text)


# -- Addresses ------------------------------------------------------------------------------------

def has_ipv6():
    try:
        free_port(host="::1")
        return True
    except OSError:
        return False


def test_an_overlay_over_ipv6():
    if not has_ipv6():
        return skip("an overlay on [::1]", "this machine has no IPv6 loopback")
    port = free_port(host="::1")
    common = ["--overlay", "demo", "--key", KEY, "--profile", "fast"]
    with agents({"d1": [*common, "--bind", f"[::1]:{port}"],
                 "d2": [*common, "--bind", "[::1]:0", "--seed", f"[::1]:{port}"]}) as daemons:
        all_see(daemons)
        addresses = daemons["d1"].members()["d2"]["addresses"]
        check(all(a.startswith("[::1]:") for a in addresses), "members meet on [::1]", addresses)


def test_a_dual_stack_overlay_is_reached_by_both_families():
    if not has_ipv6():
        return skip("a dual-stack overlay", "this machine has no IPv6 loopback")
    port = free_port(host="::1")
    common = ["--overlay", "demo", "--key", KEY, "--profile", "fast"]
    with agents({
            "d1": [*common, "--bind", f"[::]:{port}",
                   "--advertise", f"127.0.0.1:{port},[::1]:{port}"],
            "d4": [*common, "--bind", "127.0.0.1:0", "--seed", f"127.0.0.1:{port}"],
            "d6": [*common, "--bind", "[::1]:0", "--seed", f"[::1]:{port}"]}) as daemons:
        pairs = [("d1", "d4"), ("d1", "d6"), ("d4", "d1"), ("d6", "d1")]
        wait_until(lambda: all(daemons[a].status_of(b) == "alive" for a, b in pairs), 20,
                   "d1 meets both")
        check(True, "[::]:PORT takes one member by 127.0.0.1 and another by ::1")
        followers = [Follower(daemons[n]) for n in ("d4", "d6")]
        daemons["d1"].publish("t", "to both")
        wait_until(lambda: all(f.payloads() == ["to both"] for f in followers), 10, "event")
        check(True, "both hear its events")
        for follower in followers:
            follower.close()


def test_two_overlays_of_one_daemon_know_nothing_of_each_other():
    ports = [free_port(), free_port()]
    text = overlay_text("left", ports[0]) + overlay_text("right", ports[1], key=OTHER_KEY)
    with configured(text, "--workers", "2") as agent, agents({
            "l": ["--overlay", "left", "--key", KEY, "--profile", "fast", "--bind", "127.0.0.1:0",
                  "--seed", f"127.0.0.1:{ports[0]}"],
            "r": ["--overlay", "right", "--key", OTHER_KEY, "--profile", "fast", "--bind",
                  "127.0.0.1:0", "--seed", f"127.0.0.1:{ports[1]}"]}) as others:
        wait_until(lambda: others["l"].sees("l", "d1", overlay="left")
                   and others["r"].sees("r", "d1", overlay="right"), 20, "both meet d1")
        followers = {name: Follower(others[name], overlay=overlay)
                     for name, overlay in (("l", "left"), ("r", "right"))}
        agent.publish("t", "for the left", overlay="left")
        agent.publish("t", "for the right", overlay="right")
        wait_until(lambda: all(f.events() for f in followers.values()), 10, "events")
        time.sleep(1)
        heard = {name: f.payloads() for name, f in followers.items()}
        check(heard == {"l": ["for the left"], "r": ["for the right"]},
              "events stay in their overlay", heard)
        check(set(agent.members("left")) == {"d1", "l"}
              and set(agent.members("right")) == {"d1", "r"}, "so do members")
        for follower in followers.values():
            follower.close()


# -- The host's own tools -------------------------------------------------------------------------

def test_systemd_hears_when_it_is_ready_and_when_it_stops():
    with tempfile.TemporaryDirectory(prefix="gv-system-") as folder:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(f"{folder}/notify")
            notify.settimeout(10)
            agent = Agent("--overlay", "demo", "--bind", "127.0.0.1:0", folder=folder)
            agent.variables = {"NOTIFY_SOCKET": f"{folder}/notify"}
            try:
                agent.start()
                check(notify.recv(4096) == b"READY=1", "READY=1 when it is ready")
                agent.process.send_signal(signal.SIGHUP)
                check(notify.recv(4096).startswith(b"RELOADING=1"), "RELOADING=1 at SIGHUP")
                check(notify.recv(4096) == b"READY=1", "READY=1 when that is done")
                agent.process.terminate()
                check(notify.recv(4096) == b"STOPPING=1", "STOPPING=1 at SIGTERM")
            finally:
                end(agent)


def test_tls_with_an_authority_of_ones_own():
    with tempfile.TemporaryDirectory(prefix="gv-tls-") as folder:
        key, certificate = f"{folder}/key.pem", f"{folder}/certificate.pem"
        made = subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", "/CN=grapevine", "-addext",
             "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
            capture_output=True, text=True, check=False)
        check(made.returncode == 0, "openssl makes a certificate", made.stderr)
        with agents({"d1": ["--overlay", "demo", "--bind", "127.0.0.1:0",
                            "--http-tls-certificate", certificate,
                            "--http-tls-key", key]}) as daemons:
            agent = daemons["d1"]
            agent.tls = ssl.create_default_context(cafile=certificate)
            check(agent.sees("d1"), "the API answers over TLS")
            url = "https://" + agent.run_file["http"]
            access = ["--url", url, "--token-file", agent.state / "token"]
            code, out, error = run("members", "--ca", certificate, *access)
            check(code == 0 and "d1" in out, "members --ca FILE trusts it", error)
            code, _, error = run("members", *access)
            check(code != 0 and "certificate" in error, "without --ca it is refused", error)
            code, _, error = run("members", "--insecure", *access)
            check(code == 0, "--insecure trusts anybody", error)
            plain = run("members", "--url", url.replace("https", "http"), *access[2:])
            check(plain[0] != 0, "http:// is not served there", plain)


# -- Events ---------------------------------------------------------------------------------------

def test_a_subscriber_that_was_away_continues_where_it_stopped():
    with agents(cluster(2)) as daemons:
        all_see(daemons)
        follower = Follower(daemons["d2"], "topic=t")
        for number in range(50):
            daemons["d1"].publish("t", f"{number}")
        wait_until(lambda: len(follower.events()) >= 20, 10, "events flow")
        follower.close()
        seen, cursor = follower.payloads(), follower.cursor
        for number in range(50, 150):
            daemons["d1"].publish("t", f"{number}")
        # Exactly what `seen` holds may end in the middle of an item; the cursor says where.
        follower = Follower(daemons["d2"], "topic=t", cursor=cursor)
        wait_until(lambda: len(seen) + len(follower.events()) >= 150, 10, "the rest arrives")
        time.sleep(0.5)
        everything = seen + follower.payloads()
        check(everything == [str(n) for n in range(150)], "nothing is lost, nothing comes twice",
              everything)
        check(not [i for i in follower.items if i["type"] in ("gap", "missed")], "and no gap")
        follower.close()


def test_the_largest_payload_arrives_and_one_byte_more_is_refused():
    with agents(cluster(2)) as daemons:
        all_see(daemons)
        follower = Follower(daemons["d2"])
        payload = "".join(chr(97 + i * i % 26) for i in range(MIB))
        answer = daemons["d1"].publish("large", payload)
        check(answer.status == 202, "1 MiB is accepted", answer.text)
        _, seconds = wait_until(follower.events, 30, "1 MiB arrives")
        check(follower.payloads() == [payload], "1 MiB arrives as it was")
        tell(f"after {seconds * 1000:.0f} ms")
        answer = daemons["d1"].publish("large", payload + "x")
        check(answer.status == 413 and "1048576" in answer.text, "1 MiB + 1 is refused: 413",
              answer.status, answer.text)
        follower.close()


def test_a_token_opens_no_more_than_its_scope():
    with agents({"d1": ["--overlay", "demo", "--bind", "127.0.0.1:0"]}) as daemons:
        agent = daemons["d1"]
        tokens = {scope: agent.ask("POST", "/v1/tokens", {"scopes": [scope]}).json["token"]
                  for scope in ("read", "publish", "admin")}
        asked = {
            "read": lambda token: agent.ask_overlay("GET", "/members", token=token),
            "publish": lambda token: agent.ask_overlay(
                "POST", "/events", {"topic": "t", "payload": "x"}, token=token),
            "admin": lambda token: agent.ask_overlay("POST", "/invite", token=token)}
        answers = {(scope, question): ask(token).status for scope, token in tokens.items()
                   for question, ask in asked.items()}
        check(answers["read", "read"] == 200 and answers["read", "publish"] == 403
              and answers["read", "admin"] == 403, "read may read only", answers)
        check(answers["publish", "publish"] == 202 and answers["publish", "admin"] == 403,
              "publish may publish, and not invite", answers)
        check(answers["admin", "admin"] == 200, "admin may invite", answers)
        check(agent.ask_overlay("GET", "/members", token="gv_none").status == 401,
              "an unknown token opens nothing")


# -- What can be wrong with a host ----------------------------------------------------------------

def refuses(claim, words, *arguments):
    code, _, error = run("agent", "--http-bind", "127.0.0.1:0", *arguments, timeout=20)
    check(code != 0 and "error: " in error and "cure: " in error
          and all(word in error for word in words), claim, code, error)


def test_what_stands_in_the_way_is_named():
    with tempfile.TemporaryDirectory(prefix="gv-system-") as folder, socket.socket(
            socket.AF_INET, socket.SOCK_DGRAM) as taken:
        config = pathlib.Path(folder) / "grapevine.toml"
        config.write_text("")
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        refuses("a port in use is named", [port], "--config", config, "--state",
                f"{folder}/state", "--overlay", "demo", "--bind", f"127.0.0.1:{port}")
        broken = pathlib.Path(folder) / "broken"
        broken.mkdir()
        (broken / "state.db").write_bytes(b"this is no database" * 1000)
        refuses("a damaged store is named", ["broken"], "--config", config, "--state", broken)
        locked = pathlib.Path(folder) / "locked"
        locked.mkdir(mode=0o500)
        if os.geteuid() == 0:
            skip("an unreadable state folder", "root reads everything; see test_bad_input.py")
        else:
            refuses("an unreadable state folder is named", ["locked"], "--config", config,
                    "--state", locked)


@contextlib.contextmanager
def small_disk(folder, size):
    """A file system of `size` bytes, or None where we may not mount."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder],
                             capture_output=True, check=False)
    if mounted.returncode != 0:
        yield None
        return
    try:
        yield pathlib.Path(folder)
    finally:
        subprocess.run(["umount", "-l", folder], check=False)


def test_a_full_disk_is_told_and_survived():
    with tempfile.TemporaryDirectory(prefix="gv-full-") as folder:
        with small_disk(folder, 2 * MIB) as disk:
            if disk is None:
                return skip("a full disk", "mounting a small tmpfs is not allowed here")
            agent = Agent("--name", "d1", "--overlay", "demo", "--bind", "127.0.0.1:0",
                          folder=folder)
            try:
                agent.start()
                agent.ask_overlay("PUT", "/record/before", {"value": "kept"})
                fill(disk)
                refused = fill_record(agent)
                check(refused and refused.status in (500, 503, 507), "a write is refused",
                      refused and refused.status, refused and refused.text)
                check("disk" in refused.text or "full" in refused.text, "the cause is named",
                      refused.text)
                tell(refused.text)
                check(agent.sees("d1"), "the daemon goes on answering")
                (disk / "filling").unlink()
                wait_until(lambda: agent.ask_overlay(
                    "PUT", "/record/after", {"value": "room"}).status == 200, 10, "room again")
                check(True, "with room again it writes again")
                agent.kill()
                agent.start()
                kept = {i["key"] for i in agent.ask_overlay("GET", "/record").json["items"]}
                check({"before", "after"} <= kept, "what was acknowledged is kept", kept)
            finally:
                end(agent)


def fill(disk):
    with open(disk / "filling", "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 4096)


def fill_record(agent):
    """The first answer that is a refusal, if there is one."""
    for number in range(2000):
        answer = agent.ask_overlay("PUT", f"/record/k{number % 8}",
                                   {"value": f"{number}" * 100})
        if answer.status >= 300:
            return answer
    return None


if __name__ == "__main__":
    main(globals())
