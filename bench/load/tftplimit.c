/* The least that a TFTP server costs here: one file, framed once for each block size.
 *
 *   tftplimit -s ADDRESS -e FILE [-p PORT] [-g]
 *
 * Whatever the name, FILE is given.  A connected socket for each transfer, one epoll set, a send
 * for each block; with -g a window leaves in one send by UDP GSO.  It has what a transfer must
 * have (options, a repeat after 200 ms) and nothing else: no names, no log, no care for clients
 * that lie.  It runs until it is ended, and says "ready" on its standard output once it hears.
 */
#define _GNU_SOURCE
#include "common.h"

#include <netinet/udp.h>
#include <sys/epoll.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#define MOST 65536
#define HEAD 4
#define LARGEST_SEND 65507
#define MOST_SEGMENTS 64
#define PATIENCE (SECOND / 5)
#define TRIES 8

enum { RRQ = 1, ERROR = 5, OACK = 6, ACK = 4 };

struct frames {
	unsigned blksize;
	uint32_t blocks;
	unsigned char *bytes; /* each block with its header before it, all but the last full */
	size_t size;
};

struct transfer {
	int open, negotiating;
	const struct frames *frames;
	unsigned window;
	uint32_t acked, sent;
	int tries;
	int64_t deadline;
	unsigned char oack[96];
	size_t oack_size;
};

static struct {
	struct sockaddr_in own;
	struct file file;
	int gso;
} given;

static struct transfer *transfers; /* by their socket */
static struct frames framed[16];
static int set, door, highest;

static const struct frames *frames_of(unsigned blksize)
{
	struct frames *f = framed;
	while (f->bytes && f->blksize != blksize)
		if (++f == framed + 16)
			die("too many block sizes");
	if (f->bytes)
		return f;
	f->blksize = blksize;
	f->blocks = given.file.size / blksize + 1;
	f->size = given.file.size + (size_t)HEAD * f->blocks;
	f->bytes = malloc(f->size);
	if (!f->bytes)
		die("out of memory");
	for (uint32_t block = 1; block <= f->blocks; block++) {
		size_t from = (size_t)(block - 1) * blksize, rest = given.file.size - from;
		unsigned char *to = f->bytes + (size_t)(block - 1) * (blksize + HEAD);
		to[0] = 0, to[1] = 3, to[2] = block >> 8, to[3] = block;
		memcpy(to + HEAD, given.file.bytes + from, rest < blksize ? rest : blksize);
	}
	return f;
}

/* --- sending */

static void send_blocks(int fd, const struct transfer *t, uint32_t from, uint32_t past)
{
	size_t step = t->frames->blksize + HEAD;
	uint32_t most = 1;
	if (given.gso && t->window > 1) {
		most = LARGEST_SEND / step;
		most = most > MOST_SEGMENTS ? MOST_SEGMENTS : most;
	}
	while (from < past) {
		uint32_t count = past - from < most ? past - from : most;
		size_t at = from * step, size = count * step;
		if (at + size > t->frames->size)
			size = t->frames->size - at;
		if (send(fd, t->frames->bytes + at, size, 0) < 0)
			return; /* as if lost */
		from += count;
	}
}

static void go_on(int fd, struct transfer *t)
{
	t->deadline = now_ns() + PATIENCE;
	if (t->negotiating) {
		send(fd, t->oack, t->oack_size, 0);
		return;
	}
	uint32_t past = t->acked + t->window;
	past = past > t->frames->blocks ? t->frames->blocks : past;
	send_blocks(fd, t, t->sent, past);
	t->sent = past;
}

static void end(int fd)
{
	transfers[fd].open = 0;
	close(fd);
}

static void hear(int fd)
{
	struct transfer *t = &transfers[fd];
	unsigned char packet[HEAD];
	ssize_t size = recv(fd, packet, sizeof packet, 0);
	if (size < HEAD) {
		if (size < 0 && errno != EAGAIN)
			end(fd);
		return;
	}
	if (packet[1] != ACK) {
		end(fd);
		return;
	}
	uint16_t ahead = (uint16_t)(((packet[2] << 8) | packet[3]) - t->acked);
	if (t->negotiating && ahead == 0) {
		t->negotiating = 0;
	} else if (ahead == 0 || ahead > t->sent - t->acked) {
		return;
	} else {
		t->acked += ahead;
		if (t->acked == t->frames->blocks) {
			end(fd);
			return;
		}
		if (t->acked < t->sent) /* a gap */
			t->sent = t->acked;
	}
	t->tries = 0;
	go_on(fd, t);
}

/* --- new requests */

static void agree(struct transfer *t, const char *name, const char *value, unsigned *blksize)
{
	unsigned long amount = strtoul(value, NULL, 10);
	if (!strcasecmp(name, "blksize") && amount >= 8)
		*blksize = amount = amount > 1468 ? 1468 : amount;
	else if (!strcasecmp(name, "windowsize") && amount >= 1)
		t->window = amount = amount > MOST_SEGMENTS ? MOST_SEGMENTS : amount;
	else if (!strcasecmp(name, "tsize"))
		amount = given.file.size;
	else
		return;
	int size = snprintf((char *)t->oack + t->oack_size, sizeof t->oack - t->oack_size,
			    "%s%c%lu", name, 0, amount) + 1;
	if (t->oack_size + size <= sizeof t->oack)
		t->oack_size += size;
}

static void read_options(struct transfer *t, const char *at, const char *past)
{
	unsigned blksize = 512;
	t->oack[0] = 0, t->oack[1] = OACK;
	t->oack_size = 2;
	t->window = 1;
	at += strlen(at) + 1; /* the name */
	if (at < past)
		at += strlen(at) + 1; /* the mode */
	while (at < past) {
		const char *value = at + strlen(at) + 1;
		if (value >= past)
			break;
		agree(t, at, value, &blksize);
		at = value + strlen(value) + 1;
	}
	t->negotiating = t->oack_size > 2;
	t->frames = frames_of(blksize);
}

static int socket_to(const struct sockaddr_in *peer)
{
	struct sockaddr_in own = given.own;
	own.sin_port = 0;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || fd >= MOST || bind(fd, (struct sockaddr *)&own, sizeof own) < 0 ||
	    connect(fd, (const struct sockaddr *)peer, sizeof *peer) < 0)
		die("a socket for a transfer");
	return fd;
}

static void answer(void)
{
	char data[1025];
	struct sockaddr_in peer;
	socklen_t length = sizeof peer;
	ssize_t size = recvfrom(door, data, sizeof data - 1, 0, (struct sockaddr *)&peer, &length);
	if (size < 4 || data[1] != RRQ)
		return;
	data[size] = 0;
	int fd = socket_to(&peer);
	struct transfer *t = &transfers[fd];
	*t = (struct transfer){.open = 1};
	read_options(t, data + 2, data + size);
	int segment = t->frames->blksize + HEAD;
	if (given.gso && t->window > 1 &&
	    setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment) < 0)
		die("no UDP GSO");
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
	if (epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) < 0)
		die("epoll_ctl");
	highest = fd > highest ? fd : highest;
	go_on(fd, t);
}

static void look_at_clock(void)
{
	int64_t now = now_ns();
	for (int fd = 0; fd <= highest; fd++) {
		struct transfer *t = &transfers[fd];
		if (!t->open || now < t->deadline)
			continue;
		if (++t->tries == TRIES) {
			end(fd);
			continue;
		}
		t->sent = t->acked;
		go_on(fd, t);
	}
}

int main(int argc, char **argv)
{
	given.own = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(69)};
	for (int word; (word = getopt(argc, argv, "s:e:p:g")) != -1;)
		switch (word) {
		case 's': given.own.sin_addr = address(optarg); break;
		case 'e': given.file = map_file(optarg); break;
		case 'p': given.own.sin_port = htons(number(optarg, "-p")); break;
		case 'g': given.gso = 1; break;
		default: exit(2);
		}
	errno = 0;
	if (!given.file.bytes || !given.own.sin_addr.s_addr)
		die("tftplimit -s ADDRESS -e FILE [-p PORT] [-g]");
	many_files();
	transfers = calloc(MOST, sizeof *transfers);
	set = epoll_create1(EPOLL_CLOEXEC);
	door = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct epoll_event event = {.events = EPOLLIN, .data.fd = door};
	if (!transfers || set < 0 || door < 0 ||
	    bind(door, (struct sockaddr *)&given.own, sizeof given.own) < 0 ||
	    epoll_ctl(set, EPOLL_CTL_ADD, door, &event) < 0)
		die("cannot begin");
	puts("ready");
	fflush(stdout);
	for (int64_t looked = now_ns();;) {
		struct epoll_event events[256];
		int count = epoll_wait(set, events, 256, 50);
		for (int i = 0; i < count; i++)
			if (events[i].data.fd == door)
				answer();
			else if (transfers[events[i].data.fd].open)
				hear(events[i].data.fd);
		if (now_ns() - looked > SECOND / 20) {
			looked = now_ns();
			look_at_clock();
		}
	}
}
