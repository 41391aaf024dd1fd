/* Load for a TFTP server: so many clients at once, each fetching a file again and again.
 *
 *   tftpload -s SERVER -f NAME -e FILE [-p PORT] [-b BLKSIZE] [-w WINDOW] [-c CLIENTS]
 *            [-n TRANSFERS] [-a FIRST-ADDRESS] [-t MILLISECONDS] [-T]
 *
 * A closed loop: a client that is done asks anew from another port.  Every byte of every transfer
 * is compared with FILE.  Client i has the address FIRST-ADDRESS + i, and "%m" in NAME is the MAC
 * of machine i.  A client that hears nothing for -t milliseconds (1000) repeats itself, then after
 * twice that and so on, and gives up after 8 tries.  -T asks without tsize.  What was seen is
 * printed as one line of JSON.
 *
 * RFC 1350, 2347, 2348, 2349, and 7440 for windows: an ACK for the last block of a window, one
 * for a gap, and one for a window that comes again.
 */
#define _GNU_SOURCE
#include "common.h"

#include <sys/epoll.h>

#define LARGEST 65468
#define BURST 64
#define TRIES 8
#define LONGEST (8 * SECOND)

enum { RRQ = 1, DATA = 3, ACK = 4, ERROR = 5, OACK = 6 };

struct client {
	int fd;
	int connected; /* to the port the server answers from */
	struct in_addr own;
	unsigned char request[512];
	size_t request_size;
	uint32_t got;     /* blocks in sequence; counted without wrapping */
	uint32_t acked;   /* the last block we acknowledged */
	uint32_t gap_at;  /* the block we last complained to miss */
	int again;        /* the last thing heard was what we have: our ACK was lost */
	int agreed;       /* the server took our options */
	unsigned blksize, window;
	int tries;
	int64_t started, deadline, patience;
};

static struct {
	struct sockaddr_in server;
	const char *name;
	struct file file;
	unsigned blksize, window, clients, transfers;
	struct in_addr first;
	int64_t patience;
	int tsize;
} given = {.blksize = 1468, .window = 1, .clients = 1, .transfers = 1, .patience = SECOND, .tsize = 1};

static struct {
	unsigned begun, done, failed, errors, stalls, wrong, busy;
	uint64_t bytes, packets, again, gaps, doubles;
	unsigned blksize, window;
	struct samples whole, first;
	char said[128];
} seen;

static int set; /* the epoll set */
static unsigned char (*buffers)[LARGEST];
static struct mmsghdr heads[BURST];
static struct iovec parts[BURST];
static struct sockaddr_in sources[BURST];

static void note(const char *text)
{
	if (!seen.said[0])
		snprintf(seen.said, sizeof seen.said, "%s", text);
}

/* --- what we say */

static void add_text(struct client *c, const char *text)
{
	size_t size = strlen(text) + 1;
	if (c->request_size + size > sizeof c->request)
		die("the name is too long");
	memcpy(c->request + c->request_size, text, size);
	c->request_size += size;
}

static void add_option(struct client *c, const char *name, unsigned value)
{
	char text[16];
	snprintf(text, sizeof text, "%u", value);
	add_text(c, name);
	add_text(c, text);
}

static void make_request(struct client *c, uint32_t machine)
{
	char name[256];
	fill(name, sizeof name, given.name, machine);
	c->request[1] = RRQ;
	c->request_size = 2;
	add_text(c, name);
	add_text(c, "octet");
	if (given.tsize)
		add_option(c, "tsize", 0);
	if (given.blksize != 512)
		add_option(c, "blksize", given.blksize);
	if (given.window > 1)
		add_option(c, "windowsize", given.window);
}

/* Packets that cannot leave are as lost; the timer mends it. */
static void ask(struct client *c)
{
	if (sendto(c->fd, c->request, c->request_size, 0, (struct sockaddr *)&given.server,
		   sizeof given.server) < 0)
		errno = 0;
}

static void acknowledge(struct client *c)
{
	unsigned char packet[4] = {0, ACK, c->got >> 8, c->got};
	c->acked = c->got;
	c->again = 0;
	if (send(c->fd, packet, sizeof packet, 0) < 0)
		errno = 0;
}

static void refuse(struct client *c, int code, const char *why)
{
	unsigned char packet[64] = {0, ERROR, 0, code};
	size_t size = 4 + snprintf((char *)packet + 4, sizeof packet - 4, "%s", why) + 1;
	if (send(c->fd, packet, size, 0) < 0)
		errno = 0;
}

/* --- a transfer begins and ends */

static void begin(struct client *c)
{
	if (seen.begun == given.transfers)
		return;
	seen.begun++;
	seen.busy++;
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = c->own};
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
	int room = 1 << 20, yes = 1;
	c->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || setsockopt(c->fd, IPPROTO_IP, IP_FREEBIND, &yes, sizeof yes) < 0 ||
	    setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room) < 0 ||
	    bind(c->fd, (struct sockaddr *)&own, sizeof own) < 0 ||
	    epoll_ctl(set, EPOLL_CTL_ADD, c->fd, &event) < 0)
		die("a client's socket at %s", inet_ntoa(c->own));
	c->connected = c->again = c->agreed = c->tries = 0;
	c->got = c->acked = 0;
	c->gap_at = UINT32_MAX;
	c->blksize = 512;
	c->window = 1;
	c->started = now_ns();
	c->patience = given.patience;
	c->deadline = c->started + c->patience;
	ask(c);
}

static void end(struct client *c)
{
	close(c->fd);
	c->fd = -1;
	seen.busy--;
	begin(c);
}

static void fail(struct client *c, unsigned *why, const char *text)
{
	note(text);
	++*why;
	seen.failed++;
	end(c);
}

static void succeed(struct client *c, int64_t now)
{
	seen.done++;
	seen.bytes += given.file.size;
	seen.blksize = c->blksize;
	seen.window = c->window;
	sample(&seen.whole, now - c->started);
	end(c);
}

/* --- what we hear; these return 0 where the transfer has ended */

static int take_options(struct client *c, const unsigned char *data, size_t size)
{
	const char *at = (const char *)data + 2, *past = (const char *)data + size;
	if (size < 4 || past[-1])
		return fail(c, &seen.wrong, "an OACK without an end"), 0;
	while (at < past) {
		const char *name = at, *value = name + strlen(name) + 1;
		if (value >= past)
			return fail(c, &seen.wrong, "an OACK without a value"), 0;
		at = value + strlen(value) + 1;
		unsigned long amount = strtoul(value, NULL, 10);
		if (!strcasecmp(name, "blksize") && amount >= 8 && amount <= given.blksize)
			c->blksize = amount;
		else if (!strcasecmp(name, "windowsize") && amount >= 1 && amount <= given.window)
			c->window = amount;
		else if (strcasecmp(name, "tsize") || amount != given.file.size) {
			refuse(c, 8, "a wrong option");
			return fail(c, &seen.wrong, "a wrong option in the OACK"), 0;
		}
	}
	c->agreed = 1;
	acknowledge(c);
	return 1;
}

static int take_block(struct client *c, const unsigned char *data, size_t size, int64_t now)
{
	int ahead = (int16_t)(((data[2] << 8) | data[3]) - (c->got + 1));
	if (ahead < 0) {
		seen.doubles++;
		c->again = ahead == -1;
		return 1;
	}
	if (ahead > 0) {
		seen.gaps++;
		if (c->gap_at != c->got) {
			c->gap_at = c->got;
			acknowledge(c);
		}
		return 1;
	}
	size_t at = (size_t)c->got * c->blksize, rest = given.file.size - at;
	size_t expected = rest < c->blksize ? rest : c->blksize;
	if (size - 4 != expected || memcmp(data + 4, given.file.bytes + at, expected)) {
		refuse(c, 0, "not what it should be");
		return fail(c, &seen.wrong, "a block that is not the file's"), 0;
	}
	if (c->got++ == 0)
		sample(&seen.first, now - c->started);
	c->again = 0;
	if (expected < c->blksize) {
		acknowledge(c);
		return succeed(c, now), 0;
	}
	if (c->got - c->acked >= c->window)
		acknowledge(c);
	return 1;
}

static int take(struct client *c, const unsigned char *data, size_t size, int64_t now)
{
	seen.packets++;
	if (size < 4 || data[0])
		return 1;
	switch (data[1]) {
	case OACK:
		if (c->got)
			return 1;
		if (c->agreed) {
			seen.doubles++;
			acknowledge(c);
			return 1;
		}
		return take_options(c, data, size);
	case DATA:
		return take_block(c, data, size, now);
	case ERROR:
		return fail(c, &seen.errors, size > 5 && !data[size - 1] ? (char *)data + 4 : "ERROR"), 0;
	}
	return 1;
}

/* The server answers from a port of its own, and only that is heard from then on. */
static void meet(struct client *c, const struct sockaddr_in *peer)
{
	if (connect(c->fd, (const struct sockaddr *)peer, sizeof *peer) < 0)
		die("connect");
	c->connected = 1;
}

static void hear(struct client *c)
{
	unsigned vlen = c->connected && c->window == 1 ? 1 : BURST;
	int count = recvmmsg(c->fd, heads, vlen, MSG_DONTWAIT, NULL);
	if (count < 0) {
		errno = 0; /* an ICMP error, or nothing: the timer mends it */
		return;
	}
	int64_t now = now_ns();
	c->patience = given.patience;
	c->tries = 0;
	c->deadline = now + c->patience;
	for (int i = 0; i < count; i++) {
		if (!c->connected) {
			if (sources[i].sin_addr.s_addr != given.server.sin_addr.s_addr)
				continue;
			meet(c, &sources[i]);
		}
		heads[i].msg_hdr.msg_namelen = sizeof *sources;
		if (!take(c, buffers[i], heads[i].msg_len, now))
			return;
	}
	if (c->again)
		acknowledge(c);
}

static void check_time(struct client *c, int64_t now)
{
	if (c->fd < 0 || now < c->deadline)
		return;
	if (++c->tries == TRIES) {
		fail(c, &seen.stalls, "nothing came any more");
		return;
	}
	seen.again++;
	c->patience = 2 * c->patience > LONGEST ? LONGEST : 2 * c->patience;
	c->deadline = now + c->patience;
	if (c->got || c->agreed)
		acknowledge(c);
	else
		ask(c);
}

/* --- from the command line to the figures */

static void read_words(int argc, char **argv)
{
	given.server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(69)};
	for (int word; (word = getopt(argc, argv, "s:p:f:e:b:w:c:n:a:t:T")) != -1;)
		switch (word) {
		case 's': given.server.sin_addr = address(optarg); break;
		case 'p': given.server.sin_port = htons(number(optarg, "-p")); break;
		case 'f': given.name = optarg; break;
		case 'e': given.file = map_file(optarg); break;
		case 'b': given.blksize = number(optarg, "-b"); break;
		case 'w': given.window = number(optarg, "-w"); break;
		case 'c': given.clients = number(optarg, "-c"); break;
		case 'n': given.transfers = number(optarg, "-n"); break;
		case 'a': given.first = address(optarg); break;
		case 't': given.patience = number(optarg, "-t") * 1000000LL; break;
		case 'T': given.tsize = 0; break;
		default: exit(2);
		}
	errno = 0;
	if (!given.server.sin_addr.s_addr || !given.name || !given.file.bytes || !given.clients ||
	    given.blksize < 8 || given.blksize > LARGEST - 4 || !given.window)
		die("tftpload -s SERVER -f NAME -e FILE [-p -b -w -c -n -a -t -T]");
}

static void prepare(void)
{
	many_files();
	set = epoll_create1(EPOLL_CLOEXEC);
	buffers = malloc(BURST * sizeof *buffers);
	if (set < 0 || !buffers)
		die("cannot begin");
	for (int i = 0; i < BURST; i++) {
		parts[i] = (struct iovec){buffers[i], sizeof buffers[i]};
		heads[i].msg_hdr = (struct msghdr){.msg_name = &sources[i],
						   .msg_namelen = sizeof *sources,
						   .msg_iov = &parts[i],
						   .msg_iovlen = 1};
	}
}

static void run(struct client *clients)
{
	struct epoll_event events[256];
	int64_t looked = now_ns();
	int64_t tick = given.patience / 10 < 10000000 ? given.patience / 10 : 10000000;
	while (seen.busy) {
		int count = epoll_wait(set, events, 256, (int)(tick / 1000000) + 1);
		for (int i = 0; i < count; i++) {
			struct client *c = events[i].data.ptr;
			if (c->fd >= 0)
				hear(c);
		}
		int64_t now = now_ns();
		if (now - looked < tick)
			continue;
		looked = now;
		for (unsigned i = 0; i < given.clients; i++)
			check_time(&clients[i], now);
	}
}

int main(int argc, char **argv)
{
	read_words(argc, argv);
	prepare();
	struct client *clients = calloc(given.clients, sizeof *clients);
	if (!clients)
		die("out of memory");
	int64_t began = now_ns(), cpu = own_cpu_ns();
	for (unsigned i = 0; i < given.clients; i++) {
		clients[i].fd = -1;
		if (given.first.s_addr)
			clients[i].own = address_plus(given.first, i);
		make_request(&clients[i], i);
		begin(&clients[i]);
	}
	run(clients);
	double seconds = (now_ns() - began) / 1e9;
	printf("{\"transfers\": %u, \"failed\": %u, \"errors\": %u, \"stalls\": %u, \"wrong\": %u",
	       seen.done, seen.failed, seen.errors, seen.stalls, seen.wrong);
	printf(", \"again\": %lu, \"gaps\": %lu, \"doubles\": %lu, \"packets\": %lu, \"bytes\": %lu",
	       seen.again, seen.gaps, seen.doubles, seen.packets, seen.bytes);
	printf(", \"blksize\": %u, \"window\": %u, \"seconds\": %.4f, \"busy\": %.3f", seen.blksize,
	       seen.window, seconds, (own_cpu_ns() - cpu) / 1e9 / seconds);
	printf(", \"per_second\": %.1f, \"mb_per_second\": %.2f", seen.done / seconds,
	       seen.bytes / seconds / 1e6);
	print_samples("transfer_ms", &seen.whole);
	print_samples("first_block_ms", &seen.first);
	print_text("said", seen.said);
	puts("}");
	return 0;
}
