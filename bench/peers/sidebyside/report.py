"""The result as one table: a block per cluster size, a column per system, ratios to Grapevine."""

import dataclasses
import typing

from sidebyside.samples import median, percentile

REFERENCE = "grapevine"
COST_RATES = (100, 1000)


@dataclasses.dataclass(frozen=True)
class Row:
    """One line: what to take of all results of one measure."""

    measure: str
    label: str
    unit: str
    digits: int
    take: typing.Callable  ## From the list of values to a number, or nothing.
    has_ratio: bool = True


def _kills(results, key):
    return [kill[key] for values in results for kill in values["kills"]]


def _of_members(key):
    return lambda results: median([number for values in results
                                   for number in values[key] or ()])


def _mean(key):
    return lambda results: median([values[key] for values in results
                                   if values[key] is not None])


def _events(group, key):
    return lambda results: median([values[group][key] for values in results
                                   if key in values[group]])


def _sum(key):
    return lambda results: sum(values[key] for values in results)


def _at_rate(wanted, key):
    return lambda results: median([step[key] for values in results for step in values["steps"]
                                   if step["rate"] == wanted and step["lost_copies"] == 0])


def _in(group, key):
    return lambda results: max(values[group][key] for values in results)


def _worst(key):
    return lambda results: max(values[key] for values in results)


ROWS = (
    Row("join", "join: all list all, median", "ms", 0,
        lambda results: median([values["last_ms"] for values in results])),
    Row("join", "join: worst run", "ms", 0,
        lambda results: max(values["last_ms"] for values in results)),
    Row("detect", "SIGKILL: first survivor knows", "ms", 0,
        lambda results: median(_kills(results, "first_ms"))),
    Row("detect", "SIGKILL: last survivor, median", "ms", 0,
        lambda results: median(_kills(results, "last_ms"))),
    Row("detect", "SIGKILL: last survivor, worst", "ms", 0,
        lambda results: max(_kills(results, "last_ms"))),
    Row("detect", "SIGKILL: each survivor, p99", "ms", 0,
        lambda results: percentile([after for each in _kills(results, "each_ms")
                                    for after in each], 0.99)),
    Row("detect", "false deaths", "", 0, _sum("false_deaths"), False),
    Row("events", "event to the last member, p50", "ms", 1, _events("last", "p50")),
    Row("events", "event to the last member, p99", "ms", 1, _events("last", "p99")),
    Row("events", "event to the last member, max", "ms", 1, _events("last", "max")),
    Row("events", "event to each member, p50", "ms", 1, _events("delivery", "p50")),
    Row("events", "copies lost", "", 0, _sum("lost_copies"), False),
    Row("rate", "events/s, all prompt, none lost", "/s", 0, _mean("sustained_per_second")),
    *(Row("rate", f"CPU per delivery at {rate}/s", "us", 1, _at_rate(rate, "cpu_us_per_delivery"))
      for rate in COST_RATES),
    *(Row("rate", f"wire bytes per delivery at {rate}/s", "B", 0,
          _at_rate(rate, "bytes_per_delivery")) for rate in COST_RATES),
    Row("idle", "idle: CPU of one core", "%", 3, _of_members("cpu_percent")),
    Row("idle", "idle: wake-ups", "/s", 1, _of_members("wakeups_per_second")),
    Row("idle", "idle: resident (RSS)", "MiB", 1, _of_members("rss_mib")),
    Row("idle", "idle: proportional (PSS)", "MiB", 1, _of_members("pss_mib")),
    Row("idle", "idle: sent", "B/s", 0, _mean("bytes_per_second")),
    Row("idle", "idle: sent", "packets/s", 1, _mean("packets_per_second")),
    Row("partition", "partition: last to list the other half as gone", "ms", 0,
        lambda results: max(values["noticed"].get("max", 0) for values in results)),
    Row("partition", "partition healed: all list all", "ms", 0, _worst("healed_ms")),
    Row("vanish", "silent host: last to know, worst", "ms", 0,
        lambda results: max(host["last_ms"] for values in results for host in values["hosts"])),
    Row("vanish", "silent host: false deaths", "", 0, _sum("false_deaths"), False),
    Row("loss", "30% loss: healthy members taken for dead", "", 0, _sum("false_deaths"), False),
    Row("loss", "30% loss: SIGKILL, last survivor", "ms", 0, _in("kill", "last_ms")),
    Row("loss", "30% loss: event to the last member, p99", "ms", 0,
        lambda results: max(values["events"]["last"].get("p99", 0) for values in results)),
    Row("loss", "30% loss: copies lost", "", 0, _in("events", "lost_copies"), False),
    Row("stalls", "stalls: healthy members taken for dead", "", 0,
        _worst("healthy_taken_for_dead"), False),
    Row("stalls", "stalls: stalled members taken for dead", "", 0,
        _worst("stalled_taken_for_dead"), False),
    Row("stalls", "stalls over: all list all", "ms", 0, _worst("full_after_ms")),
)


def sizes(document):
    return sorted({entry["members"] for entry in document["results"]})


def entries(document, members, system, measure):
    return [entry for entry in document["results"] if entry["members"] == members
            and entry["system"] == system and entry["measure"] == measure]


def value_of(row, found):
    """The number of one cell, or the reason why there is none, or nothing."""
    good = [entry["values"] for entry in found if "values" in entry]
    if good:
        return row.take(good)
    return found[0]["trouble"] if found else None


def _ratio(ratio):
    if ratio < 0.001:
        return "<0.001x" if ratio > 0 else "0x"
    return f"{ratio:.0f}x" if ratio >= 100 else f"{ratio:.2g}x"


def _cell(row, value, reference):
    if value is None:
        return "-"
    if isinstance(value, str):
        return "failed"
    text = f"{value:.{row.digits}f}"
    if row.has_ratio and reference:
        text += f" ({_ratio(value / reference)})"
    return text


def _aligned(lines):
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        first, *others = (text.ljust(width) if column == 0 else text.rjust(width)
                          for column, (text, width) in enumerate(zip(line, widths)))
        yield "  ".join([first, *others]).rstrip()


def heading(document):
    where = document["machine"]
    lines = [f"{where['cores']} cores, {where['model']}, Linux {where['kernel']}; load "
             f"{where['load'][0]:.1f} before, {document['load_at_end'][0]:.1f} after; "
             f"commit {document['commit'][:12]}"]
    lines += [f"{name}: {document['versions'][name]}; {document['about'][name]}"
              for name in document["systems"]]
    return "\n".join([*lines, ""])


def merged(documents):
    """Several runs on one machine as one: the first says where and when, the last when it ended."""
    whole = {**documents[0], "results": [], "systems": []}
    for document in documents:
        whole["results"] += document["results"]
        whole["systems"] += [name for name in document["systems"] if name not in whole["systems"]]
        whole["versions"] = {**document["versions"], **whole["versions"]}
        whole["about"] = {**document["about"], **whole["about"]}
        whole["load_at_end"] = document["load_at_end"]
    return whole


def table(document):
    """All blocks, as text."""
    out = []
    for members in sizes(document):
        systems = [name for name in document["systems"]
                   if any(entry["system"] == name and entry["members"] == members
                          for entry in document["results"])]
        lines = [[f"N = {members}", *systems]]
        for row in ROWS:
            by_system = {name: value_of(row, entries(document, members, name, row.measure))
                         for name in systems}
            if all(value is None for value in by_system.values()):
                continue
            reference = by_system.get(REFERENCE)
            reference = reference if isinstance(reference, (int, float)) else None
            lines.append([f"{row.label}, {row.unit}" if row.unit else row.label, *(
                _cell(row, value, None if name == REFERENCE else reference)
                for name, value in by_system.items())])
        out += [*_aligned(lines), ""]
    troubles = [f"{entry['system']}, N = {entry['members']}, {entry['measure']}: "
                f"{entry['trouble']}" for entry in document["results"] if "trouble" in entry]
    return "\n".join([*out, *troubles])
