/* What the load programs share: time, ends, addresses, samples and files. */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL

__attribute__((noreturn, format(printf, 1, 2))) static inline void die(const char *format, ...)
{
	va_list more;
	va_start(more, format);
	vfprintf(stderr, format, more);
	va_end(more);
	if (errno)
		fprintf(stderr, ": %s", strerror(errno));
	fputc('\n', stderr);
	exit(2);
}

/* Nanoseconds of a clock that only goes forward. */
static inline int64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

/* CPU time of this process in nanoseconds. */
static inline int64_t own_cpu_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

/* A number of the command line; ends the program where it is none. */
static inline long number(const char *text, const char *what)
{
	char *end;
	errno = 0;
	long value = strtol(text, &end, 10);
	if (errno || end == text || *end || value < 0) {
		errno = 0;
		die("%s: \"%s\" is not a number", what, text);
	}
	return value;
}

static inline struct in_addr address(const char *text)
{
	struct in_addr found;
	if (inet_pton(AF_INET, text, &found) != 1) {
		errno = 0;
		die("\"%s\" is not an IPv4 address", text);
	}
	return found;
}

/* The address so many after another. */
static inline struct in_addr address_plus(struct in_addr first, unsigned more)
{
	return (struct in_addr){.s_addr = htonl(ntohl(first.s_addr) + more)};
}

/* As many file descriptors as we may have. */
static inline void many_files(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	errno = 0;
}

struct file {
	const unsigned char *bytes;
	size_t size;
};

/* A whole file in memory; not empty. */
static inline struct file map_file(const char *path)
{
	struct stat facts;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &facts) < 0)
		die("%s", path);
	if (facts.st_size == 0)
		die("%s is empty", path);
	void *at = mmap(NULL, facts.st_size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (at == MAP_FAILED)
		die("%s", path);
	close(fd);
	return (struct file){at, facts.st_size};
}

/* Durations in nanoseconds, to be sorted at the end. */
struct samples {
	int64_t *at;
	size_t count, room;
};

static inline void sample(struct samples *all, int64_t value)
{
	if (all->count == all->room) {
		all->room = all->room ? 2 * all->room : 4096;
		all->at = realloc(all->at, all->room * sizeof *all->at);
		if (!all->at)
			die("out of memory");
	}
	all->at[all->count++] = value;
}

static inline int by_size(const void *one, const void *other)
{
	int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;
	return (a > b) - (a < b);
}

/* The value that `percent` of all samples do not exceed, in milliseconds; call `sorted` first. */
static inline double percentile(const struct samples *all, double percent)
{
	if (!all->count)
		return 0;
	size_t at = (size_t)(percent / 100 * (all->count - 1) + 0.5);
	return all->at[at] / 1e6;
}

static inline void sorted(struct samples *all)
{
	if (all->count)
		qsort(all->at, all->count, sizeof *all->at, by_size);
}

static inline void print_samples(const char *name, struct samples *all)
{
	sorted(all);
	printf(", \"%s\": {\"p50\": %.4f, \"p99\": %.4f, \"max\": %.4f}", name, percentile(all, 50),
	       percentile(all, 99), percentile(all, 100));
}

/* A text as JSON has it; what is not plain ASCII is shown as "?". */
static inline void print_text(const char *name, const char *text)
{
	printf(", \"%s\": \"", name);
	for (; *text; text++)
		putchar(*text < 32 || *text > 126 || *text == '"' || *text == '\\' ? '?' : *text);
	putchar('"');
}

/* A text with machine n in it, for "%m" its MAC, for "%d" that with dashes, for "%a" its address.
 *
 * Machine n has the MAC 02:b0 and n in four bytes, and the address 10.1.0.0 + n.  Returns the size.
 */
static inline size_t fill(char *to, size_t room, const char *from, uint32_t n)
{
	size_t size = 0;
	uint32_t a = (10u << 24 | 1u << 16) + n;
	for (; *from && size + 32 < room; from++) {
		char what = from[0] == '%' ? from[1] : 0, sep = what == 'd' ? '-' : ':';
		if (what == 'm' || what == 'd')
			size += snprintf(to + size, room - size, "02%cb0%c%02x%c%02x%c%02x%c%02x", sep, sep,
					 n >> 24, sep, n >> 16 & 255, sep, n >> 8 & 255, sep, n & 255);
		else if (what == 'a')
			size += snprintf(to + size, room - size, "%u.%u.%u.%u", a >> 24, a >> 16 & 255,
					 a >> 8 & 255, a & 255);
		else {
			to[size++] = *from;
			continue;
		}
		from++;
	}
	errno = 0;
	if (*from)
		die("the path or the text is too long");
	to[size] = 0;
	return size;
}

#endif
