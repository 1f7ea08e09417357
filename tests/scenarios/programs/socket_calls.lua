-- Every call on raw, ping and packet sockets and pipes, and what the socket is afterwards.
local p = require "prelude"
local S, U, V = require "posix.sys.socket", require "posix.unistd", require "posix.sys.uio"
local F = require "posix.fcntl"
local I = require "posix.sys.ioctl"
require "posix.signal".signal(13, require "posix.signal".SIG_IGN)
if ... == "server" then return end
p.nap(50)
local eth0 = S.if_nametoindex "eth0"
local udp = S.socket(2, 2, 0)
local make = {
  { "raw", function() return S.socket(2, 3, 253) end },
  { "raw connected", function() local f = S.socket(2, 3, 253) S.connect(f, p.at(0)) return f end },
  { "ping", function() return S.socket(2, 2, 1) end },
  { "packet", function() return S.socket(17, 3, 0) end },
  { "packet bound", function() local f = S.socket(17, 2, 0) S.bind(f, { family = 17, ifindex = eth0, protocol = 0x88b5 }) return f end },
  { "pipe read", function() local r, w = U.pipe() return r, w end },
  { "pipe write", function() local r, w = U.pipe() return w, r end },
}
local D = S.MSG_DONTWAIT
local any = { family = 17, ifindex = eth0, protocol = 0x88b5, addr = "\2\2\2\2\2\2" }
local calls = {
  { "read", function(f) p.nonblock(f) return U.read(f, 10) end }, { "read 0", function(f) p.nonblock(f) return U.read(f, 0) end }, { "write", function(f) return U.write(f, "x") end }, { "write 0", function(f) return U.write(f, "") end },
  { "readv", function(f) p.nonblock(f) return V.readv(f, { 5, 5 }) end }, { "readv 0", function(f) return V.readv(f, {}) end }, { "writev", function(f) return V.writev(f, { "x", "y" }) end }, { "writev 0", function(f) return V.writev(f, { "" }) end },
  { "send", function(f) return S.send(f, "x", 0) end }, { "send 0", function(f) return S.send(f, "", 0) end }, { "send oob", function(f) return S.send(f, "x", S.MSG_OOB) end },
  { "sendto", function(f) return S.sendmsg(f, "xxxxxxxxxxxxxxxxxxxx", nil, 0, p.at(9)) end }, { "sendto port 0", function(f) return S.sendmsg(f, "xxxxxxxxxxxxxxxxxxxx", nil, 0, p.at(0)) end }, { "sendto bcast", function(f) return S.sendmsg(f, "xxxxxxxxxxxxxxxxxxxx", nil, 0, p.at(9, "255.255.255.255")) end },
  { "sendto mcast", function(f) return S.sendmsg(f, "xxxxxxxxxxxxxxxxxxxx", nil, 0, p.at(9, "224.9.9.9")) end }, { "sendto nowhere", function(f) return S.sendmsg(f, "xxxxxxxxxxxxxxxxxxxx", nil, 0, p.at(9, "8.8.8.8")) end }, { "sendto any", function(f) return S.sendmsg(f, "xxxxxxxxxxxxxxxxxxxx", nil, 0, p.at(9, "0.0.0.0")) end },
  { "sendto packet", function(f) return S.sendmsg(f, "xxxxxxxxxxxxxxxxxxxx", nil, 0, any) end }, { "sendto unspec", function(f) return S.sendmsg(f, "xxxxxxxxxxxxxxxxxxxx", nil, 0, { family = 0, addr = "10.0.2.2", port = 9 }) end },
  { "send flags", function(f) return S.send(f, "x", 0x10000000 | S.MSG_NOSIGNAL) end }, { "send proxy", function(f) return S.send(f, "x", 0x10) end }, { "send eor", function(f) return S.send(f, "x", S.MSG_EOR) end }, { "send confirm", function(f) return S.send(f, "x", 0x800) end }, { "send zc", function(f) return S.send(f, "x", S.MSG_ZEROCOPY) end }, { "send fastopen", function(f) return S.send(f, "x", S.MSG_FASTOPEN) end },
  { "recv", function(f) return S.recv(f, 10, D) end }, { "recv 0", function(f) return S.recv(f, 0, D) end }, { "recv oob", function(f) return S.recv(f, 10, D | S.MSG_OOB) end }, { "recv errq", function(f) return S.recv(f, 10, S.MSG_ERRQUEUE) end }, { "recv peek", function(f) return S.recv(f, 10, D | S.MSG_PEEK) end }, { "recv waitall", function(f) return S.recv(f, 10, D | S.MSG_WAITALL) end }, { "recv trunc", function(f) return S.recv(f, 10, D | S.MSG_TRUNC) end }, { "recv odd", function(f) return S.recv(f, 10, D | 0x20000) end },
  { "connect", function(f) p.nonblock(f) return S.connect(f, p.at(9)) end }, { "connect port 0", function(f) p.nonblock(f) return S.connect(f, p.at(0)) end }, { "connect bcast", function(f) return S.connect(f, p.at(9, "10.0.2.255")) end }, { "connect mcast", function(f) return S.connect(f, p.at(9, "224.9.9.9")) end }, { "connect nowhere", function(f) return S.connect(f, p.at(9, "8.8.8.8")) end }, { "connect unspec", function(f) return S.connect(f, { family = 0 }) end }, { "connect packet", function(f) return S.connect(f, any) end }, { "connect own", function(f) p.nonblock(f) return S.connect(f, p.at(9, "10.0.2.15")) end },
  { "bind", function(f) return S.bind(f, p.at(7777, "0.0.0.0")) end }, { "bind lo", function(f) return S.bind(f, p.at(7777, "127.0.0.1")) end }, { "bind other", function(f) return S.bind(f, p.at(7777, "10.0.2.2")) end }, { "bind bcast", function(f) return S.bind(f, p.at(7777, "10.0.2.255")) end }, { "bind all", function(f) return S.bind(f, p.at(7777, "255.255.255.255")) end }, { "bind mcast", function(f) return S.bind(f, p.at(7777, "224.9.9.9")) end }, { "bind unspec", function(f) return S.bind(f, { family = 0, addr = "0.0.0.0", port = 7777 }) end }, { "bind unspec addr", function(f) return S.bind(f, { family = 0, addr = "10.0.2.15", port = 7777 }) end }, { "bind packet", function(f) return S.bind(f, any) end },
  { "listen", function(f) return S.listen(f, 1) end }, { "accept", function(f) p.nonblock(f) return S.accept(f) end },
  { "shutdown 0", function(f) return S.shutdown(f, 0) end }, { "shutdown 1", function(f) return S.shutdown(f, 1) end }, { "shutdown 2", function(f) return S.shutdown(f, 2) end }, { "shutdown 3", function(f) return S.shutdown(f, 3) end },
  { "getpeername", function(f) return S.getpeername(f) end },
  { "inq", function(f) return I.ioctl(f, I.SIOCINQ) end }, { "outq", function(f) return I.ioctl(f, I.SIOCOUTQ) end }, { "outqnsd", function(f) return I.ioctl(f, I.SIOCOUTQNSD) end }, { "atmark", function(f) return I.ioctl(f, I.SIOCATMARK) end },
  { "getfl", function(f) return F.fcntl(f, F.F_GETFL) end }, { "lseek", function(f) return U.lseek(f, 0, 0) end }, { "isatty", function(f) return U.isatty(f) end },
  { "error", function(f) return S.getsockopt(f, 1, 4) end }, { "type", function(f) return S.getsockopt(f, 1, 3) end }, { "domain", function(f) return S.getsockopt(f, 1, S.SO_DOMAIN) end }, { "protocol", function(f) return S.getsockopt(f, 1, S.SO_PROTOCOL) end }, { "acceptconn", function(f) return S.getsockopt(f, 1, 30) end },
  { "mtu", function(f) return S.getsockopt(f, 0, 14) end }, { "cscov", function() return S.getsockopt(udp, 17, 10) end },
  { "zerocopy", function(f) return S.setsockopt(f, 1, S.SO_ZEROCOPY, 1) end }, { "nothing", function(f) return "" end },
}
for _, m in ipairs(make) do
  for _, c in ipairs(calls) do
    local f, f2 = m[2]()
    local r, msg, e = c[2](f)
    if r == nil then p.show(m[1] .. ": " .. c[1], msg, e) else p.show(m[1] .. ": " .. c[1], r) end
    local a = m[1] ~= "packet" and m[1] ~= "packet bound" and S.getsockname(f)
    if a and m[1] == "ping" and a.port ~= 7777 then a.port = nil end
    if a and a.family == 2 then p.show("  name", a) end
    local pe = S.getpeername(f) if pe then p.show("  peer", pe) end
    if c[1]:find "connect" or c[1]:find "write" or c[1]:find "send" then p.nap(2) end
    p.poll("  poll", f, 0)
    if r and c[1] == "accept" then U.close(r) end
    U.close(f) if f2 then U.close(f2) end
  end
end
