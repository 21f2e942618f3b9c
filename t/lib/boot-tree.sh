#!/bin/sh
# Copyright (c) 2026 The Stockroom developers
# SPDX-License-Identifier: ISC
#
# boot-tree.sh TREE CGROUP: be systemd, as the first process of the Debian
# tree TREE.  Called as the first process of a PID namespace, with mount, IPC
# and UTS namespaces of its own, so that all of it goes away with us; only
# the control group named CGROUP, empty then, stays for the caller to remove.
set -eu
tree=$1 cgroup=$2
mount --bind "$tree" "$tree"
cd "$tree"

# A tree without programs has the machine's, and cannot change them.
if [ -d usr ] && [ ! -e usr/bin ]; then
	mount --bind /usr usr
	mount -o remount,bind,ro usr
fi

# What the machine's kernel is set to is not ours to change.
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys

mount -t tmpfs -o mode=755,nosuid tmpfs run
mount -t tmpfs -o mode=1777,nosuid tmpfs tmp
mount -t tmpfs -o mode=755,nosuid tmpfs dev
for device in null zero full random urandom tty; do
	: >"dev/$device"
	mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
mount -t tmpfs -o mode=1777,nosuid tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s fd/0 dev/stdin
ln -s fd/1 dev/stdout
ln -s fd/2 dev/stderr

# A control group of our own is the root of what systemd sees.  It mounts
# credentials for services in namespaces that share ours.
mount -t cgroup2 cgroup2 sys/fs/cgroup
mkdir -p "sys/fs/cgroup/$cgroup"
echo 0 >"sys/fs/cgroup/$cgroup/cgroup.procs"
umount sys/fs/cgroup
exec unshare --cgroup sh -euc '
	mount -t cgroup2 cgroup2 sys/fs/cgroup
	mount --make-rshared .
	exec setpriv --bounding-set=-sys_module,-sys_time,-sys_rawio \
	    env -i container=bare PATH=/usr/sbin:/usr/bin:/sbin:/bin \
	    chroot . /lib/systemd/systemd --log-target=journal --show-status=0
'
