/* Preloaded into a server: its wall clock is off by as many milliseconds as the file CLOCK_CONTROL says. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

static const volatile int64_t none, *off_by = &none;
static int (*real_clock_gettime)(clockid_t, struct timespec *);

static void begin(void) __attribute__((constructor));
static void begin(void) {
    *(void **)&real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    const char *path = getenv("CLOCK_CONTROL");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *control = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *off_by, PROT_READ, MAP_SHARED, fd, 0);
    if (control != MAP_FAILED) off_by = control;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    if (!real_clock_gettime) begin();
    int result = real_clock_gettime(clock, now);
    if (result == 0 && clock == CLOCK_REALTIME) {
        int64_t ns = now->tv_nsec + *off_by % 1000 * 1000000;
        now->tv_sec += *off_by / 1000 + (ns >= 1000000000) - (ns < 0);
        now->tv_nsec = (ns + 1000000000) % 1000000000;
    }
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec time;
    (void)zone;
    int result = clock_gettime(CLOCK_REALTIME, &time);
    now->tv_sec = time.tv_sec;
    now->tv_usec = time.tv_nsec / 1000;
    return result;
}
