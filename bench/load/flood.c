/* A flood of datagrams from made-up senders, at a rate: what they are is -k. */
#define _GNU_SOURCE
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdbool.h>

#include "common.h"

#define BATCH 64
#define LARGEST 1500

static uint64_t state = 88172645463325252ULL;

static uint32_t chance(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16);
}

struct frame {
	struct iphdr ip;
	struct udphdr udp;
	uint8_t data[LARGEST];
} __attribute__((packed));

static const char *kind;
static uint32_t server, from, pool;
static int senders;

static bool is(const char *name) { return strcmp(kind, name) == 0; }

static size_t option(uint8_t *at, uint8_t code, const void *value, uint8_t size)
{
	at[0] = code;
	at[1] = size;
	memcpy(at + 2, value, size);
	return 2 + (size_t)size;
}

/* A message of DHCP (RFC 2131) from a MAC that nobody has. */
static size_t dhcp(uint8_t *data, struct frame *frame)
{
	uint8_t type = 1, pxe[] = "PXEClient:Arch:00000:UNDI:002001", asked[] = {1, 3, 6, 12, 43, 66, 67};
	uint32_t xid = chance(), mac = chance(), own = htonl(pool + mac % 200);
	memset(data, 0, 300);
	data[0] = 1, data[1] = 1, data[2] = 6;
	memcpy(data + 4, &xid, 4);
	data[10] = 0x80;
	data[28] = 0x02, data[29] = 0xab;
	memcpy(data + 30, &mac, 4);
	memcpy(data + 236, "\x63\x82\x53\x63", 4);
	type = is("request") || is("renew") ? 3 : is("decline") ? 4 : is("release") ? 7 : is("inform") ? 8 : 1;
	if (is("replies"))
		data[0] = 2, type = 2;
	if (is("renew") || is("release") || is("inform"))
		memcpy(data + 12, &own, 4);
	if (is("relays")) {
		uint32_t relay = htonl(0x0ac80000 + chance() % 65536);
		memcpy(data + 24, &relay, 4);
	}
	size_t at = 240;
	at += option(data + at, 53, &type, 1);
	if (is("request") || is("decline")) {
		at += option(data + at, 50, &own, 4);
		at += option(data + at, 54, &server, 4);
	}
	at += option(data + at, 60, pxe, sizeof pxe - 1);
	at += option(data + at, 93, "\0\0", 2);
	at += option(data + at, 55, asked, sizeof asked);
	if (is("largest"))
		for (; at + 258 < 1460; at += option(data + at, 224, data, 255))
			;
	data[at++] = 255;
	if (is("malformed")) {
		for (int n = 0; n < 6; n++)
			data[chance() % at] = (uint8_t)chance();
		at = 1 + chance() % at;
	}
	bool direct = is("renew") || is("release") || is("relays");
	frame->ip.daddr = direct ? server : htonl(INADDR_BROADCAST);
	frame->udp.source = htons(is("relays") ? 67 : 68);
	frame->udp.dest = htons(67);
	return at < 300 && !is("malformed") ? 300 : at;
}

static size_t message(struct frame *frame)
{
	uint8_t *data = frame->data;
	frame->ip.saddr = htonl(ntohl(from) + chance() % (uint32_t)senders);
	frame->ip.daddr = server;
	frame->udp.source = htons(1024 + chance() % 60000);
	if (is("rrq") || is("rrq-wide") || is("rrq-none")) {
		frame->udp.dest = htons(69);
		const char *name = is("rrq-none") ? "not-there.efi" : "undionly.kpxe";
		const char *more = is("rrq-wide") ? "blksize\00065464\0windowsize\00065535\0" : "";
		size_t size = is("rrq-wide") ? 31 : 0;
		data[0] = 0, data[1] = 1;
		size_t at = 2 + (size_t)sprintf((char *)data + 2, "%s", name) + 1;
		at += (size_t)sprintf((char *)data + at, "octet") + 1;
		memcpy(data + at, more, size);
		return at + size;
	}
	if (is("syslog")) {
		frame->udp.dest = htons(514);
		return (size_t)sprintf((char *)data, "<14>kernel: %08x it is nothing, and again nothing", chance());
	}
	return dhcp(data, frame);
}

int main(int argc, char **argv)
{
	const char *nic = NULL;
	long rate = 1000, seconds = 3;
	int c;
	senders = 1;
	while ((c = getopt(argc, argv, "k:r:t:i:s:f:n:p:")) != -1) {
		switch (c) {
		case 'k': kind = optarg; break;
		case 'r': rate = number(optarg, "-r"); break;
		case 't': seconds = number(optarg, "-t"); break;
		case 'i': nic = optarg; break;
		case 's': server = inet_addr(optarg); break;
		case 'f': from = inet_addr(optarg); break;
		case 'n': senders = (int)number(optarg, "-n"); break;
		case 'p': pool = ntohl(inet_addr(optarg)); break;
		default: die("flood -k KIND -i NIC -s SERVER -f FROM [-n SENDERS] [-p POOL] [-r RATE] [-t SECONDS]");
		}
	}
	if (!kind || !nic || !server || !from || senders < 1)
		die("flood: -k, -i, -s and -f must be given");
	int sock = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	int yes = 1, room = 8 << 20;
	if (sock < 0 || setsockopt(sock, SOL_SOCKET, SO_BROADCAST, &yes, sizeof yes)
	    || setsockopt(sock, SOL_SOCKET, SO_BINDTODEVICE, nic, (socklen_t)strlen(nic)))
		die("a raw socket");
	setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);

	static struct frame frames[BATCH];
	static struct sockaddr_in to[BATCH];
	static struct iovec parts[BATCH];
	static struct mmsghdr batch[BATCH];
	int64_t began = now_ns(), end = began + seconds * SECOND;
	int64_t sent = 0, failed = 0, bytes = 0;
	for (int64_t now = began; now < end; now = now_ns()) {
		int64_t due = (now - began) * rate / SECOND - sent - failed;
		if (due <= 0) {
			struct timespec nap = {0, 200000};
			nanosleep(&nap, NULL);
			continue;
		}
		int count = due > BATCH ? BATCH : (int)due;
		for (int n = 0; n < count; n++) {
			struct frame *frame = &frames[n];
			memset(frame, 0, sizeof frame->ip + sizeof frame->udp);
			size_t size = message(frame);
			frame->ip.version = 4, frame->ip.ihl = 5, frame->ip.ttl = 64;
			frame->ip.protocol = IPPROTO_UDP;
			frame->udp.len = htons((uint16_t)(size + sizeof frame->udp));
			size += sizeof frame->ip + sizeof frame->udp;
			frame->ip.tot_len = htons((uint16_t)size);
			to[n].sin_family = AF_INET;
			to[n].sin_addr.s_addr = frame->ip.daddr;
			parts[n] = (struct iovec){frame, size};
			batch[n].msg_hdr = (struct msghdr){.msg_name = &to[n], .msg_namelen = sizeof to[n],
				.msg_iov = &parts[n], .msg_iovlen = 1};
			bytes += (int64_t)size;
		}
		int done = sendmmsg(sock, batch, (unsigned)count, 0);
		if (done > 0)
			sent += done;
		if (done < count)
			failed += count - (done > 0 ? done : 0);
	}
	printf("{\"sent\": %lld, \"failed\": %lld, \"bytes\": %lld, \"seconds\": %.3f}\n",
		(long long)sent, (long long)failed, (long long)bytes, (double)(now_ns() - began) / 1e9);
	return 0;
}
