-- The life of a neighbour: every state of its entry, how it gets there and after how long.
--
--   NONE --send--> INCOMPLETE --answer--> REACHABLE --15 to 45 s--> STALE --send--> DELAY
--                      |                      ^                                       |
--                  no answer, 3 s             +------------- it answers --------------+ 5 s
--                      v                                                              v
--                   FAILED <------------------ no answer, 3 s --------------------- PROBE (asks it alone)
--
-- PERMANENT and NOARP are set by hand and stay. The states are those that `ip neigh` prints.
--
-- Run it:    ./wirepath run scenarios/arp_states.lua --pcap
-- Charts:    ./wirepath chart runs/arp_states --host client --call neigh_timer_handler --nth 3
--            ./wirepath chart runs/arp_states --host client --call __neigh_update

local sim = require "sim"
local S = require "posix.sys.socket"

local net = sim.network()
local client = net:host("client", { addr = "10.0.2.15/24" })
local server = net:host("server", { addr = "10.0.2.2/24" })
local link = net:link(client, server)

local SERVER = "10.0.2.2"

-- The last word of "10.0.2.2 dev eth0 lladdr 52:54:00:12:34:02 REACHABLE"; NONE has none.
local function state(addr)
  local line = client:sh("ip neigh show " .. (addr or SERVER) .. " nud all")
  return line == "" and "no entry" or line:match("(%u+)%s*$") or "NONE"
end

local last
local function now(why)
  if state() ~= last then
    last = state()
    print(("%-10s  %s"):format(last, why))
  end
end

-- Waits for a state, for so many seconds at most; returns the seconds that it took.
local function wait_for(want, limit, why)
  local start = sim.now
  while state() ~= want do
    sim.assert(sim.now - start < limit * 1e9, want .. " comes within " .. limit .. " s, not " .. state())
    sim.sleep("10ms")
  end
  now(why)
  return (sim.now - start) / 1e9
end

local function between(x, low, high) sim.assert(x >= low and x <= high, ("%.3f s, not %g to %g"):format(x, low, high)) end

client:run("client", function()
  local fd = assert(S.socket(S.AF_INET, S.SOCK_DGRAM, 0))
  local function send() S.sendto(fd, "x", { family = S.AF_INET, addr = SERVER, port = 9 }) end

  now("nobody has asked")
  send()
  now("a datagram waits for the answer")
  wait_for("REACHABLE", 1, "the answer: the datagram went out")
  between(wait_for("STALE", 46, "reachable_time is over: drawn between half and one and a half of 30 s"), 15, 45.1)
  sim.sleep("10s")
  now("nobody needs it")
  send()
  now("used: the datagram went to the old address, a timer runs")
  link:drop(1, { from = client }) -- the first question is lost
  between(wait_for("PROBE", 6, "delay_first_probe_time is over: ask it, and it alone"), 4.9, 5.1)
  between(wait_for("REACHABLE", 2, "the second question was answered"), 0.9, 1.1)

  link:down() -- the carrier goes: the client forgets its neighbours
  sim.sleep("2s")
  link:up()
  sim.sleep("5s")
  now("the cable was out")
  send()
  wait_for("REACHABLE", 1, "asked anew")
  wait_for("STALE", 46, "and old again")
  server:sh("ip link set eth0 down") -- the switch between them would not tell
  send()
  wait_for("PROBE", 6, "used, and not confirmed")
  between(wait_for("FAILED", 4, "three questions without an answer"), 2.9, 3.1)
  send()
  now("tried again: everybody is asked")
  between(wait_for("FAILED", 4, "nobody answers"), 2.9, 3.1)

  -- by hand; the kernel starts with NONE and leaves it at once
  for _, nud in ipairs { "permanent", "noarp", "stale", "reachable", "failed", "none" } do
    client:sh("ip neigh replace 10.0.2.9 lladdr 52:54:00:00:00:09 dev eth0 nud " .. nud)
    print(("%-10s  set by hand"):format(state("10.0.2.9")))
    sim.equal(state("10.0.2.9"), nud:upper())
  end
end)

sim.run()
