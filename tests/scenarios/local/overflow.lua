-- A full neighbour table as programs see it: ENOBUFS with IP_RECVERR, silence without; TCP tries again.

local sim = require "sim"
local S = require "posix.sys.socket"

local net = sim.network()
local host = net:host("host", { addr = "10.0.0.1/24" })
net:link(host, net:host("peer", { addr = "10.0.0.2/24" }))
host:sh("sysctl -w net.ipv4.neigh.default.gc_thresh2=2 net.ipv4.neigh.default.gc_thresh3=3")

local IP_RECVERR, ENOBUFS, EHOSTUNREACH = 11, 105, 113
local function at(addr) return { family = S.AF_INET, addr = addr, port = 9 } end

host:run("overflow", function()
  sim.sleep("1s")
  local fd = S.socket(S.AF_INET, S.SOCK_DGRAM, 0)
  for i = 10, 13 do sim.equal(S.sendto(fd, "x", at("10.0.0." .. i)), 1, "nobody hears of it") end
  S.setsockopt(fd, S.IPPROTO_IP, IP_RECVERR, 1)
  sim.equal(select(3, S.sendto(fd, "x", at("10.0.0.14"))), ENOBUFS)
  sim.equal(S.sendto(fd, "x", at("10.0.0.10")), 1, "who has an entry keeps it")
  -- SYNs at 1, 2 and 4 s; at 4 s the entries are FAILED and make room; three requests until 7 s
  local _, _, code = S.connect(S.socket(S.AF_INET, S.SOCK_STREAM, 0), at("10.0.0.77"))
  sim.equal(code, EHOSTUNREACH)
  sim.equal(sim.now, 7000000000)
  -- two datagrams, two SYNs, and the first ICMP error: it goes over lo, which wants an entry, too
  sim.equal(select(2, host:dmesg():gsub("neighbour: arp_cache: neighbor table overflow!", "")), 5)
end)

sim.run()
