#!/usr/bin/env python3
"""Prints what TRACE_LEAF functions reach that is traced, or called through a pointer: it would be drawn beside them.

usage: leaves.py [FOLDER]

A leaf (core/trace.h) has no span, so it must call nothing traced, not through helpers either. Read as text: functions
begin with their name at the left edge and end with '}' there, as clang-format puts them.
"""
import glob
import os
import re
import sys

DEFINITION = re.compile(r"^(?:[a-zA-Z_][\w \t*]*?[\s*])?(\w+)\([^;{}#]*\)[^;{}#()]*\n\{\n(.*?)^\}", re.M | re.S)
SPAN = re.compile(r"\bTRACE(?:_SKB|_SK)?(?:_IN|_AS|_LEAF)?\(|\bTRACE_AT_\(")
LEAF = re.compile(r"\bTRACE(?:_SKB|_SK)?_LEAF\(")
# Names that are called; of "p->name(" the arrow too, for a call through a pointer.
CALL = re.compile(r"(->|\.)?\b([a-z_]\w*)\(")
KEYWORDS = {"if", "for", "while", "switch", "return", "sizeof", "defined", "typeof", "alignof", "offsetof"}
# Ends of the run: what they draw does not matter.
FINAL = {"host_panic", "abort"}


def functions(top):
    """-> {name: [(file, line, body)]}"""
    found = {}
    for path in sorted(glob.glob(os.path.join(top, "**", "*.[ch]"), recursive=True)):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        # comments and strings out, lines kept
        text = re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', lambda m: "\n" * m.group().count("\n"), text, flags=re.S)
        for m in DEFINITION.finditer(text):
            found.setdefault(m.group(1), []).append((path, text[:m.start(1)].count("\n") + 1, m.group(2)))
    return found


def main():
    top = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
    known = {}
    for folder in ("core", "stack"):
        for name, places in functions(os.path.join(top, folder)).items():
            known.setdefault(name, []).extend(places)

    def reached(path, body, chain, seen):
        """Traced functions and pointers that the body reaches through functions without a span."""
        for arrow, name in CALL.findall(body):
            if arrow:
                yield chain + ["->" + name]
            if arrow or name in KEYWORDS or name in FINAL or name in seen:
                continue
            places = known.get(name, [])
            places = [p for p in places if p[0] == path] or places
            seen.add(name)
            for p, _, text in places:
                if SPAN.search(text):
                    yield chain + [name]
                else:
                    yield from reached(p, text, chain + [name], seen)

    leaves = 0
    for name, places in sorted(known.items()):
        for path, line, body in places:
            if not LEAF.search(body):
                continue
            leaves += 1
            for chain in reached(path, body, [name], {name}):
                print("%s:%d: %s" % (os.path.relpath(path, top), line, " > ".join(chain)))
    if not leaves:
        print("no leaf found in %s: the check does not work" % top)


if __name__ == "__main__":
    main()
