#!/usr/bin/env python3
"""Wraps `//` comment lines longer than 100 columns, moving as little as possible.

usage: tools/wrap_comments.py FILE...

clang-format could do it, but would also fill the diagrams and tables in comments. This touches only
a line that is too long and what must move because of it: words that do not fit go to the front of
the next line of the same paragraph, or to a line of their own. Comments behind code stay.
"""

import pathlib
import re
import sys

COLUMNS_MAX = 100
COMMENT = re.compile(r"^(\s*///?<? )(\S.*)$")
# What begins a paragraph of its own: a list item, a heading, a diagram.
OPENS_PARAGRAPH = re.compile(r"([-*+|] |\d+[.)] |\([a-z0-9]+\) |[-=]{3}|[A-Z]\w*: )")


def wrap(lines):
    """The same lines, with comments no wider than COLUMNS_MAX if they have spaces to break at."""
    wrapped = []
    pending = ""  # Words that did not fit the line above, which had this prefix.
    prefix = ""
    for line in lines:
        match = COMMENT.match(line)
        if pending:
            joins = (match and match.group(1) == prefix
                     and not OPENS_PARAGRAPH.match(match.group(2)))
            if joins:
                line = prefix + pending + " " + match.group(2)
            else:
                wrapped.extend(break_up(prefix, pending))
            pending = ""
        match = COMMENT.match(line)
        if match and len(line) > COLUMNS_MAX:
            prefix = match.group(1)
            first, *rest = break_up(prefix, match.group(2))
            wrapped.append(first)
            pending = " ".join(text[len(prefix):] for text in rest)
        else:
            wrapped.append(line)
    if pending:
        wrapped.extend(break_up(prefix, pending))
    return wrapped


def break_up(prefix, text):
    lines = []
    current = prefix.rstrip()
    for word in text.split(" "):
        if len(current) + 1 + len(word) > COLUMNS_MAX and len(current) > len(prefix):
            lines.append(current)
            current = prefix.rstrip()
        current += " " + word
    return lines + [current]


def main(names):
    for name in names:
        path = pathlib.Path(name)
        before = path.read_text(encoding="utf-8")
        after = "\n".join(wrap(before.split("\n")))
        if after != before:
            path.write_text(after, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
