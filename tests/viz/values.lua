-- For test_plot.py: a connection that loses packets, a reader that is too slow for its
-- datagrams, and every 10 ms what ss says of them.
local sim = require "sim"
local S = require "posix.sys.socket"
local unistd = require "posix.unistd"

local net = sim.network()
local client = net:host("client", { addr = "10.0.2.15/24" })
local server = net:host("server", { addr = "10.0.2.2/24" })
net:link(client, server, { rate = "10Mbit", delay = "5ms", loss = 0.04 })

server:run(function()
  local fd = S.socket(S.AF_INET, S.SOCK_STREAM, 0)
  S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = 80 })
  S.listen(fd, 8)
  local conn = S.accept(fd)
  repeat
    sim.sleep("2ms")
  until unistd.read(conn, 65536) == ""
  unistd.close(conn)
end)

client:run(function()
  local fd = S.socket(S.AF_INET, S.SOCK_STREAM, 0)
  assert(S.connect(fd, { family = S.AF_INET, addr = "10.0.2.2", port = 80 }))
  unistd.write(fd, ("x"):rep(400000))
  unistd.close(fd)
end)

server:run("datagrams", function()
  local fd = S.socket(S.AF_INET, S.SOCK_DGRAM, 0)
  S.bind(fd, { family = S.AF_INET, addr = "0.0.0.0", port = 9 })
  for _ = 1, 100 do
    sim.sleep("17ms")
    S.recv(fd, 100)
  end
end)

client:run("datagrams", function()
  local fd = S.socket(S.AF_INET, S.SOCK_DGRAM, 0)
  for _ = 1, 20 do
    for _ = 1, 5 do
      S.sendto(fd, "x", { family = S.AF_INET, addr = "10.0.2.2", port = 9 })
    end
    sim.sleep("33ms")
  end
end)

for _ = 1, 200 do
  sim.run("10ms")
  for line in server:sh("ss -uan"):gmatch("[^\n]+") do
    print("@", sim.now, "server", line)
  end
  for _, host in ipairs { client, server } do
    for line in host:sh("ss -tin"):gmatch("[^\n]+") do
      local words = { line:match("^(%S+) +(%d+) +(%d+) +(%S+) +(%S+)") }
      for _, key in ipairs { "cwnd", "ssthresh", "unacked", "rto", "rtt", "snd_wnd" } do
        words[#words + 1] = line:match("%s(" .. key .. ":%S+)")
      end
      print("@", sim.now, host.name, table.concat(words, " "))
    end
  end
end
