-- An echo server and three clients on a switch; every client gets its own bytes back.
--
-- Run it:  ./wirepath run scenarios/tcp_echo.lua --set bytes=100000

local sim = require "sim"
local S = require "posix.sys.socket"
local unistd = require "posix.unistd"

local BYTES = sim.param("bytes", 20000)
local CLIENTS = sim.param("clients", 3)

local net = sim.network()
local switch = net:switch("sw")
local server = net:host("server", { addr = "10.0.2.2/24" })
switch:connect(server, { rate = "100Mbit", delay = "20us" })

-- A text in which every position can be told from its neighbours.
local function pattern(seed, n)
  local t = {}
  for i = 1, n do
    t[i] = string.char((i * 7 + seed * 31 + i // 256) % 256)
  end
  return table.concat(t)
end

server:run("echo", function()
  local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
  assert(S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = 7 }))
  assert(S.listen(fd, 8))
  for _ = 1, CLIENTS do
    local conn, peer = S.accept(fd)
    local total = 0
    while true do
      local data = assert(unistd.read(conn, 4096))
      if data == "" then break end
      total = total + #data
      while #data > 0 do
        data = data:sub(assert(unistd.write(conn, data)) + 1)
      end
    end
    print("echoed " .. total .. " bytes to " .. peer.addr)
    unistd.close(conn)
  end
  unistd.close(fd)
end)

for i = 1, CLIENTS do
  local client = net:host("client" .. i, { addr = "10.0.2." .. 15 + i .. "/24" })
  switch:connect(client, { rate = "100Mbit", delay = "20us" })
  client:run(function()
    sim.sleep("1ms")
    local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
    assert(S.connect(fd, { family = S.AF_INET, addr = "10.0.2.2", port = 7 }))
    local sent, got = pattern(i, BYTES), {}
    for at = 1, #sent, 1000 do
      local part = sent:sub(at, at + 999)
      local n = 0
      assert(unistd.write(fd, part) == #part)
      while n < #part do
        local data = assert(unistd.read(fd, #part - n))
        n = n + #data
        got[#got + 1] = data
      end
    end
    sim.equal(table.concat(got) == sent, true, "every byte comes back")
    print("got " .. #sent .. " bytes back")
    unistd.close(fd)
  end)
end

sim.run()
