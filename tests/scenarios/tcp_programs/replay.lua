-- Runs small programs, given as lists of operations, on two hosts and prints what each operation returned.
-- test_programs.py puts the lists behind this text: task(1, client, { { "socket", "s" }, ... }).
--
-- "s" in an operation is a name for a descriptor; numbers as data stand for so many bytes of a pattern.
-- sleep: until so many ms after the start; took: how long since the last sleep or took, in units of the argument;
-- drain: reads until the end; fill: sends without waiting until nothing more goes in.

local sim = require "sim"
local S = require "posix.sys.socket"
local U = require "posix.unistd"
local P = require "posix.poll"
local F = require "posix.fcntl"
local G = require "posix.signal"
local net = sim.network()
local client = net:host("client", { addr = "10.0.2.15/24" })
local server = net:host("server", { addr = "10.0.2.2/24" })
net:link(client, server, { delay = "1ms" })
local function val(x)
  if type(x) == "string" and x:match("^[A-Z]") then
    local r = 0
    for p in x:gmatch("[^|]+") do r = r + assert(S[p] or F[p], p) end
    return r
  end
  return x
end
local function pat(n)
  local t = {}
  for i = 0, n - 1 do t[i + 1] = string.char((i * 7 + i // 256) % 256) end
  return table.concat(t)
end
local function sum(s) local h = 0 for i = 1, #s do h = h + s:byte(i) end return h end
local function err(m, e) return "ERR " .. e .. " " .. m:gsub("^%l+: ", "") end
local function res(r, m, e) if r then return "OK " .. r end return err(m, e) end
local function show(a) return a.family .. " " .. a.addr .. " " .. (a.port >= 32768 and "EPH" or a.port) end
local ORDER = { "IN", "PRI", "OUT", "ERR", "HUP", "NVAL" }
local function to(a, p, fam) -- of AF_INET6, so that the call can refuse it
  if fam == "AF_INET6" then a = "::ffff:" .. a end
  return { family = val(fam) or 2, addr = a, port = p }
end
local function interp(ops)
  G.signal(G.SIGPIPE, G.SIG_IGN)
  local v, t0, last = {}, sim.now, sim.now
  local function fd(n) if type(n) == "string" then return v[n] end return n end
  local do_ = {
    sleep = function(ms) local t = t0 + ms * 1000000 - sim.now if t > 0 then sim.sleep(t / 1e9) end last = sim.now end,
    socket = function(n, d, t, p)
      local r, m, e = S.socket(val(d) or 2, val(t) or 1, val(p) or 0)
      v[n] = r or -1
      return r and "OK fd" or err(m, e)
    end,
    bind = function(f, a, p, fam) return res(S.bind(fd(f), to(a, p, fam))) end,
    connect = function(f, a, p, fam) return res(S.connect(fd(f), to(a, p, fam))) end,
    listen = function(f, n) return res(S.listen(fd(f), n)) end,
    accept = function(f, n)
      local r, a, e = S.accept(fd(f))
      if not r then return err(a, e) end
      v[n] = r
      return "OK fd " .. show(a)
    end,
    send = function(f, d, fl) return res(S.send(fd(f), type(d) == "number" and pat(d) or d, val(fl) or 0x4000)) end,
    write = function(f, d) return res(U.write(fd(f), type(d) == "number" and pat(d) or d)) end,
    drain = function(f, n)
      local t, h = 0, 0
      while true do
        local d, m, e = U.read(fd(f), n)
        if not d or d == "" then return t .. " bytes sum " .. h .. " then " .. (d and "EOF" or err(m, e)) end
        t, h = t + #d, h + sum(d)
      end
    end,
    fill = function(f)
      local d = pat(4096)
      while true do
        local r, m, e = S.send(fd(f), d, 0x4040)
        if not r then return err(m, e) end
      end
    end,
    sendall = function(f, n, brief)
      local d, t = pat(n), 0
      while t < n do
        local r, m, e = S.send(fd(f), d:sub(t + 1), 0x4000)
        if not r then return brief and err(m, e) or t .. " then " .. err(m, e) end
        t = t + r
      end
      return "OK " .. t
    end,
    shutdown = function(f, h) return res(S.shutdown(fd(f), val(h))) end,
    close = function(f) return res(U.close(fd(f))) end,
    setsockopt = function(f, l, n, ...) return res(S.setsockopt(fd(f), val(l), val(n), ...)) end,
    getsockopt = function(f, l, n)
      local r, m, e = S.getsockopt(fd(f), val(l), val(n)) if type(r) == "table" then return "OK " .. (r.tv_sec or r.l_onoff) .. " " .. (r.tv_usec or r.l_linger) end
      if not r then return err(m, e) end
      return "OK " .. r .. (m and " " .. m or "")
    end,
    getsockname = function(f) local r, m, e = S.getsockname(fd(f)) if not r then return err(m, e) end return "OK " .. show(r) end,
    getpeername = function(f) local r, m, e = S.getpeername(fd(f)) if not r then return err(m, e) end return "OK " .. show(r) end,
    poll = function(f, ev, ms)
      local t = { [fd(f)] = { events = {} } }
      for p in ev:gmatch("[^|]+") do t[fd(f)].events[p] = true end
      local r, m, e = P.poll(t, ms)
      if not r then return err(m, e) end
      local o = {}
      for _, n in ipairs(ORDER) do if (t[fd(f)].revents or {})[n] then o[#o + 1] = n end end
      return "OK " .. r .. " " .. table.concat(o, "|")
    end,
    fcntl = function(f, c, a) return res(F.fcntl(fd(f), val(c), val(a) or 0)) end,
    took = function(step) local t = (sim.now - last) / 1e6 last = sim.now return "about " .. math.floor(t / step + 0.5) end,
    echo = function(t) return t end,
  }
  local function rd(call) return function(f, n, fl)
    local d, m, e
    if fl then d, m, e = call(fd(f), n, val(fl)) else d, m, e = call(fd(f), n) end
    if not d then return err(m, e) end
    local printable = #d > 0 and #d < 40 and not d:find("[^ -~]")
    return "OK " .. #d .. " " .. (printable and d or sum(d))
  end end
  do_.recv = rd(S.recv)
  do_.read = function(f, n) return rd(U.read)(f, n) end
  for _, op in ipairs(ops) do
    local r = do_[op[1]](table.unpack(op, 2))
    if r then
      local words = {}
      for i = 1, #op do words[i] = tostring(op[i]) end
      print(table.concat(words, " ") .. " -> " .. r)
    end
  end
end
local function task(i, host, ops) host:run("t" .. i, function() interp(ops) end) end
