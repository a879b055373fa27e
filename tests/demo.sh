#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The main job, each command with its real output: from `skep new` to live events of a signed package.
# Works in build/demo; fails unless the events of processes started here came through.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
work=$top/build/demo
seconds=${DEMO_SECONDS:-3}
trust_mode=700
sudo=
if [ "$(id -u)" != 0 ]; then # a trust store of one user is not root's
	sudo=sudo trust_mode=755
	command -v sudo >/dev/null || { echo "demo: loading BPF programs wants root or sudo" >&2; exit 3; }
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
export PATH="$top/build/bin:$PATH" XDG_CACHE_HOME="$work/.cache" XDG_DATA_HOME="$work/.data"
unset SKEP_TRUST SKEP_PASSPHRASE SKEP_HOME 2>/dev/null || :

if [ ! -d /sys/kernel/tracing/events ]; then # tracepoints are attached by what tracefs says of them
	$sudo mount -t tracefs tracefs /sys/kernel/tracing && mounted=/sys/kernel/tracing
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

show skep new exec-watch
show cd exec-watch
show skep build
show skep inspect build/exec-watch.skep
show skep check build/exec-watch.skep --kernel host

show skep keygen --out keys
show $sudo install -d -m $trust_mode trust.d
show $sudo install -m 644 keys/skep.crt trust.d/
refused skep verify build/exec-watch.skep --trust trust.d
show skep sign build/exec-watch.skep --key keys/skep.key --cert keys/skep.crt
show skep verify build/exec-watch.skep --trust trust.d

honeybees &
bees=$!
{
	status=0
	as_root skep run build/exec-watch.skep --trust trust.d --duration "$seconds" || status=$?
	echo "$status" >"$work/status"
} | tee "$work/run.txt"
run=$(cat "$work/status")
kill "$bees" && wait "$bees" 2>/dev/null || :
bees=

printf '\n'
[ "$run" = 0 ] || { echo "demo: skep run ended with $run" >&2; exit 1; }
events=$(grep -c honeybee "$work/run.txt" || :)
[ "$events" -gt 0 ] || { echo "demo: no event of the processes started here came" >&2; exit 1; }
printf 'demo: done: a signed package ran on Linux %s and reported %d events of the processes started for it\n' \
	"$(uname -r)" "$events"
