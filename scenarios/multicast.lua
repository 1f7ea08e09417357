-- A group of hosts: a sender, two members and one that is none, on a switch. Members tell by IGMP that they joined and
-- that they left, and have their cards listen to the group; who is no member does not even see the frames' contents.
-- A router (its program here) asks now and then who is still there.
--
-- Run it:    ./wirepath run scenarios/multicast.lua --pcap
-- Charts:    ./wirepath chart runs/multicast --host a --call ip_mc_join_group          membership, the card's hash
--            ./wirepath chart runs/multicast --host a --call igmp_ifc_timer_expire     the report
--            ./wirepath chart runs/multicast --host a --call igmp_rcv                  a query comes in
--            ./wirepath chart runs/multicast --host sender --call ip_mc_output         out, and back to oneself

local sim = require "sim"
local S = require "posix.sys.socket"
local unistd = require "posix.unistd"

local GROUP, PORT = "239.1.2.3", 6353

local net = sim.network()
local sender = net:host("sender", { addr = "10.0.2.1/24" })
local a = net:host("a", { addr = "10.0.2.2/24" })
local b = net:host("b", { addr = "10.0.2.3/24" })
local other = net:host("other", { addr = "10.0.2.4/24" })
local switch = net:switch("sw")
for _, host in ipairs { sender, a, b, other } do switch:connect(host) end

local function open(port)
  local fd = assert(S.socket(S.AF_INET, S.SOCK_DGRAM, 0))
  assert(S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = port }))
  return fd
end

-- Two members. The second wants only what 10.0.2.1 sends (IGMPv3 tells the routers that, too).
a:run(function()
  local fd = open(PORT)
  assert(S.setsockopt(fd, S.IPPROTO_IP, S.IP_ADD_MEMBERSHIP, GROUP, "10.0.2.2")) -- ip_mc_join_group
  for _ = 1, 2 do
    local data, from = S.recvfrom(fd, 100)
    print(data .. " from " .. from.addr)
  end
  assert(S.setsockopt(fd, S.IPPROTO_IP, S.IP_DROP_MEMBERSHIP, GROUP, "10.0.2.2")) -- ip_mc_leave_group
  unistd.close(fd)
end)

b:run(function()
  local fd = open(PORT)
  assert(S.setsockopt(fd, S.IPPROTO_IP, S.IP_ADD_SOURCE_MEMBERSHIP, GROUP, "10.0.2.1", "10.0.2.3"))
  local data, from = S.recvfrom(fd, 100)
  print(data .. " from " .. from.addr)
  sim.equal(from.addr, "10.0.2.1")
  assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, 3, 0))
  sim.equal(S.recvfrom(fd, 100), nil, "nothing from another source")
  unistd.close(fd) -- ip_mc_drop_socket
end)

-- No member: the card's filter lets the frames pass only when another group has the same hash.
other:run(function()
  local fd = open(PORT)
  assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, 3, 0))
  sim.equal(S.recvfrom(fd, 100), nil, "nothing without a membership")
  -- ... but anybody may send to a group
  assert(S.setsockopt(fd, S.IPPROTO_IP, S.IP_MULTICAST_IF, "10.0.2.4"))
  assert(S.sendto(fd, "hello", { family = S.AF_INET, addr = GROUP, port = PORT }))
end)

-- Sends from an own address by IP_MULTICAST_IF: without it a route to the group would be needed. Datagrams to groups
-- have ttl 1 unless IP_MULTICAST_TTL says more; what is sent to a group of one's own comes back (IP_MULTICAST_LOOP).
sender:run(function()
  sim.sleep("2s") -- reports are out, twice
  local fd = open(PORT)
  assert(S.setsockopt(fd, S.IPPROTO_IP, S.IP_MULTICAST_IF, "10.0.2.1"))
  assert(S.setsockopt(fd, S.IPPROTO_IP, S.IP_ADD_MEMBERSHIP, GROUP, "10.0.2.1"))
  assert(S.sendto(fd, "news", { family = S.AF_INET, addr = GROUP, port = PORT }))
  print("back to me: " .. S.recv(fd, 100))
end)

-- The router asks who is there: a general query to all hosts, to be answered within a second.
sender:run(function()
  sim.sleep("1s")
  local fd = assert(S.socket(S.AF_INET, S.SOCK_RAW, 2))
  assert(S.setsockopt(fd, S.IPPROTO_IP, S.IP_MULTICAST_IF, "10.0.2.1"))
  local query = string.pack(">BBI2I4BBI2", 0x11, 10, 0xec78, 0, 2, 125, 0)
  assert(S.sendto(fd, query, { family = S.AF_INET, addr = "224.0.0.1", port = 0 }))
end, "router")

sim.run()
