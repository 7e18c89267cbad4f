"""Clients, scripts and peers of gossiperl with real daemons."""

import base64
import json
import pathlib
import signal
import socket
import subprocess
import sys
import time

CONFORMANCE = pathlib.Path(__file__).resolve().parent.parent / "conformance" / "gossiperl"
sys.path.insert(0, str(CONFORMANCE))

from client import Client                                                       # noqa: E402
from harness import KEY, Agent, Follower, check, free_port, main, tell, wait_until  # noqa: E402
from protocol import STRING                                                     # noqa: E402
from station import Address                                                     # noqa: E402

SYMMETRIC = "v3JElaRswYgxOt4b"
TIMES = {"quarantine-after": 3, "max-quarantined": 2, "drop-unreachable-after": 8,
         "drop-stale-subscriptions-after": 4, "redelivery-retry-every": 1, "gossip-round-every": 1}
CLIENT_FLOWS = ("Attach", "Subscribe", "Exit",
                "MemberEvents", "Publish")
DAEMON_FLOWS = ("Gossip", "Subscriptions", "Forwarding",
                "BadManners")


def old_overlay(port, name="old", **more):
    """Arguments of an agent with one overlay of the old protocol."""
    arguments = ["--overlay", name, "--protocol", "gossiperl", "--bind", f"127.0.0.1:{port}",
                 "--symmetric-key", SYMMETRIC, "--secret", "overlay-secret", "--name", "n1"]
    for key, value in more.items():
        arguments += [f"--{key.replace('_', '-')}", str(value)]
    return arguments


def play(flows, daemon, *more):
    """Starts one program of flows; the caller waits for it."""
    return subprocess.Popen(
        [sys.executable, "-B", CONFORMANCE / "flows_test.py", "--daemon", daemon, "--key",
         SYMMETRIC, "--ack-ms", "500", *more, flows],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(programs):
    for flows, program in programs.items():
        out, _ = program.communicate(timeout=180)
        check(program.returncode == 0, f"{flows}: {out.strip().splitlines()[-3:]}", out)


def test_every_flow_of_the_old_protocol():
    # Each program has an overlay of its own, so that all can play at once: mostly they wait.
    times = [word for key, value in TIMES.items() for word in (f"--{key}", str(value))]
    settings = {key.replace("-", "_"): f"{value}s" for key, value in TIMES.items()}
    agents, programs = [], {}
    try:
        for index, flows in enumerate(CLIENT_FLOWS + DAEMON_FLOWS):
            agent = Agent(*old_overlay(free_port(), **settings), overlay="old").start()
            agents.append(agent)
            hosts = ",".join(f"127.0.{index + 1}.{host}" for host in (2, 3, 4))
            programs[flows] = play(flows, f"127.0.0.1:{agent.bound()[1]}", "--peer-hosts", hosts,
                                   *times)
        finish(programs)
    finally:
        for agent in agents:
            agent.stop()


def test_clients_of_a_native_overlay():
    with Agent("--overlay", "demo", "--bind", "127.0.0.1:0", "--key", KEY, "--client-key",
               SYMMETRIC, "--client-port", free_port()) as agent:
        port = agent.arguments[agent.arguments.index("--client-port") + 1]
        finish({flows: play(flows, f"127.0.0.1:{port}", "--peer-hosts", "")
                for flows in CLIENT_FLOWS[:3] + CLIENT_FLOWS[4:]})


def test_an_old_message_and_a_native_event_are_the_same_event():
    def native(name, *more):
        return Agent("--overlay", "demo", "--bind", "127.0.0.1:0", "--key", KEY, "--name", name,
                     "--client-key", SYMMETRIC, "--client-port", free_port(), *more)

    def attach(agent, name):
        port = int(agent.arguments[agent.arguments.index("--client-port") + 1])
        client = Client(Address("127.0.0.1", port), SYMMETRIC, name).start()
        check(client.attach(), f"{name} is attached")
        return client

    with native("a") as a:
        with native("b", "--seed", "127.0.0.1:%d" % a.bound()[1]) as b:
            wait_until(lambda: a.sees("a", "b") and b.sees("a", "b"), 10, "a and b see each other")
            follower = Follower(b, "topic=orderPlaced")
            publisher, listener = attach(a, "publisher"), attach(b, "listener")
            check(listener.subscribe("orderPlaced", "member_in", "member_unreachable",
                                     "member_quarantine"), "subscribed")
            identifier = publisher.publish("orderPlaced", [(1, STRING, "forty-two")])
            check(publisher.is_acknowledged(identifier), "acknowledged")
            wait_until(lambda: listener.messages("orderPlaced"), 5, "the old client has it")
            item, _ = wait_until(lambda: [i for i in follower.items if i.get("topic")], 5,
                                 "the native subscriber has it")
            seen = base64.b64decode(item[0]["payload_base64"]) if "payload_base64" in item[0] \
                else item[0]["payload"].encode()
            [letter] = listener.messages("orderPlaced")
            check(seen == letter.payload, "both have the same bytes", seen, letter.payload)

            check(a.publish("orderPlaced", bytes(range(256))).status == 202, "published by HTTP")
            wait_until(lambda: len(listener.messages("orderPlaced")) == 2, 5, "it arrives")
            check(listener.messages("orderPlaced")[1].payload == bytes(range(256)),
                  "byte for byte")
            time.sleep(1.5)
            check(len(listener.messages("orderPlaced")) == 2, "once, because it was acknowledged")

            a.kill()
            wait_until(lambda: ("member_unreachable", "a") in listener.events(), 15,
                       "the old client hears of the death of a native member")
            check(("member_quarantine", "a") in listener.events(), "after its quarantine")
            check(not listener.violations, "nothing a client must not see", listener.violations)
            follower.close()
            publisher.stop()
            listener.stop()


def test_what_only_native_overlays_can_is_refused_with_the_cure():
    with Agent(*old_overlay(free_port()), overlay="old") as agent:
        for method, path, body in (
                ("POST", "/invite", {}), ("POST", "/join", {"seeds": ["192.0.2.1:1"]}),
                ("GET", "/record", None), ("PUT", "/record/a", {"value": "b"}),
                ("DELETE", "/members/n1", None), ("PATCH", "", {"profile": "fast"})):
            answer = agent.ask_overlay(method, path, body)
            check(answer.status in (400, 409) and "cure" in answer.text, f"{method} {path}",
                  answer.status, answer.text)
        check(agent.publish("digest", b"x").status == 400, "a type of the protocol's own")
        check(agent.publish("big", b"x" * 50_000).status in (400, 413), "what fits no datagram")
        check(agent.ask("POST", "/v1/overlays", {"name": "b", "protocol": "gossiperl"}).status
              == 400, "making one over /v1")
        check(agent.process.poll() is None, "the daemon lives")


def test_subscriptions_survive_the_death_of_the_daemon():
    agent = Agent(*old_overlay(free_port(), redelivery_retry_every="1s"), overlay="old").start()
    try:
        daemon = Address("127.0.0.1", agent.bound()[1])
        # Two seconds between digests: less than what would tell it that the daemon was away.
        with Client(daemon, SYMMETRIC, "scala-like", keepalive=2) as client:
            check(client.attach() and client.subscribe("news", "member_in"), "attached, subscribed")
            agent.kill()
            agent.start()
            with Client(daemon, SYMMETRIC, "newcomer") as newcomer:
                check(newcomer.attach(), "another one attaches after the restart")
                wait_until(lambda: ("member_in", "newcomer") in client.events(), 5,
                           "the first is still subscribed, and did nothing for it")
                newcomer.exit()
            client.exit()
        wait_until(lambda: not [m for m in agent.members() if m != "n1"], 5, "both are gone")
        agent.kill()
        agent.start()
        check(list(agent.members()) == ["n1"], "and leave nothing behind", agent.members())
    finally:
        agent.stop()


def test_an_ipv6_overlay_serves_clients_of_both_families():
    port = free_port()
    arguments = old_overlay(port)
    arguments[arguments.index(f"127.0.0.1:{port}")] = f"[::]:{port}"
    with Agent(*arguments, overlay="old"):
        for host in ("127.0.0.1", "::1"):
            with Client(Address(host, port), SYMMETRIC, f"at-{host[-1]}") as client:
                check(client.attach(), f"a client at {host} is answered")
                check(client.subscribe("x"), "and can subscribe")
                check(not client.violations, "as it should be", client.violations)


# -- Scripts --

def certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-keyout", folder / "key.pem", "-out",
                    folder / "cert.pem"], check=True, capture_output=True)


def settings_json(folder):
    """As the original shipped it, but for the port."""
    certificate(folder)
    path = folder / "settings.json"
    path.write_text(json.dumps({
        "rest_ip": "127.0.0.1", "rest_port": free_port(socket.SOCK_STREAM),
        "rest_ssl": {"certfile": "cert.pem", "keyfile": "key.pem"},
        "superuser": {"username": "superuser", "password": "superpass"},
        "rest_user": {"username": "gossiperl_username", "password": "gossiperl_password"}}))
    return path


def scripted_agent():
    """One that its `with` starts."""
    agent = Agent("--gossiperl", overlay="ov")
    agent.arguments += ["--gossiperl-settings", str(settings_json(agent.folder))]
    return agent


def curl(url, *arguments):
    """What curl -i prints: status line and headers, body."""
    done = subprocess.run(["curl", "-s", "-k", "-i", "--http1.1", *arguments, url], check=True,
                          capture_output=True, text=True, timeout=10)
    head, _, body = done.stdout.replace("\r\n", "\n").partition("\n\n")
    return head, body


def test_scripts_written_for_the_original():
    with scripted_agent() as agent:
        url = f"https://{agent.run_file['gossiperl_rest']}"
        user = ["-u", "gossiperl_username:gossiperl_password"]
        port = free_port()

        # start-and-wait.sh: until the first line says 200 OK.
        head, body = curl(f"{url}/overlays", *user)
        check("200 OK" in head.splitlines()[0], "the API is up", head)
        check(json.loads(body)["overlays"] == [], "without overlays, as after every start", body)

        # test-overlay.sh: with its misspelt header and curl's own content type.
        body = json.dumps({"ip": "127.0.0.1", "port": port, "symmetric_key": SYMMETRIC,
                           "secret": "s", "member_name": "script"})
        head, answer = curl(f"{url}/overlays/ov", "-X", "POST", "-H",
                            "Contetnt-Type: application/json", "-d", body, *user)
        check("201 Created" in head.splitlines()[0], "an overlay is added", head, answer)
        token = next(line.split(": ")[1] for line in head.splitlines()
                     if line.startswith("x-session-token: "))
        check(json.loads(answer)["token"] == token, "with its token")
        head, _ = curl(f"{url}/overlays/ov", "-X", "POST", "-d", body, *user)
        check("409 Conflict" in head.splitlines()[0], "twice is a conflict")

        with Client(Address("127.0.0.1", port), SYMMETRIC, "ruby") as client:
            check(client.attach() and client.subscribe("deploy"), "a client attaches")
            session = ["-H", f"X-Session-Token: {token}"]
            _, answer = curl(f"{url}/membership/ov", *session)
            names = [(m["name"], m["state"]) for m in json.loads(answer)["membership"]]
            check(names == [("script", "reachable"), ("ruby", "reachable")], "both are listed",
                  answer)
            _, answer = curl(f"{url}/subscriptions/ov", "-u", f"ov:{token}")
            check(json.loads(answer)["subscriptions"][0]["event_type"] == "deploy",
                  "so is the subscription, by Basic auth too", answer)
            head, answer = curl(f"{url}/digest/ov", "-X", "POST", "-d", json.dumps(
                {"deploy": [{"what": "web", "string": 1}, {"build": 7, "i32": 2}]}), *session)
            check("202 Accepted" in head.splitlines()[0], "a digest is sent", answer)
            wait_until(lambda: client.messages("deploy"), 5, "and delivered")
            head, answer = curl(f"{url}/overlays/ov/quarantine_after", "-X", "PUT", "-d", "9",
                                *session)
            check("202 Accepted" in head.splitlines()[0], "one property is changed", answer)
            _, answer = curl(f"{url}/configuration/ov", *session)
            configuration = json.loads(answer)["configuration"]
            check(configuration["quarantine_after"] == 9 and
                  configuration["symmetric_key"] == "protected", "and shown", answer)
            head, answer = curl(f"{url}/statistics/ov/1m", *session)
            series = json.loads(json.loads(answer)["statistics"])
            check(series["digest-in"]["sum_packets"] >= 1, "statistics are kept", answer)
            check("digestAck-out" in series, "in both directions", answer)
            # The same routes beside /v1.
            head, _ = curl(f"http://{agent.run_file['http']}/membership/ov", *session)
            check("200 OK" in head.splitlines()[0], "the old paths are beside /v1 too", head)

        for bad in ("Basic !!!", "Basic", "basic YTpi", "Bearer " + "x" * 3000, "Basic Og=="):
            head, _ = curl(f"{url}/overlays", "-H", f"Authorization: {bad}")
            check("401 Unauthorized" in head.splitlines()[0], f"401 for '{bad[:12]}'", head)
        head, _ = curl(f"{url}/tokens", "-u", "superuser:superpass")
        check("200 OK" in head.splitlines()[0], "the superuser sees the tokens")
        head, answer = curl(f"{url}/overlays/ov", "-X", "DELETE", "-H", f"X-Session-Token: {token}")
        check("202 Accepted" in head.splitlines()[0], "the overlay is removed", answer)
        head, answer = curl(f"{url}/overlays/Capital.Letters", "-X", "POST", "-d", json.dumps(
            {"ip": "127.0.0.1", "port": free_port(), "symmetric_key": "k"}), *user)
        check("201 Created" in head.splitlines()[0], "names may have capitals", answer)
        head, _ = curl(f"{url}/overlays/ov", "-X", "DELETE", "-H", f"X-Session-Token: {token}")
        check("404 Not Found" in head.splitlines()[0], "and gone")
        check(agent.process.poll() is None, "the daemon lives")


def test_overlays_of_scripts_are_made_again_after_a_restart():
    with scripted_agent() as agent:
        port = free_port()
        body = json.dumps({"ip": "127.0.0.1", "port": port, "symmetric_key": SYMMETRIC,
                           "member_name": "script"})

        def add():
            head, _ = curl(f"https://{agent.run_file['gossiperl_rest']}/overlays/ov", "-X", "POST",
                           "-d", body, "-u", "gossiperl_username:gossiperl_password")
            return "201 Created" in head.splitlines()[0]

        check(add(), "the script adds its overlay")
        with Client(Address("127.0.0.1", port), SYMMETRIC, "app", keepalive=2) as client:
            check(client.attach() and client.subscribe("member_in"), "a client is in it")
            agent.process.send_signal(signal.SIGTERM)
            agent.process.wait()
            agent.start()
            check(add(), "after a restart it adds it again, with 201")
            with Client(Address("127.0.0.1", port), SYMMETRIC, "other") as other:
                check(other.attach(), "another client attaches")
                wait_until(lambda: ("member_in", "other") in client.events(), 5,
                           "the first is still subscribed")
    tell("done")


if __name__ == "__main__":
    main(globals())
