-- Runs the program of one kind of golden trace (see golden's README), to be compared by compare.py.
-- usage: wirepath run tests/golden/kinds.lua --set kind=tcp [--set PARAMETER=…]…
-- Parameters: see common.lua.

local sim = require "sim"

local KIND = sim.param("kind", "tcp")

for _, name in ipairs { "tcp_kinds", "udp_kinds", "raw_kinds", "forward_kinds", "device_kinds", "error_kinds" } do
  local start = require(name)[KIND]
  if start then
    start()
    return sim.run()
  end
end
error("there is no kind " .. KIND)
