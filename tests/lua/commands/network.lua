-- The network and the programs that record.sh makes of namespaces; prints what each command says.
-- Parameters: client, server: the commands, a line each.
local sim = require "sim"
local S = require "posix.sys.socket"

local net = sim.network()
local client = net:host("client", { addr = "10.0.1.10/24", gw = "10.0.1.1" })
local router = net:host("router", { addr = { "10.0.1.1/24", "10.0.2.1/24" } })
local server = net:host("server", { addr = "10.0.2.2/24", gw = "10.0.2.1" })
net:link(client, "router:eth0")
net:link("router:eth1", server)
router:sh("sysctl -w net.ipv4.ip_forward=1 net.ipv4.icmp_ratemask=0")
server:sh("sysctl -w net.ipv4.icmp_ratemask=0")

local function run(host, lines)
  for line in sim.param(lines, ""):gmatch("[^\n]+") do
    local out, status, err = host:sh(line, { check = false })
    print(host.name .. "$ " .. line)
    io.write(out, err)
    print("= " .. status)
  end
end

server:run("server", function()
  local fd, u = S.socket(S.AF_INET, S.SOCK_STREAM, 0), S.socket(S.AF_INET, S.SOCK_DGRAM, 0)
  S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = 80 })
  S.listen(fd, 8)
  S.bind(u, { family = S.AF_INET, addr = "0.0.0.0", port = 53 })
  S.accept(fd)
  sim.sleep("1s")
  run(server, "server")
  sim.sleep("1000s")
end)

client:run("client", function()
  local fd, u = S.socket(S.AF_INET, S.SOCK_STREAM, 0), S.socket(S.AF_INET, S.SOCK_DGRAM, 0)
  S.bind(fd, { family = S.AF_INET, addr = "10.0.1.10", port = 40000 })
  S.connect(fd, { family = S.AF_INET, addr = "10.0.2.2", port = 80 })
  S.send(fd, ("x"):rep(100))
  S.bind(u, { family = S.AF_INET, addr = "10.0.1.10", port = 40001 })
  S.connect(u, { family = S.AF_INET, addr = "10.0.2.2", port = 53 })
  sim.sleep("2s")
  run(client, "client")
end)
sim.run("500s")
