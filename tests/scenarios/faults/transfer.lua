-- One connection over a link with faults; writes down every TCP frame that comes to the wire, and what became of it.
--
-- drop=D10.1,R,...: frames by name. D10.1 is the tenth data segment of the client when it is sent first, D10.2 its first
-- retransmission, SYN.1, SYNACK.1, FIN.1 (client's), CFIN.1 (server's); ACK.7 the seventh pure ACK of the server, CACK.1 the first
-- of the client. Printed: `F NAME ACK WINDOW lost|passed` for each frame, and the counters of both hosts and of the link.

local sim = require "sim"
local S = require "posix.sys.socket"
local unistd = require "posix.unistd"

local PORT = sim.param("port", 4000)
local BYTES = sim.param("bytes", 40 * 1448)
local READ_AFTER = sim.param("read_after", 0) -- s; the receiver sleeps first
local IDLE = sim.param("idle", 0) -- s between the last byte and close(), with keepalive
local drop = {}
for name in sim.param("drop", ""):gmatch("[^,]+") do drop[name] = true end

local net = sim.network()
local client = net:host("client", { addr = "10.0.2.15/24" })
local server = net:host("server", { addr = "10.0.2.2/24" })
local link = net:link(client, server, { rate = "100Mbit", delay = "5ms" })
local there = { from = client }
for _, fault in ipairs { "loss", "duplicate", "corrupt", "reorder" } do there[fault] = sim.param(fault, 0) end
there.reorder_delay = sim.param("reorder_delay", "1ms")
there.corrupt_fcs_ok = sim.param("corrupt_fcs_ok", false)
local back = { from = server, duplicate = sim.param("duplicate_acks", 0), loss = sim.param("loss_acks", 0) }
client:sh("ping -c 1 server") -- ARP is not what is to be lost
sim.at("50ms", function()
  link:set(there)
  link:set(back)
end)
for setting in sim.param("sysctl", ""):gmatch("[^,]+") do
  client:sh("sysctl -w " .. setting)
  server:sh("sysctl -w " .. setting)
end

local frames, count, isn = {}, {}, nil
local function name_of(bytes)
  local from_client, doff, flags = bytes:byte(30) == 15, bytes:byte(47) >> 4, bytes:byte(48)
  local seq, len = string.unpack(">I4", bytes, 39), string.unpack(">I2", bytes, 17) - 20 - 4 * doff
  local name
  if flags & 4 > 0 then name = "RST"
  elseif flags & 2 > 0 then
    name = from_client and "SYN" or "SYNACK"
    if from_client then isn = seq end
  elseif len > 0 then name = "D" .. ((seq - isn - 1) & 0xffffffff) // 1448 + 1
  elseif flags & 1 > 0 then name = from_client and "FIN" or "CFIN"
  else name = from_client and "CACK" or "ACK" end
  count[name] = (count[name] or 0) + 1
  return name .. "." .. count[name]
end
link:drop(1 << 30, { match = function(bytes)
  if bytes:sub(13, 14) ~= "\8\0" or bytes:byte(24) ~= 6 then return false end
  local name = name_of(bytes)
  local ack, window = string.unpack(">I4", bytes, 43), string.unpack(">I2", bytes, 49)
  frames[#frames + 1] = string.format("F %s %d %d %s", name, ack, window, drop[name] and "lost" or "passed")
  return drop[name]
end })

server:run(function()
  local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
  assert(S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = PORT }))
  assert(S.listen(fd, 8))
  local conn = assert(S.accept(fd))
  sim.sleep(READ_AFTER .. "s")
  local got = 0
  repeat
    local data = assert(unistd.read(conn, 65536))
    got = got + #data
  until data == ""
  sim.equal(got, BYTES, "every byte arrives")
  unistd.close(conn)
end)

client:run(function()
  sim.sleep("51ms")
  local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
  if IDLE > 0 then
    S.setsockopt(fd, S.SOL_SOCKET, S.SO_KEEPALIVE, 1)
    S.setsockopt(fd, S.IPPROTO_TCP, 4, 2) -- TCP_KEEPIDLE
    S.setsockopt(fd, S.IPPROTO_TCP, 5, 1) -- TCP_KEEPINTVL
  end
  assert(S.connect(fd, { family = S.AF_INET, addr = "10.0.2.2", port = PORT }))
  local left = BYTES
  while left > 0 do left = left - assert(unistd.write(fd, string.rep("x", math.min(left, 65536)))) end
  sim.sleep(IDLE .. "s")
  unistd.close(fd)
end)

sim.run()
for _, host in ipairs { client, server } do
  for _, file in ipairs { "snmp", "netstat" } do
    local names
    for line in host:sh("cat /proc/net/" .. file):gmatch("[^\n]+") do
      local words = {}
      for word in line:gmatch("%S+") do words[#words + 1] = word end
      if names and names[1] == words[1] then
        for i = 2, #words do
          if words[i] ~= "0" then sim.log(string.format("C %s %s%s %s", host.name, words[1], names[i], words[i])) end
        end
        names = nil
      else
        names = words
      end
    end
  end
end
for way, stats in pairs { client = link:stats(), server = select(2, link:stats()) } do
  for name, value in pairs(stats) do sim.log(string.format("C %s Link:%s %d", way, name, value)) end
end
sim.log(table.concat(frames, "\n"))
