#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Starts a program of its own name and looks for the events that tell of its start and its end.
set -eu
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
watcher=
trap '[ -z "$watcher" ] || kill "$watcher" 2>/dev/null || :; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM

fail() {
	echo "exec-watch: $1" >&2
	cat "$dir/events" "$dir/messages" >&2
	exit 1
}

# $1 is looked for until it is there; a machine may be slow.
await() {
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		grep -Eq "$1" "$dir/events" && return
		kill -0 "$watcher" 2>/dev/null || fail "'skep run' ended too early"
		sleep 0.25
	done
	fail "no event matches $1"
}

${SKEP:-skep} run . --json --duration 60 >"$dir/events" 2>"$dir/messages" &
watcher=$!

# Events flow once the programs are attached: until then, knock.
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	sleep 0.25
	/bin/true
	[ -s "$dir/events" ] && break
done

cat >"$dir/probe" <<-END
	#!/bin/sh
	exit 7
END
chmod +x "$dir/probe"
"$dir/probe" &
probe=$!
wait "$probe" && fail "the probe's exit code is lost"

await "\"kind\": *\"EXEC\".*\"pid\": *$probe,.*\"filename\": *\"$dir/probe\""
await "\"kind\": *\"EXIT\".*\"pid\": *$probe,.*\"exit_code\": *7,"
echo "exec-watch: ok"
