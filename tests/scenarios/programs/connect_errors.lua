-- connect() to all kinds of addresses, and what can be done with the socket afterwards.
local p = require "prelude"
local S = require "posix.sys.socket"
local U = require "posix.unistd"
local function try(what, a, pre)
  local fd = p.tcp()
  if pre then pre(fd) end
  p.show(what, S.connect(fd, a))
  p.show("  sockname", S.getsockname(fd))
  p.show("  peername", S.getpeername(fd))
  p.sockopt("  error", fd, S.SOL_SOCKET, S.SO_ERROR)
  p.poll("  poll", fd)
  p.show("  again", S.connect(fd, a))
  p.show("  read", U.read(fd, 10))
  p.show("  write", S.send(fd, "x", S.MSG_NOSIGNAL))
  p.show("  shutdown", S.shutdown(fd, 2))
  p.poll("  poll", fd)
  p.show("  listen", S.listen(fd, 1))
  p.show("  sockname", S.getsockname(fd))
  U.close(fd)
end
if ... == "client" then
  p.nap(100)
  local to = function(fd) S.setsockopt(fd, S.SOL_SOCKET, S.SO_SNDTIMEO, 0, 200000) S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, 0, 200000) end
  try("refused", p.at(7099))
  try("port 0", p.at(0))
  try("broadcast", p.at(80, "255.255.255.255"))
  try("net broadcast", p.at(80, "10.0.2.255"))
  try("multicast", p.at(80, "224.0.0.1"))
  try("unreachable net", p.at(80, "192.168.77.1"))
  try("zero", p.at(7099, "0.0.0.0"))
  try("loop", p.at(7099, "127.0.0.1"))
  try("loop2", p.at(7099, "127.9.9.9"))
  try("own", p.at(7099, "10.0.2.15"))
  try("class E", p.at(80, "240.0.0.1"))
  try("no neighbour, timeout", p.at(80, "10.0.2.99"), to)
  try("unspec", { family = 0, addr = "10.0.2.2", port = 80 })
  try("inet6", { family = S.AF_INET6, addr = "::1", port = 80 })
  try("bound loop to net", p.at(7000), function(fd) S.bind(fd, p.at(0, "127.0.0.1")) end)
  try("dev lo", p.at(7000), function(fd) p.show("  dev", S.setsockopt(fd, S.SOL_SOCKET, S.SO_BINDTODEVICE, "lo")) to(fd) end)
  try("dontroute", p.at(80, "192.168.77.1"), function(fd) S.setsockopt(fd, S.SOL_SOCKET, S.SO_DONTROUTE, 1) end)
  local fd = p.connected(7000)
  p.show("connected", S.connect(fd, p.at(7000)))
  p.show("connected, elsewhere", S.connect(fd, p.at(7001, "10.0.2.99")))
  p.show("listen", S.listen(fd, 1))
  p.show("bind", S.bind(fd, p.at(5000, "0.0.0.0")))
else
  local l = p.listener(7000)
  local c = S.accept(l)
  p.nap(3000)
end
