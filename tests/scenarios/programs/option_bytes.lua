-- Options by number: their bytes for each length asked for, what setting answers, and what is read afterwards. Not
-- those that later kernels changed (16, 34, 42: not for TCP, or for it at last), that hold what differs from machine to
-- machine, and that wirepath lacks (SIMPLIFICATIONS.md).
local p = require "prelude"
local S = require "posix.sys.socket"
local U = require "posix.unistd"

local function set_of(text)
  local t = {}
  for n in text:gmatch "%d+" do t[tonumber(n)] = true end
  return t
end
local last = { [S.SOL_SOCKET] = 72, [S.IPPROTO_TCP] = 36 }
local out_of_scope = {
  [S.SOL_SOCKET] = set_of "16 26 28 31 34 42 49 50 51 52 55 56 57 61 63 64 65 68 71",
  [S.IPPROTO_TCP] = set_of "11 24 26 33 35",
}
local not_set = { [S.SOL_SOCKET] = set_of "25", [S.IPPROTO_TCP] = set_of "10 13 19 20 21 22 29" }

local function each(call)
  for _, level in ipairs { S.SOL_SOCKET, S.IPPROTO_TCP } do
    for name = 0, last[level] do
      if not out_of_scope[level][name] then call(level, name) end
    end
  end
end

local function bytes(fd, level, name)
  local out = {}
  for _, len in ipairs { 0, 1, 4, 5, 8, 40 } do
    local v, _, e = S.getsockopt(fd, level, name, len)
    out[#out + 1] = v and v:gsub(".", function(c) return ("%02x"):format(c:byte()) end) .. ":" .. #v or "E" .. e
  end
  return table.concat(out, " ")
end

local new = {}
local function read_all(what, fd)
  each(function(level, name)
    local text = bytes(fd, level, name)
    if text ~= new[level << 8 | name] and not (level == 6 and name == 10) then print(what, level, name, text) end
    new[level << 8 | name] = new[level << 8 | name] or text
  end)
end

local function set_all(what, make)
  each(function(level, name)
    if not_set[level][name] then return end
    local out = {}
    for _, v in ipairs { -2147483648, -1, 0, 1, 2, 3, 7, 12, 87, 88, 127, 128, 255, 256, 32767, 32768, 65536, 2147483647 } do
      local fd = make()
      local r, _, e = S.setsockopt(fd, level, name, string.pack("i4", v))
      local g = S.getsockopt(fd, level, name, 8)
      g = g and (#g == 4 and string.unpack("i4", g) or #g == 8 and string.unpack("i8", g) or #g .. " bytes") or "-"
      out[#out + 1] = r and v .. "=" .. g or v .. ":E" .. e
      U.close(fd)
    end
    local fd = make()
    for n = 0, 5 do
      local r, _, e = S.setsockopt(fd, level, name, ("\1\0\0\0\0"):sub(1, n))
      out[#out + 1] = "len" .. n .. (r and "" or ":E" .. e)
    end
    U.close(fd)
    print(what, level, name, table.concat(out, " "))
  end)
end

if ... == "client" then
  local fd = p.tcp()
  read_all("new", fd)
  p.nap(100)
  S.connect(fd, p.at(7000))
  read_all("connected", fd)
  set_all("set", p.tcp)
  for _, n in ipairs { "reno", "cubic", "nope", "", "reno\0x", ("r"):rep(20), "RENO" } do
    p.show("set " .. n:gsub("%z", "0"), S.setsockopt(fd, 6, S.TCP_CONGESTION, n))
    p.sockopt("is", fd, 6, S.TCP_CONGESTION)
  end
  for _, n in ipairs { 0, 1, 3, 5, 15, 16, 20 } do
    p.show("get " .. n, (S.getsockopt(fd, 6, S.TCP_CONGESTION, n):gsub("%z", ".")))
  end
  for _, n in ipairs { 0, 4, 215, 216, 300 } do p.show("md5 " .. n, S.setsockopt(fd, 6, S.TCP_MD5SIG, ("\0"):rep(n))) end
else
  local l = p.listener(7000)
  read_all("listening", l)
  local c = S.accept(l)
  read_all("accepted", c)
  p.show("fast open", S.setsockopt(c, 6, S.TCP_FASTOPEN, 5))
  for _, n in ipairs { 0, 15, 16, 32 } do
    p.show("key " .. n, S.setsockopt(l, 6, S.TCP_FASTOPEN_KEY, ("k"):rep(n)))
    p.show("is", S.getsockopt(l, 6, S.TCP_FASTOPEN_KEY, n == 32 and 20 or 40) ~= "")
  end
  p.show("level", S.getsockopt(l, 17, 14))
  p.show("level", S.setsockopt(l, 263, 14, "abcd"))
  p.show("no socket", S.setsockopt((U.pipe()), 1, 1, "abcd"))
end
