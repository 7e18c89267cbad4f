#!/usr/bin/env python3
"""Keeps the house in order: who may include whom, what pure rooms may not touch, and the format.

usage: tools/check_layers.py [ROOT]     (ROOT: the folder that holds src/; default: this project)

Prints one line per finding, `file:line: what, and what would be right`. Exit code 0: no error
(there may be warnings); 1: errors; 2: no sources found. The tables below are the law; a new arrow
is a decision with a reason, written beside it here.
"""

import pathlib
import re
import sys

# Folder -> folders whose headers it may include. Itself is always allowed.
CORE = {"base", "wire", "crypto", "protocol", "gossiperl", "discovery", "storage", "control"}
OUTSIDE = {"client", "service", "handler", "dns", "api", "sql"}
LAYERS = {
    "base": set(),
    "wire": {"base"},
    "crypto": {"base"},
    "protocol": {"base", "wire"},
    # client: the old protocol treats remote daemons and local clients by the same rules of silence
    # and redelivery, and its local half is the sessions of attached applications.
    "gossiperl": {"base", "wire", "client"},
    "discovery": {"base"},
    "control": {"base"},
    # control: rows and answers are in the words of the outside. Asked by the daemon only.
    "sql": {"base", "control"},
    "storage": {"base", "wire"},
    # client: an overlay of either protocol serves applications that attach over loopback.
    "overlay": CORE | {"client"},
    "client": {"base", "control", "wire", "crypto"},
    "service": {"base", "control"},
    "handler": {"base", "control"},
    "dns": {"base", "control"},
    # client: an event stream over HTTP is a client session; the session rules live there once.
    "api": {"base", "control", "client"},
    "runtime": {"base"},
    # Not api and dns: the simulator plays the applications through client, as they attach.
    "sim": CORE | {"overlay", "client", "service", "handler"},
    "daemon": CORE | OUTSIDE | {"overlay", "runtime", "sim"},
    # The tool talks HTTP like anybody else. daemon: `agent` and `demo` start it; sim: `sim` runs
    # it; runtime: its HTTP client and files; control: the words of what it asks.
    "cli": {"base", "control", "daemon", "sim", "runtime"},
    # runtime: its program waits for lines and instants; everything else there is pure.
    "maelstrom": {"base", "wire", "protocol", "runtime"},
}

# Rooms that may touch the machine.
IMPURE = {"runtime", "daemon", "cli"}

# (header pattern, what it is, folders besides the impure ones that may include it)
BANNED_HEADERS = [
    (r"(thread|mutex|shared_mutex|condition_variable|future|latch|barrier|semaphore|stop_token)",
     "threads", set()),
    (r"random", "<random>, whose distributions differ between libraries: base/random.hpp", set()),
    (r"(sys|netinet|arpa|net|linux|asm)/.*", "a system header", set()),
    (r"(unistd|fcntl|signal|poll|pthread|dlfcn|netdb|ifaddrs|termios|pwd|grp|dirent|time|spawn|"
     r"sched|syslog)\.h", "a system header", set()),
    (r"csignal", "a system header", set()),
    (r"(fstream|filesystem|iostream)", "files and streams", {"sim"}),
    # sql keeps SQLite in memory, and away from files, clocks and dice: see sql/guard.hpp.
    (r"sqlite3\.h", "the store", {"sql"}),
    (r"boost/(asio|beast)(/.*|\.hpp)", "the event loop", set()),
    (r"openssl/.*", "OpenSSL", {"crypto"}),
    (r"thrift/.*", "libthrift", {"wire"}),
]
# (pattern in code, what it is)
BANNED_CODE = [
    (r"::now\s*\(", "reads a clock: time is told by the driver"),
    (r"\b(system|steady|high_resolution|utc|file)_clock\b", "names a clock: use Instant"),
    (r"\bgetenv\s*\(", "reads the environment"),
    (r"(\bstd::rand\b|(?<![\w:.>])s?rand\s*\(|\brandom_device\b|\bmt19937)",
     "rolls dice of its own: use base/random.hpp"),
    (r"\bstd::time\s*\(|(?<![\w.:>])time\s*\(\s*(nullptr|NULL|0)\s*\)|\bclock_gettime\b|"
     r"\bgettimeofday\b", "reads a clock: time is told by the driver"),
    (r"\bstd::(jthread|thread|this_thread|mutex|shared_mutex|recursive_mutex|lock_guard|"
     r"unique_lock|scoped_lock|condition_variable\w*|async|future|promise)\b", "uses threads"),
]
# Tests in pure rooms may use files and the environment, but never a clock or another's dice.
TEST_STILL_BANNED = re.compile(r"clock|dice|random")

# (file below src/, header): the reason why it stands nevertheless.
EXCEPTIONS = {
    ("base/endpoint.cpp", "arpa/inet.h"): "inet_pton and inet_ntop are functions of text",
}

FILE_LINES_MAX = 500
LINE_COLUMNS_MAX = 100
SOURCE_SUFFIXES = {".cpp", ".hpp", ".h", ".py", ".sh", ".cmake"}
# Homes and work folders of somebody's machine, but for the user called user of examples. The
# brackets keep this line from finding itself.
MACHINE_PATH = re.compile(r"(?<![\w.~$}])/(roo[t]|wor[k]|hom[e]/(?!user/)\w+|User[s]/\w+)/")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
UNORDERED = re.compile(r"\bunordered_(?:multi)?(?:map|set)\s*<")
RANGE_FOR = re.compile(r"\bfor\s*\(")
ORDER_FREE = re.compile(r"//.*\border-free: \S")


class Findings:
    def __init__(self):
        self.errors = []
        self.warnings = []

    def error(self, path, line, text):
        self.errors.append(f"{path}:{line}: {text}")

    def warning(self, path, line, text):
        self.warnings.append(f"{path}:{line}: warning: {text}")


def blank_comments_and_texts(source):
    """The source with comments and the insides of literals blanked; every newline stays."""
    token = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"(?P<fence>[^()\s]*)\(.*?\)(?P=fence)"|"(?:\\.|[^"\\\n])*"'
        r"|(?<![0-9a-zA-Z_])'(?:\\.|[^'\\\n])+'", re.DOTALL)

    def blank(match):
        text = match.group(0)
        kept = re.sub(r"[^\n]", " ", text)
        return '"' + kept[1:-1] + '"' if text.endswith('"') and len(text) > 1 else kept

    return token.sub(blank, source)


def close_of(text, start, opening, closing):
    """Index behind the bracket that closes the one at `start`, or -1."""
    depth = 0
    for index in range(start, len(text)):
        if text[index] == opening:
            depth += 1
        elif text[index] == closing:
            depth -= 1
            if depth == 0:
                return index + 1
    return -1


def unordered_names(code):
    """Variables declared as unordered containers, directly or by an alias of the same file."""
    names = set()
    aliases = set()
    for match in UNORDERED.finditer(code):
        end = close_of(code, match.end() - 1, "<", ">")
        if end < 0:
            continue
        alias = re.search(r"\busing\s+(\w+)\s*=\s*(?:std::)?$", code[:match.start()])
        if alias:
            aliases.add(alias.group(1))
            continue
        name = re.match(r"\s*&?\s*(\w+)\s*[;={(,)]", code[end:])
        if name:
            names.add(name.group(1))
    for alias in aliases:
        for match in re.finditer(rf"\b{alias}\b\s*&?\s*(\w+)\s*[;={{(,)]", code):
            names.add(match.group(1))
    return names


def check_iteration(path, source, code, header_code, findings):
    names = unordered_names(code) | unordered_names(header_code)
    if not names:
        return
    lines = source.split("\n")

    def report(index, name):
        line = code.count("\n", 0, index) + 1
        nearby = lines[max(0, line - 2):line]
        if not any(ORDER_FREE.search(text) for text in nearby):
            findings.error(path, line, f"walks the unordered container {name}, whose order differs "
                           "from run to run: sort, use an ordered one, or say why it cannot reach "
                           "an output with `// order-free: reason`")

    for match in RANGE_FOR.finditer(code):
        end = close_of(code, match.end() - 1, "(", ")")
        head = code[match.end():end - 1] if end > 0 else ""
        ranged = re.search(r"(?<!:):(?!:)\s*([^;]+)$", head)
        if not ranged or ";" in head.split(":")[0] and "=" not in head.split(";")[0]:
            continue
        last = re.search(r"(\w+)\s*$", ranged.group(1))
        if last and last.group(1) in names:
            report(match.start(), last.group(1))
    for match in re.finditer(r"\b(\w+)\s*(?:\.|->)\s*c?begin\s*\(", code):
        if match.group(1) in names:
            report(match.start(), match.group(1))


def check_includes(path, relative, source, findings):
    folder = relative.parts[0]
    is_test = relative.name.endswith("_test.cpp")
    if folder not in LAYERS:
        findings.error(path, 1, f"src/{folder} is not in the table of tools/check_layers.py")
        return
    allowed = LAYERS[folder] | {folder, "base"}
    for number, line in enumerate(source.split("\n"), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        kind, header = match.groups()
        if kind == '"':
            target = header.split("/")[0] if "/" in header else ""
            if not target:
                findings.error(path, number, f'"{header}" without its folder: write '
                               f'"{"/".join(relative.parts[:-1])}/{header}"')
            elif is_test and target == "support":
                continue
            elif target not in LAYERS:
                findings.error(path, number, f'"{header}": {target}/ is not a folder of src/')
            elif target not in allowed:
                findings.error(path, number, f"{folder} may not include {target} (it may: "
                               f"{', '.join(sorted(allowed - {folder}))})")
        elif folder not in IMPURE and (relative.as_posix(), header) not in EXCEPTIONS:
            for pattern, what, folders in BANNED_HEADERS:
                if not re.fullmatch(pattern, header) or folder in folders:
                    continue
                if not is_test or TEST_STILL_BANNED.search(what):
                    findings.error(path, number, f"<{header}> in {folder}: {what} may only be "
                                   f"known to {', '.join(sorted(IMPURE | folders))}")


def check_code(path, relative, code, findings):
    if relative.parts[0] in IMPURE:
        return
    is_test = relative.name.endswith("_test.cpp")
    for number, line in enumerate(code.split("\n"), 1):
        for pattern, what in BANNED_CODE:
            match = re.search(pattern, line)
            if match and (not is_test or TEST_STILL_BANNED.search(what)):
                findings.error(path, number, f"`{match.group(0).strip()}` {what}")


def check_form(path, source, findings):
    lines = source.split("\n")
    if len(lines) - 1 > FILE_LINES_MAX:
        findings.warning(path, len(lines) - 1, f"{len(lines) - 1} lines, more than "
                         f"{FILE_LINES_MAX}: is there a seam?")
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_COLUMNS_MAX:
            findings.error(path, number, f"{len(line)} columns, more than {LINE_COLUMNS_MAX}")
        if MACHINE_PATH.search(line):
            findings.error(path, number, "names a path of somebody's machine")


def source_files(root):
    for folder in ("src", "tests", "bench", "tools", "cmake", "lab", "packaging", "examples"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in SOURCE_SUFFIXES and path.is_file():
                yield path
    for name in ("dev", "CMakeLists.txt", ".ci/run"):
        if (root / name).is_file():
            yield root / name


def check_tree(root):
    """All findings below `root`, and how many files were read."""
    findings = Findings()
    count = 0
    for file in source_files(root):
        source = file.read_text(encoding="utf-8")
        path = file.relative_to(root)
        count += 1
        check_form(path, source, findings)
        if path.parts[0] != "src" or file.suffix not in {".cpp", ".hpp", ".h"}:
            continue
        relative = path.relative_to("src")
        code = blank_comments_and_texts(source)
        header = file.with_name(re.sub(r"(_test)?\.cpp$", ".hpp", file.name))
        header_code = ""
        if header != file and header.is_file():
            header_code = blank_comments_and_texts(header.read_text(encoding="utf-8"))
        check_includes(path, relative, source, findings)
        check_code(path, relative, code, findings)
        if relative.parts[0] not in IMPURE:
            check_iteration(path, source, code, header_code, findings)
    return findings, count


def main(arguments):
    if any(argument in ("-h", "--help") for argument in arguments):
        print(__doc__.strip())
        return 0
    root = pathlib.Path(arguments[0]) if arguments else pathlib.Path(__file__).parent.parent
    findings, count = check_tree(root.resolve())
    if count == 0:
        print(f"check_layers: no sources below {root}", file=sys.stderr)
        return 2
    for line in findings.warnings + findings.errors:
        print(line)
    print(f"check_layers: {count} files, {len(findings.errors)} errors, "
          f"{len(findings.warnings)} warnings")
    return 1 if findings.errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
