#!/bin/sh
# Writes that fail: a full disk for standard output, a limit on the size of files for the run folder. Each ends with one
# message and exit code 2, never by a signal, and leaves no manifest that calls the run whole.
# usage: test_full.sh WIREPATH
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
wirepath=$(readlink -f "$1")
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2
passed=0 failed=0

check() { # WHAT CONDITION...
	what=$1
	shift
	if "$@"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAIL %s\n' "$what"
		cat err
	fi
}

"$wirepath" run "$root/scenarios/udp_echo.lua" -o whole --pcap >out 2>err
"$wirepath" run "$root/scenarios/udp_echo.lua" -o run >/dev/full 2>err
check "standard output to a full disk: exit code $?" [ $? -eq 2 ]
check "... says so" grep -q "cannot write the output" err
for cmd in "chart whole --call sys_socket" "export whole --format calls" "digest whole" "nic $root/tests/nic/scripts/tx-vlan.ops"; do
	"$wirepath" $cmd >/dev/full 2>err
	code=$?
	check "$cmd to a full disk: exit code $code" [ $code -eq 2 ]
	check "$cmd to a full disk says so" [ -s err ]
done
# in blocks of 512 bytes: the trace, a capture, a program's output, the manifest do not fit
for blocks in 0 1 2 8 100 400; do
	rm -rf run
	(ulimit -f $blocks && exec "$wirepath" run "$root/scenarios/udp_echo.lua" -o run --pcap 2>&1 >/dev/null) | cat >err
	(ulimit -f $blocks && exec "$wirepath" run "$root/scenarios/udp_echo.lua" -o run --pcap >/dev/null 2>/dev/null)
	code=$?
	check "files of at most $blocks blocks: exit code $code" [ $code -eq 2 ]
	check "files of at most $blocks blocks: says what it could not write" grep -Eq "cannot write|could not be written" err
	check "files of at most $blocks blocks: the manifest does not call it done" \
		sh -c '! grep -q "\"result\": \"done\"" run/manifest.json 2>/dev/null'
	check "files of at most $blocks blocks: nothing half made" [ ! -e run/manifest.json.tmp ]
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
