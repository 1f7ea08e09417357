-- One TCP connection from socket() to the wire and back: the client and server of the documents.
--
--   client                    server
--   socket()                  socket()      a handle for network operations
--      |                         |
--      |                      bind()        an address (port) for the socket
--      |                      listen()      wait for connections
--   connect()                 accept()      SYN, SYN-ACK, ACK
--   write() ----------------> read()        100 bytes
--   read()  <---------------- write()       50 bytes back
--   close()                   close()       FIN both ways
--
-- Run it:     ./wirepath run scenarios/tcp_handshake.lua
-- Charts:     ./wirepath chart runs/tcp_handshake --host client --call sys_connect
--             ./wirepath chart runs/tcp_handshake --host server --call tcp_v4_rcv --style outline

local sim = require "sim"
local S = require "posix.sys.socket"
local unistd = require "posix.unistd"

local net = sim.network()
local client = net:host("client", { addr = "10.0.2.15/24" })
local server = net:host("server", { addr = "10.0.2.2/24" })
net:link(client, server, { rate = "100Mbit", delay = "50us" })

server:run(function()
  local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
  assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_REUSEADDR, 1))
  assert(S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = 80 }))
  assert(S.listen(fd, 8))
  print("listening on port 80")

  local conn, peer = S.accept(fd)
  print("accepted a connection from " .. peer.addr .. ":" .. peer.port)

  local data = assert(unistd.read(conn, 4096))
  print("read " .. #data .. " bytes")
  sim.equal(data, ("c"):rep(100), "what the client wrote")
  print("wrote " .. unistd.write(conn, ("s"):rep(50)) .. " bytes")

  sim.equal(unistd.read(conn, 4096), "", "end of stream after the client's close")
  print("the client has closed")
  unistd.close(conn)
  unistd.close(fd)
end)

client:run(function()
  sim.sleep("1ms") -- let the server listen first
  local fd = assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0))
  assert(S.setsockopt(fd, S.IPPROTO_TCP, S.TCP_NODELAY, 1))
  assert(S.connect(fd, { family = S.AF_INET, addr = "10.0.2.2", port = 80 }))
  print("connected from port " .. S.getsockname(fd).port)

  print("wrote " .. unistd.write(fd, ("c"):rep(100)) .. " bytes")
  local data = assert(unistd.read(fd, 4096))
  print("read " .. #data .. " bytes")
  sim.equal(data, ("s"):rep(50), "what the server wrote")

  unistd.close(fd)
  print("closed")
end)

sim.chart("sys_connect", { host = "client", depth = 8, show = true })
sim.chart("sys_connect", { host = "client", style = "outline" })
sim.chart("tcp_v4_rcv", { host = "server" })
sim.run()
