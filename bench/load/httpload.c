/* Load for an HTTP server: so many clients at once, each asking again and again.
 *
 *   httpload -s SERVER -u PATH [-p PORT] [-e FILE | -k TEXT ...] [-m MACHINES] [-K]
 *            [-c CLIENTS] [-n REQUESTS] [-a FIRST-ADDRESS] [-t MILLISECONDS]
 *
 * In PATH and in TEXT "%m" is the MAC of a machine with colons, "%d" with dashes, "%a" its
 * address; the machines take turns, and machine n has the MAC 02:b0 and n in four bytes and the
 * address 10.1.0.0 + n.  Each answer must have the status 200 and the length it says, and be FILE
 * byte for byte, or hold every TEXT.  A new connection for each request, as iPXE asks: "Connection:
 * close"; with -K connections are kept.  Client i has the address FIRST-ADDRESS + i.  A request
 * of which nothing comes for -t milliseconds (10,000) is a stall.  What was seen is printed as one
 * line of JSON.
 */
#define _GNU_SOURCE
#include "common.h"

#include <netinet/tcp.h>
#include <sys/epoll.h>

#define HEAD 8192
#define TEXTS 8
#define TEXT_BODY (1 << 18)

enum phase { IDLE, CONNECTING, WAITING, READING, CLOSING };

struct client {
	int fd;
	enum phase phase;
	int used; /* the connection has had an answer already */
	struct in_addr own;
	uint32_t machine;
	char request[1024];
	size_t request_size;
	char head[HEAD + 1];
	size_t head_size;
	size_t length, got; /* of the body */
	int closes;	    /* the server said that it will close */
	char *text;	    /* the body, where a text is looked for in it */
	int64_t started, deadline;
};

static struct {
	struct sockaddr_in server;
	const char *path, *texts[TEXTS];
	int text_count;
	struct file file;
	uint32_t machines;
	unsigned clients, requests;
	int keep;
	struct in_addr first;
	int64_t patience;
} given = {.clients = 1, .requests = 1, .machines = 1, .patience = 10 * SECOND};

static struct {
	unsigned begun, done, failed, refused, stalls, wrong, busy, connections;
	uint64_t bytes;
	struct samples whole, first;
	char said[160];
} seen;

static int set; /* the epoll set */
static struct client **ready; /* those that may ask anew */
static unsigned ready_count;
static unsigned char *buffer;
static size_t buffer_size = 1 << 18;

static void watch(struct client *c, int how, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = c};
	if (epoll_ctl(set, how, c->fd, &event) < 0)
		die("epoll_ctl");
}

/* --- what is asked */

static void make_request(struct client *c)
{
	char path[512];
	fill(path, sizeof path, given.path, c->machine);
	c->request_size =
		snprintf(c->request, sizeof c->request,
			 "GET %s HTTP/1.1\r\nConnection: %s\r\nUser-Agent: iPXE/1.21.1+ (g4e456)\r\n"
			 "Host: %s:%u\r\n\r\n",
			 path, given.keep ? "keep-alive" : "close",
			 inet_ntoa(given.server.sin_addr), ntohs(given.server.sin_port));
}

/* --- a request begins and ends */

static void hang_up(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

static void finish(struct client *c)
{
	seen.busy--;
	c->phase = IDLE;
	ready[ready_count++] = c;
}

static void fail(struct client *c, unsigned *why, const char *text)
{
	if (!seen.said[0])
		snprintf(seen.said, sizeof seen.said, "%s", text);
	++*why;
	seen.failed++;
	hang_up(c);
	finish(c);
}

static void ask(struct client *c)
{
	ssize_t size = send(c->fd, c->request, c->request_size, MSG_NOSIGNAL);
	if (size == (ssize_t)c->request_size) {
		if (c->phase == CONNECTING)
			watch(c, EPOLL_CTL_MOD, EPOLLIN);
		c->phase = WAITING;
	} else if (size >= 0 || (errno != EAGAIN && errno != ENOTCONN)) {
		fail(c, &seen.refused, strerror(errno));
	}
	errno = 0;
}

static void dial(struct client *c)
{
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = c->own};
	int yes = 1;
	seen.connections++;
	c->used = 0;
	c->phase = CONNECTING;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || setsockopt(c->fd, IPPROTO_IP, IP_FREEBIND, &yes, sizeof yes) < 0 ||
	    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes) < 0 ||
	    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) < 0 ||
	    bind(c->fd, (struct sockaddr *)&own, sizeof own) < 0)
		die("a client's socket at %s", inet_ntoa(c->own));
	watch(c, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
	if (connect(c->fd, (struct sockaddr *)&given.server, sizeof given.server) < 0 &&
	    errno != EINPROGRESS) {
		fail(c, &seen.refused, strerror(errno));
		return;
	}
	ask(c);
}

static void begin(struct client *c)
{
	c->machine = seen.begun++ % given.machines;
	seen.busy++;
	make_request(c);
	c->head_size = c->got = c->length = 0;
	c->started = now_ns();
	c->deadline = c->started + given.patience;
	if (c->fd < 0) {
		dial(c);
		return;
	}
	c->phase = WAITING;
	ask(c);
}

/* --- what is heard; these return 0 where the request has ended */

static int holds_all(const struct client *c)
{
	char text[512];
	for (int i = 0; i < given.text_count; i++) {
		size_t size = fill(text, sizeof text, given.texts[i], c->machine);
		if (!memmem(c->text, c->length, text, size))
			return 0;
	}
	return 1;
}

static void succeed(struct client *c)
{
	int64_t now = now_ns();
	if (!given.file.bytes && !holds_all(c)) {
		fail(c, &seen.wrong, "a text that lacks what it must hold");
		return;
	}
	sample(&seen.whole, now - c->started);
	seen.done++;
	seen.bytes += c->length;
	c->used = 1;
	if (given.keep && !c->closes) {
		finish(c);
		return;
	}
	c->phase = CLOSING; /* who closes first keeps the port for a minute: that is the server */
	c->deadline = now + given.patience;
}

static int take_body(struct client *c, const unsigned char *data, size_t size)
{
	if (size > c->length - c->got)
		return fail(c, &seen.wrong, "more than the length it said"), 0;
	if (given.file.bytes) {
		if (memcmp(given.file.bytes + c->got, data, size))
			return fail(c, &seen.wrong, "a body that is not the file"), 0;
	} else {
		memcpy(c->text + c->got, data, size);
	}
	c->got += size;
	if (c->got < c->length)
		return 1;
	return succeed(c), 0;
}

/* The value of a header; NULL where there is none. */
static const char *header(const struct client *c, const char *name)
{
	size_t size = strlen(name);
	for (const char *line = strstr(c->head, "\r\n"); line; line = strstr(line + 2, "\r\n"))
		if (!strncasecmp(line + 2, name, size) && line[2 + size] == ':')
			return line + 3 + size + strspn(line + 3 + size, " ");
	return NULL;
}

static int read_head(struct client *c)
{
	unsigned status;
	const char *length = header(c, "Content-Length"), *closing = header(c, "Connection");
	if (sscanf(c->head, "HTTP/1.%*1[01] %3u", &status) != 1 || status != 200) {
		c->head[strcspn(c->head, "\r")] = 0;
		return fail(c, &seen.wrong, c->head), 0;
	}
	if (!length)
		return fail(c, &seen.wrong, "no Content-Length"), 0;
	c->length = strtoull(length, NULL, 10);
	c->closes = closing && !strncasecmp(closing, "close", 5);
	if (given.file.bytes ? c->length != given.file.size : c->length > TEXT_BODY)
		return fail(c, &seen.wrong, "a length that is not the file's"), 0;
	sample(&seen.first, now_ns() - c->started);
	c->phase = READING;
	return 1;
}

static int take_head(struct client *c, const unsigned char *data, size_t size)
{
	size_t room = HEAD - c->head_size, before = c->head_size, part = size < room ? size : room;
	memcpy(c->head + before, data, part);
	c->head_size += part;
	c->head[c->head_size] = 0;
	char *end = strstr(c->head, "\r\n\r\n");
	if (!end)
		return c->head_size == HEAD ? (fail(c, &seen.wrong, "a head too long"), 0) : 1;
	size_t own = end + 4 - c->head - before; /* of `data` */
	end[2] = 0;
	return read_head(c) && take_body(c, data + own, size - own);
}

static void hear_end(struct client *c)
{
	if (c->phase == IDLE) {
		hang_up(c);
	} else if (c->phase == CLOSING) {
		hang_up(c);
		finish(c);
	} else if (c->phase == WAITING && c->used && !c->head_size) {
		hang_up(c); /* kept, but not for as long: that is the server's right */
		dial(c);
	} else {
		fail(c, &seen.refused, "closed before the end of the answer");
	}
}

static void hear(struct client *c)
{
	ssize_t size = recv(c->fd, buffer, buffer_size, 0);
	if (size < 0 && errno == EAGAIN) {
		errno = 0;
		return;
	}
	if (size <= 0) {
		errno = 0;
		hear_end(c);
		return;
	}
	c->deadline = now_ns() + given.patience;
	if (c->phase == CLOSING)
		fail(c, &seen.wrong, "more than the length it said");
	else if (c->phase == IDLE)
		hang_up(c);
	else if (c->phase == READING)
		take_body(c, buffer, size);
	else
		take_head(c, buffer, size);
	/* In most cases the end of the connection has come with the last of the answer. */
	if (c->fd >= 0 && c->phase == CLOSING && recv(c->fd, buffer, 1, 0) == 0)
		hear_end(c);
	errno = 0;
}

static void check_time(struct client *c, int64_t now)
{
	if (c->phase != IDLE && now > c->deadline)
		fail(c, &seen.stalls,
		     c->phase == CLOSING ? "not closed after the answer" : "nothing came any more");
}

/* --- from the command line to the figures */

static void read_words(int argc, char **argv)
{
	given.server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(80)};
	for (int word; (word = getopt(argc, argv, "s:p:u:e:k:m:Kc:n:a:t:")) != -1;)
		switch (word) {
		case 's': given.server.sin_addr = address(optarg); break;
		case 'p': given.server.sin_port = htons(number(optarg, "-p")); break;
		case 'u': given.path = optarg; break;
		case 'e': given.file = map_file(optarg); break;
		case 'k':
			if (given.text_count == TEXTS)
				die("too many texts");
			given.texts[given.text_count++] = optarg;
			break;
		case 'm': given.machines = number(optarg, "-m"); break;
		case 'K': given.keep = 1; break;
		case 'c': given.clients = number(optarg, "-c"); break;
		case 'n': given.requests = number(optarg, "-n"); break;
		case 'a': given.first = address(optarg); break;
		case 't': given.patience = number(optarg, "-t") * 1000000LL; break;
		default: exit(2);
		}
	errno = 0;
	if (!given.server.sin_addr.s_addr || !given.path || !given.clients || !given.machines ||
	    (!given.file.bytes && !given.text_count))
		die("httpload -s SERVER -u PATH (-e FILE | -k TEXT) [-p -m -K -c -n -a -t]");
}

static void run(struct client *clients)
{
	struct epoll_event events[256];
	int64_t looked = now_ns();
	for (;;) {
		while (ready_count && seen.begun < given.requests)
			begin(ready[--ready_count]);
		if (!seen.busy)
			return;
		int count = epoll_wait(set, events, 256, 100);
		for (int i = 0; i < count; i++) {
			struct client *c = events[i].data.ptr;
			if (c->fd < 0)
				continue;
			if (c->phase == CONNECTING)
				ask(c);
			else
				hear(c);
		}
		int64_t now = now_ns();
		if (now - looked < SECOND / 10)
			continue;
		looked = now;
		for (unsigned i = 0; i < given.clients; i++)
			check_time(&clients[i], now);
	}
}

static void report(double seconds, double busy)
{
	printf("{\"requests\": %u, \"failed\": %u, \"refused\": %u, \"stalls\": %u, \"wrong\": %u",
	       seen.done, seen.failed, seen.refused, seen.stalls, seen.wrong);
	printf(", \"connections\": %u, \"bytes\": %lu, \"seconds\": %.4f, \"busy\": %.3f",
	       seen.connections, seen.bytes, seconds, busy);
	printf(", \"per_second\": %.1f, \"mb_per_second\": %.2f", seen.done / seconds,
	       seen.bytes / seconds / 1e6);
	print_samples("answer_ms", &seen.whole);
	print_samples("first_byte_ms", &seen.first);
	print_text("said", seen.said);
	puts("}");
}

int main(int argc, char **argv)
{
	read_words(argc, argv);
	many_files();
	set = epoll_create1(EPOLL_CLOEXEC);
	buffer = malloc(buffer_size);
	struct client *clients = calloc(given.clients, sizeof *clients);
	ready = calloc(given.clients, sizeof *ready);
	if (set < 0 || !buffer || !clients || !ready)
		die("cannot begin");
	int64_t began = now_ns(), cpu = own_cpu_ns();
	for (unsigned i = 0; i < given.clients; i++) {
		clients[i].fd = -1;
		clients[i].text = given.file.bytes ? NULL : malloc(TEXT_BODY);
		if (given.first.s_addr)
			clients[i].own = address_plus(given.first, i);
		ready[ready_count++] = &clients[i];
	}
	run(clients);
	double seconds = (now_ns() - began) / 1e9;
	report(seconds, (own_cpu_ns() - cpu) / 1e9 / seconds);
	return 0;
}
