-- In front of each program. What a call returns is printed: its value, or its error number.
local S = require "posix.sys.socket"
local U = require "posix.unistd"
local P = require "posix.poll"
local T = require "posix.time"
local ROLE = ...
local CLIENT, SERVER = "10.0.2.15", "10.0.2.2"

local function at(port, addr)
  return { family = S.AF_INET, addr = addr or "0.0.0.0", port = port }
end

local function show(what, value, _, errno)
  if type(value) == "string" then value = #value .. " bytes: " .. value:sub(1, 20) end
  if value == nil then value = "errno " .. tostring(errno) end
  print(what, value)
end

local function nap(ms)
  T.nanosleep { tv_sec = ms // 1000, tv_nsec = ms % 1000 * 1000000 }
end

-- A socket that gives up after 200 ms, bound when a port is given.
local function udp(port, addr)
  local fd = assert(S.socket(S.AF_INET, S.SOCK_DGRAM, 0))
  assert(S.setsockopt(fd, S.SOL_SOCKET, S.SO_RCVTIMEO, 0, 200000))
  if port then assert(S.bind(fd, at(port, addr))) end
  return fd
end

