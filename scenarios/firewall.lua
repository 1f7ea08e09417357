-- A firewall that guards a server, and hides a network behind one address: rules of iptables at netfilter's hooks.
--
--   client 192.168.1.10 --- 192.168.1.1 eth0 [gateway] eth1 203.0.113.1 --- 203.0.113.80 server
--
-- Run it:  ./wirepath run scenarios/firewall.lua
-- Then:    ./wirepath chart runs/firewall --host server --call nf_hook_slow      # a rule decides
--          ./wirepath chart runs/firewall --host gateway --call nf_nat_ipv4_out  # an address is changed

local sim = require "sim"
local S = require "posix.sys.socket"
local unistd = require "posix.unistd"
local errno = require "posix.errno"

local net = sim.network()
local client = net:host("client", { addr = "192.168.1.10/24", gw = "192.168.1.1" })
local gateway = net:host("gateway", { addr = { "192.168.1.1/24", "203.0.113.1/24" } })
local server = net:host("server", { addr = "203.0.113.80/24" }) -- it knows no way to 192.168.1.0/24
net:link(client, "gateway:eth0")
net:link("gateway:eth1", server)

-- The gateway lets connections out, nothing in, and shows the world one address.
gateway:sh "sysctl -w net.ipv4.ip_forward=1"
gateway:sh "iptables -P FORWARD DROP"
gateway:sh "iptables -A FORWARD -i eth0 -o eth1 -j ACCEPT"
gateway:sh "iptables -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT"
gateway:sh "iptables -t nat -A POSTROUTING -o eth1 -j MASQUERADE"
-- From outside, its port 8080 is the client's port 80.
gateway:sh "iptables -t nat -A PREROUTING -i eth1 -p tcp --dport 8080 -j DNAT --to-destination 192.168.1.10:80"
gateway:sh "iptables -A FORWARD -i eth1 -p tcp -d 192.168.1.10 --dport 80 -j ACCEPT"

-- The server talks about port 80 only; it answers ssh with a reset, and keeps silent about telnet.
-- (A rule may also be given as a table: host:rule() makes the same command of it.)
server:rule("INPUT", { protocol = "tcp", dport = 22, target = "REJECT", reject_with = "tcp-reset" })
server:rule("INPUT", { protocol = "tcp", dport = 23, target = "LOG", log_prefix = "telnet:" })
server:rule("INPUT", { protocol = "tcp", dport = 23, target = "DROP" })
server:rule("INPUT", { protocol = "udp", target = "REJECT" })

local function serve(port)
  local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
  assert(S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = port }))
  assert(S.listen(fd, 8))
  local conn, peer = S.accept(fd)
  print("a call from " .. peer.addr)
  unistd.write(conn, "welcome")
  unistd.close(conn)
  return peer.addr
end

local function call(addr, port, syns)
  local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
  if syns then assert(S.setsockopt(fd, S.IPPROTO_TCP, S.TCP_SYNCNT, syns)) end
  local ok, why, code = S.connect(fd, { family = S.AF_INET, addr = addr, port = port })
  print(addr .. ":" .. port .. " " .. (ok and "says " .. unistd.read(fd, 100) or why))
  unistd.close(fd)
  return code
end

server:run("web", function() sim.equal(serve(80), "203.0.113.1", "who the server thinks calls") end)
client:run("web", function() sim.equal(serve(80), "203.0.113.80", "DNAT leaves the caller's address alone") end)

client:run("client", function()
  print("-- what the server's rules let through")
  sim.equal(call("203.0.113.80", 80), nil, "http")
  sim.equal(call("203.0.113.80", 22), errno.ECONNREFUSED, "ssh is refused")
  sim.equal(call("203.0.113.80", 23, 1), errno.ETIMEDOUT, "nobody hears of telnet")

  print("-- an ICMP error finds its way back through the gateway")
  local fd = assert(S.socket(S.AF_INET, S.SOCK_DGRAM, 0))
  assert(S.connect(fd, { family = S.AF_INET, addr = "203.0.113.80", port = 12345 }))
  assert(S.send(fd, "?"))
  sim.sleep("1ms")
  sim.equal(select(3, S.send(fd, "?")), errno.ECONNREFUSED, "icmp-port-unreachable")
  unistd.close(fd)

  print("-- a rule of one's own host: the program is told")
  client:sh "iptables -A OUTPUT -p udp --dport 69 -j DROP"
  fd = assert(S.socket(S.AF_INET, S.SOCK_DGRAM, 0))
  local _, why, code = S.sendto(fd, "?", { family = S.AF_INET, addr = "203.0.113.80", port = 69 })
  print("sendto: " .. why)
  sim.equal(code, errno.EPERM)
  unistd.close(fd)
end)

server:run("caller", function()
  sim.sleep("10s")
  sim.equal(call("203.0.113.1", 8080), nil, "the gateway's port 8080")
  sim.equal(call("203.0.113.1", 80), errno.ECONNREFUSED, "its own port 80 is nobody's")
end)

sim.run()
io.write(gateway:sh "iptables -L FORWARD -n -v", "\n", gateway:sh "iptables -t nat -S", "\n", server:dmesg())
