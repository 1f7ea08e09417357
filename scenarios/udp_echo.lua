-- Datagrams to a server and back: without a connection, with a connected socket, to a port where nobody listens
-- (the server's host answers "port unreachable", recv() says ECONNREFUSED), and put together from several calls.
--
-- Run it:    ./wirepath run scenarios/udp_echo.lua --pcap
-- Charts:    ./wirepath chart runs/udp_echo --host client --call udp_sendmsg      to the wire
--            ./wirepath chart runs/udp_echo --host server --call udp_rcv          from the wire to the socket
--            ./wirepath chart runs/udp_echo --host server --call udp_recvmsg      from the socket to the program
--            ./wirepath chart runs/udp_echo --host client --call udp_err          the port that nobody has

local sim = require "sim"
local S = require "posix.sys.socket"
local unistd = require "posix.unistd"
local errno = require "posix.errno"

local net = sim.network()
local client = net:host("client", { addr = "10.0.2.15/24" })
local server = net:host("server", { addr = "10.0.2.2/24" })
net:link(client, server, { rate = "100Mbit", delay = "50us" })

local function address(addr, port)
  return { family = S.AF_INET, addr = addr, port = port }
end

server:run(function()
  local fd = assert(S.socket(S.AF_INET, S.SOCK_DGRAM, 0)) -- udp_init_sock
  assert(S.bind(fd, address("0.0.0.0", 5000))) -- udp_v4_get_port: from now on datagrams find the socket
  repeat
    local data, from = S.recvfrom(fd, 2000) -- blocks in __skb_wait_for_more_packets
    assert(S.sendto(fd, data, from))
  until data == "bye"
  unistd.close(fd)
end)

client:run(function()
  sim.sleep("1ms")
  local fd = assert(S.socket(S.AF_INET, S.SOCK_DGRAM, 0))

  -- Each datagram is routed for itself. The first one waits for ARP, the others find the neighbour known.
  for _, text in ipairs { "hello", ("x"):rep(1472), "" } do -- 1472: the most that one frame holds; "": none at all
    local start = sim.now
    assert(S.sendto(fd, text, address("10.0.2.2", 5000)))
    local data, from = S.recvfrom(fd, 2000)
    sim.equal(data, text, "the echo")
    print(string.format("%d bytes from %s:%d after %.3f ms", #data, from.addr, from.port, (sim.now - start) / 1e6))
  end

  -- A longer datagram than the buffer is cut: what does not fit is lost.
  assert(S.sendto(fd, "0123456789", address("10.0.2.2", 5000)))
  sim.equal(S.recv(fd, 4), "0123")

  -- Connected: no handshake, but a peer, a route that is kept, and errors. Nobody listens at port 9.
  assert(S.connect(fd, address("10.0.2.2", 9)))
  assert(S.send(fd, "anybody there?"))
  local _, message, code = S.recv(fd, 2000)
  print("port 9: " .. message)
  sim.equal(code, errno.ECONNREFUSED, "the error that came back by ICMP")

  -- The peer can be changed. With MSG_MORE the calls' data goes out as one datagram.
  assert(S.connect(fd, address("10.0.2.2", 5000)))
  assert(S.send(fd, "b", S.MSG_MORE)) -- ip_append_data
  assert(S.send(fd, "y", S.MSG_MORE))
  assert(S.send(fd, "e")) -- udp_push_pending_frames
  sim.equal(S.recv(fd, 2000), "bye", "one datagram of three calls")
  unistd.close(fd)
end)

sim.run()
