-- For test_state_chart.py: connections that end in every way: refused, in order, both at once, by a reset.
local sim = require "sim"
local S = require "posix.sys.socket"
local unistd = require "posix.unistd"

local net = sim.network()
local client = net:host("client", { addr = "10.0.2.15/24" })
local server = net:host("server", { addr = "10.0.2.2/24" })
net:link(client, server, { rate = "100Mbit", delay = "1ms" })

local SECOND = { simple = "10ms", both = "20ms", reset = "20ms" } -- when the server closes

server:run(function()
  local fd = S.socket(S.AF_INET, S.SOCK_STREAM, 0)
  S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = 80 })
  S.listen(fd, 8)
  for _, how in ipairs { "simple", "both", "reset" } do
    local conn = S.accept(fd)
    sim.sleep(SECOND[how])
    unistd.close(conn)
  end
end)

client:run(function()
  local function connect(port)
    local fd = S.socket(S.AF_INET, S.SOCK_STREAM, 0)
    return fd, S.connect(fd, { family = S.AF_INET, addr = "10.0.2.2", port = port })
  end
  local fd, ok, why = connect(81)
  sim.assert(not ok, why)
  unistd.close(fd)
  fd = connect(80)
  unistd.close(fd) -- before the server
  sim.sleep("50ms")
  fd = connect(80)
  sim.sleep("20500us") -- the server has closed 0.5 ms before: its FIN is on the way
  unistd.close(fd)
  sim.sleep("50ms")
  fd = connect(80)
  S.setsockopt(fd, S.SOL_SOCKET, S.SO_LINGER, 1, 0)
  unistd.close(fd)
  sim.sleep("70s")
end)

sim.run()
