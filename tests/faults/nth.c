/* What a process does to files that lasts, counted; at the nth it is killed, or the disk fails.
 *
 * Loaded before libc (LD_PRELOAD). NTH_UNDER: the folder whose files count. NTH_SHARED: a file that
 * all processes share with the test: a `struct shared`. What is done: "kill" (before it is done),
 * "half" (half of a write is done, then killed), "after" (all of it is), "fail:ERRNO" (it and all
 * later ones fail), "slow:MILLISECONDS" (they take so long).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

static struct shared {
    atomic_long count;
    atomic_long at; /* the first to be touched; 0 for none */
    char what[48];
} *shared;
static const char *under;
static __thread int within;

__attribute__((constructor)) static void begin(void)
{
    const char *file = getenv("NTH_SHARED");
    under = getenv("NTH_UNDER");
    int fd = file && under ? open(file, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *map = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (map != MAP_FAILED)
        shared = map;
}

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

static int counts(const char *path)
{
    return shared && strncmp(path, under, strlen(under)) == 0;
}

static int counts_fd(int fd)
{
    char name[64], path[PATH_MAX];
    if (!shared)
        return 0;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(name, path, sizeof path - 1);
    if (size <= 0)
        return 0;
    path[size] = 0;
    return counts(path);
}

enum { GO_ON, FAIL, HALF, AFTER };

static int due(void)
{
    const char *what = shared->what;
    long mine = atomic_fetch_add(&shared->count, 1) + 1, at = shared->at;
    if (!at || mine < at)
        return GO_ON;
    if (strncmp(what, "slow:", 5) == 0) {
        usleep(1000 * atol(what + 5));
        return GO_ON;
    }
    if (strncmp(what, "fail:", 5) == 0) {
        errno = atoi(what + 5);
        return FAIL;
    }
    if (mine > at)
        return GO_ON;
    if (strcmp(what, "half") == 0)
        return HALF;
    if (strcmp(what, "after") == 0)
        return AFTER;
    die();
    return GO_ON;
}

/* `size` is the name of what is halved; of what cannot be, half is nothing. */
#define WRAP(kind, name, known, parameters, arguments, halved)                                     \
    kind name parameters                                                                           \
    {                                                                                              \
        static kind(*real) parameters;                                                             \
        if (!real)                                                                                 \
            real = (kind(*) parameters)dlsym(RTLD_NEXT, #name);                                    \
        if (within || !(known))                                                                    \
            return real arguments;                                                                 \
        within = 1;                                                                                \
        int then = due();                                                                          \
        within = 0;                                                                                \
        if (then == FAIL)                                                                          \
            return -1;                                                                             \
        if (then == HALF) {                                                                        \
            halved;                                                                                \
            die();                                                                                 \
        }                                                                                          \
        kind done = real arguments;                                                                \
        if (then == AFTER)                                                                         \
            die();                                                                                 \
        return done;                                                                               \
    }

WRAP(ssize_t, write, counts_fd(fd), (int fd, const void *data, size_t size), (fd, data, size),
     if (real(fd, data, size / 2) < 0) die())
WRAP(ssize_t, pwrite, counts_fd(fd), (int fd, const void *data, size_t size, off_t to),
     (fd, data, size, to), if (real(fd, data, size / 2, to) < 0) die())
WRAP(ssize_t, pwrite64, counts_fd(fd), (int fd, const void *data, size_t size, off64_t to),
     (fd, data, size, to), if (real(fd, data, size / 2, to) < 0) die())
WRAP(int, fsync, counts_fd(fd), (int fd), (fd), )
WRAP(int, fdatasync, counts_fd(fd), (int fd), (fd), )
WRAP(int, ftruncate, counts_fd(fd), (int fd, off_t size), (fd, size), )
WRAP(int, ftruncate64, counts_fd(fd), (int fd, off64_t size), (fd, size), )
WRAP(int, rename, counts(to), (const char *from, const char *to), (from, to), )
WRAP(int, unlink, counts(path), (const char *path), (path), )
WRAP(int, mkdir, counts(path), (const char *path, mode_t mode), (path, mode), )
