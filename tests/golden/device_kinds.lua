-- Golden's programs of the interface itself.

local sim = require "sim"
local S = require "posix.sys.socket"
local U = require "posix.unistd"
local I = require "posix.sys.ioctl"
local G = require "common"

-- Takes eth0 down, and up again.
local function down_up()
  G.rounds(G.client, "client", function()
    local fd = G.socket(S.SOCK_DGRAM)
    sim.sleep("2s")
    local flags = assert(I.ioctl(fd, I.SIOCGIFFLAGS, "eth0"))
    sim.equal(flags & I.IFF_UP, I.IFF_UP)
    assert(I.ioctl(fd, I.SIOCSIFFLAGS, "eth0", flags & ~I.IFF_UP))
    sim.equal(I.ioctl(fd, I.SIOCGIFFLAGS, "eth0") & I.IFF_UP, 0)
    sim.sleep("1s")
    assert(I.ioctl(fd, I.SIOCSIFFLAGS, "eth0", flags))
    sim.equal(I.ioctl(fd, I.SIOCGIFADDR, "eth0"), "10.0.0.1")
    sim.equal(I.ioctl(fd, I.SIOCGIFNETMASK, "eth0"), "255.255.255.0")
    sim.equal(I.ioctl(fd, I.SIOCGIFBRDADDR, "eth0"), "10.0.0.255")
    sim.equal(I.ioctl(fd, I.SIOCGIFMTU, "eth0"), 1500)
    local _, _, errno = I.ioctl(fd, I.SIOCGIFFLAGS, "eth9")
    sim.equal(errno, 19) -- ENODEV
    sim.sleep("3s")
    U.close(fd)
  end)
end

-- The cable is pulled for three seconds.
local function pulled()
  sim.at("3s", function() G.link:down() end)
  sim.at("6s", function() G.link:up() end)
  G.rounds(G.client, "client", function() sim.sleep("10s") end)
end

return { ["link-down-up"] = pulled, ["if-down"] = down_up, ["if-up"] = down_up }
