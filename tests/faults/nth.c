/* What a process does to files that lasts, counted; at the nth it is killed, or the disk fails.
 *
 * Loaded before libc (LD_PRELOAD). NTH_UNDER: the folder whose files count. NTH_SHARED: a file that
 * all processes share with the test: a `struct shared`. What is done: "kill" (before it is done),
 * "half" (half of a write is done, then killed), "after" (all of it is), "fail:ERRNO" (it and all
 * later ones fail), "slow:MILLISECONDS" (they take so long).
 *
 * NTH_SYNCED: a file to which each fsync that succeeded appends what is on the disk for sure from
 * then on: a `struct synced`, and the content of the file, or the names of the folder.
 */
#define _GNU_SOURCE
#include <dirent.h>
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
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static struct shared {
    atomic_long count;
    atomic_long at; /* the first to be touched; 0 for none */
    char what[48];
    atomic_flag busy; /* somebody appends to the file of what is synced */
} *shared;
static const char *under;
static int synced_fd = -1;
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
    if ((file = getenv("NTH_SYNCED")))
        synced_fd = open(file, O_WRONLY | O_APPEND | O_CLOEXEC);
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

/* What a file or folder is known by: numbers are given again, times of birth are not. */
struct identity {
    unsigned long long number, born;
};
struct synced {
    struct identity own;
    unsigned long long mode, uid, gid, size; /* of what follows */
};

static struct identity identity_of(const struct statx *found)
{
    return (struct identity){found->stx_ino,
                             found->stx_btime.tv_sec * 1000000000ull + found->stx_btime.tv_nsec};
}

/* Each name with its identity before it, and a zero behind it. */
static char *names_of(int fd, size_t *size)
{
    char *all = NULL;
    FILE *out = open_memstream(&all, size);
    DIR *folder = fdopendir(openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct dirent *each;
    while (folder && (each = readdir(folder))) {
        struct statx found;
        if (strcmp(each->d_name, ".") == 0 || strcmp(each->d_name, "..") == 0 ||
            statx(fd, each->d_name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, &found))
            continue;
        struct identity own = identity_of(&found);
        fwrite(&own, sizeof own, 1, out);
        fwrite(each->d_name, strlen(each->d_name) + 1, 1, out);
    }
    if (folder)
        closedir(folder);
    fclose(out);
    return all;
}

/* What was written before the fsync is what it is sure to bring to the disk. */
static char *snapshot(int fd, struct synced *head)
{
    char name[64], path[PATH_MAX];
    struct statx found;
    if (synced_fd < 0 || statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &found))
        return NULL;
    *head = (struct synced){identity_of(&found), found.stx_mode, found.stx_uid, found.stx_gid, 0};
    size_t size = 0;
    char *all = NULL;
    if (S_ISDIR(found.stx_mode)) {
        all = names_of(fd, &size);
    } else {
        snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(name, path, sizeof path - 1);
        path[length > 0 ? length : 0] = 0;
        int again = open(path, O_RDONLY | O_CLOEXEC); /* that one may be for writing only */
        all = malloc(found.stx_size + 1);
        ssize_t had;
        while (again >= 0 && size < found.stx_size &&
               (had = pread(again, all + size, found.stx_size - size, size)) > 0)
            size += had;
        if (again >= 0)
            close(again);
    }
    head->size = size;
    return all;
}

static void write_all(int fd, const char *data, size_t size)
{
    ssize_t done;
    while (size && (done = write(fd, data, size)) > 0)
        data += done, size -= done;
}

static void note(const struct synced *head, const char *all)
{
    while (atomic_flag_test_and_set(&shared->busy))
        usleep(50);
    write_all(synced_fd, (const char *)head, sizeof *head);
    write_all(synced_fd, all, head->size);
    atomic_flag_clear(&shared->busy);
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
#define SYNC(name)                                                                                 \
    int name(int fd)                                                                               \
    {                                                                                              \
        static int (*real)(int fd);                                                                \
        if (!real)                                                                                 \
            real = (int (*)(int fd))dlsym(RTLD_NEXT, #name);                                       \
        if (within || !counts_fd(fd))                                                              \
            return real(fd);                                                                       \
        within = 1;                                                                                \
        int then = due();                                                                          \
        if (then == HALF)                                                                          \
            die();                                                                                 \
        struct synced head;                                                                        \
        char *all = then == FAIL ? NULL : snapshot(fd, &head);                                     \
        int done = then == FAIL ? -1 : real(fd);                                                   \
        if (all && done == 0)                                                                      \
            note(&head, all);                                                                      \
        free(all);                                                                                 \
        within = 0;                                                                                \
        if (then == AFTER)                                                                         \
            die();                                                                                 \
        return done;                                                                               \
    }

SYNC(fsync)
SYNC(fdatasync)
WRAP(int, ftruncate, counts_fd(fd), (int fd, off_t size), (fd, size), )
WRAP(int, ftruncate64, counts_fd(fd), (int fd, off64_t size), (fd, size), )
WRAP(int, rename, counts(to), (const char *from, const char *to), (from, to), )
WRAP(int, unlink, counts(path), (const char *path), (path), )
WRAP(int, mkdir, counts(path), (const char *path, mode_t mode), (path, mode), )
