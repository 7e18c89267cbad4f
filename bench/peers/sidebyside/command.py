"""The command line: what to compare, in which order, and what comes of it."""

import argparse
import importlib
import json
import os
import pathlib
import platform
import resource
import signal
import subprocess
import sys
import time

from sidebyside import measures, plot, report, sandbox, tails
from sidebyside.system import MEASURES, TAILS
from sidebyside.trouble import Trouble

SYSTEMS = {
    "grapevine": "grapevine.Grapevine",
    "grapevine-fast": "grapevine.GrapevineFast",
    "serf": "serf.Serf",
    "memberlist": "memberlist.Memberlist",
    "nats": "nats.Nats",
    "redis": "redis.Redis",
    "zookeeper": "zookeeper.ZooKeeper",
    "zookeeper-30s": "zookeeper.ZooKeeper30s",
}

FULL = {"systems": ",".join(SYSTEMS), "members": "5,20,50,100", "measures": "",
        "runs": 3, "kills": 1, "seconds": 10, "rate_seconds": 4, "settle": 12, "idle_seconds": 20,
        "fault_seconds": 60}
QUICK = {"systems": "grapevine,serf,nats", "members": "5,20", "runs": 1, "seconds": 5,
         "rate_seconds": 2, "settle": 5, "idle_seconds": 10, "fault_seconds": 20}
TAILED = {"systems": "grapevine,grapevine-fast,serf", "members": "50",
          "measures": ",".join(("join", *TAILS)), "runs": 10, "kills": 3}

EVENT_RATE = 10

EPILOG = """\
Everything runs on loopback in a network namespace of its own and is gone afterwards. Progress goes
to standard error, the table to standard output. A measurement that fails is told in its place, and
the others go on; the exit code is then 1, and 3 when something to compare with is not installed."""


def parser():
    shown = argparse.ArgumentParser(
        prog="bench/peers/run", description="Grapevine and its peers, side by side.",
        epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    shown.add_argument("--systems", help=f"some of {FULL['systems']}")
    shown.add_argument("--members", help=f"cluster sizes, {FULL['members']} unless given")
    shown.add_argument("--measures", help=f"some of {','.join((*MEASURES, *TAILS))}")
    shown.add_argument("--runs", type=int, help="fresh clusters for join and detect")
    shown.add_argument("--kills", type=int, help="members killed in each of them, in turn")
    shown.add_argument("--seconds", type=float, help=f"of events at {EVENT_RATE}/s")
    shown.add_argument("--rate-seconds", type=float, help="of each step of the event rate")
    shown.add_argument("--settle", type=float, help="seconds before idle costs are measured")
    shown.add_argument("--idle-seconds", type=float, help="seconds for which they are measured")
    shown.add_argument("--fault-seconds", type=float,
                       help="how long a partition, loss and stalls last")
    shown.add_argument("--tails", action="store_true",
                       help="when things go wrong: N = 50, ten joins and each fault")
    shown.add_argument("--quick", action="store_true", help="about five minutes, small clusters")
    shown.add_argument("--json", metavar="FILE", help="write every sample there")
    shown.add_argument("--plot", metavar="FILE.svg", help="draw it (needs python3-matplotlib)")
    shown.add_argument("--show", nargs="+", metavar="FILE.json",
                       help="measure nothing: show what was written by --json, together")
    shown.add_argument("--inside", help=argparse.SUPPRESS)
    return shown


def parse(arguments):
    options = parser().parse_args(arguments)
    for chosen in (TAILED if options.tails else {}, QUICK if options.quick else {}, FULL):
        for name, value in chosen.items():
            if getattr(options, name) is None:
                setattr(options, name, value)
    options.systems = options.systems.split(",")
    options.measures = options.measures.split(",") if options.measures else []
    options.members = [int(number) for number in options.members.split(",")]
    for given, known in ((options.systems, SYSTEMS), (options.measures, (*MEASURES, *TAILS))):
        for name in given:
            if name not in known:
                raise SystemExit(f"no {name!r}; there are: {', '.join(known)}")
    if not all(2 <= number <= sandbox.MEMBERS_MAX for number in options.members):
        raise SystemExit(f"--members: 2 to {sandbox.MEMBERS_MAX}")
    return options


def load(name):
    """The adapter of a system."""
    module, _, kind = SYSTEMS[name].partition(".")
    return getattr(importlib.import_module(f"sidebyside.systems.{module}"), kind)


def tell(text):
    print(f"{time.strftime('%H:%M:%S')}  {text}", file=sys.stderr, flush=True)


# -- Inside the namespace. -----------------------------------------------------------------------

def lives(options, system):
    """Which measures are made of which cluster: one for what needs it whole, others to be hurt."""
    named = options.measures or system.measures_unless_named
    chosen = [name for name in named if name in system.measures]
    whole = [name for name in ("idle", "events", "rate") if name in chosen]
    planned = [["join", *whole]] if whole else []
    if "join" in chosen or "detect" in chosen:
        planned += [["join", *(name for name in ("detect",) if name in chosen)]] * min(options.runs, system.runs_max or options.runs)
    return planned + [["join", name] for name in TAILS if name in chosen]


class Comparison:
    """Runs the plan and keeps what came of it."""

    def __init__(self, options, inside):
        self.options, self.sandbox = options, inside
        self.results = []

    def run(self):
        plan = [(members, name) for members in self.options.members
                for name in self.options.systems]
        for number, (members, name) in enumerate(plan, 1):
            kind = load(name)
            for life, chosen in enumerate(lives(self.options, kind), 1):
                self._live(f"[{number}/{len(plan)}] {name} N={members} run {life}", kind, members,
                           life, chosen)

    def _live(self, title, kind, members, life, chosen):
        system = None
        try:
            system = kind(self.sandbox, members, self.options)
            for name in chosen:
                tell(f"{title}: {name}")
                entry = {"system": kind.name, "members": members, "run": life, "measure": name,
                         "load_before": os.getloadavg()}
                try:
                    entry["values"] = self._measure(name, system, life, title)
                    system.check_health()
                except Trouble as trouble:
                    tell(f"{title}: {name} failed: {trouble}")
                    entry["trouble"] = str(trouble)
                entry["load_after"] = os.getloadavg()
                self.results.append(entry)
                if "trouble" in entry:
                    break
        finally:
            if system:
                system.close()

    def _measure(self, name, system, life, title):
        options, chance = self.options, measures.chance_of(name, system.count, life)
        kills = min(options.kills, system.count - 2)
        match name:
            case "join":
                return measures.join(system)
            case "idle":
                return measures.idle(system, options.settle, options.idle_seconds)
            case "detect":
                return measures.detect(system, kills, chance)
            case "events":
                measures.warm_up(system)
                return measures.events(system, EVENT_RATE, options.seconds,
                                       measures.LATE_SECONDS, chance)
            case "rate":
                measures.warm_up(system)
                return measures.rate(system, options.rate_seconds, chance,
                                     lambda text: tell(f"{title}: {text}"))
            case "partition":
                return tails.partition(system, options.fault_seconds)
            case "vanish":
                return tails.vanish(system, kills, chance)
            case "loss":
                return tails.loss(system, options.fault_seconds, chance)
            case "stalls":
                return tails.stalls(system, options.fault_seconds)
        raise AssertionError(name)


def commit():
    here = pathlib.Path(__file__).parent
    def git(*words):
        return subprocess.run(["git", "-C", here, *words], capture_output=True, text=True,
                              check=False).stdout.strip()
    return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain") else "")


def machine():
    model = [line.partition(":")[2].strip()
             for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
             if line.startswith("model name")]
    return {"cores": os.cpu_count(), "model": model[0] if model else "", "kernel":
            platform.release(), "system": platform.platform(), "load": os.getloadavg()}


def compare(options, arguments):
    document = {
        "command": ["bench/peers/run", *arguments], "begun": time.strftime("%FT%TZ", time.gmtime()),
        "commit": commit(), "machine": machine(), "systems": options.systems,
        "versions": {name: load(name).version() for name in options.systems},
        "about": {name: load(name).about for name in options.systems},
        "settings": {name: getattr(options, name) for name in FULL}}
    comparison = Comparison(options, sandbox.Sandbox(options.inside))
    document["results"] = comparison.results
    status = 0
    try:
        comparison.run()
    except KeyboardInterrupt:
        tell("interrupted; this is what there is")
        status = 130
    document["ended"] = time.strftime("%FT%TZ", time.gmtime())
    document["load_at_end"] = os.getloadavg()
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(document, indent=1) + "\n")
    show(document, options)
    return status or int(any("trouble" in entry for entry in comparison.results))


def show(document, options):
    print(report.heading(document))
    print(report.table(document))
    if options.plot and plot.missing():
        tell(f"no picture: not here is {plot.missing()}")
    elif options.plot:
        plot.draw(document, options.plot)


def main(script):
    arguments = sys.argv[1:]
    options = parse(arguments)
    if options.show:
        show(report.merged([json.loads(pathlib.Path(name).read_text()) for name in options.show]),
             options)
        return 0
    if options.inside:
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        return compare(options, arguments[2:])
    missing = [f"{tool} (package {package})" for tool, package in sandbox.missing_tools().items()]
    missing += [text for name in options.systems if (text := load(name).missing())]
    if missing:
        print("not here: " + "\n          ".join(missing), file=sys.stderr)
        return 3
    return sandbox.run_inside(script, arguments)
