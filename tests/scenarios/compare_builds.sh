#!/bin/sh
# The same scenario and seed give the same digest in every build.
# usage: compare_builds.sh WIREPATH_A WIREPATH_B
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0
for s in "$root"/scenarios/*.lua; do
	for seed in 1 2; do
		"$1" run "$s" --seed $seed -o "$tmp/a" >/dev/null 2>&1
		"$2" run "$s" --seed $seed -o "$tmp/b" >/dev/null 2>&1
		if [ "$("$1" digest "$tmp/a")" = "$("$2" digest "$tmp/b")" ]; then
			passed=$((passed + 1))
		else
			failed=$((failed + 1))
			echo "FAIL $(basename "$s"), seed $seed:"
			"$2" diff "$tmp/a" "$tmp/b"
		fi
		rm -rf "$tmp/a" "$tmp/b"
	done
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
