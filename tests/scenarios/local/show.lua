-- The neighbour table as commands and /proc show it: the lines of a real kernel, for the same commands.

local sim = require "sim"

local net = sim.network()
local host = net:host("host", { addr = "10.0.0.1/24" })
net:link(host, net:host("peer", { addr = "10.0.0.2/24" }))

for _, line in ipairs {
  "ip neigh add proxy 10.0.0.77 dev eth0", "ip neigh add proxy 10.0.0.78", "ip neigh add 10.0.0.5 dev eth0 nud none",
  "ip neigh add 10.0.0.6 dev eth0 nud failed", "ip neigh add 10.0.0.7 lladdr 2:0:0:0:0:7 dev eth0 nud noarp",
} do host:sh(line) end

sim.equal(host:sh("cat /proc/net/arp"), [[
IP address       HW type     Flags       HW address            Mask     Device
10.0.0.6         0x1         0x0         00:00:00:00:00:00     *        eth0
10.0.0.78        0x0         0xc         00:00:00:00:00:00     *        *
10.0.0.77        0x1         0xc         00:00:00:00:00:00     *        eth0
]])
sim.equal(host:sh("ip neigh show"), "10.0.0.6 dev eth0 FAILED \n")
sim.equal(host:sh("ip neigh show 10.0.0.5 nud all"), "10.0.0.5 dev eth0 \n")
sim.equal(host:sh("ip neigh show nud none"), "10.0.0.5 dev eth0 \n")
sim.equal(host:sh("ip neigh show nud noarp"), "10.0.0.7 dev eth0 lladdr 02:00:00:00:00:07 NOARP \n")
sim.equal(host:sh("ip neigh show proxy"), "10.0.0.78 proxy \n10.0.0.77 dev eth0 proxy \n")
-- three entries were looked for and made
sim.equal(host:sh("cat /proc/net/stat/arp_cache"), [[
entries  allocs   destroys hash_grows lookups  hits     res_failed rcv_probes_mcast rcv_probes_ucast periodic_gc_runs forced_gc_runs unresolved_discards table_fulls
00000003 00000003 00000000 00000000   00000003 00000000 00000000   00000000         00000000         00000000         00000000       00000000            00000000
]])

sim.run()
