-- ping by a ping socket (SOCK_DGRAM, IPPROTO_ICMP): no root needed, and the kernel finds the socket by the identifier.
--
--   client                                server
--   socket(SOCK_DGRAM, IPPROTO_ICMP)
--   sendto(echo request) ------------->   icmp_rcv > icmp_echo > icmp_reply    no program has a part in it
--   recvfrom()  <---------------------    echo reply
--
-- The first round trip includes ARP on both sides. At the end, two that do not work: a host that is not there, and one
-- in a network without a route.
--
-- Run it:     ./wirepath run scenarios/icmp_ping.lua
-- Charts:     ./wirepath chart runs/icmp_ping --host server --call icmp_rcv
--             ./wirepath chart runs/icmp_ping --host client --call ping_v4_sendmsg

local sim = require "sim"
local S = require "posix.sys.socket"
local unistd = require "posix.unistd"

local net = sim.network()
local client = net:host("client", { addr = "10.0.2.15/24" })
local server = net:host("server", { addr = "10.0.2.2/24" })
net:link(client, server, { rate = "100Mbit", delay = "1ms" })

-- Type 8, code 0; the checksum and the identifier are the kernel's to fill in.
local function echo_request(seq)
  return string.pack(">BBI2I2I2", 8, 0, 0, 0, seq) .. ("p"):rep(56)
end

local function to(addr) return { family = S.AF_INET, addr = addr, port = 0 } end

client:run(function()
  local fd = assert(S.socket(S.AF_INET, S.SOCK_DGRAM, S.IPPROTO_ICMP))
  assert(S.setsockopt(fd, S.IPPROTO_IP, S.IP_RECVERR, 1)) -- tell me of errors, too
  for seq = 1, 4 do
    local start = sim.now
    assert(S.sendto(fd, echo_request(seq), to "10.0.2.2"))
    local reply, from = assert(S.recvfrom(fd, 2048))
    local kind, _, _, id, answered = string.unpack(">BBI2I2I2", reply)
    print(("%d bytes from %s: icmp_seq=%d time=%.3f ms"):format(#reply, from.addr, answered, (sim.now - start) / 1e6))
    sim.equal(kind, 0, "an echo reply")
    sim.equal(answered, seq, "of the request that was sent")
    sim.equal(id, S.getsockname(fd).port, "the identifier is the socket's port")
    sim.sleep("1s")
  end

  assert(S.sendto(fd, echo_request(5), to "10.0.2.99"))
  local _, message, errno = S.recvfrom(fd, 2048)
  print("10.0.2.99: " .. message)
  sim.equal(errno, 113, "EHOSTUNREACH after three ARP requests")

  _, message, errno = S.sendto(fd, echo_request(6), to "192.168.1.1")
  print("192.168.1.1: " .. message)
  sim.equal(errno, 101, "ENETUNREACH at once")
  unistd.close(fd)
end)

sim.chart("icmp_rcv", { host = "server", show = true, depth = 8 })
sim.chart("ping_v4_sendmsg", { host = "client", depth = 8 })
sim.run()
