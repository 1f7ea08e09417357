-- Joining groups, by source and not, what is refused; and which sockets of the other host hear what is sent.
local M = require "prelude"
local S, U = require "posix.sys.socket", require "posix.unistd"
local show = M.show
local role = ...
local function ip(a) return string.char(a:match "(%d+)%.(%d+)%.(%d+)%.(%d+)") end
local function mreq(g, i) return g, i end
local function mreqs(g, i, s) return g, s, i end
local ETH = S.if_nametoindex "eth0"
local function hex(s) return s and (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
local function get(what, fd, name, len)
  local v, m, e = S.getsockopt(fd, 0, name, len)
  print(what, v and hex(v) or v, v and "" or m, e)
end
local function greq(g, idx) return string.pack("I4", idx) .. "\0\0\0\0" .. string.pack("H", 2) .. "\0\0" .. ip(g) .. ("\0"):rep(120) end
local function gsreq(g, s, idx)
  return string.pack("I4", idx) .. "\0\0\0\0" .. string.pack("H", 2) .. "\0\0" .. ip(g) .. ("\0"):rep(120) .. string.pack("H", 2) .. "\0\0" .. ip(s) .. ("\0"):rep(120)
end
if role == "client" then
  local fd = M.udp()
  local function s(what, name, ...) show(what, S.setsockopt(fd, 0, name, ...)) end
  s("join", 35, mreq("239.1.1.1"))
  s("join again", 35, mreq("239.1.1.1"))
  s("join addr", 35, mreq("239.1.1.1", "10.0.2.15"))
  s("join lo addr", 35, mreq("239.1.1.1", "127.0.0.1"))
  s("join foreign addr", 35, mreq("239.1.1.2", "10.0.2.99"))
  s("join no mcast", 35, mreq("10.1.1.1"))
  s("join 0", 35, mreq( role == "client" and "10.0.2.15" or "10.0.2.2"))
  s("leave", 36, mreq("239.1.1.1"))
  s("leave", 36, mreq("239.1.1.1"))
  s("leave lo", 36, mreq("239.1.1.1", "127.0.0.1"))
  s("leave never", 36, mreq("239.9.9.9"))
  s("leave foreign", 36, mreq("239.1.1.4", "10.0.2.99"))
  s("leave none", 36, mreq("10.1.1.1"))
  s("int", 35, 5)
  s("src join", 39, mreqs("239.2.2.2",  role == "client" and "10.0.2.15" or "10.0.2.2", "10.0.2.2"))
  s("src join again", 39, mreqs("239.2.2.2",  role == "client" and "10.0.2.15" or "10.0.2.2", "10.0.2.2"))
  s("src join 2", 39, mreqs("239.2.2.2",  role == "client" and "10.0.2.15" or "10.0.2.2", "10.0.2.3"))
  s("join same", 35, mreq("239.2.2.2", "10.0.2.15"))
  s("block incl", 38, mreqs("239.2.2.2",  role == "client" and "10.0.2.15" or "10.0.2.2", "10.0.2.2"))
  s("unblock incl", 37, mreqs("239.2.2.2",  role == "client" and "10.0.2.15" or "10.0.2.2", "10.0.2.2"))
  s("src leave", 40, mreqs("239.2.2.2",  role == "client" and "10.0.2.15" or "10.0.2.2", "10.0.2.9"))
  s("src leave", 40, mreqs("239.2.2.2",  role == "client" and "10.0.2.15" or "10.0.2.2", "10.0.2.3"))
  s("src leave", 40, mreqs("239.2.2.2",  role == "client" and "10.0.2.15" or "10.0.2.2", "10.0.2.2"))
  s("src leave gone", 40, mreqs("239.2.2.2",  role == "client" and "10.0.2.15" or "10.0.2.2", "10.0.2.2"))
  s("src bad grp", 39, mreqs("10.2.2.2",  role == "client" and "10.0.2.15" or "10.0.2.2", "10.0.2.2"))
  s("src bad if", 39, mreqs("239.2.2.2", "10.0.2.99", "10.0.2.2"))
  s("block nobody", 38, mreqs("239.2.2.2",  role == "client" and "10.0.2.15" or "10.0.2.2", "10.0.2.2"))
  s("join", 35, mreq("239.2.2.3", "10.0.2.15"))
  s("block", 38, mreqs("239.2.2.3",  role == "client" and "10.0.2.15" or "10.0.2.2", "10.0.2.2"))
  s("block again", 38, mreqs("239.2.2.3",  role == "client" and "10.0.2.15" or "10.0.2.2", "10.0.2.2"))
  s("unblock", 37, mreqs("239.2.2.3",  role == "client" and "10.0.2.15" or "10.0.2.2", "10.0.2.2"))
  s("unblock again", 37, mreqs("239.2.2.3",  role == "client" and "10.0.2.15" or "10.0.2.2", "10.0.2.2"))
  s("src join on excl", 39, mreqs("239.2.2.3",  role == "client" and "10.0.2.15" or "10.0.2.2", "10.0.2.2"))
  s("src leave on excl", 40, mreqs("239.2.2.3",  role == "client" and "10.0.2.15" or "10.0.2.2", "10.0.2.2"))
  for i = 1, 12 do s("src " .. i, 39, mreqs("239.2.2.4",  role == "client" and "10.0.2.15" or "10.0.2.2", "10.0.3." .. i)) end
  s("group join", 42, greq("239.3.3.3", ETH))
  s("group join again", 42, greq("239.3.3.3", ETH))
  s("group join 0", 42, greq("239.3.3.4", 0))
  s("group join bad", 42, greq("239.3.3.4", 999))
  s("group bad", 42, greq("10.3.3.4", ETH))
  s("group short", 42, greq("239.3.3.3", ETH):sub(1, 100))
  s("group leave", 45, greq("239.3.3.3", ETH))
  s("group leave", 45, greq("239.3.3.3", ETH))
  s("group src join", 46, gsreq("239.3.3.5", "10.0.2.2", ETH))
  s("group src leave", 47, gsreq("239.3.3.5", "10.0.2.2", ETH))
  s("group block", 43, gsreq("239.3.3.4", "10.0.2.2", 0))
  s("group unblock", 44, gsreq("239.3.3.4", "10.0.2.2", 0))
  U.close(fd)
  fd = M.udp()
  for i = 1, 22 do s("many " .. i, 35, mreq("239.4.4." .. i, "10.0.2.15")) end
  -- IP_MULTICAST_IF
  get("if", fd, 32, 4)
  get("if", fd, 32, 12)
  for _, a in ipairs { "10.0.2.15", "127.0.0.1",  role == "client" and "10.0.2.15" or "10.0.2.2", "10.0.2.99", "10.0.2.2" } do
    s("if " .. a, 32, a)
    get("is", fd, 32, 4)
  end
  get("is", fd, 32, 4)
  get("is", fd, 32, 4)
  get("is", fd, 32, 4)
  for _, v in ipairs { -1, 0, 1, 255, 256, -2 } do
    s("ttl " .. v, 33, v) get("is", fd, 33, 4) get("is", fd, 33, 1)
  end
  for _, v in ipairs { 0, 1, 2, -1 } do s("loop " .. v, 34, v) get("is", fd, 34, 4) s("all " .. v, 49, v) get("is", fd, 49, 4) end
  s("ttl byte", 33, "\7") get("is", fd, 33, 4)
  s("loop byte", 34, "\0") get("is", fd, 34, 1)
  s("ttl empty", 33, "")
  -- send
  M.nap(300)
  local out = M.udp(7001)
  local function send(text, g) show("send " .. text, S.sendto(out, text, M.at(7000, g))) end
  local function o(what, name, ...) show(what, S.setsockopt(out, 0, name, ...)) end
  send("g1", "239.5.5.1") send("g2", "239.5.5.2") send("g3", "239.5.5.3") send("g4", "239.5.5.4")
  o("if lo", 32, "127.0.0.1")
  send("via lo", "239.5.5.1")
  o("if eth", 32, "10.0.2.15")
  o("ttl 0", 33, 0)
  send("ttl0", "239.5.5.1")
  o("ttl 9", 33, 9)
  send("ttl9", "239.5.5.1")
  M.nap(100)
  send("after", "239.5.5.1") send("after2", "239.5.5.2") send("after4", "239.5.5.4")
  show("connect", S.connect(out, M.at(7000, "239.5.5.1")))
  show("name", S.getsockname(out))
  show("conn", S.send(out, "conn"))
  M.nap(50)
  show("answer", S.recvfrom(out, 100))
  return
end
-- server: receivers
local function rx(addr, reuse)
  local fd = S.socket(2, 2, 0)
  S.setsockopt(fd, 1, 2, 1)
  assert(S.bind(fd, M.at(7000, addr or "0.0.0.0")))
  S.setsockopt(fd, 0, 12, 1)
  return fd
end
local socks = {}
local function add(name, fd, f) socks[#socks + 1] = { name, fd } if f then f(fd) end return fd end
add("joined 1", rx(), function(fd) show("j", S.setsockopt(fd, 0, 35, "239.5.5.1", "10.0.2.2")) end)
add("joined 2, not all", rx(), function(fd) show("j", S.setsockopt(fd, 0, 35, "239.5.5.2", "10.0.2.2")) show("all", S.setsockopt(fd, 0, 49, 0)) end)
add("not joined", rx())
add("not joined, not all", rx(), function(fd) S.setsockopt(fd, 0, 49, 0) end)
add("bound to 1", rx "239.5.5.1")
add("bound to own", rx "10.0.2.2", function(fd) show("j", S.setsockopt(fd, 0, 35, "239.5.5.1", "10.0.2.2")) end)
local blk = add("blocks client", rx(), function(fd) S.setsockopt(fd, 0, 35, "239.5.5.1", "10.0.2.2") show("b", S.setsockopt(fd, 0, 38, mreqs("239.5.5.1",  role == "client" and "10.0.2.15" or "10.0.2.2", "10.0.2.15"))) end)
add("source client", rx(), function(fd) show("s", S.setsockopt(fd, 0, 39, mreqs("239.5.5.3",  role == "client" and "10.0.2.15" or "10.0.2.2", "10.0.2.15"))) end)
add("source other", rx(), function(fd) show("s", S.setsockopt(fd, 0, 39, mreqs("239.5.5.3",  role == "client" and "10.0.2.15" or "10.0.2.2", "10.0.2.77"))) end)
add("device lo", rx(), function(fd) S.setsockopt(fd, 1, 25, "lo") S.setsockopt(fd, 0, 35, "239.5.5.1", "10.0.2.2") end)
add("connected to other", rx(), function(fd) S.setsockopt(fd, 0, 35, "239.5.5.1", "10.0.2.2") S.connect(fd, M.at(9, "10.0.2.15")) end)
local four = add("joined 4", rx(), function(fd) S.setsockopt(fd, 0, 35, "239.5.5.4", "10.0.2.2") end)
local function drain(what)
  for _, s in ipairs(socks) do
    local text = {}
    while true do
      local d, c = S.recvmsg(s[2], 100, 100, S.MSG_DONTWAIT)
      if not d then break end
      text[#text + 1] = d .. "/" .. c[1].data:byte()
    end
    print(what, s[1], table.concat(text, " "))
  end
end
M.nap(450)
drain "first"
show("leave", S.setsockopt(four, 0, 36, "239.5.5.4"))
show("unblock", S.setsockopt(blk, 0, 37, mreqs("239.5.5.1",  role == "client" and "10.0.2.15" or "10.0.2.2", "10.0.2.15")))
U.close(socks[2][2])
table.remove(socks, 2)
M.nap(120)
drain "second"
