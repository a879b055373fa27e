#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Lay out what skep finds beside its programs. Usage: sdk/share.sh LIBBPF PREFIX, from the top of the source tree
#   PREFIX/share/skep/bpf        headers for BPF C          PREFIX/share/skep/templates  projects of `skep new`
#   PREFIX/share/skep/libbpf     libbpf's headers           PREFIX/share/skep/make       skep.mk
#   PREFIX/share/skep/platforms  what other platforms than Linux have
#   PREFIX/lib/skep/libbpf.a     the libbpf those headers belong to
# Copies only what differs, so that nothing downstream sees a new time stamp.
set -eu
umask 022
libbpf=$1 prefix=$2

copy_file() { # FROM TO
	cmp -s "$1" "$2" && return
	install -D -p -m "$([ -x "$1" ] && echo 755 || echo 644)" "$1" "$2"
}
copy_tree() { # FROM TO: every file, removing what is no longer there
	mkdir -p "$2"
	(cd "$2" && find . -type f) | while read -r f; do [ -e "$1/$f" ] || rm -f "$2/$f"; done
	(cd "$1" && find . -type f) | while read -r f; do copy_file "$1/$f" "$2/$f"; done
}
copy_tree sdk/bpf "$prefix/share/skep/bpf"
copy_tree sdk/make "$prefix/share/skep/make"
copy_tree "$libbpf/include" "$prefix/share/skep/libbpf"
copy_tree sdk/platforms "$prefix/share/skep/platforms"
copy_tree templates "$prefix/share/skep/templates"
copy_file "$libbpf/libbpf.a" "$prefix/lib/skep/libbpf.a"
