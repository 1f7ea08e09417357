-- Golden's programs of TCP.

local sim = require "sim"
local S = require "posix.sys.socket"
local U = require "posix.unistd"
local E = require "posix.sys.epoll"
local P = require "posix.poll"
local G = require "common"

local function receive(fd, n)
  return assert(G.read(U.read, fd, n))
end

-- Reads until the end of the stream, as the golden server does.
local function drain(fd)
  repeat until receive(fd, 65536) == ""
end

local function connect(addr, synretries)
  local fd = G.socket(S.SOCK_STREAM)
  if synretries then
    assert(S.setsockopt(fd, S.IPPROTO_TCP, S.TCP_SYNCNT, synretries))
  else
    assert(S.setsockopt(fd, S.IPPROTO_TCP, S.TCP_NODELAY, 1))
  end
  S.connect(fd, G.to(addr))
  return fd
end

local function listener()
  local fd = G.socket(S.SOCK_STREAM)
  assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_REUSEADDR, 1))
  assert(S.bind(fd, G.to("0.0.0.0")))
  assert(S.listen(fd, 8))
  return fd
end

-- A server for one connection, and a client that starts a little after it listens.
local function pair(serve, use, host)
  local listening = false
  G.rounds(host or G.server, "server", function()
    local fd = listener()
    listening = true
    local conn = assert(S.accept(fd))
    listening = false
    serve(conn)
    U.close(conn)
    U.close(fd)
  end)
  G.rounds(G.client, "client", function()
    repeat sim.sleep("100ms") until listening
    use()
  end)
end

-- The main one: 100 bytes, 50 back, 5000, the end.
local function talk(addr, host)
  pair(function(conn)
    receive(conn, 100)
    sim.sleep("20ms")
    U.write(conn, ("s"):rep(50))
    local left = 5000
    while left > 0 do left = left - #receive(conn, left) end
    receive(conn, 100)
  end, function()
    local fd = connect(addr)
    U.write(fd, ("c"):rep(100))
    receive(fd, 50)
    U.write(fd, ("d"):rep(5000))
    sim.sleep("300ms")
    U.close(fd)
  end, host)
end

-- One write of `bytes` after 200 ms, the reader drains.
local function transfer(bytes)
  pair(drain, function()
    local fd = connect("10.0.0.2")
    sim.sleep("200ms")
    U.write(fd, ("x"):rep(bytes))
    sim.sleep("3s")
    U.close(fd)
  end)
end

-- Loses segments with data of the client (longer than a bare header) for which choose(n) holds, from 1 on.
local function lose(choose)
  local n = 0
  G.link:drop(1000, { from = G.client, match = function(f)
    n = n + (#f > 90 and 1 or 0)
    return #f > 90 and choose(n)
  end })
end

local kinds = {}

kinds["tcp"] = function() talk("10.0.0.2") end

kinds["forward-tcp"] = function() talk("10.0.1.2") end

kinds["tcp-loopback"] = function() talk("127.0.0.1", G.client) end

local function attempt(addr)
  G.rounds(G.client, "client", function() U.close(connect(addr, 2)) end)
end

kinds["tcp-refused"] = function() attempt("10.0.0.2") end

kinds["arp-fail-tcp"] = function() attempt("10.0.0.99") end

kinds["tcp-syn-retransmit"] = function()
  G.link:drop(1000, { from = G.client, match = function(f) return f:byte(13) == 8 and f:byte(14) == 0 end })
  attempt("10.0.0.2")
end

kinds["tcp-rto"] = function()
  transfer(100)
  lose(function(n) return n <= 4 end)
end

kinds["tcp-fast-retransmit"] = function()
  transfer(20000)
  lose(function(n) return n == 4 end)
end

kinds["tcp-bulk"] = function() transfer(60000) end

kinds["tcp-zero-window"] = function()
  pair(function(conn)
    sim.sleep("1500ms")
    drain(conn)
  end, function()
    local fd = connect("10.0.0.2")
    U.write(fd, ("z"):rep(sim.param("bytes", 400000)))
    U.close(fd)
  end)
end

kinds["tcp-nonblock-epoll"] = function()
  local listening = false
  G.rounds(G.server, "server", function()
    local fd = listener()
    local ep = assert(E.epoll_create1())
    assert(E.epoll_ctl(ep, E.EPOLL_CTL_ADD, fd, E.EPOLLIN))
    listening = true
    assert(E.epoll_wait(ep, 8, 5000)[1].data == fd)
    listening = false
    local conn = assert(S.accept4(fd, S.SOCK_NONBLOCK))
    assert(E.epoll_ctl(ep, E.EPOLL_CTL_ADD, conn, E.EPOLLIN | E.EPOLLRDHUP))
    repeat
      E.epoll_wait(ep, 8, 5000)
      local text = receive(conn, 100)
      if #text > 0 then U.write(conn, text) end
    until text == ""
    U.close(conn)
    U.close(ep)
    U.close(fd)
  end)
  G.rounds(G.client, "client", function()
    repeat sim.sleep("100ms") until listening
    local fd = G.socket(S.SOCK_STREAM | S.SOCK_NONBLOCK)
    S.connect(fd, G.to("10.0.0.2"))
    P.poll({ [fd] = { events = { OUT = true } } }, 1000)
    S.getsockopt(fd, S.SOL_SOCKET, S.SO_ERROR)
    S.send(fd, ("n"):rep(10))
    S.recv(fd, 100)
    P.poll({ [fd] = { events = { IN = true } } }, 1000)
    S.recv(fd, 100)
    U.close(fd)
  end)
end

return kinds
