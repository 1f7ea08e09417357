-- Two programs run commands at one time, on hosts whose CPUs take time over them: each goes on as itself.

local sim = require "sim"

local net = sim.network()
local a = net:host("a", { addr = "10.0.0.1/24" })
local b = net:host("b", { addr = "10.0.0.2/24" })
net:link(a, b)

local ended = {}

local function program(host, name, time)
  host:run(name, function()
    host:sh("sysctl -w net.ipv4.ip_forward=1")
    sim.sleep(time)
    ended[name] = true
  end)
end

program(a, "a", "1s")
program(b, "b", "2s")
sim.run()
assert(ended.a and ended.b)
