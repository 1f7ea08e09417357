-- Sends the packets of cases.txt (in CASES, put in front of this file by test_forwarding.py) through routers and prints
-- what the three hosts see, as record.py does on a real kernel.
local sim = require "sim"
local S = require "posix.sys.socket"
local net = sim.network()

local function bytes(addr)
  return string.char(addr:match("(%d+)%.(%d+)%.(%d+)%.(%d+)"))
end

local function text(b)
  return ("%d.%d.%d.%d"):format(b:byte(1, 4))
end

local function checksum(data)
  local sum = 0
  for i = 1, #data, 2 do sum = sum + string.unpack(">I2", data, i) end
  while sum > 0xffff do sum = (sum & 0xffff) + (sum >> 16) end
  return ~sum & 0xffff
end

local function packet(src, dst, ttl, len, df, options)
  local opts = options == "-" and "" or options:gsub("..", function(h) return string.char(tonumber(h, 16)) end)
  opts = opts .. ("\0"):rep(-#opts % 4)
  local function head(sum)
    return string.pack(">BBI2I2I2BBI2", 0x45 + #opts // 4, 0, len, 7, df == "df" and 0x4000 or 0, ttl, 17, sum)
      .. bytes(src) .. bytes(dst) .. opts
  end
  local ip = head(checksum(head(0)))
  return ip .. string.pack(">I2I2I2I2", 1000, 2000, len - #ip, 0) .. ("\0"):rep(len - #ip - 8)
end

local function hex(s)
  return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

local hosts = 0
for _, case in ipairs(CASES) do
  local n = hosts // 3 + 1
  local a = net:host("a" .. n, { addr = "10.0.1.10/24", gw = "10.0.1.1" })
  local r = net:host("r" .. n, { addr = { "10.0.1.1/24", "10.0.2.1/24" } })
  local b = net:host("b" .. n, { addr = "10.0.2.2/24", gw = "10.0.2.1" })
  hosts = hosts + 3
  net:link(a, "r" .. n .. ":eth0")
  net:link("r" .. n .. ":eth1", b)
  -- cards' addresses count the hosts: 52:54:00:12:34:01 is eth0 of the first
  local index = hosts - 1
  local router = string.char(0x52, 0x54, 0, 0x12 + (index >> 8), 0x34, index & 255)
  r:sh("sysctl -w net.ipv4.ip_forward=1")
  r:sh("sysctl -w net.ipv4.conf.eth0.accept_source_route=0")
  for command in case.commands:gmatch("[^;]+") do r:sh((command:gsub("^%s+", ""))) end

  local seen = {}
  local function note(where, d, own_ttl)
    local ihl = (d:byte(1) & 15) * 4
    if where == "a" and d:byte(10) == 1 then
      seen[#seen + 1] = ("a icmp %d/%d %s"):format(d:byte(ihl + 1), d:byte(ihl + 2), hex(d:sub(ihl + 5, ihl + 8)))
    elseif d:byte(10) == 17 and d:byte(9) ~= 0 and not (where == "a" and d:byte(9) == own_ttl) then
      seen[#seen + 1] = ("%s %s>%s ttl %d len %d%s"):format(where, text(d:sub(13, 16)), text(d:sub(17, 20)), d:byte(9),
        string.unpack(">I2", d, 3), ihl > 20 and " options " .. hex(d:sub(21, ihl)) or "")
    end
  end
  local src, dst, ttl, len, df, options = case.packet:match("(%S+) (%S+) (%S+) (%S+) (%S+) (%S+)")
  for where, host in pairs { a = a, b = b } do
    host:run("watch", function()
      local fd = assert(S.socket(S.AF_PACKET, S.SOCK_RAW, 0x0008))
      assert(S.bind(fd, { family = S.AF_PACKET, ifindex = 2 }))
      while true do note(where, S.recvfrom(fd, 2000):sub(15), tonumber(ttl)) end
    end):daemon()
  end
  r:run("watch", function()
    local fd = assert(S.socket(S.AF_INET, S.SOCK_RAW, S.IPPROTO_UDP))
    while true do note("r", S.recvfrom(fd, 2000)) end
  end):daemon()
  a:run("send", function()
    sim.sleep("10ms")
    local fd = assert(S.socket(S.AF_PACKET, S.SOCK_RAW, 0))
    assert(S.bind(fd, { family = S.AF_PACKET, ifindex = 2 }))
    assert(S.send(fd, router .. ("\2"):rep(6) .. "\8\0" .. packet(src, dst, tonumber(ttl), tonumber(len), df, options)))
  end)
  case.seen = seen
end
sim.run("5s")
for _, case in ipairs(CASES) do
  print(case.name .. ": " .. (#case.seen > 0 and table.concat(case.seen, "; ") or "nothing"))
end
