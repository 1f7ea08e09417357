#!/usr/bin/env python3
"""Drawings in Markdown files: made by `wirepath doc`, and those of the project are true.

usage: test_doc.py WIREPATH
"""
import os, subprocess, sys, tempfile

wirepath = os.path.abspath(sys.argv[1])
root = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
passed = failed = 0


def check(what, ok):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    if not ok:
        print("FAIL", what)


def doc(*args):
    r = subprocess.run([wirepath, "doc", *args], capture_output=True, text=True, cwd=root)
    return r.returncode, r.stdout, r.stderr


with tempfile.TemporaryDirectory() as tmp:
    page, picture = os.path.join(tmp, "page.md"), os.path.join(tmp, "calls.txt")
    before = ("# T\n<!-- wirepath chart runs/tcp_handshake --host client --call sys_connect --depth 1 -->\n```text\nold\n```\nend\n"
              "<!-- wirepath run scenarios/udp_echo.lua --seed 3 -->\n<!-- wirepath digest runs/udp_echo -->\n\n```\n```\n"
              "```\n$ ./wirepath digest runs/udp_echo\n```\n```\n<!-- wirepath in a block -->\n```\n"
              f"<!-- wirepath export runs/udp_echo --format calls -o {picture} -->\n")
    open(page, "w").write(before)
    check("--check: stale, exit 1, nothing written", doc("--check", page)[0] == 1 and open(page).read() == before
          and not os.path.exists(picture))
    check("made: exit 0", doc(page)[0] == 0)
    text = open(page).read()
    chart = subprocess.run([wirepath, "run", os.path.join(root, "scenarios/tcp_handshake.lua"), "-o", tmp + "/run"], capture_output=True)
    chart = subprocess.run([wirepath, "chart", tmp + "/run", "--host", "client", "--call", "sys_connect", "--depth", "1"],
                           capture_output=True, text=True).stdout
    check("the block holds what the command prints", f"```text\n{chart}```\nend\n" in text)
    subprocess.run([wirepath, "run", os.path.join(root, "scenarios/udp_echo.lua"), "-o", tmp + "/run3", "--seed", "3"], capture_output=True)
    digest = subprocess.run([wirepath, "digest", tmp + "/run3"], capture_output=True, text=True).stdout
    check("a run with options of its own", f"\n\n```\n{digest}```\n" in text)
    check("a block with its command, and one that has none",
          f"```\n$ ./wirepath digest runs/udp_echo\n{digest}```\n```\n<!-- wirepath in a block -->\n```\n" in text)
    check("a picture in a file", "sys_socket" in open(picture).read())
    check("now nothing is stale", doc("--check", page)[:2] == (0, ""))

    for what, line, says in [
        ("no such command", "<!-- wirepath dance -->\n```\n```\n", "there is no command 'dance'"),
        ("no such scenario", "<!-- wirepath digest runs/none -->\n```\n```\n", "none.lua"),
        ("no block", "<!-- wirepath digest runs/udp_echo -->\ntext\n", "a block between lines of ```"),
        ("the line has no end", "<!-- wirepath digest runs/udp_echo\n```\n```\n", "does not end in ' -->'"),
    ]:
        open(page, "w").write("# T\n" + line)
        code, out, err = doc(page)
        check(what + ": exit 2, says where", code == 2 and says in err and page + ":2" in err)
        check(what + ": the file is as it was", open(page).read() == "# T\n" + line)
    check("no file: exit 2", doc(os.path.join(tmp, "no.md"))[0] == 2)

pages = subprocess.run(["grep", "-rl", "--include=*.md", "-e", "^<!-- wirepath ", "-e", "^[$] ./wirepath ", "."], capture_output=True, text=True, cwd=root).stdout.split()
pages = sorted(p for p in pages if not p.startswith("./build"))
code, out, err = doc("--check", *pages) if pages else (0, "", "")
check(f"drawings of the project's pages are true (./wirepath doc {' '.join(pages)}):\n{out}{err}", code == 0)

print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
