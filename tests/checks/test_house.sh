#!/bin/sh
# What must hold of the sources and objects whatever they do: no mutable data at file scope, no include
# against the layers' arrows, formatted, licensed for nobody to forget.
# usage: test_house.sh WIREPATH
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$(dirname "$1")" && pwd)
cd "$root" || exit 2
passed=0 failed=0

# check WHAT FOUND: FOUND must be empty
check() {
	if [ -z "$2" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAIL %s:\n%s\n' "$1" "$2"
	fi
}

# includes FOLDER PATTERN: lines of the folder that include what they may not
includes() {
	grep -nE "^#[[:space:]]*include[[:space:]]*\"($2)" -r "$1" --include='*.[ch]' | head -5
}

check "core includes what is above it" "$(includes core 'stack/|nic-model/|lua/|viz/')"
check "nic-model includes what is not core" "$(includes nic-model 'stack/|lua/|viz/')"
check "the stack includes what is not core" "$(includes stack 'nic-model/|lua/|viz/')"
check "viz includes more than the trace" "$(includes viz 'stack/|nic-model/|lua/|core/[^t]')"

# .data and .bss of our objects: d, D, b, B in nm, but for relocated constants (.data.rel.ro)
mutable=$(find "$build" -name '*.o' -path '*.dir/*' ! -path '*/tests/*' | sort | while read -r o; do
	objdump -t "$o" 2>/dev/null | awk -v o="$o" '
		$4 ~ /^\.(data|bss|tdata|tbss)/ && $4 !~ /^\.data\.rel\.ro/ && $NF !~ /^\./ && $NF !~ /asan|ubsan|odr|Lubsan|Lasan/ && $5 !~ /^0+$/ { print o ": " $NF }'
done | head -10)
case $build in
*asan*) ;; # sanitizers put their own data beside every object
*) check "mutable data at file scope" "$mutable" ;;
esac

check "a leaf (core/trace.h) reaches what is traced" "$(python3 tests/checks/leaves.py | head -10)"

if command -v clang-format >/dev/null 2>&1; then # tests/run installs it
	check "not formatted (clang-format -i)" "$(git ls-files '*.c' '*.h' 2>/dev/null |
		xargs -r -n 20 clang-format --dry-run -Werror 2>&1 | grep -oE '^[^: ]+[.][ch]:' | sort -u | head -10)"
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
