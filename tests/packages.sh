# Sourced by ./wirepath and tests/run: the Debian packages that building and testing need.

BUILD_PACKAGES="gcc libc6-dev cmake ninja-build pkg-config libev-dev liblua5.4-dev libboost-context-dev libxxhash-dev zlib1g-dev librsvg2-dev libcairo2-dev libgraphviz-dev fonts-dejavu-core"
TEST_PACKAGES="$BUILD_PACKAGES libcmocka-dev python3 tshark tcpdump chromium chromium-driver python3-selenium tidy graphviz clang-format binutils util-linux protobuf-compiler babeltrace2"
FUZZ_PACKAGES="$BUILD_PACKAGES libcmocka-dev clang-14 libclang-rt-14-dev" # tests/fuzz/run.sh

# Installs those of the named packages that are missing, and says so.
install_missing() {
	missing=
	for p in "$@"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing="$missing $p"
	done
	[ -n "$missing" ] || return 0
	echo "wirepath: installing missing packages:$missing" >&2
	sudo=
	[ "$(id -u)" = 0 ] || sudo=sudo
	$sudo apt-get update >&2 || true
	if ! DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y --no-install-recommends $missing >&2; then
		echo "wirepath: could not install:$missing; install them by hand and try again" >&2
		exit 2
	fi
}
