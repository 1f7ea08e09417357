-- bind() and listen() of two sockets on one port: each pair of addresses, SO_REUSEADDR and SO_REUSEPORT of either,
-- and devices. Of 16 pairs of flags each digit pair is the errno of the second bind() and its listen(), 00: done.
local p = require "prelude"
local S = require "posix.sys.socket"
local U = require "posix.unistd"
local port = 6000

local function make(reuse, dev)
  local fd = p.tcp()
  S.setsockopt(fd, S.SOL_SOCKET, S.SO_REUSEADDR, reuse & 1)
  S.setsockopt(fd, S.SOL_SOCKET, S.SO_REUSEPORT, reuse >> 1)
  if dev then S.setsockopt(fd, S.SOL_SOCKET, S.SO_BINDTODEVICE, dev) end
  return fd
end

local function errno(r, _, e) return ("%02d"):format(r and 0 or e) end

local function pairs_of(what, addr1, addr2, listen, dev1, dev2)
  local out = {}
  for flags = 0, 15 do
    port = port + 1
    local a, b = make(flags & 3, dev1), make(flags >> 2, dev2)
    assert(S.bind(a, p.at(port, addr1)))
    if listen then S.listen(a, 1) end
    out[#out + 1] = errno(S.bind(b, p.at(port, addr2))) .. errno(S.listen(b, 1))
    U.close(a)
    U.close(b)
  end
  print(what, addr1, addr2, table.concat(out, " "))
end

if ... == "client" then
  for _, a in ipairs { "0.0.0.0", "10.0.2.15", "127.0.0.1" } do
    for _, b in ipairs { "0.0.0.0", "10.0.2.15", "127.0.0.2" } do
      pairs_of("bound", a, b, false)
      pairs_of("listening", a, b, true)
    end
  end
  pairs_of("lo and eth0", "0.0.0.0", "0.0.0.0", true, "lo", "eth0")
  pairs_of("lo and all", "0.0.0.0", "0.0.0.0", true, "lo")
  pairs_of("all and eth0", "0.0.0.0", "10.0.2.15", true, nil, "eth0")
  for _, a in ipairs { "0.0.0.0", "127.1.2.3", "10.0.2.2", "10.0.2.255", "255.255.255.255", "224.0.0.1", "10.0.2.0",
                       "8.8.8.8", "240.0.0.1", "0.0.0.1", "127.255.255.255" } do
    local fd = p.tcp()
    p.show("bind " .. a, S.bind(fd, p.at(5000, a)))
    p.show("bind again", S.bind(fd, p.at(5001, "0.0.0.0")))
    p.show("name", S.getsockname(fd))
    p.show("listen", S.listen(fd, 1))
    p.show("listen", S.listen(fd, -5))
    U.close(fd)
  end
  local fd = p.tcp()
  p.show("unspec", S.bind(fd, { family = S.AF_UNSPEC, addr = "0.0.0.0", port = 5000 }))
  p.show("name", S.getsockname(fd))
  fd = p.tcp()
  p.show("unspec, not any", S.bind(fd, { family = S.AF_UNSPEC, addr = "127.0.0.1", port = 5000 }))
  p.show("inet6", S.bind(fd, { family = S.AF_INET6, addr = "::", port = 5000 }))
  local a, b = make(1), make(1)
  S.bind(a, p.at(5100, "0.0.0.0"))
  p.show("second", S.bind(b, p.at(5100, "0.0.0.0")))
  p.show("listen", S.listen(a, 1))
  p.show("listen", S.listen(b, 1))
  p.show("reuse port of a bound socket", S.setsockopt(a, S.SOL_SOCKET, S.SO_REUSEPORT, 1))
end
