#!/bin/sh
# Records what the real tools say on a real kernel, in network namespaces (needs root; iproute2, net-tools, iputils-ping,
# traceroute, procps, ethtool): the topology and the programs of network.lua, the commands of client.txt and server.txt.
# usage: record.sh > linux.txt
cd "$(dirname "$0")" || exit 2
A=wpA$$ B=wpB$$ R=wpR$$
trap 'ip netns del $A; ip netns del $B; ip netns del $R; rm -f /tmp/$A.err' EXIT
for n in $A $B $R; do ip netns add $n; ip -n $n link set lo up; done
ip -n $A link add eth0 address 52:54:00:12:34:01 type veth peer name eth0 netns $R address 52:54:00:12:34:02
ip -n $R link add eth1 address 52:54:00:12:35:02 type veth peer name eth0 netns $B address 52:54:00:12:34:03
for n in $A $B $R; do ip -n $n link set eth0 up; done
ip -n $R link set eth1 up
ip -n $A addr add 10.0.1.10/24 brd + dev eth0
ip -n $R addr add 10.0.1.1/24 brd + dev eth0
ip -n $R addr add 10.0.2.1/24 brd + dev eth1
ip -n $B addr add 10.0.2.2/24 brd + dev eth0
ip -n $A route add default via 10.0.1.1
ip -n $B route add default via 10.0.2.1
ip netns exec $R sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratemask=0
ip netns exec $B sysctl -qw net.ipv4.icmp_ratemask=0
ip netns exec $B python3 -c '
import socket, time
s = socket.socket(); s.bind(("0.0.0.0", 80)); s.listen(8)
u = socket.socket(2, 2); u.bind(("0.0.0.0", 53))
c, _ = s.accept()
time.sleep(60)' &
server=$!
sleep 2
ip netns exec $A python3 -c '
import socket, time
s = socket.socket(); s.bind(("10.0.1.10", 40000)); s.connect(("10.0.2.2", 80)); s.send(b"x" * 100)
u = socket.socket(2, 2); u.bind(("10.0.1.10", 40001)); u.connect(("10.0.2.2", 53))
time.sleep(60)' &
client=$!
sleep 2
for side in client server; do
	n=$A
	[ $side = server ] && n=$B
	while read -r line; do
		echo "$side\$ $line"
		ip netns exec $n sh -c "$line" 2>/tmp/$A.err
		status=$?
		cat /tmp/$A.err # after the output, as network.lua has it
		echo "= $status"
	done <$side.txt
done
kill $server $client
