"""The result as one picture: a panel per figure, a line per system, over the number of members."""

from sidebyside import report

PANELS = (
    "join: all list all, median",
    "SIGKILL: last survivor, median",
    "event to the last member, p50",
    "event to the last member, p99",
    "events/s, all prompt, none lost",
    "CPU per delivery at 100/s",
    "idle: CPU of one core",
    "idle: proportional (PSS)",
    "idle: sent",
)
COLUMNS = 3
PANEL_INCHES = (4.2, 3.2)


def missing():
    """What has to be installed, or nothing."""
    try:
        import matplotlib  # pylint: disable=import-outside-toplevel,unused-import
    except ImportError:
        return "matplotlib of this Python (Debian package python3-matplotlib)"
    return None


def draw(document, path):
    """Writes an SVG. Systems without a figure have no line in its panel."""
    import matplotlib  # pylint: disable=import-outside-toplevel
    matplotlib.use("Agg")
    from matplotlib import pyplot, ticker  # pylint: disable=import-outside-toplevel

    rows = {row.label: row for row in reversed(report.ROWS)}  # Of two with one label the first.
    height = -(-len(PANELS) // COLUMNS)
    figure, axes = pyplot.subplots(height, COLUMNS, squeeze=False, figsize=(
        PANEL_INCHES[0] * COLUMNS, PANEL_INCHES[1] * height))
    lines = {}
    for panel, label in zip(axes.flat, PANELS):
        row = rows[label]
        for name in document["systems"]:
            points = [(members, value) for members in report.sizes(document)
                      if isinstance(value := report.value_of(row, report.entries(
                          document, members, name, row.measure)), (int, float)) and value > 0]
            if points:
                color = f"C{document['systems'].index(name)}"
                lines[name], = panel.plot(*zip(*points), marker="o", markersize=4, color=color)
        panel.set_title(f"{label}, {row.unit}", fontsize=9)
        panel.set_xlabel("members", fontsize=8)
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.set_xticks(report.sizes(document))
        panel.xaxis.set_major_formatter(ticker.ScalarFormatter())
        panel.xaxis.set_minor_locator(ticker.NullLocator())
        panel.tick_params(labelsize=8)
        panel.grid(True, which="major", alpha=0.3)
    figure.legend(lines.values(), lines.keys(), loc="lower center", ncol=len(lines), fontsize=9)
    figure.tight_layout(rect=(0, 0.05, 1, 1))
    figure.savefig(path, metadata={"Date": None})
