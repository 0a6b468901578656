/* Preloaded into a server: a disk that forgets what was not synced, is slow or read-only, and a clock that is set.
 *
 * What happens in DISK_ROOT happens as usual, and what would survive a power cut is kept in DISK_KEPT: the bytes of
 * each file as of its last sync under `data/INODE`, and the names as of the folder's last sync as links in `names/`.
 * Now and then a write is kept at once, as the system may write back at any time and in any order.
 * DISK_CONTROL is a file of numbers that both sides look at.
 *
 * The calls below (open, write, ftruncate, fsync, rename, unlink, clock_gettime and their kin) are libc's own, overridden: SQLite
 * is C and calls nothing else, and a file system that does the same takes root to mount. No crate does this. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FDS 4096
#define ONE_WRITE_BACK_IN 10

static struct control { int64_t sync_ms, read_only, clock_ms, syncs; } none, *control = &none;
static struct file { ino_t inode; off_t low, high; } files[FDS];
static struct { char is_tracked, is_folder; int file; } fds[FDS];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX], kept[PATH_MAX];

#define REAL(type, name, ...) static type (*real_##name)(__VA_ARGS__)
REAL(int, open, const char *, int, ...);
REAL(int, close, int);
REAL(ssize_t, write, int, const void *, size_t);
REAL(ssize_t, pwrite, int, const void *, size_t, off_t);
REAL(int, ftruncate, int, off_t);
REAL(int, fsync, int);
REAL(int, unlink, const char *);
REAL(int, clock_gettime, clockid_t, struct timespec *);

static void fail(const char *what) { perror(what); abort(); }

static void data_path(char *path, ino_t inode) { snprintf(path, PATH_MAX, "%s/data/%lu", kept, (unsigned long)inode); }

/* Keeps a piece of a file, and its length. The file is read as it is open already: closing it a second time would
 * release the locks that SQLite has on it. */
static void keep(int fd, ino_t inode, off_t low, off_t high, int length_too) {
    char path[PATH_MAX], buffer[65536];
    data_path(path, inode);
    int to = real_open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (to < 0) fail("disk.c: keep");
    while (low < high) {
        size_t size = high - low < (off_t)sizeof buffer ? (size_t)(high - low) : sizeof buffer;
        ssize_t got = pread(fd, buffer, size, low);
        if (got <= 0) break;
        if (real_pwrite(to, buffer, got, low) != got) fail("disk.c: keep");
        low += got;
    }
    struct stat now;
    if (length_too && (fstat(fd, &now) || real_ftruncate(to, now.st_size))) fail("disk.c: keep");
    real_close(to);
}

/* The folder's names as they are now survive; a file that was never synced is empty. */
static void keep_names(void) {
    char name[PATH_MAX], data[PATH_MAX], path[PATH_MAX];
    struct dirent *entry;
    struct stat real, ours;
    snprintf(name, PATH_MAX, "%s/names", kept);
    DIR *names = opendir(name), *folder = opendir(root);
    if (!names || !folder) fail("disk.c: names");
    while ((entry = readdir(names))) {
        snprintf(path, PATH_MAX, "%s/%s", root, entry->d_name);
        snprintf(name, PATH_MAX, "%s/names/%s", kept, entry->d_name);
        if (entry->d_name[0] != '.' && stat(path, &real)) real_unlink(name);
    }
    while ((entry = readdir(folder))) {
        snprintf(path, PATH_MAX, "%s/%s", root, entry->d_name);
        if (stat(path, &real) || !S_ISREG(real.st_mode)) continue;
        snprintf(name, PATH_MAX, "%s/names/%s", kept, entry->d_name);
        data_path(data, real.st_ino);
        int fd = real_open(data, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0 || fstat(fd, &ours)) fail("disk.c: names");
        real_close(fd);
        struct stat linked;
        if (stat(name, &linked) == 0 && linked.st_ino == ours.st_ino) continue;
        real_unlink(name);
        if (link(data, name)) fail("disk.c: link");
    }
    closedir(names);
    closedir(folder);
}

static void begin(void) __attribute__((constructor));
static void begin(void) {
#define FIND(name) if (!(*(void **)&real_##name = dlsym(RTLD_NEXT, #name))) fail("disk.c: " #name)
    FIND(open); FIND(close); FIND(write); FIND(pwrite); FIND(ftruncate); FIND(fsync); FIND(unlink); FIND(clock_gettime);
    if (!getenv("DISK_ROOT") || !realpath(getenv("DISK_ROOT"), root)) return;
    int fd = real_open(getenv("DISK_CONTROL"), O_RDWR | O_CLOEXEC);
    control = mmap(NULL, sizeof none, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (control == MAP_FAILED) fail("disk.c: control");
    real_close(fd);
    snprintf(kept, PATH_MAX, "%s", getenv("DISK_KEPT"));
    char path[PATH_MAX];
    struct dirent *entry;
    struct stat real;
    DIR *folder = opendir(root);
    if (!folder) fail("disk.c: root");
    while ((entry = readdir(folder))) {
        snprintf(path, PATH_MAX, "%s/%s", root, entry->d_name);
        if (stat(path, &real) || !S_ISREG(real.st_mode)) continue;
        fd = real_open(path, O_RDONLY | O_CLOEXEC);
        keep(fd, real.st_ino, 0, real.st_size, 1);
        real_close(fd);
    }
    closedir(folder);
    keep_names();
}

static int is_tracked(int fd) { return fd >= 0 && fd < FDS && fds[fd].is_tracked; }

static struct file *file_of(int fd) { return &files[fds[fd].file]; }

static void track(int fd) {
    char link[64], path[PATH_MAX];
    struct stat real;
    if (!root[0] || fd < 0 || fd >= FDS) return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    size_t folder = strlen(root);
    if (length < 0 || strncmp(path, root, folder) || fstat(fd, &real)) return;
    path[length] = 0;
    if (path[folder] != 0 && path[folder] != '/') return;
    pthread_mutex_lock(&mutex);
    int number = 0;
    while (number < FDS - 1 && files[number].inode && files[number].inode != real.st_ino) number++;
    files[number].inode = real.st_ino;
    fds[fd].file = number;
    fds[fd].is_folder = S_ISDIR(real.st_mode);
    fds[fd].is_tracked = 1;
    pthread_mutex_unlock(&mutex);
}

static int open_tracked(const char *path, int flags, mode_t mode) {
    char folder[PATH_MAX], whole[PATH_MAX];
    if (control->read_only && (flags & (O_WRONLY | O_RDWR | O_CREAT))) {
        snprintf(folder, PATH_MAX, "%s", path);
        char *slash = strrchr(folder, '/');
        if (slash) *slash = 0;
        if (realpath(slash ? folder : ".", whole) && !strcmp(whole, root)) { errno = EROFS; return -1; }
    }
    int fd = real_open(path, flags, mode);
    if (fd >= 0) track(fd);
    return fd;
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        va_list arguments; \
        va_start(arguments, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0; \
        va_end(arguments); \
        return open_tracked(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

int close(int fd) {
    if (fd >= 0 && fd < FDS) fds[fd].is_tracked = 0;
    return real_close(fd);
}

/* A piece was written: it is kept at the next sync, or perhaps now. */
static void written(int fd, off_t low, off_t high) {
    pthread_mutex_lock(&mutex);
    struct file *file = file_of(fd);
    if (file->low == file->high) { file->low = low; file->high = high; }
    if (low < file->low) file->low = low;
    if (high > file->high) file->high = high;
    if (random() % ONE_WRITE_BACK_IN == 0) keep(fd, file->inode, low, high, 0);
    pthread_mutex_unlock(&mutex);
}

static int is_refused(int fd) {
    if (!is_tracked(fd) || !control->read_only) return 0;
    errno = EROFS;
    return 1;
}

ssize_t write(int fd, const void *bytes, size_t size) {
    if (is_refused(fd)) return -1;
    ssize_t done = real_write(fd, bytes, size);
    off_t end = is_tracked(fd) ? lseek(fd, 0, SEEK_CUR) : 0;
    if (is_tracked(fd) && done > 0) written(fd, end - done, end);
    return done;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
    if (is_refused(fd)) return -1;
    ssize_t done = real_pwrite(fd, bytes, size, at);
    if (is_tracked(fd) && done > 0) written(fd, at, at + done);
    return done;
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t at) { return pwrite(fd, bytes, size, at); }

int ftruncate(int fd, off_t size) { return is_refused(fd) ? -1 : real_ftruncate(fd, size); }

int ftruncate64(int fd, off_t size) { return ftruncate(fd, size); }

int fsync(int fd) {
    if (!is_tracked(fd)) return real_fsync(fd);
    if (is_refused(fd)) return -1;
    struct timespec pause = {control->sync_ms / 1000, control->sync_ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
    pthread_mutex_lock(&mutex);
    struct file *file = file_of(fd);
    if (fds[fd].is_folder) {
        keep_names();
    } else {
        keep(fd, file->inode, file->low, file->high, 1);
        file->low = file->high = 0;
    }
    control->syncs++;
    pthread_mutex_unlock(&mutex);
    return 0;
}

int fdatasync(int fd) { return fsync(fd); }

int unlink(const char *path) {
    struct stat real;
    char data[PATH_MAX];
    int known = root[0] && stat(path, &real) == 0;
    int done = real_unlink(path);
    if (done == 0 && known && real.st_nlink == 1) {
        /* Its number may be given to another file. What still has a name in `names` stays. */
        pthread_mutex_lock(&mutex);
        data_path(data, real.st_ino);
        real_unlink(data);
        for (int number = 0; number < FDS; number++)
            if (files[number].inode == real.st_ino) files[number].low = files[number].high = 0;
        pthread_mutex_unlock(&mutex);
    }
    return done;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    if (!real_clock_gettime) *(void **)&real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    int done = real_clock_gettime(clock, time);
    if (clock == CLOCK_REALTIME) time->tv_sec += control->clock_ms / 1000;
    return done;
}
