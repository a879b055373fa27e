#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The main job, each command with its real output: from `skep new` to live events of a signed package. Where the host
# refuses BPF programs (a container, no root), a guest under QEMU with a kernel of Debian takes them.
# Works in build/demo; fails unless the events of processes started here came through.
#
#   DEMO_SECONDS=3   how long `skep run` shows events
#   DEMO_GUEST=1     a guest wherever this runs; no sudo then
#   SKEP_HOME=DIR    a kernel library to take the guest's kernel from, instead of fetching one
#   SKEP_BUILD=DIR   of the programs, instead of build
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top"
build=$(cd "${SKEP_BUILD:-build}" && pwd)
work=$build/demo
seconds=${DEMO_SECONDS:-3}
guest=
[ "${DEMO_GUEST:-0}" = 0 ] || guest='DEMO_GUEST asks for one'
library=${SKEP_HOME:-}
target=host
release=$(uname -r)
kernel=debian/bookworm/$(uname -m | sed 's/aarch64/arm64/')
trust_mode=700
sudo=
if [ "$(id -u)" != 0 ] && [ -z "$guest" ]; then # a trust store of one user is not root's
	if command -v sudo >/dev/null && sudo true; then
		sudo=sudo trust_mode=755
	else
		guest='neither root nor sudo'
	fi
fi

mounted= bees= run=
cleanup() {
	[ -z "$bees" ] || kill "$bees" 2>/dev/null || :
	[ -z "$mounted" ] || $sudo umount "$mounted"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

$sudo rm -rf "$work"
mkdir -p "$work"
cd "$work"
export PATH="$build/bin:$PATH" XDG_CACHE_HOME="$work/.cache" XDG_DATA_HOME="$work/.data"
unset SKEP_TRUST SKEP_PASSPHRASE SKEP_HOME 2>/dev/null || :

[ -n "$guest" ] || [ -e /sys/kernel/btf/vmlinux ] || guest='a kernel without BTF'
if [ -z "$guest" ] && [ ! -d /sys/kernel/tracing/events ]; then # tracepoints are attached by what tracefs says of them
	if $sudo mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null; then
		mounted=/sys/kernel/tracing
	else
		guest='no tracefs'
	fi
fi

show() {
	printf '\n$ %s\n' "$*"
	"$@" 2>&1
}

refused() { # a command that must end with 1
	status=0
	show "$@" || status=$?
	printf '(exit %d)\n' "$status"
	[ "$status" = 1 ] || { echo "demo: this should have been refused" >&2; exit 1; }
}

as_root() { # the same with sudo, if that is needed to be root
	if [ -n "$sudo" ]; then show sudo env PATH="$PATH" "$@"; else show "$@"; fi
}

honeybees() { # short processes with a name to look for
	cp "$(command -v sleep)" "$work/honeybee"
	while :; do "$work/honeybee" 0.15; done
}

ask_host() { # does it take programs? if not, why
	status=0
	$sudo env PATH="$PATH" skep run build/exec-watch.skep --allow-unsigned --duration 100ms >"$work/asked.txt" 2>&1 ||
		status=$?
	if [ "$status" = 3 ] || { [ "$status" != 0 ] && grep -q 'does not permit' "$work/asked.txt"; }; then
		guest=$(sed -n 's/: Error in .*//; s/^skep run: //p' "$work/asked.txt" | head -n 1)
	fi
}

prepare_guest() {
	printf '\ndemo: programs go to a guest, not to this host: %s\n' "$guest"
	[ ! -e /etc/debian_version ] || "$top/.ci/deps" demo # elsewhere skep prove tells what is missing
	if [ -n "$library" ]; then
		export SKEP_HOME="$library"
	else
		show skep kernel fetch debian/bookworm
	fi
	target=$kernel
	release=$(skep kernel show "$kernel" | sed -n 's/^release: *//p')
	cat >"$work/stimulus" <<-'end'
		#!/bin/sh
		printf '#!/bin/sh\nsleep 0.15\n' >/honeybee
		chmod 755 /honeybee
		for i in 1 2 3 4 5 6 7 8; do /honeybee; done
	end
}

show skep new exec-watch
show cd exec-watch
show skep build
show skep inspect build/exec-watch.skep
[ -n "$guest" ] || ask_host
[ -z "$guest" ] || prepare_guest
show skep check build/exec-watch.skep --kernel "$target"

show skep keygen --out keys
show $sudo install -d -m $trust_mode trust.d
show $sudo install -m 644 keys/skep.crt trust.d/
refused skep verify build/exec-watch.skep --trust trust.d
show skep sign build/exec-watch.skep --key keys/skep.key --cert keys/skep.crt
show skep verify build/exec-watch.skep --trust trust.d

watch() {
	if [ -n "$guest" ]; then
		show skep prove build/exec-watch.skep --kernel "$kernel" --events --duration 10 --stimulus "$work/stimulus"
	else
		as_root skep run build/exec-watch.skep --trust trust.d --duration "$seconds"
	fi
}

[ -n "$guest" ] || {
	honeybees &
	bees=$!
}
{
	status=0
	watch || status=$?
	echo "$status" >"$work/status"
} | tee "$work/run.txt"
run=$(cat "$work/status")
[ -z "$bees" ] || {
	kill "$bees" && wait "$bees" 2>/dev/null || :
	bees=
}

printf '\n'
[ "$run" = 0 ] || { echo "demo: the package's run ended with $run" >&2; exit 1; }
events=$(grep -cE '(EXEC|EXIT) .* honeybee ' "$work/run.txt" || :)
[ "$events" -gt 0 ] || { echo "demo: no event of the processes started here came" >&2; exit 1; }
printf 'demo: done: a signed package ran on Linux %s%s and reported %d events of the processes started for it\n' \
	"$release" "${guest:+ in a guest}" "$events"
