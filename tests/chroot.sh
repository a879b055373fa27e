#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The two commands on a fresh machine of another release: tests/chroot.sh SUITE [COMMAND...]
# Bootstraps SUITE with the mirror apt is configured with, clones HEAD into it, runs `make demo` and
# `make test` there and compares the templates' packages with those built here. Wants root.
# The bootstrapped base is kept in build/chroot; mounts live in a namespace that ends with the run.
set -eu
cd "$(dirname "$0")/.."
suite=${1:-trixie}
[ $# = 0 ] || shift
base=$PWD/build/chroot/$suite.tar
root=$PWD/build/chroot/$suite

die() { echo "chroot: $1" >&2; exit 3; }
[ "$(id -u)" = 0 ] || die "wants root"
command -v debootstrap >/dev/null || die "no debootstrap: apt-get install debootstrap"

if [ "${SKEP_CHROOT_NAMESPACE:-}" != 1 ]; then
	export SKEP_CHROOT_NAMESPACE=1
	exec unshare --mount --propagation private "$0" "$suite" "$@"
fi

mirror() {
	apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(LABEL) $(COMPONENT)' 'Created-By: Packages' |
		awk '$2 == "Debian" && $3 == "Debian" && $4 == "main" { print $1; exit }'
}

bootstrap() { # what a person has who is about to type `make demo`: make and git
	[ ! -e "$base" ] || return 0
	rm -rf "$root" && mkdir -p "$root"
	debootstrap --variant=minbase --include=make,git,ca-certificates "$suite" "$root" "$(mirror)" \
		>"$root.log" 2>&1 || { tail "$root.log" >&2; die "debootstrap failed"; }
	tar -C "$root" -cf "$base.new" . && mv "$base.new" "$base"
}

enter() { # COMMAND: in the new root, with nothing of our environment but a way out to the network
	env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 TERM=dumb \
		${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
		${no_proxy:+no_proxy="$no_proxy"} chroot "$root" sh -ec "cd /src && $1"
}

packages() { # PROGRAM FOLDER: build every template
	echo "set -e; rm -rf $2; mkdir -p $2; cd $2; export XDG_CACHE_HOME=$2/cache
		for t in exec-watch xdp-filter sched-latency; do
			$1 new \$t --template \$t >/dev/null; $1 build -C \$t >/dev/null 2>&1
		done; sha256sum */build/*.skep"
}

bootstrap
rm -rf "$root" && mkdir -p "$root"
tar -C "$root" -xf "$base"
for f in /etc/resolv.conf /etc/hosts $(grep -l Acquire:: /etc/apt/apt.conf.d/* 2>/dev/null); do
	cp -L "$f" "$root$f"
done
git clone -q --no-local . "$root/src"
mount --bind "$root" "$root" # its root must be a mount: tests make namespaces of their own
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"

if [ $# -gt 0 ]; then
	enter "$*"
	exit
fi
printf '== %s: make demo\n' "$suite"
enter 'make demo'
printf '== %s: make test\n' "$suite"
enter 'CI=true make test'
begin=$(date +%s)
enter 'make demo >/dev/null'
printf '== make demo again: %d s\n' $(($(date +%s) - begin))

enter "$(packages /src/build/bin/skep /srv/templates)" >"$root.there"
sh -c "$(packages "$PWD/build/bin/skep" "$PWD/build/chroot/templates")" >"$root.here"
printf '== packages of the templates, here and in %s\n' "$suite"
clang_here=$(clang-19 --version | sed -n 's/.*clang version \([0-9.]*\).*/\1/p')
clang_there=$(enter 'clang-19 --version' | sed -n 's/.*clang version \([0-9.]*\).*/\1/p')
if cmp -s "$root.here" "$root.there"; then
	cat "$root.here"
	echo "chroot: the same packages (clang $clang_here)"
elif [ "$clang_here" != "$clang_there" ]; then
	echo "chroot: not comparable: clang $clang_here here, $clang_there in $suite"
else
	diff "$root.here" "$root.there" || :
	echo "chroot: packages differ though clang is $clang_here in both" >&2
	exit 1
fi
