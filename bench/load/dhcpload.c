/* A DHCP load that verifies every answer.
 *
 * A closed loop keeps so many exchanges outstanding; an open loop (-r) starts so many a second and
 * counts latency from the moment that each was due.  All frames leave and come by a packet socket,
 * so that one program is a relay, clients on the cable, and clients behind a router that renew.
 * UDP checksums are left out (RFC 768 allows it): a real card would have verified them.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/prctl.h>

#include "dhcp.h"

enum { SLOT_BITS = 12, SLOTS = 1 << SLOT_BITS, BATCH = 64, ROOM = 1600 };
enum { STRANGER = 0xfffffffe, MALFORMED = 0xffffffff };
#define NAP 40000 /* ns: waiting by the clock spares the server the cost of waking us */
#define SCAN (10 * 1000000LL)
#define PATIENCE (30 * SECOND) /* a server that says nothing for so long is no server */

enum mode { RELAYED, DIRECT, RENEW };
enum state { FREE, DISCOVERING, REQUESTING };

struct frame {
	struct ether_header ether;
	struct iphdr ip;
	struct udphdr udp;
	struct message dhcp;
} __attribute__((packed));
enum { HEADERS = offsetof(struct frame, dhcp) };

/* A kind of client: its options after 53, as captured from the real one; boot file it must get. */
struct kind {
	const char *name;
	const char *options;
	size_t length;
	const char *boot_file;
};

#define PXE_LIST "\x01\x03\x06\x07\x0c\x0f\x11\x1a\x2b\x3c\x42\x43\x77\x80\x81\x82\x83\x84\x85\x86\x87\xaf\xcb"
#define IPXE_FEATURES                                                                         \
	"\xaf\x33\xb1\x05\x01\x1a\xf4\x10\x00\xeb\x03\x01\x00\x00\x17\x01\x01\x22\x01\x01\x13\x01\x01" \
	"\x11\x01\x01\x27\x01\x01\x19\x01\x01\x29\x01\x01\x10\x01\x02\x21\x01\x01\x15\x01\x01"    \
	"\x18\x01\x01\x1b\x01\x01\x12\x01\x01"
#define UEFI_LIST                                                                            \
	"\x37\x23\x01\x02\x03\x04\x05\x06\x0c\x0d\x0f\x11\x12\x16\x17\x1c\x28\x29\x2a\x2b\x32\x33\x36" \
	"\x3a\x3b\x3c\x42\x43\x61\x80\x81\x82\x83\x84\x85\x86\x87"
#define KIND(name, text) {name, text, sizeof text - 1, NULL}

/* Behind them stand 97, and iPXE's 61, with the machine's MAC, and in a REQUEST 54 and 50. */
static struct kind kinds[] = {
	KIND("bios", "\x37\x18\x01\x02\x03\x05\x06\x0b\x0c\x0d\x0f\x10\x11\x12\x2b\x36\x3c\x43"
		     "\x80\x81\x82\x83\x84\x85\x86\x87\x39\x02\x04\xec\x5d\x02\x00\x00\x5e\x03\x01\x02\x01"
		     "\x3c\x20PXEClient:Arch:00000:UNDI:002001"),
	KIND("uefi", "\x39\x02\x05\xc0" UEFI_LIST "\x5e\x03\x01\x03\x00\x5d\x02\x00\x07"
		     "\x3c\x20PXEClient:Arch:00007:UNDI:003000"),
	KIND("http", "\x39\x02\x05\xc0" UEFI_LIST "\x5e\x03\x01\x03\x00\x5d\x02\x00\x10"
		     "\x3c\x21HTTPClient:Arch:00016:UNDI:003001"),
	KIND("ipxe", "\x39\x02\x05\xc0\x5d\x02\x00\x07\x5e\x03\x01\x03\x0a"
		     "\x3c\x20PXEClient:Arch:00007:UNDI:003010\x4d\x04iPXE"
		     "\x37\x17" PXE_LIST IPXE_FEATURES),
	KIND("os", "\x39\x02\x05\xc0\x37\x0a\x01\x1c\x02\x79\x0f\x06\x0c\x28\x29\x2a"),
};
enum { KINDS = sizeof kinds / sizeof *kinds, IPXE = KINDS - 2, OS = KINDS - 1 };

struct slot {
	uint32_t xid, machine;
	enum state state;
	unsigned kind, tries;
	int64_t began, sent;
};

static struct {
	enum mode mode;
	uint32_t machines, first;
	long exchanges, outstanding, rate, strangers, malformed, timeout, tries;
	double seconds;
	bool unicast;
	unsigned mix[16], mixed;
	uint32_t server, relay;
	uint8_t server_mac[6], own_mac[6];
	const char *interface;
} given = {.machines = 1000, .exchanges = 10000, .outstanding = 64, .timeout = 1000, .tries = 4,
	   .interface = "load0"};

static struct {
	long done, lost, wrong, retries, strays, strangers, malformed, malformed_answered, skipped;
	char first_wrong[160];
} seen;

static struct slot slots[SLOTS];
static unsigned spare[SLOTS], spares;
static struct samples latencies;
static int door;
static long begun;
static uint32_t generation;

static struct frame out[BATCH];
static struct iovec out_vector[BATCH];
static struct mmsghdr out_message[BATCH];
static unsigned queued;

/* --- sending --- */

static void flush(void)
{
	for (unsigned sent = 0; sent < queued;) {
		int now = sendmmsg(door, out_message + sent, queued - sent, 0);
		if (now < 0 && errno != EINTR && errno != ENOBUFS && errno != EAGAIN)
			die("sendmmsg");
		sent += now > 0 ? (unsigned)now : 0;
	}
	queued = 0;
}

static uint16_t ip_checksum(const void *header)
{
	uint16_t word[sizeof(struct iphdr) / 2];
	uint32_t sum = 0;
	memcpy(word, header, sizeof word);
	for (unsigned i = 0; i < sizeof word / 2; i++)
		sum += word[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Queue the frame that was just filled; `size` is the DHCP message's. */
static void post(struct frame *f, size_t size, const uint8_t *from_mac, uint32_t from, uint16_t port)
{
	bool everyone = given.mode == DIRECT;
	memcpy(f->ether.ether_dhost, everyone ? (const uint8_t *)"\xff\xff\xff\xff\xff\xff" : given.server_mac, 6);
	memcpy(f->ether.ether_shost, from_mac, 6);
	f->ether.ether_type = htons(ETHERTYPE_IP);
	f->ip = (struct iphdr){.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP,
			       .tot_len = htons((uint16_t)(size + 28)), .saddr = from,
			       .daddr = everyone ? INADDR_BROADCAST : given.server};
	f->ip.check = ip_checksum((const uint8_t *)f + sizeof f->ether);
	f->udp = (struct udphdr){.source = htons(port), .dest = htons(SERVER_PORT),
				 .len = htons((uint16_t)(size + 8))};
	out_vector[queued] = (struct iovec){f, HEADERS + size};
	out_message[queued].msg_hdr = (struct msghdr){.msg_iov = &out_vector[queued], .msg_iovlen = 1};
	if (++queued == BATCH)
		flush();
}

static const uint8_t AGENT[] = {1, 6, 'e', 't', 'h', '1', '/', '7', 2, 4, 'r', 'e', 'l', '1'};

/* Fill a client's message; gives its size. */
static size_t write_message(struct message *m, uint8_t type, const uint8_t *mac, uint32_t xid,
			    unsigned kind, uint32_t address)
{
	memset(m, 0, FIXED);
	m->op = m->htype = 1;
	m->hlen = 6;
	m->xid = htonl(xid);
	m->cookie = htonl(COOKIE);
	memcpy(m->chaddr, mac, 6);
	if (given.mode == RENEW && type == REQUEST)
		m->ciaddr = address;
	if (given.mode == DIRECT && !given.unicast)
		m->flags = htons(BROADCAST);
	uint8_t *at = put(m->options, 53, 1, &type);
	memcpy(at, kinds[kind].options, kinds[kind].length);
	at += kinds[kind].length;
	if (kind != OS) {
		uint8_t id[7] = {1}, uuid[17] = {0, 0x44, 0x45, 0x4c, 0x4c, 0, 0, 0, 0x40, 0x80};
		memcpy(id + 1, mac, 6);
		memcpy(uuid + 11, mac, 6);
		if (kind == IPXE) /* ROMs and edk2 have no client identifier in PXE */
			at = put(at, 61, sizeof id, id);
		at = put(at, 97, sizeof uuid, uuid);
	}
	if (type == REQUEST && given.mode != RENEW) {
		at = put(at, 54, 4, &given.server);
		at = put(at, 50, 4, &address);
	}
	if (given.mode == RELAYED) {
		m->giaddr = given.relay;
		m->hops = 1;
		at = put(at, 82, sizeof AGENT, AGENT);
	}
	*at++ = 255;
	return at - (uint8_t *)m;
}

static void post_message(struct frame *f, size_t size, const uint8_t *mac, uint32_t address)
{
	if (given.mode == DIRECT)
		post(f, size, mac, 0, CLIENT_PORT);
	else if (given.mode == RENEW)
		post(f, size, given.own_mac, address, CLIENT_PORT);
	else
		post(f, size, given.own_mac, given.relay, SERVER_PORT);
}

/* A DISCOVER of a machine that nobody knows; there must be no answer. */
static void send_stranger(void)
{
	uint8_t mac[6] = {0x06, 0xee};
	uint32_t some = htonl((uint32_t)rand());
	memcpy(mac + 2, &some, 4);
	struct frame *f = &out[queued];
	size_t size = write_message(&f->dhcp, DISCOVER, mac, STRANGER, (unsigned)rand() % OS, 0);
	post_message(f, size, mac, 0);
	seen.strangers++;
}

/* A message spoilt in one of six ways. */
static void send_malformed(uint32_t machine, unsigned kind)
{
	uint8_t mac[6];
	struct frame *f = &out[queued];
	machine_mac(machine, mac);
	size_t size = write_message(&f->dhcp, DISCOVER, mac, MALFORMED, kind, 0);
	switch (seen.malformed++ % 6) {
	case 0: size = FIXED + 9; break;                      /* cut within an option */
	case 1: f->dhcp.cookie = 0x12345678; break;           /* no DHCP at all */
	case 2: f->dhcp.options[4] = 250; break;              /* an option beyond the end */
	case 3: f->dhcp.op = 2; break;                        /* a reply, to a server */
	case 4: f->dhcp.hlen = 200; break;                    /* a longer address than its field */
	case 5: size = 100; break;                            /* not even the fixed part */
	}
	post_message(f, size, mac, machine_address(machine));
}

static void send_slot(struct slot *s, int64_t now)
{
	uint8_t mac[6], type = s->state == DISCOVERING ? DISCOVER : REQUEST;
	uint32_t address = machine_address(s->machine);
	struct frame *f = &out[queued];
	machine_mac(s->machine, mac);
	post_message(f, write_message(&f->dhcp, type, mac, s->xid, s->kind, address), mac, address);
	s->sent = now;
	if (given.malformed && rand() % 100 < given.malformed)
		send_malformed(s->machine, s->kind);
}

static void begin(int64_t now, int64_t due)
{
	unsigned index = spare[--spares];
	struct slot *s = &slots[index];
	s->xid = (++generation << SLOT_BITS | index) & 0x7fffffff;
	s->machine = given.first + (uint32_t)(begun % given.machines);
	/* Machines and kinds go round with different periods, so that all pairs come. */
	s->kind = given.mix[(begun + begun / given.machines) % given.mixed];
	s->state = given.mode == RENEW ? REQUESTING : DISCOVERING;
	s->tries = 0;
	s->began = due;
	begun++;
	for (long i = 0; i < given.strangers; i++)
		send_stranger();
	send_slot(s, now);
}

/* --- receiving --- */

static bool boot_file_right(const struct message *m, size_t size, const struct slot *s)
{
	const char *wanted = kinds[s->kind].boot_file;
	if (!wanted)
		return true;
	char whole[256];
	const char *mark = strstr(wanted, "%m");
	if (mark) {
		const uint8_t *c = m->chaddr;
		snprintf(whole, sizeof whole, "%.*s%02x:%02x:%02x:%02x:%02x:%02x%s", (int)(mark - wanted),
			 wanted, c[0], c[1], c[2], c[3], c[4], c[5], mark + 2);
		wanted = whole;
	}
	size_t length = strlen(wanted), found = strnlen((const char *)m->file, sizeof m->file);
	const uint8_t *value = m->file;
	if (!found && !(value = option(m, size, 67, &found)))
		return false;
	while (found && !value[found - 1])
		found--;
	return found == length && memcmp(value, wanted, length) == 0;
}

/* What is wrong with an answer; NULL when nothing is. */
static const char *fault(const struct message *m, size_t size, const struct slot *s)
{
	uint8_t mac[6];
	size_t length = 0;
	machine_mac(s->machine, mac);
	const uint8_t *type = option(m, size, 53, &length);
	if (!type || length != 1 || *type != (s->state == DISCOVERING ? OFFER : ACK))
		return type && *type == NAK ? "a NAK" : "message type";
	if (m->op != 2 || m->hlen != 6 || memcmp(m->chaddr, mac, 6))
		return "chaddr";
	if (m->yiaddr != machine_address(s->machine))
		return "yiaddr";
	const uint8_t *server = option(m, size, 54, &length);
	if (!server || length != 4 || memcmp(server, &given.server, 4))
		return "server identifier";
	if (given.mode == RELAYED) {
		const uint8_t *agent = option(m, size, 82, &length);
		if (m->giaddr != given.relay || !agent || length != sizeof AGENT || memcmp(agent, AGENT, length))
			return "giaddr or option 82";
	}
	if (s->kind == OS)
		return NULL;
	if (m->siaddr != given.server)
		return "next-server";
	return boot_file_right(m, size, s) ? NULL : "boot file";
}

static void note_wrong(const char *what, const struct message *m, const struct slot *s)
{
	if (seen.wrong++)
		return;
	char address[INET_ADDRSTRLEN];
	inet_ntop(AF_INET, &m->yiaddr, address, sizeof address);
	snprintf(seen.first_wrong, sizeof seen.first_wrong, "%s (%s, machine %u, yiaddr %s, file %.60s)", what,
		 s ? kinds[s->kind].name : "stranger", s ? s->machine : 0, address, (const char *)m->file);
}

static void leave(struct slot *s)
{
	s->state = FREE;
	spare[spares++] = (unsigned)(s - slots);
}

static void take(const struct frame *f, size_t size, int64_t now)
{
	if (size < HEADERS + FIXED)
		return;
	const struct message *m = &f->dhcp;
	uint32_t xid = ntohl(m->xid);
	if (m->op != 2 || f->ip.saddr != given.server)
		return;
	if (xid == STRANGER) {
		note_wrong("an answer to a machine without a record", m, NULL);
		return;
	}
	if (xid == MALFORMED) {
		seen.malformed_answered++;
		return;
	}
	struct slot *s = &slots[xid & (SLOTS - 1)];
	if (s->state == FREE || s->xid != xid) {
		seen.strays++;
		return;
	}
	size_t length;
	const uint8_t *type = option(m, size - HEADERS, 53, &length);
	if (type && *type == OFFER && s->state == REQUESTING) {
		seen.strays++; /* the answer to a DISCOVER that was repeated */
		return;
	}
	const char *what = fault(m, size - HEADERS, s);
	if (what) {
		note_wrong(what, m, s);
		leave(s);
	} else if (s->state == DISCOVERING) {
		s->state = REQUESTING;
		s->tries = 0;
		send_slot(s, now);
	} else {
		sample(&latencies, now - s->began);
		seen.done++;
		leave(s);
	}
}

static bool receive(void)
{
	static struct {
		uint8_t bytes[ROOM];
	} in[BATCH];
	static struct iovec vector[BATCH];
	static struct mmsghdr message[BATCH];
	for (unsigned i = 0; i < BATCH; i++) {
		vector[i] = (struct iovec){in[i].bytes, ROOM};
		message[i].msg_hdr = (struct msghdr){.msg_iov = &vector[i], .msg_iovlen = 1};
	}
	int got = recvmmsg(door, message, BATCH, MSG_DONTWAIT, NULL);
	if (got < 0 && errno != EAGAIN && errno != EINTR)
		die("recvmmsg");
	int64_t now = now_ns();
	for (int i = 0; i < got; i++)
		take((const struct frame *)in[i].bytes, message[i].msg_len, now);
	return got > 0;
}

/* Ask again where no answer came, and give up after some tries. */
static void scan(int64_t now)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		struct slot *s = &slots[i];
		if (s->state == FREE || now - s->sent < given.timeout * 1000000LL)
			continue;
		if (++s->tries == given.tries) {
			seen.lost++;
			leave(s);
			continue;
		}
		seen.retries++;
		send_slot(s, now);
	}
}

/* --- the loop --- */

static bool more(int64_t now, int64_t start)
{
	if (given.seconds > 0)
		return now - start < (int64_t)(given.seconds * SECOND);
	return begun < given.exchanges;
}

static void wait_until(int64_t when, int64_t now)
{
	struct timespec nap = {0, NAP};
	if (!given.rate) {
		nanosleep(&nap, NULL);
		return;
	}
	int64_t left = when - now < 1000 ? 1000 : when - now > SCAN ? SCAN : when - now;
	nap.tv_nsec = left;
	struct pollfd one = {.fd = door, .events = POLLIN};
	ppoll(&one, 1, &nap, NULL);
}

static int64_t run(void)
{
	int64_t start = now_ns(), now = start, scanned = start, ended = start;
	int64_t gap = given.rate ? SECOND / given.rate : 0, due = start;
	while (more(now, start) || (long)spares < given.outstanding) {
		bool room = more(now, start) && spares;
		while (room && (!gap || due <= now)) {
			begin(now, gap ? due : now);
			due += gap;
			room = more(now, start) && spares;
		}
		flush();
		bool any = receive();
		flush();
		now = now_ns();
		if (now - scanned > SCAN) {
			scan(now);
			flush();
			scanned = now;
		}
		if (any)
			ended = now;
		else if (now - ended > PATIENCE)
			die("no answer for %lld s, after %ld exchanges", PATIENCE / SECOND, seen.done);
		else
			wait_until(more(now, start) ? due : now + SCAN, now);
		now = now_ns();
	}
	/* Exchanges that came due when all slots were taken, and so were never begun. */
	if (gap && given.seconds > 0)
		seen.skipped = (long)(given.seconds * (double)given.rate) - begun;
	return ended - start;
}

/* --- setting up --- */

static void open_door(void)
{
	door = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (door < 0)
		die("a packet socket");
	struct sock_filter udp_to_us[] = {
		{BPF_LD | BPF_B | BPF_ABS, 0, 0, 23}, {BPF_JMP | BPF_JEQ | BPF_K, 0, 4, IPPROTO_UDP},
		{BPF_LD | BPF_H | BPF_ABS, 0, 0, 36}, {BPF_JMP | BPF_JEQ | BPF_K, 1, 0, SERVER_PORT},
		{BPF_JMP | BPF_JEQ | BPF_K, 0, 1, CLIENT_PORT},
		{BPF_RET | BPF_K, 0, 0, ROOM}, {BPF_RET | BPF_K, 0, 0, 0},
	};
	struct sock_fprog program = {sizeof udp_to_us / sizeof *udp_to_us, udp_to_us};
	int on = 1, room = 16 << 20;
	if (setsockopt(door, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0)
		die("SO_ATTACH_FILTER");
	setsockopt(door, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on);
	setsockopt(door, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
	setsockopt(door, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
	struct sockaddr_ll where = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP),
				    .sll_ifindex = (int)if_nametoindex(given.interface)};
	if (!where.sll_ifindex || bind(door, (struct sockaddr *)&where, sizeof where) < 0)
		die("%s", given.interface);
	socklen_t size = sizeof where;
	if (getsockname(door, (struct sockaddr *)&where, &size) < 0)
		die("getsockname");
	memcpy(given.own_mac, where.sll_addr, 6);
}

/* The kernel must not tell the server that nobody listens here. */
static void keep_port(uint16_t port)
{
	int quiet = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), little = 1, on = 1;
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(port)};
	setsockopt(quiet, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	setsockopt(quiet, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
	if (bind(quiet, (struct sockaddr *)&here, sizeof here) < 0)
		die("port %u", port);
}

static void read_mix(char *text)
{
	for (char *word = strtok(text, ","); word; word = strtok(NULL, ",")) {
		unsigned kind = 0;
		while (kind < KINDS && strcmp(kinds[kind].name, word))
			kind++;
		if (kind == KINDS || given.mixed == 16)
			die("-p %s: one of bios, uefi, ipxe, os; 16 at most", word);
		given.mix[given.mixed++] = kind;
	}
}

static void read_boot_file(char *text)
{
	char *file = strchr(text, '=');
	for (unsigned kind = 0; file && kind < KINDS; kind++)
		if (!strncmp(kinds[kind].name, text, (size_t)(file - text)))
			kinds[kind].boot_file = file + 1;
}

static const char HELP[] =
	"dhcpload -s SERVER -S SERVER-MAC [-M relayed|direct|renew] [-g RELAY] [-i INTERFACE]\n"
	"  -m machines  -F first machine  -n exchanges or -t seconds  -N outstanding\n"
	"  -r exchanges/s (an open loop)  -p bios,uefi,http,ipxe,os  -b KIND=BOOT-FILE (%m: the MAC)\n"
	"  -U replies by unicast (direct)  -u strangers beside each exchange  -x % malformed\n"
	"  -w ms to wait for an answer  -T times to ask\n";

static void read_words(int argc, char **argv)
{
	char usual[] = "uefi,ipxe", *mix = usual;
	for (int c; (c = getopt(argc, argv, "s:S:M:g:i:m:F:n:t:N:r:p:b:Uu:x:w:T:")) != -1;) {
		switch (c) {
		case 's': given.server = address(optarg).s_addr; break;
		case 'S':
			if (sscanf(optarg, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &given.server_mac[0], &given.server_mac[1],
				   &given.server_mac[2], &given.server_mac[3], &given.server_mac[4],
				   &given.server_mac[5]) != 6)
				die("-S %s: not a MAC", optarg);
			break;
		case 'M': given.mode = optarg[0] == 'd' ? DIRECT : optarg[2] == 'n' ? RENEW : RELAYED; break;
		case 'g': given.relay = address(optarg).s_addr; break;
		case 'i': given.interface = optarg; break;
		case 'm': given.machines = (uint32_t)number(optarg, "-m"); break;
		case 'F': given.first = (uint32_t)number(optarg, "-F"); break;
		case 'n': given.exchanges = number(optarg, "-n"); break;
		case 't': given.seconds = strtod(optarg, NULL); break;
		case 'N': given.outstanding = number(optarg, "-N"); break;
		case 'r': given.rate = number(optarg, "-r"); break;
		case 'p': mix = optarg; break;
		case 'b': read_boot_file(optarg); break;
		case 'U': given.unicast = true; break;
		case 'u': given.strangers = number(optarg, "-u"); break;
		case 'x': given.malformed = number(optarg, "-x"); break;
		case 'T': given.tries = number(optarg, "-T"); break;
		case 'w': given.timeout = number(optarg, "-w"); break;
		default: fputs(HELP, stderr); exit(2);
		}
	}
	read_mix(mix);
	if (!given.server || !given.machines || !given.outstanding || given.outstanding > SLOTS || !given.mixed) {
		fputs(HELP, stderr);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	read_words(argc, argv);
	prctl(PR_SET_TIMERSLACK, 1000);
	open_door();
	keep_port(SERVER_PORT);
	keep_port(CLIENT_PORT);
	/* Two loads in a row must not use the same numbers: late answers would look like new ones. */
	generation = (uint32_t)now_ns() >> 3;
	while (spares < given.outstanding) {
		spare[spares] = (unsigned)(given.outstanding - 1 - spares);
		spares++;
	}
	int64_t took = run();
	printf("{\"operations\": %ld, \"seconds\": %.6f, \"generator_cpu\": %.6f", seen.done, took / 1e9,
	       own_cpu_ns() / 1e9);
	printf(", \"wrong\": %ld, \"lost\": %ld, \"retries\": %ld, \"strays\": %ld", seen.wrong, seen.lost,
	       seen.retries, seen.strays);
	printf(", \"strangers\": %ld, \"malformed\": %ld, \"malformed_answered\": %ld, \"skipped\": %ld",
	       seen.strangers, seen.malformed, seen.malformed_answered, seen.skipped);
	print_text("first_wrong", seen.first_wrong);
	print_samples("latency_ms", &latencies);
	puts("}");
	return 0;
}
