-- Retransmission: 200 kB over a link that loses one frame in ten. All bytes arrive, intact and in order.
--
-- Run it:  ./wirepath run scenarios/lossy_link.lua --seed 7 --set loss=0.2 --pcap
-- Another seed loses other frames; the same seed always the same ones. What was lost, and how it was sent again:
--          ./wirepath ladder runs/lossy_link
--          ./wirepath journey runs/lossy_link --packet 5 --frame 68

local sim = require "sim"
local S = require "posix.sys.socket"
local unistd = require "posix.unistd"

local LOSS = sim.param("loss", 0.1)
local BYTES = sim.param("bytes", 200000)

local net = sim.network()
local client = net:host("client", { addr = "10.0.2.15/24" })
local server = net:host("server", { addr = "10.0.2.2/24" })
local link = net:link(client, server, { rate = "100Mbit", delay = "5ms", loss = LOSS })

local parts = {}
for i = 1, BYTES // 8 do
  parts[i] = string.format("%07d\n", i)
end
local text = table.concat(parts)

server:run(function()
  local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
  assert(S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = 80 }))
  assert(S.listen(fd, 8))
  local conn = assert(S.accept(fd))
  local got = {}
  while true do
    local data = assert(unistd.read(conn, 65536))
    if data == "" then break end
    got[#got + 1] = data
  end
  local all = table.concat(got)
  sim.equal(#all, #text, "bytes received")
  sim.assert(all == text, "every byte is intact and in order")
  print("received " .. #all .. " bytes")
  unistd.close(conn)
  unistd.close(fd)
end)

client:run(function()
  sim.sleep("1ms")
  local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
  assert(S.connect(fd, { family = S.AF_INET, addr = "10.0.2.2", port = 80 }))
  local at = 1
  while at <= #text do
    at = at + assert(unistd.write(fd, text:sub(at, at + 65535)))
  end
  unistd.close(fd)
  print("sent " .. #text .. " bytes")
end)

sim.run()
local there, back = link:stats()
sim.log("frames lost: " .. there.lost .. " towards the server, " .. back.lost .. " towards the client")
