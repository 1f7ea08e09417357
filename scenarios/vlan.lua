-- Two networks on one wire: VLAN 5 and VLAN 6 (802.1Q) over the same cards. Alice and bob are in both; carol, at the
-- same hub, is in none and drops what she hears of them: its tag means that the frame is for somebody else.
--
-- Run it:  ./wirepath run scenarios/vlan.lua --pcap      (tshark -r runs/vlan/bob.eth0.pcapng: 802.1Q Virtual LAN)
-- Charts:  ./wirepath chart runs/vlan --host alice --call vlan_dev_hard_start_xmit   the tag goes beside the packet ...
--          ./wirepath chart runs/vlan --host alice --call ftgmac100_hard_start_xmit  ... and the card puts it in
--          ./wirepath chart runs/vlan --host bob --call __netif_receive_skb_core     the tag leads to the device

local sim = require "sim"
local S = require "posix.sys.socket"
local unistd = require "posix.unistd"

local net = sim.network()
local alice = net:host("alice", { addr = "10.0.2.15/24" })
local bob = net:host("bob", { addr = "10.0.2.2/24" })
local carol = net:host("carol", { addr = "10.0.2.3/24" })
net:hub("hub"):connect(alice, bob, carol, { rate = "100Mbit", delay = "20us" })

-- eth0.5 and eth0.6: devices on top of eth0. Packets of priority 6 (TOS 0x10, low delay) go out as VLAN priority 5.
for host, n in pairs { [alice] = 1, [bob] = 2 } do
  for _, id in ipairs { 5, 6 } do
    local dev = "eth0." .. id
    host:sh(("ip link add link eth0 name %s type vlan id %d egress-qos-map 6:5"):format(dev, id))
    host:sh("ip link set " .. dev .. " up")
    host:sh(("ip addr add 10.%d.0.%d/24 dev %s"):format(id, n, dev))
  end
end

local function address(addr, port)
  return { family = S.AF_INET, addr = addr, port = port }
end

-- Bob answers by TCP, whoever asks in whichever network.
bob:run("server", function()
  local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
  assert(S.bind(fd, address("0.0.0.0", 80)))
  assert(S.listen(fd, 8))
  for _ = 1, 2 do
    local conn, peer = S.accept(fd)
    print("from " .. peer.addr)
    assert(unistd.write(conn, "you are " .. peer.addr))
    unistd.close(conn)
  end
end)

alice:run("client", function()
  sim.sleep("1ms")
  for _, want in ipairs { { "10.5.0.2", "10.5.0.1" }, { "10.6.0.2", "10.6.0.1" } } do
    local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
    assert(S.setsockopt(fd, S.IPPROTO_IP, S.IP_TOS, 0x10))
    assert(S.connect(fd, address(want[1], 80)))
    sim.equal(unistd.read(fd, 100), "you are " .. want[2], "each network has its own address")
    unistd.close(fd)
  end
end)

-- What the wire carries: tags with priority 5, for both networks; and carol, who is sent nothing, gets all of it.
sim.run("10s")
