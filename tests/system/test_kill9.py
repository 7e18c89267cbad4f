"""kill -9 at random moments of writing: nothing that was acknowledged is lost.

Two threads set keys of the record and create and remove overlays over the API; each answer is noted
when it is here. The daemon is killed, started again, and asked for everything that it acknowledged.
"""

import http.client
import random
import threading
import time

from harness import KEY, SEED, SOAK, Failed, agents, check, free_port, main, tell

ROUNDS = 200 if SOAK else 50
KEYS = 40
OVERLAYS_MAX = 6


class Writer(threading.Thread):
    """Asks until the daemon is gone. A question without an answer may or may not have happened."""

    def __init__(self, agent, dice):
        super().__init__(daemon=True)
        self.agent, self.dice, self.token = agent, dice, agent.token
        self.failure = None

    def ask(self, method, path, body=None):
        answer = self.agent.ask(method, path, body, token=self.token, timeout=5)
        if answer.status >= 300:
            raise Failed(f"{method} {path}: {answer.status} {answer.text}")

    def run(self):
        try:
            while True:
                self.step()
        except (OSError, http.client.HTTPException):
            pass  # Killed.
        except Failed as failure:
            self.failure = failure


class Records(Writer):
    """`acknowledged`: key to value or None; `open_questions`: what else it may be."""

    def __init__(self, agent, dice, acknowledged):
        super().__init__(agent, dice)
        self.acknowledged, self.open = acknowledged, {}
        self.count = 0

    def step(self):
        key = f"k{self.dice.randrange(KEYS)}"
        erases = self.dice.random() < 0.2 and self.acknowledged.get(key) is not None
        value = None if erases else f"{self.dice.randrange(1 << 40)}"
        self.open[key] = value
        if erases:
            self.ask("DELETE", f"/v1/overlays/demo/record/{key}")
        else:
            self.ask("PUT", f"/v1/overlays/demo/record/{key}", {"value": value})
        self.acknowledged[key] = value
        del self.open[key]
        self.count += 1


class Overlays(Writer):
    def __init__(self, agent, dice, acknowledged):
        super().__init__(agent, dice)
        self.acknowledged, self.open = acknowledged, set()
        self.count = 0

    def step(self):
        if len(self.acknowledged) < OVERLAYS_MAX and self.dice.random() < 0.7:
            name = f"o{self.dice.randrange(1 << 30)}"
            self.open.add(name)
            self.ask("POST", "/v1/overlays", {"name": name, "bind": "127.0.0.1:0"})
            self.acknowledged.add(name)
        elif self.acknowledged:
            name = self.dice.choice(sorted(self.acknowledged))
            self.open.add(name)
            self.acknowledged.discard(name)
            self.ask("DELETE", f"/v1/overlays/{name}")
        else:
            return
        self.open.discard(name)
        self.count += 1


def compare(agent, records, overlays):
    kept = {item["key"]: item["value"]
            for item in agent.ask_overlay("GET", "/record").json["items"]}
    for key in set(records.acknowledged) | set(kept):
        allowed = [records.acknowledged.get(key)]
        if key in records.open:
            allowed.append(records.open[key])
        if kept.get(key) not in allowed:
            raise Failed(f"record key {key} is {kept.get(key)}, acknowledged was {allowed}")
        records.acknowledged[key] = kept.get(key)
    names = {view["name"] for view in agent.ask("GET", "/v1/overlays").json["overlays"]} - {"demo"}
    lost = overlays.acknowledged - names
    risen = names - overlays.acknowledged - overlays.open
    if lost or risen:
        raise Failed(f"overlays lost: {lost}, that nobody acknowledged: {risen}")
    overlays.acknowledged.clear()
    overlays.acknowledged.update(names)


def test_nothing_acknowledged_is_lost():
    dice = random.Random(SEED)
    bind = f"127.0.0.1:{free_port()}"
    records, overlays = {}, set()
    written = made = 0
    with agents({"d1": ["--overlay", "demo", "--key", KEY, "--profile", "fast",
                        "--bind", bind]}) as daemons:
        agent = daemons["d1"]
        view = agent.view()
        begun = time.monotonic()
        for number in range(1, ROUNDS + 1):
            writers = [Records(agent, random.Random(dice.random()), records),
                       Overlays(agent, random.Random(dice.random()), overlays)]
            for writer in writers:
                writer.start()
            time.sleep(dice.uniform(0, 0.25))
            agent.kill()
            for writer in writers:
                writer.join(10)
                if writer.failure:
                    raise writer.failure
            agent.start()
            now = agent.view()
            if now["id"] != view["id"] or now["incarnation"] <= view["incarnation"]:
                raise Failed(f"round {number}: {view['id']} incarnation {view['incarnation']} "
                             f"became {now['id']} {now['incarnation']}")
            view = now
            compare(agent, *writers)
            written += writers[0].count
            made += writers[1].count
        tell(f"{ROUNDS} kills in {time.monotonic() - begun:.1f} s, {written} record writes and "
             f"{made} overlay changes acknowledged; incarnation {view['incarnation']}")
        check(True, "the store opens and the same identity comes back, each time")
        check(True, "each restart has a higher incarnation")
        check(written > ROUNDS, "no acknowledged record key is lost", written)
        check(made > ROUNDS / 5, "no acknowledged overlay is lost or comes back", made)


if __name__ == "__main__":
    main(globals())
