#!/usr/bin/env python3
"""Forwarding, path mtu, fragments and ICMP over several hosts: what programs, charts and captures show.

usage: test_routing.py WIREPATH
"""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from tally import check, total

HERE = os.path.dirname(os.path.abspath(__file__))
SCENARIOS = os.path.join(os.path.dirname(os.path.dirname(HERE)), "scenarios")
# client -- r1 -- r2 -- server; the body of a program on the client follows
CHAIN = """
local sim = require "sim"
local S = require "posix.sys.socket"
local unistd = require "posix.unistd"
local net = sim.network()
local client = net:host("client", { addr = "10.0.1.10/24", gw = "10.0.1.1" })
local r1 = net:host("r1", { addr = { "10.0.1.1/24", "10.0.2.1/24" }, gw = "10.0.2.2" })
local r2 = net:host("r2", { addr = { "10.0.2.2/24", "10.0.3.1/24" } })
local server = net:host("server", { addr = "10.0.3.2/24", gw = "10.0.3.1" })
net:link(client, "r1:eth0", { delay = "100us" })
net:link("r1:eth1", "r2:eth0", { delay = "100us" })
net:link("r2:eth1", server, { delay = "100us" })
r1:sh("sysctl -w net.ipv4.ip_forward=1")
r2:sh("sysctl -w net.ipv4.ip_forward=1")
r2:sh("ip route add 10.0.1.0/24 via 10.0.2.1")
local function try(addr, ttl)
  local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
  if ttl then assert(S.setsockopt(fd, S.IPPROTO_IP, S.IP_TTL, ttl)) end
  local _, _, code = S.connect(fd, { family = S.AF_INET, addr = addr, port = 5000 })
  unistd.close(fd)
  sim.sleep("10s")
  return code
end
client:run("client", function()
%s
end)
sim.run()
"""

# Two services that answer each other for ever, as chargen and echo once did: the run ends when its time is
# over, and one datagram has not become two.
ECHO_LOOP = """
local sim = require "sim"
local S = require "posix.sys.socket"
local net = sim.network()
local a = net:host("a", { addr = "10.0.0.1/24" })
local b = net:host("b", { addr = "10.0.0.2/24" })
net:link(a, b, { delay = "50us", rate = "100Mbit" })
local echoed = 0
for _, host in ipairs { a, b } do
  host:run("echo", function()
    local fd = assert(S.socket(S.AF_INET, S.SOCK_DGRAM, 0))
    assert(S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = 7 }))
    if host == a then assert(S.sendto(fd, "?", { family = S.AF_INET, addr = "10.0.0.2", port = 7 })) end
    while true do
      local data, from = S.recvfrom(fd, 100)
      assert(S.sendto(fd, data, from))
      echoed = echoed + 1
    end
  end)
end
sim.run("10ms")
print("echoed " .. echoed)
"""

# what the program prints -> what it must print
PROGRAMS = {
    "ttl": ("""for ttl = 1, 3 do print(ttl, try("10.0.3.2", ttl)) end""", "1 113\n2 113\n3 111\n"),
    "no route": ("""print(try("10.0.3.9"), try("172.16.0.1"))""", "113 101\n"),
    "route types": ("""for _, t in ipairs { "blackhole", "unreachable", "prohibit" } do
      client:sh("ip route add " .. t .. " 10.0.3.0/24")
      print(t, try("10.0.3.2"))
      client:sh("ip route del " .. t .. " 10.0.3.0/24")
    end""", "blackhole 22\nunreachable 113\nprohibit 13\n"),
    "forwarding is off": ("""r1:sh("sysctl -w net.ipv4.ip_forward=0")
    local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
    assert(S.setsockopt(fd, S.IPPROTO_TCP, S.TCP_SYNCNT, 1))
    print(select(3, S.connect(fd, { family = S.AF_INET, addr = "10.0.3.2", port = 5000 })))""", "110\n"),
    "forwarding per card": ("""r1:sh("sysctl -w net.ipv4.conf.eth0.forwarding=0")
    r1:sh("sysctl -w net/ipv4/conf/eth0/forwarding=1")
    print(try("10.0.3.2"))""", "111\n"),
    "static neighbour": ("""client:sh("ip neigh add 10.0.1.1 lladdr 52:54:00:12:34:99 dev eth0")
    local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
    assert(S.setsockopt(fd, S.IPPROTO_TCP, S.TCP_SYNCNT, 1))
    print(select(3, S.connect(fd, { family = S.AF_INET, addr = "10.0.3.2", port = 5000 })))
    client:sh("ip neigh del 10.0.1.1 dev eth0")
    print(try("10.0.3.2"))""", "110\n111\n"),
    "route mtu": ("""client:sh("ip route add 10.0.3.0/24 via 10.0.1.1 mtu 800")
    local fd = assert(S.socket(S.AF_INET, S.SOCK_DGRAM, 0))
    assert(S.connect(fd, { family = S.AF_INET, addr = "10.0.3.2", port = 9 }))
    assert(S.setsockopt(fd, S.IPPROTO_IP, S.IP_MTU_DISCOVER, 2))
    print(S.send(fd, ("x"):rep(772)), (select(3, S.send(fd, ("x"):rep(773)))))""", "772 90\n"),
    "errors of commands": ("""for _, c in ipairs { "sysctl -w net.ipv4.nothing=1", "ip route add 10.9.0.0/16 via 10.8.0.1",
        "ip link set eth9 mtu 1400", "ip link set eth0 mtu 10", "ip neigh add 10.0.1.1 lladdr zz dev eth0" } do
      print((select(2, pcall(client.sh, client, c)):gsub("^.-host:sh: ", "")))
    end""", """sysctl -w net.ipv4.nothing=1: sysctl: cannot stat /proc/sys/net/ipv4/nothing: No such file or directory
ip route add 10.9.0.0/16 via 10.8.0.1: Error: Nexthop has invalid gateway.
ip link set eth9 mtu 1400: Cannot find device "eth9"
ip link set eth0 mtu 10: Error: mtu less than device minimum.
ip neigh add 10.0.1.1 lladdr zz dev eth0: "zz" is invalid lladdr.
"""),
}


def run(*args):
    return subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def programs(wirepath, tmp):
    for name, (body, want) in PROGRAMS.items():
        script, out = os.path.join(tmp, "chain.lua"), os.path.join(tmp, "chain")
        with open(script, "w") as f:
            f.write(CHAIN % body)
        r = run(wirepath, "run", script, "-o", out, "--no-trace")
        got = open(os.path.join(out, "client.client.out")).read().replace("\t", " ") if r.returncode == 0 else r.stdout
        check(got == want, "%s: got\n%swanted\n%s" % (name, got, want))


def redirects(wirepath, tmp):
    here, out = os.path.join(HERE, "redirects"), os.path.join(tmp, "redirects")
    r = run(wirepath, "run", os.path.join(here, "replay.lua"), "-o", out, "--no-trace")
    got = open(os.path.join(out, "client.client.out")).read() if r.returncode == 0 else r.stdout
    check(got == open(os.path.join(here, "linux.txt")).read(), "redirects, unlike Linux: %s" % got)


def conservation(wirepath, tmp):
    d = os.path.join(tmp, "conservation")
    for seed in ("1", "2", "3"):
        r = run(wirepath, "run", os.path.join(HERE, "conservation.lua"), "-o", d, "--seed", seed, "--trace", "fn=udp_sendmsg")
        sent, doubled, came = map(int, re.findall(r"sent (\d+) doubled (\d+) came (\d+)", r.stdout)[0])
        events = run(wirepath, "export", d, "--format", "jsonl").stdout.splitlines()
        dropped = sum('"type":"drop"' in e for e in events)
        check(sent + doubled == came + dropped, "seed %s: %d sent and %d doubled, but %d came and %d were dropped" %
              (seed, sent, doubled, came, dropped))


def echo_loop(wirepath, tmp):
    script = os.path.join(tmp, "echo.lua")
    with open(script, "w") as f:
        f.write(ECHO_LOOP)
    r = run(wirepath, "run", script, "-o", os.path.join(tmp, "echo"), "--no-trace")
    # 50 us and 84 bytes at 100 Mbit/s each way, after ARP's request and answer
    check(r.returncode == 0 and "echoed %d\n" % ((10000 - 2 * 56.72) // 56.72) in r.stdout, "echo loop: %d\n%s" %
          (r.returncode, r.stdout))


def tshark(path, display, *fields):
    args = ["tshark", "-r", path, "-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-Y", display]
    for f in fields:
        args += ["-e", f]
    r = subprocess.run(args + (["-T", "fields"] if fields else []), stdout=subprocess.PIPE,
                       stderr=subprocess.DEVNULL, text=True)
    return r.stdout.split("\n")[:-1]


def scenarios(wirepath, tmp):
    for name in ("routing", "pmtu_blackhole", "fragmentation"):
        d = os.path.join(tmp, name)
        r = run(wirepath, "run", os.path.join(SCENARIOS, name + ".lua"), "-o", d, "--pcap")
        check(r.returncode == 0, "%s: %s" % (name, r.stdout))
        for pcap in os.listdir(d):
            if pcap.endswith(".pcapng"):
                bad = tshark(os.path.join(d, pcap),
                             "_ws.malformed or ip.checksum.status == 0 or (tcp.checksum.status == 0 and !icmp)")
                check(not bad, "%s/%s: %s" % (name, pcap, bad))
    # each hop takes one from the time to live
    hops = [set(tshark(os.path.join(tmp, "routing", p + ".pcapng"), "ip.src == 10.0.1.10 && tcp.len > 0", "ip.ttl"))
            for p in ("router.eth0", "router.eth1")]
    check(hops == [{"64"}, {"63"}], "ttl before and behind the router: %s" % hops)
    # what comes out of the narrow card fits it, and the client's large segments end with the first message
    eth1 = tshark(os.path.join(tmp, "pmtu_blackhole", "router.eth1.pcapng"), "ip.src == 10.0.1.10", "ip.len")
    check(max(map(int, eth1)) == 1400, "packets of the whole path mtu: %s" % max(map(int, eth1)))
    mtus = tshark(os.path.join(tmp, "pmtu_blackhole", "client.eth0.pcapng"), "icmp.type == 3", "icmp.mtu")
    check(set(mtus) == {"1400"}, "the router tells the mtu: %s" % set(mtus))
    frags = tshark(os.path.join(tmp, "fragmentation", "client.eth0.pcapng"),
                   "ip.src == 10.0.1.10 && frame.time_relative < 0.05 && ip.proto == 17", "ip.frag_offset", "ip.flags.mf")
    check(frags == ["0\t1", "185\t1", "370\t0"], "fragments of 4000 bytes: %s" % frags)


def charts(wirepath, tmp):
    def chart(folder, host, fn):
        return run(wirepath, "chart", os.path.join(tmp, folder), "--host", host, "--call", fn).stdout
    for folder, host, fn, calls in (
            ("routing", "router", "ip_forward", "nf_hook ip_forward_finish dst_output ip_output"),
            ("fragmentation", "client", "ip_fragment", "ip_do_fragment ip_fraglist_init ip_fraglist_prepare"),
            ("fragmentation", "router", "ip_fragment", "ip_do_fragment ip_frag_init ip_frag_next"),
            ("fragmentation", "server", "ip_frag_reasm", "ipq_kill inet_frag_reasm_prepare inet_frag_reasm_finish"),
            ("fragmentation", "server", "ip_expire", "ipq_kill inet_frag_pull_head icmp_send ipq_put"),
            ("pmtu_blackhole", "client", "icmp_unreach", "icmp_socket_deliver tcp_v4_err tcp_v4_mtu_reduced")):
        text = chart(folder, host, fn)
        for call in calls.split():
            check("| %s |" % call in text, "chart of %s on %s shows %s" % (fn, host, call))


def main():
    wirepath = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as tmp:
        programs(wirepath, tmp)
        redirects(wirepath, tmp)
        conservation(wirepath, tmp)
        echo_loop(wirepath, tmp)
        scenarios(wirepath, tmp)
        charts(wirepath, tmp)
    return total()


sys.exit(main())
