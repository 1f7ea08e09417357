#!/bin/sh
# Runs scripts against the bare card and compares the transcripts with the expected ones; lines that
# begin with '#' or '~' carry no verdict.
# usage: run.sh WIREPATH [DIR...]   each DIR has scripts/*.ops and expected/*.out; default: ours, and the shared
# ones that an independent model gave
set -u
here=$(cd "$(dirname "$0")" && pwd)
wirepath=$1
shift
if [ $# -eq 0 ]; then
	set -- "$here"
	shared=$here/../../../shared/nic
	[ -d "$shared/scripts" ] && set -- "$@" "$shared"
fi
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT

verdict_lines() {
	grep -v -e '^#' -e '^~' -e '^$' "$1"
}

total=0 bad=0
for dir in "$@"; do
	for script in "$dir"/scripts/*.ops; do
		name=$(basename "$script" .ops)
		total=$((total + 1))
		if ! "$wirepath" nic "$script" > "$tmp/out" 2> "$tmp/err"; then
			echo "FAIL $name: $(cat "$tmp/err")"
			bad=$((bad + 1))
			continue
		fi
		verdict_lines "$tmp/out" > "$tmp/ours"
		verdict_lines "$dir/expected/$name.out" > "$tmp/theirs"
		if ! diff "$tmp/theirs" "$tmp/ours" > "$tmp/diff"; then
			echo "FAIL $name ('<' expected, '>' ours):"
			head -n 20 "$tmp/diff" | cut -c1-160
			bad=$((bad + 1))
		fi
	done
done
echo "nic: $((total - bad)) of $total scripts as expected"
[ $bad -eq 0 ] && [ $total -gt 0 ]
