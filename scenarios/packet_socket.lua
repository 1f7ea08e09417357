-- A sniffer: a packet socket sees all frames that its device receives and sends, whatever their protocol.
--
--   client                      hub             sniffer
--   ping --------------+----------+             socket(AF_PACKET, SOCK_RAW, ETH_P_ALL), bind(eth0)
--                      |          |             PACKET_ADD_MEMBERSHIP: promiscuous
--   server ------------+----------+
--
-- A hub repeats every frame to everybody. Without promiscuous mode the card of the sniffer lets only
-- broadcasts through (the ARP request); with it, all frames. It also sends a frame of its own from a
-- SOCK_DGRAM packet socket: the kernel puts the Ethernet header on.
--
-- Run it:     ./wirepath run scenarios/packet_socket.lua
-- Charts:     ./wirepath chart runs/packet_socket --host sniffer --call packet_rcv
--             ./wirepath chart runs/packet_socket --host sniffer --call sys_bind

local sim = require "sim"
local S = require "posix.sys.socket"
local unistd = require "posix.unistd"

local net = sim.network()
local client = net:host("client", { addr = "10.0.2.15/24" })
local server = net:host("server", { addr = "10.0.2.2/24" })
local sniffer = net:host("sniffer", { addr = "10.0.2.3/24" })
net:hub("hub"):connect(client, server, sniffer)

local ETH_P_ALL = 0x0300 -- 3, in network order, as the kernel wants it
local names = { [0x0800] = "IPv4", [0x0806] = "ARP", [0x88b5] = "of our own" }

local function mac(s) return (s:gsub(".", function(c) return (":%02x"):format(c:byte()) end):sub(2)) end

sniffer:run(function()
  local eth0 = assert(S.if_nametoindex("eth0"))
  local fd = assert(S.socket(S.AF_PACKET, S.SOCK_RAW, ETH_P_ALL))
  assert(S.bind(fd, { family = S.AF_PACKET, ifindex = eth0 }))
  assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, 0, 50000))

  local function sniff()
    local count = 0
    while true do
      local frame, from = S.recvfrom(fd, 2048)
      if not frame then return count end -- timed out: nothing more
      count = count + 1
      print(("%s > %s  %-10s %4d bytes%s"):format(mac(frame:sub(7, 12)), mac(frame:sub(1, 6)), names[from.protocol],
        #frame, from.pkttype == 4 and "  (sent)" or ""))
    end
  end

  print("not promiscuous:")
  sim.equal(sniff(), 1, "only the broadcast")
  assert(S.setsockopt(fd, S.SOL_PACKET, S.PACKET_ADD_MEMBERSHIP, eth0, S.PACKET_MR_PROMISC))
  -- IPv4 alone, from this device alone: IP gets such a frame first (deliver_skb > ip_rcv), then this socket
  local ip = assert(S.socket(S.AF_PACKET, S.SOCK_RAW, 0x0008))
  assert(S.bind(ip, { family = S.AF_PACKET, ifindex = eth0 }))
  print("promiscuous:")
  sim.equal(sniff(), 2, "request and reply, both for others")
  sim.assert(S.recvfrom(ip, 2048), "the IPv4 socket has them too")
  unistd.close(ip)

  local out = assert(S.socket(S.AF_PACKET, S.SOCK_DGRAM, 0))
  local all = { family = S.AF_PACKET, ifindex = eth0, protocol = 0x88b5, addr = ("\xff"):rep(6) }
  assert(S.sendto(out, "hello to everybody", all))
  print("what this host sends:")
  sim.equal(sniff(), 1, "its own frame")
  -- a socket that is bound can send whole frames, header and all, to its device
  assert(S.send(fd, ("\xff"):rep(6) .. "\2\0\0\0\0\1\x88\xb5" .. ("x"):rep(46)))
  sim.equal(sniff(), 0, "a socket does not see what it sends itself")
  unistd.close(out)
  unistd.close(fd)
end)

client:run(function()
  local fd = assert(S.socket(S.AF_INET, S.SOCK_DGRAM, S.IPPROTO_ICMP))
  for n = 1, 2 do
    sim.sleep("20ms")
    assert(S.sendto(fd, string.pack(">BBI2I2I2", 8, 0, 0, 0, n) .. "sniff", { family = S.AF_INET, addr = "10.0.2.2", port = 0 }))
    assert(S.recvfrom(fd, 2048))
    sim.sleep("60ms")
  end
  unistd.close(fd)
end)

sim.chart("packet_rcv", { host = "sniffer", show = true })
sim.chart("sys_bind", { host = "sniffer" })
sim.run()
