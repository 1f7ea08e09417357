#!/bin/sh
# Runs a fuzzer with libFuzzer. What is new goes to build/fuzz/corpus/FUZZER; an input that ends it is left as
# build/fuzz/FUZZER-crash-*. Put that into tests/fuzz/corpus/FUZZER under a telling name once it is understood.
# usage: tests/fuzz/run.sh frame|sequence|syscall|card|lua|trace|text [SECONDS] [libFuzzer options]
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
name=${1:?usage: run.sh FUZZER [SECONDS]} seconds=${2:-3600}
shift
[ $# -eq 0 ] || shift
cd "$root"
. tests/packages.sh
install_missing $FUZZ_PACKAGES
cmake --preset fuzz >/dev/null
cmake --build build/fuzz --target "fuzz_$name" >/dev/null
mkdir -p "build/fuzz/corpus/$name"
exec nice -n 19 "build/fuzz/tests/fuzz_$name" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=3000 -entropic=0 \
	-max_len=4096 -print_final_stats=1 -artifact_prefix="build/fuzz/$name-" "$@" "build/fuzz/corpus/$name" "tests/fuzz/corpus/$name"
