#!/bin/sh
# Asks the iptables (legacy) and the kernel of this machine what they say to commands.txt; writes linux.txt. As root.
# With -n, iptables 1.8.9 writes protocols as numbers; all others, and ours, write names.
cd "$(dirname "$0")" || exit 2
ip netns add wpipt
while read -r line; do
	echo "\$ $line"
	eval "ip netns exec wpipt $(echo "$line" | sed 's/^iptables/iptables-legacy/')" >/tmp/wpipt.out 2>/tmp/wpipt.err
	if [ -s /tmp/wpipt.err ]; then head -1 /tmp/wpipt.err; else cat /tmp/wpipt.out; fi
done <commands.txt | sed -E '/^\$/!{ s/ 0    ( ?)(--|-f) / all  \1\2 /; s/ 17   ( ?)(--|-f) / udp  \1\2 /; s/ 1    ( ?)(--|-f) / icmp \1\2 /
	s/ 6    ( ?)(--|-f) / tcp  \1\2 /; s/ 50   ( ?)(--|-f) / esp  \1\2 /; }' >linux.txt
ip netns del wpipt
rm -f /tmp/wpipt.out /tmp/wpipt.err
