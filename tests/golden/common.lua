-- What the golden programs share: the hosts of golden's README, rounds, and the reader's nap.
--
--   rate, delay  of the link
--   nap          how long a reader sleeps before each read
--   tail         how long the hosts are watched afterwards: timers in the background (TIME_WAIT, the
--                watchdog, ageing) show themselves then

local sim = require "sim"
local S = require "posix.sys.socket"
local U = require "posix.unistd"

local G = {}

local ROUNDS = 2 -- the second time the routes are known, as in golden
local NAP = sim.param("nap", "0")
local TAIL = sim.param("tail", "0")
local OPTIONS = { delay = sim.param("delay", "2ms"), rate = sim.param("rate", "100Mbit") }

local net = sim.network()

if sim.param("kind", "tcp"):sub(1, 8) == "forward-" then -- two networks with a router between them
  G.client = net:host("client", { addr = "10.0.0.1/24", gw = "10.0.0.254" })
  G.router = net:host("router", { addr = { "10.0.0.254/24", "10.0.1.254/24" } })
  G.server = net:host("server", { addr = "10.0.1.2/24", gw = "10.0.1.254" })
  net:link(G.client, "router:eth0", OPTIONS)
  net:link("router:eth1", G.server, OPTIONS)
  G.router:sh("sysctl -w net.ipv4.ip_forward=1")
else
  G.client = net:host("client", { addr = "10.0.0.1/24" })
  G.server = net:host("server", { addr = "10.0.0.2/24" })
  G.link = net:link(G.client, G.server, OPTIONS)
end

-- Runs fn as a program, once a round. In between all neighbours are forgotten, as before each run of golden.
function G.rounds(host, name, fn)
  host:run(name, function()
    for n = 1, ROUNDS do
      fn(n)
      sim.sleep("2s")
      if n < ROUNDS then host:sh("ip neigh flush dev eth0") end
    end
    sim.sleep(TAIL)
  end)
end

-- A reader's call, after its nap.
function G.read(call, ...)
  if NAP ~= "0" then sim.sleep(NAP) end
  return call(...)
end

function G.to(addr, port)
  return { family = S.AF_INET, addr = addr, port = port or 5000 }
end

function G.socket(kind, protocol)
  return assert(S.socket(S.AF_INET, kind, protocol or 0))
end

-- An echo request with its checksum (a raw socket sends it as it is).
local function echo_request(n)
  local function pack(sum) return string.pack(">BBI2I2I2", 8, 0, sum, 0x1234, n) .. ("p"):rep(56) end
  local sum, text = 0, pack(0)
  for i = 1, #text, 2 do sum = sum + string.unpack(">I2", text, i) end
  sum = (sum & 0xffff) + (sum >> 16)
  return pack(~((sum & 0xffff) + (sum >> 16)) & 0xffff)
end

-- One echo request with 56 bytes by a ping socket or a raw one; what comes back within a second.
function G.ping(kind, addr, n, ttl)
  local fd = G.socket(kind, S.IPPROTO_ICMP)
  if ttl then assert(S.setsockopt(fd, S.IPPROTO_IP, S.IP_TTL, ttl)) end
  assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, 1, 0))
  assert(S.sendto(fd, echo_request(n), G.to(addr, 0)))
  local answer = G.read(S.recvfrom, fd, 2048)
  U.close(fd)
  return answer
end

return G
