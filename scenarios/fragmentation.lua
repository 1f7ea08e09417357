-- Datagrams that are longer than the wire takes: cut into fragments and put together again; with DF not sent at
-- all; with one fragment lost, given up after 30 seconds; cut by a router that has a narrower way out; overlapping.
--
--   client 10.0.1.10 --- [router] --- server 10.0.2.2
--
-- Run it:  ./wirepath run scenarios/fragmentation.lua --pcap
-- Then:    ./wirepath chart runs/fragmentation --host client --call ip_fragment
--          ./wirepath chart runs/fragmentation --host server --call ip_defrag

local sim = require "sim"
local S = require "posix.sys.socket"
local unistd = require "posix.unistd"
local errno = require "posix.errno"

local DONT, DO = 0, 2 -- IP_PMTUDISC_*

local net = sim.network()
local client = net:host("client", { addr = "10.0.1.10/24", gw = "10.0.1.1" })
local router = net:host("router", { addr = { "10.0.1.1/24", "10.0.2.1/24" } })
local server = net:host("server", { addr = "10.0.2.2/24", gw = "10.0.2.1" })
local first = net:link(client, "router:eth0", { rate = "100Mbit", delay = "100us" })
net:link("router:eth1", server, { rate = "100Mbit", delay = "100us" })
router:sh("sysctl -w net.ipv4.ip_forward=1")

server:run("server", function()
  local fd = assert(S.socket(S.AF_INET, S.SOCK_DGRAM, 0))
  assert(S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = 6000 }))
  while true do
    local data = assert(S.recvfrom(fd, 65536))
    if data == "end" then break end
    sim.equal(data, ("0123456789"):rep(#data // 10), "every byte is in its place")
    print("a datagram of " .. #data .. " bytes")
  end
  unistd.close(fd)
end)

client:run("client", function()
  local fd = assert(S.socket(S.AF_INET, S.SOCK_DGRAM, 0))
  assert(S.connect(fd, { family = S.AF_INET, addr = "10.0.2.2", port = 6000 }))
  local function send(bytes)
    local ok, why, code = S.send(fd, ("0123456789"):rep(bytes // 10))
    sim.sleep("100ms")
    return ok, why, code
  end
  sim.sleep("1ms")

  print("-- 4000 bytes: three fragments")
  assert(send(4000))

  print("-- the largest datagram there is: 45 fragments")
  assert(send(65500))

  print("-- DF: what does not fit is not sent")
  assert(S.setsockopt(fd, S.IPPROTO_IP, S.IP_MTU_DISCOVER, DO))
  local _, why, code = send(4000)
  print("send: " .. why)
  sim.equal(code, errno.EMSGSIZE, "longer than the mtu")
  assert(S.setsockopt(fd, S.IPPROTO_IP, S.IP_MTU_DISCOVER, DONT))

  print("-- a narrower link behind the router: it cuts every fragment again")
  router:sh("ip link set eth1 mtu 600")
  assert(send(4000))
  router:sh("ip link set eth1 mtu 1500")

  print("-- the second fragment is lost: the server waits for half a minute, then tells us")
  first:drop(1, { from = client, match = function(frame)
    return frame:byte(21) & 0x1f == 0 and frame:byte(22) == 185 -- at 1480 bytes
  end })
  assert(send(4000))
  sim.sleep("31s")

  print("-- fragments that overlap, made by hand: the whole datagram is dropped; a fragment sent twice does no harm")
  local raw = assert(S.socket(S.AF_INET, S.SOCK_RAW, S.IPPROTO_RAW)) -- IP_HDRINCL
  local function fragment(id, offset, more, payload)
    local header = string.pack(">BBI2I2I2BBI2I4I4", 0x45, 0, 0, id, (more and 0x2000 or 0) | offset // 8, 64,
      S.IPPROTO_UDP, 0, 0x0a00010a, 0x0a000202) -- IP fills in the length and the checksum
    assert(S.sendto(raw, header .. payload, { family = S.AF_INET, addr = "10.0.2.2", port = 0 }))
  end
  local udp = string.pack(">I2I2I2I2", 7, 6000, 28, 0) .. ("0123456789"):rep(2) -- checksum 0: none
  fragment(1, 0, true, udp:sub(1, 16))
  fragment(1, 8, false, udp:sub(9)) -- bytes 8 to 15 again: who could say which are the right ones?
  fragment(2, 0, true, udp:sub(1, 16))
  fragment(2, 0, true, udp:sub(1, 16)) -- the same one: ignored
  fragment(2, 16, false, udp:sub(17)) -- "a datagram of 20 bytes", once
  unistd.close(raw)
  sim.sleep("100ms")

  assert(S.send(fd, "end"))
  unistd.close(fd)
end)

sim.run()
