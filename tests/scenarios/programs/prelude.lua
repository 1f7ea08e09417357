-- What the programs of this folder share.
pcall(require, "real") -- not there in wirepath
local S = require "posix.sys.socket"
local U = require "posix.unistd"
local P = require "posix.poll"
local F = require "posix.fcntl"
local T = require "posix.time"
local M = { CLIENT = "10.0.2.15", SERVER = "10.0.2.2" }

-- A socket address.
function M.at(port, addr) return { family = S.AF_INET, addr = addr or M.SERVER, port = port } end

-- A value in words: ports above 32767 are picked by the kernel and differ.
local function words(v)
  if type(v) == "string" and #v > 100 then return #v .. " bytes" end
  if type(v) ~= "table" then return tostring(v) end
  local keys, out = {}, {}
  for k in pairs(v) do keys[#keys + 1] = k end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for _, k in ipairs(keys) do
    local x = v[k]
    if k == "port" and x > 32767 then x = "EPHEMERAL" end
    out[#out + 1] = tostring(k) .. "=" .. words(x)
  end
  return "{" .. table.concat(out, " ") .. "}"
end

-- Prints all that a call returned; passes it on.
function M.show(what, ...)
  local t = table.pack(...)
  local out = {}
  for i = 1, t.n do out[i] = words(t[i]) end
  print(what, table.concat(out, " "))
  return ...
end

-- The events that poll() tells of one descriptor, as text.
function M.events(fd, ms, want)
  local fds = { [fd] = { events = {} } }
  for e in (want or "IN PRI OUT"):gmatch "%u+" do fds[fd].events[e] = true end
  local n, msg, errno = P.poll(fds, ms or 0)
  if not n then return n, msg, errno end
  local out = {}
  for _, e in ipairs { "IN", "PRI", "OUT", "ERR", "HUP", "NVAL" } do
    if n > 0 and fds[fd].revents[e] then out[#out + 1] = e end
  end
  return n, table.concat(out, "|")
end

function M.poll(what, fd, ms, want) M.show(what, M.events(fd, ms, want)) end

function M.nap(ms) T.nanosleep { tv_sec = ms // 1000, tv_nsec = ms % 1000 * 1000000 } end

function M.nonblock(fd) return F.fcntl(fd, F.F_SETFL, F.O_NONBLOCK | F.fcntl(fd, F.F_GETFL)) end

function M.tcp() return assert(S.socket(S.AF_INET, S.SOCK_STREAM, 0)) end

-- A socket that gives up after 200 ms, bound when a port is given.
function M.udp(port, addr)
  local fd = assert(S.socket(S.AF_INET, S.SOCK_DGRAM, 0))
  assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, 0, 200000))
  if port then assert(S.bind(fd, M.at(port, addr or "0.0.0.0"))) end
  return fd
end

function M.listener(port, backlog)
  local fd = M.tcp()
  assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_REUSEADDR, 1))
  assert(S.bind(fd, M.at(port, "0.0.0.0")))
  assert(S.listen(fd, backlog or 5))
  return fd
end

-- A connection to the other host, which listens.
function M.connected(port)
  local fd = M.tcp()
  assert(S.connect(fd, M.at(port)))
  return fd
end

-- Reads until the end; how many bytes, and an error.
function M.drain(fd)
  local n = 0
  while true do
    local s, msg, errno = U.read(fd, 65536)
    if not s then return n, msg, errno end
    if s == "" then return n end
    n = n + #s
  end
end

function M.sockopt(what, fd, level, name) return M.show(what, S.getsockopt(fd, level, name)) end

return M
