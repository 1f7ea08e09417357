-- Raw sockets: a protocol of our own straight above IP, without ports, and a packet with a header of our own.
--
--   client                            server
--   socket(SOCK_RAW, 253)             socket(SOCK_RAW, 253)   every packet of protocol 253
--   sendto() ---------------------->  recvfrom()              IP makes the header; the reader gets it too
--   socket(SOCK_RAW, IPPROTO_RAW)
--   sendto() ---------------------->  recvfrom()              IP_HDRINCL: the program makes the header
--   sendto() ---------------------->                          a protocol that nobody knows ...
--   recvfrom(): error  <------------                          ... comes back as an ICMP error
--
-- Run it:     ./wirepath run scenarios/raw_socket.lua
-- Charts:     ./wirepath chart runs/raw_socket --host client --call raw_sendmsg
--             ./wirepath chart runs/raw_socket --host server --call raw_local_deliver

local sim = require "sim"
local S = require "posix.sys.socket"
local unistd = require "posix.unistd"

local net = sim.network()
local client = net:host("client", { addr = "10.0.2.15/24" })
local server = net:host("server", { addr = "10.0.2.2/24" })
net:link(client, server, { rate = "100Mbit", delay = "50us" })

local SERVER = { family = S.AF_INET, addr = "10.0.2.2", port = 0 }

server:run(function()
  local fd = assert(S.socket(S.AF_INET, S.SOCK_RAW, 253))
  for n = 1, 2 do
    local packet, from = S.recvfrom(fd, 2048)
    -- the IP header is part of what a raw socket reads
    local ihl, ttl = (packet:byte(1) & 15) * 4, packet:byte(9)
    print(("from %s: %d bytes, ttl %d, %q"):format(from.addr, #packet, ttl, packet:sub(ihl + 1)))
    sim.equal(ttl, n == 1 and 64 or 7, "time to live: the host's, then the program's")
  end
  unistd.close(fd)
end)

-- Twenty bytes; IP fills in the length, the identification, the checksum, and the source when it is zero.
local function ip_header(ttl, protocol)
  return string.pack(">BBI2I2I2BBI2", 0x45, 0, 0, 0, 0, ttl, protocol, 0) .. "\0\0\0\0" .. "\10\0\2\2"
end

client:run(function()
  sim.sleep("1ms") -- let the server open its socket
  local fd = assert(S.socket(S.AF_INET, S.SOCK_RAW, 253))
  print("sent " .. S.sendto(fd, "IP makes the header", SERVER))
  unistd.close(fd)

  sim.sleep("10ms")
  fd = assert(S.socket(S.AF_INET, S.SOCK_RAW, S.IPPROTO_RAW)) -- IP_HDRINCL is on
  print("sent " .. S.sendto(fd, ip_header(7, 253) .. "the program makes it", SERVER))
  unistd.close(fd)

  fd = assert(S.socket(S.AF_INET, S.SOCK_RAW, 252))
  assert(S.connect(fd, SERVER)) -- errors are told to a connected socket
  assert(S.send(fd, "does anybody know protocol 252?"))
  local _, message, errno = S.recvfrom(fd, 2048)
  print("protocol 252: " .. message)
  sim.equal(errno, 92, "ENOPROTOOPT: an ICMP error, protocol unreachable")
  unistd.close(fd)
end)

sim.chart("raw_sendmsg", { host = "client", depth = 8, show = true })
sim.chart("raw_local_deliver", { host = "server" })
sim.run()
