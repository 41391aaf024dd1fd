#!/bin/busybox sh
# What udhcpc calls when a lease comes, changes or ends; it passes the options as variables.

case $1 in
bound | renew)
	ip -4 addr replace "$ip/${mask:-24}" dev "$interface"
	# Addresses of an earlier lease go.
	for other in $(ip -4 -o addr show dev "$interface" | awk '{print $4}'); do
		[ "$other" = "$ip/${mask:-24}" ] || ip -4 addr del "$other" dev "$interface"
	done
	for gateway in $router; do
		ip -4 route replace default via "$gateway" dev "$interface" && break
		# A gateway outside the subnet is reached through the interface.
		ip -4 route replace "$gateway" dev "$interface" &&
			ip -4 route replace default via "$gateway" dev "$interface" && break
	done
	{
		[ -z "$domain" ] || echo "search $domain"
		for server in $dns; do echo "nameserver $server"; done
	} >/run/resolv.conf
	echo "$ip/${mask:-24}" >/run/address
	[ -z "$hostname" ] || hostname "$hostname"
	;;
deconfig)
	if [ -e /run/address ]; then
		echo "OSIE: the address $(cat /run/address) is no longer ours: asking again" >/dev/console
		rm /run/address
	fi
	ip link set "$interface" up
	ip -4 addr flush dev "$interface"
	;;
nak)
	echo "OSIE: the DHCP server refused the address: $message" >/dev/console
	;;
esac
