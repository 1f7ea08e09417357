#!/usr/bin/env python3
"""iptables: what the command says, as recorded from the real one (iptables/linux.txt), and what rules do to packets.

usage: test_firewall.py WIREPATH
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
COMMANDS = """
local sim = require "sim"
local h = sim.network():host("h", { addr = "10.0.0.1/24" })
for line in ([[%s]]):gmatch("[^\\n]+") do
  local out, _, err = h:sh(line, { check = false })
  io.write("$ ", line, "\\n", err ~= "" and err:match("[^\\n]*\\n") or out)
end
sim.run()
"""

# a program on the client of client -- router -- server; what it prints -> what it must print
CHAIN = """
local sim = require "sim"
local S = require "posix.sys.socket"
local unistd = require "posix.unistd"
local net = sim.network()
local client = net:host("client", { addr = "10.0.1.10/24", gw = "10.0.1.1" })
local router = net:host("router", { addr = { "10.0.1.1/24", "10.0.2.1/24" } })
local server = net:host("server", { addr = "10.0.2.2/24", gw = "10.0.2.1" })
net:link(client, "router:eth0")
net:link("router:eth1", server)
router:sh("sysctl -w net.ipv4.ip_forward=1")
local function udp(port, addr)
  local fd = assert(S.socket(S.AF_INET, S.SOCK_DGRAM, 0))
  S.connect(fd, { family = S.AF_INET, addr = addr or "10.0.2.2", port = port })
  local _, _, now = S.send(fd, "x")
  sim.sleep("2s")
  local _, _, later = S.send(fd, "x")
  unistd.close(fd)
  return now or later
end
local function tcp(port, addr)
  local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
  S.setsockopt(fd, S.IPPROTO_TCP, S.TCP_SYNCNT, 1)
  local _, _, code = S.connect(fd, { family = S.AF_INET, addr = addr or "10.0.2.2", port = port })
  unistd.close(fd)
  sim.sleep("2s")
  return code
end
router:run("echo", function()
  local fd = assert(S.socket(S.AF_INET, S.SOCK_DGRAM, 0))
  S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = 77 })
  local text, from = S.recvfrom(fd, 100)
  S.sendto(fd, text:upper(), from)
end):daemon()
client:run("client", function()
%s
end)
sim.run()
"""
PROGRAMS = {
    # ICMP codes and what they are to a program (icmp_err_convert: the first two are not hard errors)
    "reject": ("""for _, how in ipairs { "net-unreachable", "host-unreachable", "proto-unreachable", "port-unreachable",
        "net-prohibited", "host-prohibited", "admin-prohibited" } do
      router:sh("iptables -F")
      router:sh("iptables -A FORWARD -p udp -j REJECT --reject-with icmp-" .. how)
      print(how, udp(9))
    end""", "net-unreachable nil\\nhost-unreachable nil\\nproto-unreachable 92\\nport-unreachable 111\\n"
            "net-prohibited 101\\nhost-prohibited 113\\nadmin-prohibited 113\\n".replace("\\n", "\n")),
    "reset": ("""router:sh "iptables -A FORWARD -p tcp --dport 7 -j REJECT --reject-with tcp-reset"
    server:sh "iptables -A INPUT -p tcp --dport 8 -j DROP"
    print(tcp(7), tcp(8))""", "111 110\n"),
    "output": ("""client:sh "iptables -A OUTPUT -p udp --dport 9 -j DROP"
    print(udp(9))
    client:sh "iptables -D OUTPUT -p udp --dport 9 -j DROP"
    client:sh "iptables -P OUTPUT DROP"
    print(udp(9))""", "1\n1\n"),
    "chains": ("""router:sh "iptables -N ports"
    router:sh "iptables -A ports -p udp --dport 1:10 -j RETURN"
    router:sh "iptables -A ports -j DROP"
    router:sh "iptables -A FORWARD -i eth0 -j ports"
    print(udp(9), udp(11))
    sim.sleep("10ms")
    io.write((router:sh("iptables -nvL ports")))""", """111 nil
Chain ports (1 references)
 pkts bytes target     prot opt in     out     source               destination         
    1    29 RETURN     udp  --  *      *       0.0.0.0/0            0.0.0.0/0            udp dpts:1:10
    2    58 DROP       all  --  *      *       0.0.0.0/0            0.0.0.0/0           
"""),
    "state": ("""client:sh "iptables -A INPUT -m state --state NEW,INVALID -j DROP"
    print(udp(9), tcp(9))
    client:sh "iptables -F INPUT"
    client:sh "iptables -A INPUT -m state --state RELATED,ESTABLISHED -j DROP"
    print(udp(9), tcp(9))""", "111 111\nnil 110\n"),
    "redirect": ("""router:sh "iptables -t nat -A PREROUTING -p udp --dport 9 -j REDIRECT --to-ports 77"
    local fd = assert(S.socket(S.AF_INET, S.SOCK_DGRAM, 0))
    S.connect(fd, { family = S.AF_INET, addr = "10.0.2.2", port = 9 })
    S.send(fd, "hello")
    print(S.recv(fd, 100))""", "HELLO\n"),
    # rules given as tables are the same rules
    "tables": ("""for _, r in ipairs {
      { "INPUT", protocol = "tcp", source = "!10.0.0.0/8", dport = 22, input = "eth0", target = "REJECT", reject_with = "tcp-reset" },
      { "INPUT", at = 1, protocol = "udp", target = "LOG", log_prefix = "a b:" },
      { "FORWARD", state = "!ESTABLISHED,RELATED", limit = "1/s", output = "eth1", target = "ACCEPT" },
      { "INPUT", protocol = "icmp", icmp_type = "echo-request", destination = "10.0.2.2", target = "DROP" },
      { "PREROUTING", table = "nat", protocol = "tcp", dport = "80:90", target = "DNAT", to_destination = "10.0.0.9:80" } } do
      local chain = table.remove(r, 1)
      router:rule(chain, r)
    end
    io.write((router:sh("iptables -S")), (router:sh("iptables -t nat -S PREROUTING")))
    for _, words in ipairs { { port = 1 }, { target = "DR'OP" }, { source = "x", target = "DROP" } } do
      print((select(2, pcall(router.rule, router, "INPUT", words)):match("[^\\n]*")))
    end""", """-P INPUT ACCEPT
-P FORWARD ACCEPT
-P OUTPUT ACCEPT
-A INPUT -p udp -j LOG --log-prefix "a b:"
-A INPUT ! -s 10.0.0.0/8 -i eth0 -p tcp -m tcp --dport 22 -j REJECT --reject-with tcp-reset
-A INPUT -d 10.0.2.2/32 -p icmp -m icmp --icmp-type 8 -j DROP
-A FORWARD -o eth1 -m conntrack ! --ctstate RELATED,ESTABLISHED -m limit --limit 1/sec -j ACCEPT
-P PREROUTING ACCEPT
-A PREROUTING -p tcp -m tcp --dport 80:90 -j DNAT --to-destination 10.0.0.9:80
host:rule: there is no option 'port'
host:rule: no ' and no end of line can be in DR'OP
host:sh: iptables -t 'filter' -A 'INPUT' -s 'x' -j 'DROP': iptables v1.8.9 (legacy): host/network `x' not found
"""),
    "log": ("""server:sh "iptables -A INPUT -p udp -m limit --limit 1/hour --limit-burst 1 -j LOG --log-prefix 'seen: '"
    udp(9) udp(9)
    io.write((server:dmesg():match("seen: [^\\n]*\\n")), select(2, server:dmesg():gsub("seen", "")), "\\n")""",
            "seen: IN=eth0 OUT= MAC=52:54:00:12:34:03:52:54:00:12:35:02:08:00 SRC=10.0.1.10 DST=10.0.2.2 LEN=29 TOS=0x00 "
            "PREC=0x00 TTL=63 ID=N DF PROTO=UDP SPT=N DPT=9 LEN=9 \n1\n"),
}


def run(*args):
    return subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def command(wirepath, tmp):
    script = os.path.join(tmp, "commands.lua")
    with open(os.path.join(HERE, "iptables", "commands.txt")) as f, open(script, "w") as out:
        out.write(COMMANDS % f.read())
    ours = run(wirepath, "run", script, "-o", os.path.join(tmp, "commands"), "--no-trace").stdout.split("\n$ ")
    with open(os.path.join(HERE, "iptables", "linux.txt")) as f:
        linux = f.read().split("\n$ ")
    check(len(linux) > 50, "the recorded answers are there")
    for want, have in zip(linux, ours):
        check(have.split("\n\ncommands.lua")[0].rstrip("\n") == want.rstrip("\n"), "ours:\n%s\nLinux:\n%s" % (have, want))


def programs(wirepath, tmp):
    for name, (body, want) in PROGRAMS.items():
        script, out = os.path.join(tmp, "chain.lua"), os.path.join(tmp, "chain")
        with open(script, "w") as f:
            f.write(CHAIN % body)
        r = run(wirepath, "run", script, "-o", out, "--no-trace")
        got = open(os.path.join(out, "client.client.out")).read().replace("\t", " ") if r.returncode == 0 else r.stdout
        got = re.sub(r"(ID|SPT)=\d+", r"\1=N", got)
        check(got == want, "%s: got\n%swanted\n%s" % (name, got, want))


def tshark(path, display, *fields):
    args = ["tshark", "-r", path, "-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o",
            "udp.check_checksum:TRUE", "-Y", display]
    for f in fields:
        args += ["-e", f]
    r = subprocess.run(args + (["-T", "fields"] if fields else []), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return r.stdout.split("\n")[:-1]


def scenario(wirepath, tmp):
    d = os.path.join(tmp, "firewall")
    r = run(wirepath, "run", os.path.join(SCENARIOS, "firewall.lua"), "-o", d, "--pcap")
    check(r.returncode == 0, r.stdout)
    for card in ("client.eth0", "gateway.eth0", "gateway.eth1", "server.eth0"):
        bad = tshark(os.path.join(d, card + ".pcapng"), "ip.checksum.status == 0 or udp.checksum.status == 0 "
                     "or icmp.checksum.status == 0 or (tcp.checksum.status == 0 and !icmp)")
        check(not bad, "%s: checksums: %s" % (card, bad))
    seen = set(tshark(os.path.join(d, "server.eth0.pcapng"), "ip", "ip.addr"))
    check(all("192.168" not in line for line in seen), "the network behind the gateway is hidden: %s" % seen)
    quoted = tshark(os.path.join(d, "client.eth0.pcapng"), "icmp.type == 3", "ip.src", "ip.dst")
    check(quoted and set(quoted) == {"203.0.113.80,192.168.1.10\t192.168.1.10,203.0.113.80"},
          "an error is translated, and what it quotes: %s" % quoted)
    chart = run(wirepath, "chart", d, "--host", "server", "--call", "nf_hook_slow", "--nth", "2").stdout
    check("| ipt_do_table |" in chart, "a chart shows the table: " + chart[:300])


def main():
    wirepath = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as tmp:
        command(wirepath, tmp)
        programs(wirepath, tmp)
        scenario(wirepath, tmp)
    return total()


sys.exit(main())
