-- Golden's programs over a router.

local S = require "posix.sys.socket"
local G = require "common"
local sim = require "sim"

local function ping(to, ttl)
  G.rounds(G.client, "client", function(n)
    sim.sleep("100ms")
    G.ping(S.SOCK_RAW, to, n, ttl)
  end)
end

return {
  ["forward-ping"] = function() ping("10.0.1.2") end,
  ["forward-ttl-exceeded"] = function() ping("10.0.1.2", 1) end,
  ["forward-no-route"] = function() ping("10.0.9.9") end,
}
