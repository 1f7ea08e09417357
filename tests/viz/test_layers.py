#!/usr/bin/env python3
"""What `wirepath layers` draws of real runs.

usage: test_layers.py WIREPATH
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

from chart_reader import shapes
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from tally import check, total

WIREPATH = os.path.abspath(sys.argv[1])
ROOT = Path(__file__).resolve().parents[2]

def wirepath(*args):
    return subprocess.run([WIREPATH, *map(str, args)], capture_output=True, text=True, timeout=60)


def layers(*args):
    out = wirepath("layers", *args)
    check(out.returncode == 0, f"layers {args} ends with {out.returncode}: {out.stderr}")
    return out.stdout


class Picture:
    """Boxes by name, with the row of each and the numbers at the heads of arrows that point at it."""

    def __init__(self, text):
        self.lines = text.split("\n")
        self.boxes = {}
        for y, line in enumerate(self.lines):
            for m in re.finditer(r"\|\s+((?:card: )?[a-z_0-9]+(?: the wire| to the wire)?)\s+\|", line):
                if self.lines[y - 1][m.start():m.start() + 1] == "+":
                    self.boxes[m.group(1)] = (y, m.start(), m.end())

    def into(self, name, head="v"):
        """Numbers at the arrows that come from above (v) or below (^)."""
        y, a, b = self.boxes[name]
        step = -2
        if head == "^":
            step = 1
            while not self.lines[y + step][a:a + 1] == "+":
                step += 1
            step += 1
        return [int(n) for n in re.findall(re.escape(head) + r" (\d+)", self.lines[y + step][a:b + 3])]


def test_handshake(run):
    frames = json.loads((run / "manifest.json").read_text())["frames"]
    client, server = (Picture(layers(run, "--host", h)) for h in ("client", "server"))
    sent = [int(re.search(r"\| +(\d+) frames? +\|", "\n".join(p.lines)).group(1)) for p in (client, server)]
    check(sum(sent) == frames and sent == [7, 5], f"frames that the cards sent: {sent} of {frames}")
    for name in "sys_write", "tcp_sendmsg", "ip_queue_xmit", "ftgmac100_hard_start_xmit", "sys_read", "tcp_recvmsg", \
            "tcp_v4_rcv", "ip_rcv", "ftgmac100_interrupt":
        check(name in client.boxes, f"the documents' {name} is in the picture")
    down = ["sys_write", "tcp_sendmsg", "__tcp_transmit_skb", "ip_queue_xmit", "ip_output", "dev_queue_xmit",
            "ftgmac100_hard_start_xmit", "card: to the wire"]
    up = ["card: from the wire", "ftgmac100_interrupt", "ftgmac100_poll", "netif_receive_skb", "ip_rcv", "tcp_v4_rcv",
          "tcp_recvmsg", "sys_read"]
    for way, sign in (down, 1), (up, -1):
        rows = [client.boxes[n][0] * sign for n in way]
        check(rows == sorted(rows), f"from one to the next: {way}")
    check(all(client.boxes[d][1] < client.boxes[u][1] for d in down for u in up), "write at the left, read at the right")
    check(client.into("__tcp_transmit_skb") == [1, 1, 1, 3], "a SYN, data and a FIN, and three ACKs")
    check(client.into("ip_queue_xmit") == [6] and sum(client.into("dev_queue_xmit")) == 7, "six segments and ARP")
    check(client.into("ftgmac100_hard_start_xmit") == [7] == client.into("card: to the wire"), "seven frames")
    check(client.into("ip_rcv", "^") == [4] == client.into("tcp_v4_rcv", "^"), "four segments come")
    check(client.into("arp_rcv", "^") == [1] and client.into("tcp_recvmsg", "^") == [1], "an answer; data taken once")
    words = [l.strip() for l in client.lines]
    bands = [next(i for i, l in enumerate(words) if l.startswith(b)) for b in ("application", "transport", "internet",
                                                                               "network", "hardware")]
    check(bands == sorted(bands), "the bands")


def test_others(tmp):
    router = Picture(layers(tmp / "routing", "--host", "router"))
    folded = wirepath("export", tmp / "routing", "--format", "folded", "--host", "router").stdout
    forwarded = sum(int(n) for n in re.findall(r";ip_forward (\d+)$", folded, re.M))
    check(forwarded > 5 and router.boxes["ip_forward"][0] < router.boxes["ip_output"][0]
          and router.into("ip_forward", "^") == [forwarded] and "tcp_v4_rcv" not in router.boxes, "a router forwards")
    ping = Picture(layers(tmp / "icmp_ping", "--host", "client"))
    check(ping.into("ping_recvmsg", "^") == [4] and ping.boxes["ping_v4_sendmsg"][0] < ping.boxes["ip_send_skb"][0],
          "four answers of ping come by its queue")
    sniffer = Picture(layers(tmp / "packet_socket", "--host", "sniffer"))
    check(sniffer.boxes["packet_sendmsg"][0] < sniffer.boxes["dev_queue_xmit"][0] and
          len(sniffer.into("packet_recvmsg", "^")) == 1, "frames for a program past the internet layer")


def test_choice(run, tmp):
    whole = layers(run)
    check(whole.index(" client ") < whole.index(" server "), "every host")
    check(shapes(layers(run, "--format", "utf8")).translate(str.maketrans("▼▲◀▶", "v^<>")) == shapes(whole),
          "box characters draw the same")
    syn = Picture(layers(run, "--packet", 1, "--host", "client"))
    check(syn.into("ip_queue_xmit") == [1] and "sys_write" not in syn.boxes and "arp_rcv" in syn.boxes
          and syn.into("card: to the wire") == [1], "one packet: it left when ARP was answered")
    early = Picture(layers(run, "--to", "1100us", "--host", "client"))
    check("sys_connect" in early.boxes and "sys_write" not in early.boxes, "a time")
    svg = layers(run, "--host", "client", "--format", "svg")
    ns = "{http://www.w3.org/2000/svg}"
    texts = {t.text for t in ET.fromstring(svg).iter(ns + "text")}
    check({"tcp_sendmsg", "transport", "get data from queue", "write", "read"} <= texts, "svg")
    check(svg == layers(run, "--host", "client", "--format", "svg"), "the same svg twice")
    for form, magic in ("png", b"\x89PNG"), ("pdf", b"%PDF"):
        layers(run, "--format", form, "-o", tmp / f"x.{form}")
        check((tmp / f"x.{form}").read_bytes().startswith(magic), form)
    for args, words in ((["--host", "clent"], "did you mean client?"), (["--format", "gif"], "svg"),
                        (["--packet", 99999], "that choice")):
        out = wirepath("layers", run, *args)
        check(out.returncode == 2 and words in out.stderr, f"{args}: {out.stderr}")


def main():
    with tempfile.TemporaryDirectory() as name:
        tmp = Path(name)
        for scenario in "tcp_handshake", "icmp_ping", "routing", "packet_socket":
            out = wirepath("run", ROOT / f"scenarios/{scenario}.lua", "-o", tmp / scenario)
            check(out.returncode == 0, f"{scenario}: {out.stderr}")
        test_handshake(tmp / "tcp_handshake")
        test_others(tmp)
        test_choice(tmp / "tcp_handshake", tmp)
    return total()


sys.exit(main())
