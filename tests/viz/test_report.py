#!/usr/bin/python3
"""What `wirepath report` writes, looked at in headless Chromium: no network, no errors, the right answers.

usage: test_report.py WIREPATH [RECORDS]

Charts are checked against `wirepath chart`, decoded headers against tshark, sequence numbers and flags in the
ladder's words against tcpdump, the page against HTML's rules by tidy. A made-up trace of a million records
(RECORDS) must be drawn and answer clicks quickly; the figures are printed.

Debian's python3 is named above because python3-selenium belongs to it.
"""
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from trace_file import (CALL, DROP, ENTER, FRAME_RX, FRAME_TX, FUNCTION, HOP_IN, HOP_OUT, IDLE, IRQ, IRQ_END, NOTE,
                        RET, SOFTIRQ, STEP_TEXT, TASK, Trace, write_run)
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from tally import check, total

WIREPATH = os.path.abspath(sys.argv[1])
RECORDS = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"


def equal(got, want, what):
    return check(got == want, what, f"\n  got  {got!r}\n  want {want!r}")


def tool(*args, code=0):
    r = subprocess.run([str(a) for a in args], capture_output=True, text=True, timeout=120, check=False)
    check(r.returncode == code, "exit code of", *args, r.returncode, r.stderr)
    return r


# ---- the browser ----

class Browser:
    def __init__(self):
        options = Options()
        for arg in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                    "--window-size=1280,800"):
            options.add_argument(arg)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": 1280, "height": 800, "deviceScaleFactor": 1, "mobile": False})
        self.js = self.driver.execute_script

    def open(self, path, fragment=""):
        self.driver.get("about:blank")
        self.driver.get_log("performance")
        self.driver.get(f"file://{path}{fragment}")
        end = time.monotonic() + 60
        while not self.js("return !!window.report && !document.getElementById('loading')"):
            if time.monotonic() > end:
                check(False, "the page was not ready in a minute", path, self.driver.get_log("browser"))
                break
            time.sleep(0.02)
        self.quiet(path)

    def quiet(self, what):
        equal(self.driver.get_log("browser"), [], f"console of {what}")

    def requests(self):
        urls = []
        for entry in self.driver.get_log("performance"):
            m = json.loads(entry["message"])["message"]
            if m["method"] == "Network.requestWillBeSent":
                urls.append(m["params"]["request"]["url"].split("#")[0])
        return [u for u in urls if not u.startswith(("about:", "data:"))]

    def text(self, css):
        return self.js("return document.querySelector(arguments[0])?.textContent ?? null", css)

    def texts(self, css):
        return self.js("return Array.from(document.querySelectorAll(arguments[0]), (e) => e.textContent)", css)

    def keys(self, *keys):
        ActionChains(self.driver, duration=0).send_keys(*keys).perform()

    def settle(self):
        self.driver.execute_async_script(
            "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 200)))")

    def click_at(self, css, x, y):
        """Clicks at a point of an element, from its upper left corner."""
        e = self.driver.find_element(By.CSS_SELECTOR, css)
        ActionChains(self.driver, duration=0).move_to_element_with_offset(
            e, int(x - e.size["width"] / 2), int(y - e.size["height"] / 2)).click().perform()

    def find_call(self, host, name, nth=1):
        return self.js("""
            const [host, name, nth] = arguments, run = report.run;
            let n = 0;
            for (let i = 0; i < run.n; i++)
              if (run.isCall(i) && run.name(i) === name && run.hostOf(i).name === host && ++n === nth) return i;
            return -1""", host, name, nth)

    def click_call(self, i):
        """Brings a call into view, closes the panel that this opens, and clicks where it is drawn."""
        self.js("report.setView('timeline'); report.timeline.reveal(arguments[0], true)", i)
        self.settle()
        box = self.js("return report.timeline.box(arguments[0])", i)
        if check(box is not None, "the call is in view", i):
            self.click_at("#tl-canvas", box["x"] + box["w"] / 2, box["y"] + box["h"] / 2)


# ---- what other tools say ----

def chart_children(run, host, call, nth):
    """What `wirepath chart` draws right below the call."""
    out = tool(WIREPATH, "chart", run, "--host", host, "--call", call, "--nth", nth, "--depth", 1, "--unfold").stdout
    names = []
    for line in out.splitlines()[3:]:
        m = re.match(r" +[|+]--> (?:\| (\S+) \||(?!call ->)(.*))", line)  # a box, a step
        m = m or re.match(r" +\|? +\| (\S+) \|", line)  # the box below a line "call ->slot()"
        if m:
            names.append(m[m.lastindex].strip())
    return names


def panel_children(b):
    """The names below the root of the tree in the panel, calls in a row of one function as one."""
    return b.texts("#side-call .tree > li > ul > li > .line .name")


def once(names):
    """Without the repeats in a row."""
    return [n for k, n in enumerate(names) if k == 0 or names[k - 1] != n]


FIELDS = {
    "eth.src": ("Ethernet", "Source"), "eth.dst": ("Ethernet", "Destination"),
    "vlan.id": ("802.1Q VLAN", "ID"),
    "arp.opcode": ("ARP", "Opcode"), "arp.src.proto_ipv4": ("ARP", "Sender IP address"),
    "arp.dst.proto_ipv4": ("ARP", "Target IP address"), "arp.src.hw_mac": ("ARP", "Sender MAC address"),
    "ip.len": ("IPv4", "Total Length"), "ip.id": ("IPv4", "Identification"), "ip.ttl": ("IPv4", "Time to Live"),
    "ip.frag_offset": ("IPv4", "Fragment Offset"), "ip.proto": ("IPv4", "Protocol"),
    "ip.checksum": ("IPv4", "Header Checksum"), "ip.src": ("IPv4", "Source Address"),
    "ip.dst": ("IPv4", "Destination Address"), "ip.hdr_len": ("IPv4", "Header Length"),
    "icmp.type": ("ICMP", "Type"), "icmp.code": ("ICMP", "Code"), "icmp.checksum": ("ICMP", "Checksum"),
    "icmp.seq": ("ICMP", "Sequence Number"),
    "udp.srcport": ("UDP", "Source Port"), "udp.dstport": ("UDP", "Destination Port"),
    "udp.length": ("UDP", "Length"), "udp.checksum": ("UDP", "Checksum"),
    "tcp.srcport": ("TCP", "Source Port"), "tcp.dstport": ("TCP", "Destination Port"),
    "tcp.seq_raw": ("TCP", "Sequence Number (raw)"), "tcp.ack_raw": ("TCP", "Acknowledgment number (raw)"),
    "tcp.hdr_len": ("TCP", "Header Length"), "tcp.flags": ("TCP", "Flags"),
    "tcp.window_size_value": ("TCP", "Window"), "tcp.checksum": ("TCP", "Checksum"),
    "tcp.urgent_pointer": ("TCP", "Urgent Pointer"),
}


def number(text):
    """The value that a field begins with: both tools' ways of writing it made one."""
    word = text.split(" ")[0].lower()
    if re.fullmatch(r"0x[0-9a-f]+", word):
        return int(word, 16)
    return int(word) if word.isdigit() else word


def tshark_frames(capture):
    """Of each frame the fields that tshark finds in its outermost headers."""
    args = [a for f in FIELDS for a in ("-e", f)]
    out = tool("tshark", "-r", capture, "-n", "-T", "fields", "-E", "occurrence=f", "-o", "ip.defragment:FALSE",
               "-o", "tcp.desegment_tcp_streams:FALSE", *args).stdout
    return [{f: number(v) for f, v in zip(FIELDS, line.split("\t")) if v} for line in out.splitlines()]


def report_frames(b, host, ifname):
    """The same of the frames that an interface of the report sent or received, in order of time."""
    frames = b.js("""
        const [host, ifname] = arguments, run = report.run, list = [];
        for (const [event] of [...run.known].sort((a, b) => a[0] - b[0]))
          if (run.hostOf(event).name === host && run.cardOf(event) === ifname)
            list.push(decodeFrame(run.frameBytes(event)).headers.map((h) => [h.name, h.fields.map((f) =>
              [f.name, f.value])]));
        return list""", host, ifname)
    result = []
    for headers in frames:
        fields, seen = {}, set()
        for name, values in headers:
            if name in seen:
                continue
            seen.add(name)
            for field, value in values:
                fields.setdefault((name, field), value)
        if "IPv4 (of the packet in question)" in seen:  # what ICMP quotes is not the frame's
            fields = {k: v for k, v in fields.items() if k[0] not in ("TCP", "UDP")}
        result.append({f: number(fields[k]) for f, k in FIELDS.items() if k in fields})
    return result


def check_dissection(b, run, host, ifname):
    want = tshark_frames(run / f"{host}.{ifname}.pcapng")
    got = report_frames(b, host, ifname)
    if not equal(len(got), len(want), f"frames of {host}/{ifname} in {run.name}"):
        return
    bad = 0
    for k, (g, w) in enumerate(zip(got, want)):
        if "icmp.type" in w:  # tshark also finds the quoted header's fields
            w = {f: v for f, v in w.items() if not f.startswith(("tcp.", "udp."))}
            if w["icmp.type"] not in (0, 8):
                w.pop("icmp.seq", None)
        if "ip.frag_offset" in w:
            w["ip.frag_offset"] *= 8  # tshark counts in eights
        if "ip.frag_offset" in w and w["ip.frag_offset"]:
            g, w = ({f: v for f, v in x.items() if not f.startswith(("tcp.", "udp.", "icmp."))} for x in (g, w))
        if g != w:
            bad += 1
            print("frame", k, "differs:", {f: (g.get(f), w.get(f)) for f in {*g, *w} if g.get(f) != w.get(f)},
                  file=sys.stderr)
    equal(bad, 0, f"frames of {host}/{ifname} in {run.name} that tshark takes apart otherwise")


# ---- the tests ----

def make_run(tmp, name, *more):
    run = tmp / name
    tool(WIREPATH, "run", SCENARIOS / f"{name}.lua", "-o", run, *more)
    page = tmp / f"{name}.html"
    tool(WIREPATH, "report", run, "-o", page)
    return run, page


def test_file(run, page, tmp):
    again = tmp / "again.html"
    tool(WIREPATH, "report", run, "-o", again)
    check(page.read_bytes() == again.read_bytes(), "the same run gives the same bytes")
    out = tool(WIREPATH, "report", run, "-o", "-").stdout
    check(out.encode() == page.read_bytes(), "-o - writes the report to standard output")
    tidy = subprocess.run(["tidy", "-q", "-errors", "--drop-empty-elements", "no", page], capture_output=True, text=True, check=False)
    equal(tidy.stderr.strip(), "", "tidy on the page")
    head = out.split('<script type="application/octet-stream"')[0]
    check(not re.search(r"(src|href|url\()\s*=?\s*[\"']?(https?:)?//", head), "nothing is fetched")
    r = tool(WIREPATH, "report", tmp / "nothing", code=2)
    check("nothing is not a run folder" in r.stderr, "a folder that is none", r.stderr)


def test_chart(b, run, page):
    b.open(page)
    equal(b.requests(), [f"file://{page}"], "requests of the page")
    equal(b.text("#scenario"), "tcp_handshake.lua", "the header names the scenario")
    for host, call, nth in (("client", "tcp_v4_connect", 1), ("client", "tcp_connect", 1), ("server", "tcp_v4_rcv", 2),
                            ("server", "net_rx_action", 3), ("client", "ip_queue_xmit", 1),
                            ("server", "arp_process", 1), ("client", "ftgmac100_interrupt", 2)):
        i = b.find_call(host, call, nth)
        if not check(i >= 0, "the report has the call", host, call, nth):
            continue
        b.click_call(i)
        equal(b.text("#side-call h2"), call, "the panel shows the call that was clicked")
        equal(panel_children(b), once(chart_children(run, host, call, nth)), f"children of {call} on {host}")
    where = b.texts("#side-call .facts dd")[0]
    equal(where, "client \u00b7 hard irq", "where an interrupt's call ran")
    b.js("report.select(report.run.frames[1].rxs[0])")
    check("frame from" in b.text("#side-call .hops"), "what set off a frame's arrival", b.text("#side-call"))
    b.quiet("charts")


def test_packet(b, run):
    b.js("report.setView('ladder')")
    b.settle()
    k = b.js("return report.ladder.rows.findIndex((r) => r.frame && report.frameLabel(r.frame.index).startsWith('[S] '))")
    y = b.js("return report.ladder.tops[arguments[0]] - report.ladder.scroller.scrollTop", k)
    b.click_at("#ladder-canvas", 400, 34 + y + 18)
    equal(b.text("#panel [aria-selected=true]"), "Bytes", "a click on a frame shows its bytes")
    rows = dict(zip(b.texts("#side-bytes tr th"), b.texts("#side-bytes tr td")))
    syn = tool("tshark", "-r", run / "client.eth0.pcapng", "-n", "-Y", "tcp.flags == 2", "-T", "fields", "-e", "tcp.seq_raw",
               "-e", "tcp.srcport", "-e", "ip.ttl", "-e", "tcp.options.mss_val").stdout.split()
    equal([rows["Sequence Number (raw)"], rows["Source Port"], rows["Time to Live"]], syn[:3], "headers of the SYN")
    options = b.js("return Array.from(document.querySelectorAll('#side-bytes tr'), (r) => r.textContent)")
    check(f"OptionMaximum segment size: {syn[3]} bytes" in options, "the SYN's options", options)
    # the field that is pointed at lights up in the bytes
    b.js("Array.from(document.querySelectorAll('#side-bytes tr')).find((r) => r.textContent.startsWith('Source Port'))"
         ".dispatchEvent(new Event('pointerenter'))")
    lit = b.texts("#side-bytes .hex .lit")
    equal("".join(lit[:2]), f"{int(syn[1]):04x}", "the bytes of the field that is pointed at")


def test_labels(b, run):
    """The ladder's words have the flags, sequence numbers and lengths that tcpdump prints."""
    out = tool("tcpdump", "-r", run / "client.eth0.pcapng", "-n", "-t").stdout
    want = []
    for line in out.splitlines():
        m = re.search(r"Flags \[([^]]*)\](?:, seq ([\d:]+))?(?:, ack (\d+))?.*length (\d+)", line)
        if m:
            want.append(tuple(m.groups()))
    got = []
    for label in b.js("return report.run.frames.map((f) => report.frameLabel(f.index))"):
        m = re.match(r"\[([^]]*)\](?: seq ([\d:]+))?(?: ack (\d+))?.* length (\d+)", label)
        if m:
            got.append(tuple(m.groups()))
    # tcpdump counts from the SYN on, and prints the SYN's own numbers whole
    def plain(labels):
        return [(f, n) if "S" in f else (f, s, a, n) for f, s, a, n in labels]
    equal(plain(got), plain(want), "labels of the segments")


def test_journey(b, run, page):
    b.open(page)
    i = b.js("""
        const run = report.run;
        for (let i = 0; i < run.n; i++)
          if (run.kindOf(i) === EV.SYSCALL && run.name(i).startsWith("sendto") && run.hostOf(i).name === "client")
            for (let e = i; e < run.end[i]; e++) if (run.kindOf(e) === EV.FN_SKB && run.name(e) === "udp_send_skb") return e;
        return -1""")
    check(i >= 0, "a sendto() in udp_echo")
    b.js("report.select(arguments[0]); report.setSide('journey')", i)
    facts = dict(zip(b.texts("#side-journey dt"), b.texts("#side-journey dd")))
    check(facts.get("begins", "").startswith("client \u00b7 task client in sendto("), "where the journey begins", facts)
    check(facts.get("ends", "").startswith("server \u00b7 task server in recvfrom"), "where the journey ends", facts)
    sections = b.texts("#side-journey .section b")
    check(sections[0] == "client" and sections[-1] == "server", "the journey's hosts", sections)
    legend = b.texts("#side-journey .legend li")
    packet = b.js("return report.selectedPacket()")
    tx, rx = b.js("""
        const run = report.run, f = run.frames.find((f) => run.obj[f.tx] === arguments[0]);
        return [run.time[f.tx], run.time[f.rxs[0]]]""", packet)
    times = {t.split("\u00b5")[0].rsplit(" ", 1)[0]: float(t.split("\u00b5")[0].rsplit(" ", 1)[1].replace("\u202f", ""))
             for t in legend if "\u00b5s" in t}
    equal(round(times.get("wire", 0), 3), 50.0, "time on the wire")
    equal(round(times.get("wire", 0) + times.get("sending", 0), 3), round((rx - tx) / 1000, 3), "time to send and on the wire")
    names = b.texts("#side-journey .steps .name")
    for name in ("ip_send_skb", "dev_queue_xmit", "ip_rcv", "udp_rcv"):
        check(name in names, "the journey passes", name)


def test_segment_journey(b):
    """A TCP segment: from write() to read(); that its sender frees it after the ACK comes afterwards."""
    b.js("report.select(report.run.frames.find((f) => report.frameLabel(f.index).includes('seq 1:101')).tx, { side: 'journey' })")
    facts = dict(zip(b.texts("#side-journey dt"), b.texts("#side-journey dd")))
    equal([facts["begins"], facts["ends"]], ["client \u00b7 task client in write(100)", "server \u00b7 task server in read(4096)"],
          "where a segment's journey begins and ends")
    steps = b.texts("#side-journey .steps li")
    after = steps.index("afterwards") if "afterwards" in steps else len(steps)
    check(any(s.startswith("skb_copy_datagram_iter") for s in steps[:after]), "the data is copied to the reader")
    check(any(s.startswith("tcp_rate_skb_delivered") for s in steps[after:]), "the ACK comes afterwards")


def test_search(b, run, page):
    b.open(page)
    calls = tool(WIREPATH, "export", run, "--format", "calls").stdout
    want = sum(int(m[1] or 1) for m in re.finditer(r"^ *tcp_v4_\w*(?:  x(\d+))?$", calls, re.M))
    b.keys("/")
    b.keys("tcp_v4_*", Keys.ENTER)
    b.settle()
    equal(b.js("return report.search.hits.length"), want, "calls found by tcp_v4_*")
    first = b.js("return report.state.selected")
    check(b.js("return report.run.name(arguments[0])", first).startswith("tcp_v4_"), "Enter goes to a result")
    b.keys(Keys.ESCAPE)
    b.keys("n")
    check(b.js("return report.state.selected") > first, "n goes to the next result")
    b.keys("N")
    equal(b.js("return report.state.selected"), first, "N goes back")
    check(re.match(r"\d+ of " + str(want), b.text("#hits").replace("\u202f", "")), "the count of results", b.text("#hits"))
    for query, kind, least in (("change tcp state to", "STEP", 4), ("write(100)", "SYSCALL", 1), ("packet 1", "FN_SKB", 10)):
        b.js("report.search.find(arguments[0])", query)
        kinds = b.js("return report.search.hits.map((i) => report.run.kindOf(i) === EV[arguments[0]])", kind)
        check(sum(kinds) >= least, "search for", query, len(kinds), sum(kinds))
    b.js("report.search.find('no such thing')")
    equal(b.text("#hits"), "nothing found", "search for what is not there")
    b.quiet("search")


def state_of(b):
    return b.js("""const s = report.state;
        return [s.view, s.scale, s.x0, s.x1, s.selected, s.side, s.query, [...s.hiddenHosts], [...s.hiddenLayers],
                [...s.hiddenContexts], s.dropsOnly, document.getElementById("tl-scroll").scrollTop]""")


def test_links(b, page):
    b.open(page)
    i = b.find_call("server", "tcp_v4_rcv", 2)
    b.js("report.search.find('tcp_*'); report.select(arguments[0], { side: 'journey' });"
         "report.state.hiddenLayers.add('skb'); report.state.hiddenHosts.add('client');"
         "report.state.hiddenContexts.add(4); report.filters.apply();"
         "report.timeline.setView(report.state.x0 + 300, report.state.x0 + 900)", i)
    b.settle()
    want, fragment = state_of(b), b.js("return location.hash")
    equal(want[7], ["client"], "a host is filtered")
    check(all("client" not in t for t in b.texts(".host-label")), "its lanes are gone")
    equal(b.js("return report.hash()"), fragment, "the address holds the view")
    b.open(page, fragment)
    b.settle()
    equal(state_of(b), want, "a link restores the view")
    equal(b.text("#side-journey h2"), f"Packet {b.js('return report.selectedPacket()')}", "and the panel")
    b.open(page, "#view=nothing&at=9-2&event=99999999&nocontexts=%zz&side=x")
    equal(b.js("return [report.state.view, report.state.selected]"), ["timeline", -1], "a link that fits no run")
    b.open(page, "#view=ladder&event=" + str(b.js("return report.run.frames[3].tx")) + "&side=bytes")
    equal(b.text("#panel [aria-selected=true]"), "Bytes", "a link to a frame")


def test_keys(b, page):
    b.open(page)
    b.js("report.timeline.fit()")
    b.settle()
    x0, x1 = b.js("return [report.state.x0, report.state.x1]")
    b.keys("+")
    y0, y1 = b.js("return [report.state.x0, report.state.x1]")
    check(y1 - y0 < x1 - x0, "+ zooms in")
    b.keys(Keys.ARROW_RIGHT)
    check(b.js("return report.state.x0") > y0, "the right arrow moves on")
    b.keys("0")
    equal(b.js("return [report.state.x0, report.state.x1]"), [x0, x1], "0 shows the whole run")
    b.keys("t")
    equal(b.js("return report.state.scale"), "time", "t changes the scale")
    b.js("report.select(arguments[0])", b.find_call("client", "tcp_v4_connect"))
    b.keys("u")
    equal(b.text("#side-call h2"), "__inet_stream_connect", "u goes to the caller")
    b.keys("i")
    equal(b.js("return report.run.parent(report.state.selected)"), b.find_call("client", "__inet_stream_connect"),
          "i goes to the first callee")
    b.keys("?")
    check(b.js("return document.getElementById('help').open"), "? shows the keys")
    b.keys(Keys.ESCAPE)
    check(not b.js("return document.getElementById('help').open"), "Escape closes them")
    b.keys(Keys.ESCAPE)
    check(b.js("return document.getElementById('panel').hidden"), "Escape closes the panel")
    for key, view in (("2", "ladder"), ("3", "run"), ("1", "timeline")):
        b.keys(key)
        check(b.js("return !document.getElementById(arguments[0]).hidden", view), key, "shows", view)
    # the wheel zooms at the pointer, dragging moves
    b.settle()
    b.js("report.timeline.fit()")
    b.js("document.getElementById('tl-canvas').dispatchEvent(new WheelEvent('wheel', { deltaY: -100, clientX: 600,"
         "clientY: 300, bubbles: true, cancelable: true }))")
    width = b.js("return report.state.x1 - report.state.x0")
    check(width < x1 - x0 or b.js("return report.state.scale") == "time", "the wheel zooms")
    before = b.js("return report.state.x0")
    canvas = b.driver.find_element(By.ID, "tl-canvas")
    ActionChains(b.driver, duration=0).move_to_element(canvas).click_and_hold().move_by_offset(-120, 0).release().perform()
    check(b.js("return report.state.x0") > before, "dragging to the left moves on")
    # every control can be reached and has a name
    nameless = b.js("""return Array.from(document.querySelectorAll("button, input, select, [role=application]")).filter((e) =>
        !(e.getAttribute("aria-label") || e.textContent.trim() || e.labels?.length)).map((e) => e.outerHTML)""")
    equal(nameless, [], "controls without a name")
    b.quiet("keys")


CONTRAST = """
    const lum = (c) => { const v = c.match(/[\\d.]+/g).slice(0, 3).map((x) => (x /= 255) <= 0.03928 ? x / 12.92 :
      ((x + 0.055) / 1.055) ** 2.4); return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
    const ratio = (a, b) => { const [x, y] = [lum(a), lum(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
    const c = report.colors, low = [];
    c.fills.forEach((fill, k) => { if (ratio(fill, c.inks[k]) < 4) low.push([LAYERS[k], ratio(fill, c.inks[k])]); });
    for (const name of ["text", "muted", "accent", "drop", "resent"]) if (ratio(c[name], c.page) < 4.5) low.push([name]);
    return low;"""


def test_themes(b, page):
    for theme in ("light", "dark"):
        b.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": theme}]})
        b.open(page)
        color = b.js("return getComputedStyle(document.body).backgroundColor")
        equal(color, {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}[theme], f"the page when {theme} is preferred")
        equal(b.js(CONTRAST), [], f"colours without contrast, {theme}")
        b.keys("d")
        check(b.js("return getComputedStyle(document.body).backgroundColor") != color, "d changes to the other theme")
        pixel = b.js("""const g = report.timeline.canvas.getContext("2d"); report.timeline.draw();
            return Array.from(g.getImageData(2, report.timeline.viewHeight - 2, 1, 1).data.slice(0, 3))""")
        check((pixel[0] < 60) == (theme == "light"), "and so does the canvas", theme, pixel)
    b.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_overview(b, run, page):
    b.open(page)
    b.keys("3")
    text = b.text("#run")
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    for what in (manifest["digest_run"], manifest["digest_calls"], "./wirepath run lossy_link.lua --seed 7 --set loss=0.05 --pcap",
                 "lost on the link at random", (run / "client.client.out").read_text(encoding="utf-8").strip()):
        check(what in text, "the view of the run has", what)
    drops = b.js("return Array.from(report.run.dropCounts.values()).reduce((a, b) => a + b, 0)")
    equal(drops, manifest["drops"], "drops counted")
    frames = b.js("return report.run.frames.length")
    equal(frames, manifest["frames"], "frames counted")
    lost = b.js("return report.run.frames.filter((f) => f.drop >= 0).length")
    equal(b.js("return report.run.frames.filter((f) => !f.rxs.length && f.drop < 0).length"), 0, "frames of unknown fate")
    check(lost == manifest["drops"], "frames lost", lost)
    # one that was sent again is marked
    check(b.js("return report.run.frames.filter((f) => report.frameInfo(f.index).resent).length") >= 1, "frames sent again")
    b.keys("2")
    b.js("document.getElementById('filter-drops').click(); report.filters.show();"
         "report.state.dropsOnly = true; report.filters.apply()")
    check(0 < b.js("return report.ladder.rows.length") < b.js("return report.ladder.all.length"), "only the dropped packets")
    b.quiet("overview")


def test_values(b, run, page):
    """Values over time: the same changes as in `wirepath export --format csv`, in lanes of their own."""
    b.open(page)
    out = tool(WIREPATH, "export", run, "--format", "csv", "--host", "client").stdout.splitlines()
    name, changes = b.js("""
        const run = report.run, s = run.series.find((s) => s.name === "snd_cwnd" && run.hostAt[s.host].name === "client");
        return [s.of, Array.from(s.places, (p, k) => [run.time[p], s.values[k]])]""")
    rows = [r.split(",") for r in out if r.split(",")[3] == "snd_cwnd"]
    check(len(rows) > 5, "congestion windows in the export", out[:3])
    equal([(t, v) for t, v in changes], [(int(r[0]), int(r[4])) for r in rows if r[2] == name], "congestion windows")
    b.js("report.timeline.scroller.scrollTop = 1e6")
    b.settle()
    button = b.js("return Array.from(document.querySelectorAll('.lane-label')).find((e) => e.textContent.startsWith('values'))")
    if check(button is not None, "the line that opens the values"):
        button.click()
    b.settle()
    check("snd_cwnd" in " ".join(b.texts(".series-label")), "the lanes of values", b.texts(".series-label"))
    check("values=" in b.js("return report.hash()"), "a link keeps them open")


HOSTILE = ["</script><script>window.hacked=1</script>", "\"><img src=x onerror=window.hacked=2>", "]]>&amp;<b>", "a'b\"c\\"]


def test_hostile(b, tmp):
    """Names that try to break out of the page are texts in it."""
    fns = [(n, FUNCTION, "stack/" + n + "/x.c", n) for n in HOSTILE] + [(n, STEP_TEXT, "stack/transport/x.c", "") for n in HOSTILE]
    t = Trace(fns, drops=[(1, HOSTILE[1])])
    h = t.host(HOSTILE[0])
    h.task(1, HOSTILE[1])
    h.rec(TASK, obj=1)
    h.rec(CALL, depth=1, obj=h.string(HOSTILE[0]))
    for n in HOSTILE:
        h.enter(n, 1)
        h.step(n, 1)
    h.rec(DROP, fn=1, depth=1, obj=5)
    h.rec(NOTE, depth=1, obj=h.string(HOSTILE[1]))
    h.rec(RET, depth=1)
    h.rec(IDLE)
    write_run(tmp / "hostile", t.bytes())
    (tmp / "hostile" / "x.y.out").write_text("".join(HOSTILE), encoding="utf-8")
    page = tmp / "hostile.html"
    r = tool(WIREPATH, "report", tmp / "hostile", "-o", page)
    check("--pcap" in r.stderr, "a note that the run has no captures", r.stderr)
    b.open(page)
    for view in ("1", "2", "3"):
        b.keys(view)
    for n in HOSTILE:
        b.js("report.search.find(arguments[0]); report.search.next(1); report.setSide('call')", n)
        check(n in b.text("#panel"), "the panel shows", n)
    check(HOSTILE[0] in b.text("#run pre + *, #run") or "".join(HOSTILE) in b.text("#run"), "the output is shown")
    equal(b.js("return [window.hacked, document.images.length]"), [None, 0], "nothing broke out")
    b.quiet("hostile names")


def test_no_captures(b, tmp):
    _, page = make_run(tmp, "tcp_echo", "--set", "clients=1", "--set", "bytes=2000")
    b.open(page)
    b.js("report.select(report.run.frames[0].tx, { side: 'bytes' })")
    check(b.text("#side-bytes h2").startswith("ARP who-has"), "the trace keeps the headers", b.text("#side-bytes h2"))
    long = b.js("return report.run.frames.find((f) => report.run.fn[f.tx] > 100)?.tx ?? -1")
    if check(long >= 0, "a long frame in tcp_echo"):
        b.js("report.select(arguments[0], { side: 'bytes' })", long)
        text = b.text("#side-bytes")
        check("The first 98 of " in text and "TCP" in text, "what the trace keeps of a long frame", text[:300])
        check("./wirepath run tcp_echo.lua --seed 1 --set clients=1 --set bytes=2000 --pcap" in text, "how to get the bytes", text[-300:])
        check("Cut short" not in text and "(wrong)" not in text, "a frame that is known in part is not called damaged", text)


def test_profile(b, tmp):
    """With costs, calls take time: a caller lasts at least as long as its callees, an interrupt's ends before idle."""
    _, page = make_run(tmp, "tcp_handshake", "--profile", "ast2500")
    b.open(page)
    equal(b.js("return report.state.scale"), "time", "a run with costs begins with the scale of time")
    bad = b.js("""
        const run = report.run; let bad = 0;
        for (let i = 0; i < run.n; i++) {
          if (!run.isCall(i)) continue;
          const p = run.parent(i);
          if (run.endTime(i) < run.time[i] || (p >= 0 && (run.time[i] < run.time[p] || run.endTime(i) > run.endTime(p)))) bad++;
        }
        return bad""")
    equal(bad, 0, "calls that last longer than their caller")


def make_big(tmp, records):
    """Two hosts, many rounds of: a program's call, an interrupt, a softirq, a frame there, a frame back."""
    names = ["irq_exit"] + [f"fn_{k:02}" for k in range(59)]
    t = Trace([(n, FUNCTION, f"stack/{layer}/f.c", "does " + n) for k, n in enumerate(names)
               for layer in [("application", "transport", "internet", "interface", "skb", "kernel")[k % 6]]])
    hosts = [t.host("a"), t.host("b")]
    for h in hosts:
        h.task(1, "prog")
        h.string("write(1000)")
    rank = [t.rank(n, FUNCTION) for n in names[1:]]
    rec = struct.Struct("<HBBI").pack

    def calls(depth, n, kind=ENTER, obj=0):
        return [rec(rank[(depth + k) % 59], depth + k % 20, kind, obj) for k in range(n)]

    blocks = {}
    for k, h in enumerate(hosts):
        blocks[k] = ([rec(0, 0, TASK, 1), rec(0, 1, CALL, 1)] + calls(1, 60) + [rec(0, 1, RET, 1000)],
                     [rec(0, 0, IDLE, 0)], [rec(0, 0, IRQ, 2)] + calls(1, 12) + [rec(0, 0, IRQ_END, 0)]
                     + [rec(t.rank("irq_exit", FUNCTION), 1, ENTER, 0), rec(0, 2, SOFTIRQ, 3)] + calls(2, 50)
                     + [rec(0, 0, IDLE, 0)])
    total = hop = 0
    while total < records:
        for k, h in enumerate(hosts):
            task, idle, irq = blocks[k]
            other, hop = hosts[1 - k], hop + 1
            h.advance(1000)
            h.recs += task
            h.rec(HOP_OUT, 4, 21, hop)
            h.rec(FRAME_TX, 60, 21, hop)
            h.recs += idle
            other.time = max(other.time, h.time)
            other.advance(500)
            other.rec(HOP_IN, 4, 1, hop)
            other.rec(FRAME_RX, 60, 1, hop)
            other.recs += irq
            h.time = other.time
            total += len(task) + len(irq) + 7
            if total % 4096 < 200:
                h.flush()
    write_run(tmp / "big", t.bytes())
    return t.nr_records


def test_big(b, tmp):
    n = make_big(tmp, RECORDS)
    page = tmp / "big.html"
    began = time.monotonic()
    tool(WIREPATH, "report", tmp / "big", "-o", page)
    made = time.monotonic() - began
    b.open(page)
    load = b.js("return report.loadTime")
    clicks, draws = [], []
    for part in (0.1, 0.35, 0.6, 0.85):
        i = b.js("const run = report.run; let i = Math.floor(run.n * arguments[0]); while (!run.isCall(i) || run.row[i] < 3) i++;"
                 "return i", part)
        clicks.append(b.js("""
            const i = arguments[0], t = report.timeline;
            t.reveal(i, true); t.draw();
            const box = t.box(i), at = { bubbles: true, button: 0, pointerId: 1, clientX: 0, clientY: 0 };
            const r = t.canvas.getBoundingClientRect(), began = performance.now();
            at.clientX = r.left + box.x + box.w / 2;
            at.clientY = r.top + box.y + box.h / 2;
            report.select(t.hit(box.x + box.w / 2, box.y + box.h / 2), { reveal: false });
            t.draw();
            document.getElementById("panel").getBoundingClientRect();
            return [performance.now() - began, report.state.selected === i]""", i))
    check(all(ok for _, ok in clicks), "clicks select what was clicked")
    slowest = max(ms for ms, _ in clicks)
    b.js("report.select(-1); report.timeline.fit(); for (const l of report.run.lanes) report.state.open.add(l.index);"
         "report.timeline.layout()")
    draws = b.js("""
        const t = report.timeline, times = [];
        for (let k = 0; k < 40; k++) { t.zoom(k < 25 ? 0.75 : 1, 0.4); t.pan(0.02); t.draw(); times.push(t.drawTime); }
        return times""")
    draws.sort()
    search = b.js("const t = performance.now(); report.search.find('fn_0*'); return performance.now() - t")
    journey = b.js("const t = performance.now(); report.select(report.run.frames[200].rxs[0], { side: 'journey' });"
                   "return performance.now() - t")
    ladder = b.js("const t = performance.now(); report.setView('ladder'); report.ladder.draw(); return performance.now() - t")
    b.js("report.setView('timeline'); report.timeline.coarse = 8; report.timeline.draw(); report.setView('ladder');"
         "window.dispatchEvent(new Event('resize'))")
    time.sleep(0.4)  # the fine picture that follows a coarse one has nowhere to go
    b.quiet("a million records")
    print(f"{n:,} records: report {page.stat().st_size / 1e6:.1f} MB in {made:.1f} s, loaded in {load / 1000:.1f} s; click "
          f"{slowest:.0f} ms, picture {draws[len(draws) // 2]:.1f} ms (slowest {draws[-1]:.1f}), search {search:.0f} ms, "
          f"journey {journey:.0f} ms, ladder {ladder:.0f} ms")
    check(slowest < 1000, "a click is answered within a second", slowest)
    check(draws[len(draws) // 2] < 300, "a picture is drawn quickly", draws)
    check(load < 30000, "the page loads", load)


def main():
    with tempfile.TemporaryDirectory() as name:
        tmp = Path(name)
        run, page = make_run(tmp, "tcp_handshake", "--pcap")
        test_file(run, page, tmp)
        b = Browser()
        try:
            test_chart(b, run, page)
            test_packet(b, run)
            test_labels(b, run)
            test_segment_journey(b)
            check_dissection(b, run, "client", "eth0")
            test_search(b, run, page)
            test_links(b, page)
            test_keys(b, page)
            test_themes(b, page)
            run, page = make_run(tmp, "udp_echo", "--pcap")
            test_journey(b, run, page)
            check_dissection(b, run, "server", "eth0")
            for scenario, host, ifname in (("vlan", "alice", "eth0"), ("fragmentation", "router", "eth1"),
                                           ("routing", "router", "eth0")):
                run, page = make_run(tmp, scenario, "--pcap")
                b.open(page)
                check_dissection(b, run, host, ifname)
            run, page = make_run(tmp, "lossy_link", "--pcap", "--seed", "7", "--set", "loss=0.05")
            test_overview(b, run, page)
            test_values(b, run, page)
            test_hostile(b, tmp)
            test_no_captures(b, tmp)
            test_profile(b, tmp)
            test_big(b, tmp)
        finally:
            b.driver.quit()
    return total()


sys.exit(main())
