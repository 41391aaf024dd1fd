#!/bin/busybox sh
# The first program of OSIE: drivers, the network on the boot interface, then the agent.
# It never ends; whatever fails is said on every console.

export PATH=/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root

# All consoles, not just the last one of the kernel command line.
say() {
	for tty in $(cat /sys/class/tty/console/active 2>/dev/null); do
		echo "OSIE: $*" >"/dev/$tty" 2>/dev/null
	done
	[ -n "$tty" ] || echo "OSIE: $*"
}

# The value of the last KEY=VALUE on the kernel command line; nothing when there is none.
parameter() {
	value=
	for word in $(cat /proc/cmdline); do
		case $word in
		"$1"=*) value=${word#*=} ;;
		esac
	done
	echo "$value"
}

mount_all() {
	mount -t proc -o nosuid,nodev,noexec proc /proc
	mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
	mount -t devtmpfs -o mode=0755,nosuid devtmpfs /dev || say "no devtmpfs: there will be no disks"
	mkdir -p /dev/pts /dev/shm
	mount -t devpts -o gid=5,mode=620,noexec,nosuid devpts /dev/pts
	mount -t tmpfs -o mode=0755,nosuid,nodev tmpfs /run
	mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs /tmp
	ln -sf /run/resolv.conf /etc/resolv.conf
	ip link set lo up
}

# Load drivers for every device that names one, until a round finds no new device.
load_drivers() {
	known=/run/modaliases
	# Without any line, grep would take every device for a known one.
	[ -e $known ] || echo none >$known
	while :; do
		cat $(find /sys/devices -name modalias) 2>/dev/null | sort -u >$known.now
		new=$(grep -vxFf $known $known.now)
		[ -n "$new" ] || return 0
		mv $known.now $known
		modprobe -a -q -b $new
	done
}

# The name of the interface with the MAC of BOOTIF=01-aa-bb-cc-dd-ee-ff.
interface_of_bootif() {
	mac=$(parameter BOOTIF | tr 'A-F-' 'a-f:')
	mac=${mac#01:}
	[ -n "$mac" ] || return 1
	for path in /sys/class/net/*; do
		[ -e "$path/device" ] || continue
		[ "$(cat "$path/address")" = "$mac" ] && basename "$path" && return 0
	done
	return 1
}

first_with_link() {
	for path in /sys/class/net/*; do
		[ -e "$path/device" ] || continue
		ip link set "${path##*/}" up 2>/dev/null
	done
	sleep 1
	for path in /sys/class/net/*; do
		[ -e "$path/device" ] || continue
		[ "$(cat "$path/carrier" 2>/dev/null)" = 1 ] && basename "$path" && return 0
	done
	return 1
}

# USB and some buses find their devices late: look again ten times, a second apart, before
# settling for another interface.  Sets $interface and $how.
find_interface() {
	interface='' tries=0
	while [ -z "$interface" ]; do
		load_drivers
		if interface=$(interface_of_bootif); then
			how="boot interface $(cat "/sys/class/net/$interface/address")"
		elif [ -z "$(parameter BOOTIF)" ] || [ $tries -ge 10 ]; then
			interface=$(first_with_link)
			how="first with link, $(cat "/sys/class/net/$interface/address" 2>/dev/null)"
			[ -z "$interface" ] || [ -z "$(parameter BOOTIF)" ] ||
				say "no interface has the MAC of BOOTIF=$(parameter BOOTIF): taking $interface instead"
		fi
		[ -n "$interface" ] && return
		tries=$((tries + 1))
		if [ $((tries % 10)) = 1 ]; then
			say "no boot interface yet: BOOTIF is '$(parameter BOOTIF)', interfaces are:" \
				"$(cat /sys/class/net/*/address | grep -v 00:00:00:00:00:00 | tr '\n' ' ')"
		fi
		sleep 1
	done
}

# The other NICs come up, too: then their links and what their switches say can be told.  They get
# no address, and neither they nor the boot interface answer for another's.
wake_others() {
	echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore
	for path in /sys/class/net/*; do
		name=${path##*/}
		[ -e "$path/device" ] && [ "$name" != "$interface" ] || continue
		echo 1 2>/dev/null >"/proc/sys/net/ipv6/conf/$name/disable_ipv6"
		ip link set "$name" up 2>/dev/null
	done
}

wait_for_link() {
	ip link set "$interface" up || say "cannot bring $interface up"
	tenths=0
	while [ "$(cat "/sys/class/net/$interface/carrier" 2>/dev/null)" != 1 ]; do
		tenths=$((tenths + 1))
		[ $((tenths % 50)) = 10 ] && say "waiting for link on $interface"
		sleep 0.1
	done
}

# udhcpc goes to the background once it has a lease and keeps it; -n ends it when it gets none.
ask_for_address() {
	pause=1
	until udhcpc -i "$interface" -s /usr/share/osie/lease -V OSIE -n -t 1 -T $pause \
		-p /run/udhcpc.pid >/run/udhcpc.log 2>&1; do
		say "no DHCP answer on $interface in $pause s: asking again"
		[ $pause -ge 16 ] || pause=$((pause * 2))
	done
	say "network up: $interface $(cat /run/address) ($how)"
}

# A shell without a password, only where the command line asks for it.
shells() {
	case " $(cat /proc/cmdline) " in
	*" boots.shell "* | *" boots.shell="*) ;;
	*) return ;;
	esac
	say "boots.shell is on the kernel command line: a shell is on this console"
	while :; do
		setsid cttyhack sh -l
		sleep 1
	done &
}

# Told before anything else, as what comes of too little memory looks like many other things.
check_memory() {
	needed=$(cat /usr/share/osie/memory 2>/dev/null || echo 0)
	# The kernel keeps some 56 MiB of a small machine's memory to itself.
	[ $((memory + 64)) -ge "$needed" ] ||
		say "$VARIANT_ID needs a machine with $needed MiB of memory, and this one's kernel has" \
			"$memory MiB to give"
}

# The agent is the last part of the image: without it the memory was too small for all of it.
check_whole() {
	until [ -e "$(echo /usr/lib/python3.*/boots_agent/__main__.pyc)" ]; do
		say "the image did not fit into this machine's memory ($memory MiB): parts are missing," \
			"give the machine $needed MiB or more"
		sleep 60
	done
}

run_agent() {
	pause=1
	while :; do
		started=$(cut -d. -f1 /proc/uptime)
		python3 -I -S -B -m boots_agent
		code=$?
		[ $(($(cut -d. -f1 /proc/uptime) - started)) -lt 60 ] || pause=1
		say "the agent ended with code $code: starting it again in $pause s"
		sleep $pause
		[ $pause -ge 60 ] || pause=$((pause * 2))
	done
}

mount_all
dmesg -n 4
. /etc/os-release
memory=$(awk '/MemTotal/ {print int($2/1024)}' /proc/meminfo)
say "version $VERSION_ID ($VARIANT_ID), kernel $(uname -r), $memory MiB," \
	"$(cut -d' ' -f1 /proc/uptime) s after the kernel"
check_memory
shells
check_whole
load_drivers
[ ! -d /sys/firmware/efi ] || { modprobe -q -b efivarfs; mount -t efivarfs -o ro efivarfs /sys/firmware/efi/efivars; }
find_interface
# Disks show up late: look for them while the network comes up.
load_drivers &
late=$!
wake_others
wait_for_link
ask_for_address
wait $late
wake_others
run_agent
