-- Two hosts with one address: what the kernel does about it, and what a program can do (RFC 5227).
--
--   client 10.0.2.15 ---+
--   owner  10.0.2.2  ---+--- sw        owner has had 10.0.2.2 for long; newcomer wants it too
--   newcomer         ---+
--
-- Linux does not look for conflicts. A kernel that gets an address takes it, says nothing, and hears nothing: it
-- does not even log that somebody else claims its address. The one thing it does is to answer a probe, a request
-- whose sender address is 0.0.0.0. So programs do the rest, over a packet socket:
--   1  probe (`arping -D`): ask for the address before taking it; an answer means: taken
--   2  announce (`arping -A`): tell everybody, so that old entries are corrected
--   3  defend: watch for somebody who claims the address, and announce it again
--
-- Run it:    ./wirepath run scenarios/arp_conflict.lua --pcap
-- Charts:    ./wirepath chart runs/arp_conflict --host owner --call arp_process            # a probe is answered
--            ./wirepath chart runs/arp_conflict --host client --call arp_is_garp           # believed at once

local sim = require "sim"
local S = require "posix.sys.socket"
local unistd = require "posix.unistd"

local net = sim.network()
local client = net:host("client", { addr = "10.0.2.15/24" })
local owner = net:host("owner", { addr = "10.0.2.2/24" })
local newcomer = net:host("newcomer")
net:switch("sw"):connect(client, owner, newcomer)

-- Whoever has the address tells who he is.
for _, host in ipairs { owner, newcomer } do
  host:run("name", function()
    local fd = assert(S.socket(S.AF_INET, S.SOCK_DGRAM, 0))
    assert(S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = 7 }))
    while true do
      local _, from = assert(S.recvfrom(fd, 100))
      S.sendto(fd, host.name, from)
    end
  end):daemon()
end

-- ---- ARP by hand, over a packet socket ----

local ETH_P_ARP = 0x0608 -- 0x0806, in network order, as the kernel wants it
local EVERYBODY = ("\xff"):rep(6)

local function ip(s)
  local a, b, c, d = s:match("(%d+)%.(%d+)%.(%d+)%.(%d+)")
  return string.char(a, b, c, d)
end

local function arp_socket()
  local fd = assert(S.socket(S.AF_PACKET, S.SOCK_DGRAM, ETH_P_ARP))
  assert(S.bind(fd, { family = S.AF_PACKET, ifindex = assert(S.if_nametoindex("eth0")), protocol = 0x0806 }))
  return fd
end

-- The card's own address: with a socket that is bound, getsockname() tells it.
local function own_mac(fd) return S.getsockname(fd).addr end

local function request(fd, sender, target)
  local packet = string.pack(">I2 I2 B B I2", 1, 0x0800, 6, 4, 1) .. own_mac(fd) .. ip(sender) .. ("\0"):rep(6) .. ip(target)
  assert(S.sendto(fd, packet,
    { family = S.AF_PACKET, ifindex = S.if_nametoindex("eth0"), protocol = 0x0806, addr = EVERYBODY }))
end

-- The next packet that somebody else sends as `addr`, within the socket's time: his hardware address.
local function claimed_by(fd, addr)
  while true do
    local packet, from = S.recvfrom(fd, 100)
    if not packet then return nil end
    if from.pkttype ~= 4 and packet:sub(15, 18) == ip(addr) and packet:sub(9, 14) ~= own_mac(fd) then
      return packet:sub(9, 14)
    end
  end
end

local function hex(mac) return (mac:gsub(".", function(c) return (":%02x"):format(c:byte()) end):sub(2)) end

-- 1: three probes, a fifth of a second apart (RFC 5227 wants one to two seconds)
local function is_taken(fd, addr)
  assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, 0, 200000))
  for _ = 1, 3 do
    request(fd, "0.0.0.0", addr)
    local who = claimed_by(fd, addr)
    if who then return who end
  end
end

-- 2
local function announce(fd, addr) request(fd, addr, addr) end

-- 3
local function defend(fd, addr)
  assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, 0, 0))
  while true do
    print("somebody else claims " .. addr .. ": " .. hex(claimed_by(fd, addr)))
    announce(fd, addr)
  end
end

-- ---- the story ----

client:run("asker", function()
  local fd = assert(S.socket(S.AF_INET, S.SOCK_DGRAM, 0))
  assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, 1, 0))
  local function who_is(addr)
    assert(S.sendto(fd, "who are you?", { family = S.AF_INET, addr = addr, port = 7 }))
    local name = S.recvfrom(fd, 100)
    print(addr .. " is " .. (name or "silent"))
    return name
  end

  sim.sleep("1s")
  sim.equal(who_is("10.0.2.2"), "owner")
  sim.sleep("2s") -- at 2 s the newcomer takes the address: no kernel says a word
  sim.equal(who_is("10.0.2.2"), "owner", "what is known stays known")
  sim.sleep("2s") -- at 4 s he announces it
  sim.equal(who_is("10.0.2.2"), "newcomer", "an announcement is believed at once")
  sim.sleep("2s") -- at 6 s he announces again, but the owner is on his guard
  sim.equal(who_is("10.0.2.2"), "owner", "the defender announced after him")
  sim.sleep("3s") -- at 8 s the newcomer lets go, probes, and takes another one
  sim.equal(who_is("10.0.2.3"), "newcomer")
  sim.equal(who_is("10.0.2.2"), "owner")
  unistd.close(fd)
end)

newcomer:run("newcomer", function()
  local fd = arp_socket()
  sim.sleep("2s")
  newcomer:sh("ip addr add 10.0.2.2/24 dev eth0")
  print("took 10.0.2.2 without asking")
  sim.sleep("2s")
  announce(fd, "10.0.2.2")
  sim.sleep("2s")
  announce(fd, "10.0.2.2")
  sim.sleep("2s")
  newcomer:sh("ip addr del 10.0.2.2/24 dev eth0")
  for _, addr in ipairs { "10.0.2.2", "10.0.2.3" } do
    local who = is_taken(fd, addr)
    print(addr .. (who and " is taken by " .. hex(who) or " is free"))
    sim.equal(who == nil, addr == "10.0.2.3")
    if not who then
      newcomer:sh("ip addr add " .. addr .. "/24 dev eth0")
      announce(fd, addr)
    end
  end
  unistd.close(fd)
end)

owner:run("guard", function()
  sim.sleep("5s")
  defend(arp_socket(), "10.0.2.2")
end):daemon()

sim.run()
sim.equal(owner:dmesg():find("10.0.2.2", 1, true), nil, "the kernel does not log a conflict")
