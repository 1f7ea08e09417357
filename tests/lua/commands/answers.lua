-- How host:sh() answers, where a command runs, and that each file of /proc can be read.
local sim = require "sim"
local S = require "posix.sys.socket"
local unistd = require "posix.unistd"

local net = sim.network()
local client = net:host("client", { addr = "10.0.2.15/24" })
local server = net:host("server", { addr = "10.0.2.2/24" })
local cable = net:link(client, server)

-- output, status, errors; a command that failed raises unless it is told not to
local out, status, err = client:sh("ip -br link")
sim.assert(out:find("eth0 +UP") and status == 0 and err == "", "output and status")
local ok, why = pcall(client.sh, client, "ip link set eth9 up")
sim.assert(not ok and why:find('host:sh: ip link set eth9 up: Cannot find device "eth9"', 1, true), why)
out, status, err = client:sh("ip link set eth9 up", { check = false })
sim.assert(out == "" and status == 1 and err == 'Cannot find device "eth9"\n', err)
sim.assert(not pcall(client.sh, client, "ip link", { chek = true }), "an option that nobody knows")
for line, want in pairs { ["nothing -a"] = 127, [""] = 0, ["cat 'a"] = 2, ["dmesg | wc"] = 127, ["dmesg | grep"] = 2,
                          ["dmesg | grep nothing"] = 1, ["echo a  'b  c'"] = 0, ["echo 1 > /etc/passwd"] = 2,
                          ["ss -z"] = 255, ["netstat -z"] = 3, ["arp -x"] = 3, ["route -z"] = 3, ["sysctl -x"] = 1,
                          ["dmesg -x"] = 1, ["traceroute"] = 0 } do
  local _, code = client:sh(line, { check = false })
  if line ~= "traceroute" then sim.equal(code, want, line) end
end
sim.equal(client:sh("echo a  'b  c'"), "a b  c\n", "quotes keep blanks")
sim.equal(client:sh("dmesg | grep family | grep -v PACKET"), "[    0.000000] NET: Registered PF_INET protocol family\n")
for _, f in ipairs { "interrupts", "net/arp", "net/dev", "net/netstat", "net/packet", "net/raw", "net/route", "net/snmp",
                     "net/sockstat", "net/softnet_stat", "net/tcp", "net/udp", "sys/net/ipv4/tcp_rmem",
                     "sys/net/ipv4/neigh/eth0/delay_first_probe_time" } do
  sim.assert(#client:sh("cat /proc/" .. f) > 1, f)
end
-- every setting reads; what is written comes back (two kinds are not written: see gc_, and what can only be read)
for name in client:sh("sysctl -a -N"):gmatch("[^\n]+") do
  local value = client:sh("sysctl -n " .. name):sub(1, -2)
  if not (name:find("gc_") or name:find("_available_")) then client:sh(("sysctl -w %s='%s'"):format(name, value)) end
  sim.equal(client:sh("sysctl -n " .. name):sub(1, -2), value, name)
end

-- what Linux refuses, and what it makes of the rest (seen on 6.18; times by HZ=1000): setting, written, then read, or nothing
for _, t in ipairs {
  { "tcp_fastopen", "-1", "-1" }, { "tcp_fastopen", "2147483648" }, { "tcp_fastopen", "0x10", "16" }, { "tcp_fastopen", "1 2", "1" },
  { "tcp_fastopen", "1x" }, { "tcp_fastopen", "+1" }, { "tcp_fastopen", " " }, { "tcp_sack", "256" }, { "tcp_sack", "-1" },
  { "tcp_fastopen_blackhole_timeout_sec", "-1" }, { "tcp_notsent_lowat", "4294967295", "4294967295" }, { "tcp_notsent_lowat", "-1" },
  { "tcp_fin_timeout", "2147483", "2147483" }, { "tcp_fin_timeout", "2147484" }, { "tcp_fin_timeout", "-1", "-1" },
  { "tcp_max_reordering", "10", "10" }, { "tcp_reordering", "10", "10" }, { "tcp_reordering", "11" }, { "tcp_reordering", "0" },
  { "tcp_rmem", "8192", "8192\t131072\t2097152" }, { "tcp_rmem", "4096 x", "4096\t131072\t2097152" }, { "tcp_rmem", "0" },
  { "tcp_comp_sack_delay_ns", "4294967296", "4294967296" }, { "tcp_comp_sack_delay_ns", "-1" }, { "icmp_ratelimit", "-1" },
  { "tcp_autocorking", "2" }, { "tcp_app_win", "32" }, { "igmp_qrv", "0" }, { "igmp_qrv", "300", "300" }, { "ip_default_ttl", "0" },
  { "ip_local_port_range", "1023 2000" }, { "ip_local_port_range", "40000", "40000\t60999" }, { "ip_local_port_range", "61000" },
  { "ipfrag_high_thresh", "65536" }, { "ipfrag_time", "x" }, { "tcp_fastopen_key", "0-0-0-g" }, { "tcp_fastopen_key", "1-2-3-4," },
  { "tcp_fastopen_key", "-1-2-3-4" }, { "tcp_fastopen_key", "1-2-3" }, { "tcp_fastopen_key", " 123456789-2-3-4x, 0x5-6-7-8-9",
    "23456789-00000002-00000003-00000004,00000005-00000006-00000007-00000008" },
} do
  local before = client:sh("sysctl -n net.ipv4." .. t[1])
  client:sh(("sysctl -q -w 'net.ipv4.%s=%s'"):format(t[1], t[2]), { check = false })
  sim.equal(client:sh("sysctl -n net.ipv4." .. t[1]), t[3] and t[3] .. "\n" or before, t[1] .. "=" .. t[2])
end

-- a command that takes time, from the main part: a program, whose output is the command's
local ping = client:sh("ping -c 2 -i 0.5 server")
local nobody = client:sh("ping -c 1 -W 1 10.0.2.77 | grep transmitted")
sim.at("10s", function() server:sh("ping -c 1 client") end)

local fd, conn
server:run("server", function()
  fd = S.socket(S.AF_INET, S.SOCK_STREAM, 0)
  S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = 80 })
  S.listen(fd, 8)
  local raw, packet = S.socket(S.AF_INET, S.SOCK_RAW, 1), S.socket(17, S.SOCK_RAW, 0x300)
  conn = S.accept(fd)
  sim.sleep("100ms")
  out = server:sh("ss -an")
  for _, kind in ipairs { "p_raw UNCONN", "raw   UNCONN", "tcp   LISTEN", "tcp   ESTAB" } do
    sim.assert(out:find(kind, 1, true), kind .. " in\n" .. out)
  end
  sim.assert(server:sh("cat /proc/net/packet"):find("\n%x+ %d+ +3    0003   0     1 "), "/proc/net/packet")
  sim.assert(server:sh("cat /proc/net/raw"):find("\n   1: 00000000:0001 00000000:0000 07 "), "/proc/net/raw")
  sim.assert(server:sh("ss -tnim"):find("skmem:%(r%d+,rb%d+,.*cubic wscale:%d,%d rto:%d+ .*cwnd:10 "), "ss -tnim")
  sim.assert(client:sh("ss -tin"):find(" bbr:%(bw:0bps,mrtt:[%d.]+%) send %d+bps "), "bbr")
  sim.assert(client:sh("ss -ti"):find(" send %d%d?%d?%.?%d?Mbps "), "a rate in three digits")
  server:sh("tc qdisc replace dev eth0 root fq ce_threshold 2500us orphan_mask 0")
  sim.assert(server:sh("tc qdisc"):find("orphan_mask 0 quantum .*refill_delay 40ms ce_threshold 2.5ms timer_slack"), "fq")
  out = select(3, server:sh("tc qdisc replace dev eth0 root fq ce_threshold 4x", { check = false }))
  sim.equal(out, 'Illegal "ce_threshold"\n')
  -- one row: the heading is not as wide as what is told of it; two: as wide as what is told of the first
  sim.assert(server:sh("ss -tni"):find("^State Recv%-Q Send%-Q +Local Address:Port +Peer Address:Port *Process\n"), server:sh("ss -tni"))
  out = server:sh("ss -tani")
  sim.equal(#out:match("Process *\n"), #out:match("\n\t[^\n]*") + 1, out)
  unistd.close(conn)
  unistd.close(raw)
  unistd.close(packet)
end)

client:sh("sysctl -w net.ipv4.tcp_congestion_control=bbr")
client:run("client", function()
  local s = S.socket(S.AF_INET, S.SOCK_STREAM, 0)
  S.setsockopt(s, S.SOL_SOCKET, S.SO_KEEPALIVE, 1)
  S.connect(s, { family = S.AF_INET, addr = "10.0.2.2", port = 80 })
  sim.assert(client:sh("netstat -tno"):find("ESTABLISHED keepalive %(7%d%d%d%.%d%d/0/0%)"), "netstat's timers")
  sim.assert(client:sh("ss -to"):find("timer:%(keepalive,1%d%dmin,0%)"), "ss's timers")
  sim.sleep("1s")
  sim.assert(client:sh("ss -tan state close-wait"):find("10.0.2.2:80 "), "the other side has closed")
  unistd.close(s)
  sim.sleep("1s")
  sim.assert(server:sh("netstat -tan"):find("TIME_WAIT"), "the first to close waits")
  sim.assert(server:sh("ss -tano"):find("timer:%(timewait,5%dsec,0%)"), server:sh("ss -tano"))
  sim.assert(server:sh("cat /proc/net/tcp"):find(" 06 00000000:00000000 03:%x+ 00000000 +0 +0 0 %d "), "/proc/net/tcp")
  -- of another host: a program there
  local there = server:sh("ping -c 1 client")
  sim.assert(type(there) == "userdata", "a program")
  sim.sleep("1s")
  sim.equal(there:status(), 0, "it ran")
  -- errors that come by ICMP, and by the path
  out, status = client:sh("ping -c 1 -t 1 -s 100 -M dont 10.0.2.2")
  sim.assert(status == 0 and out:find("108 bytes from 10.0.2.2: icmp_seq=1 ttl=64 time="), out)
  sim.equal(select(2, client:sh("ping -c 3 -i 0.1 -q server")), 0)
  cable:down()
  out, status = client:sh("ping -c 2 -w 1 -i 0.4 server")
  sim.assert(status == 1 and out:find("3 packets transmitted, 0 received, 100%% packet loss, time 800ms"), out)
  cable:up()
end)
sim.run("60s")
sim.equal(ping:status(), 0, "two answers")
sim.equal(nobody:status(), 0, "grep found its line")
