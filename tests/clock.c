// A clock that is CLOCK_AHEAD seconds ahead, for every program that is started with this library preloaded.
//
// The time of day alone is shifted: what waits by the monotonic clock waits as ever. (libfaketime 0.9.10 shifts the
// deadlines of such waits, too, and Python's time.sleep then fails or never ends.) A deadline by the time of day, which a
// program computes from what it was told here, is shifted back.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t ahead(void) {
  static time_t seconds = -1;
  if (seconds < 0) {
    const char *told = getenv("CLOCK_AHEAD");
    seconds = told ? atol(told) : 0;
  }
  return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  int failed = syscall(SYS_clock_gettime, clock, now);
  if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += ahead();
  return failed;
}

time_t time(time_t *where) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return where ? (*where = now.tv_sec) : now.tv_sec;
}

int gettimeofday(struct timeval *now, void *zone) {
  (void)zone;
  struct timespec precise;
  clock_gettime(CLOCK_REALTIME, &precise);
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return 0;
}

int timespec_get(struct timespec *now, int base) {
  return clock_gettime(CLOCK_REALTIME, now) ? 0 : base;
}

// Monotonic deadlines count from the machine's start, so none reaches the year 2001.
static struct timespec real(const struct timespec *deadline) {
  struct timespec back = *deadline;
  if (back.tv_sec > 1000000000) back.tv_sec -= ahead();
  return back;
}

int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *deadline) {
  static int (*next)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
  if (!next) next = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
  if (!next) next = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
  struct timespec back = real(deadline);
  return next(condition, mutex, &back);
}

int sem_timedwait(sem_t *semaphore, const struct timespec *deadline) {
  static int (*next)(sem_t *, const struct timespec *);
  if (!next) next = dlsym(RTLD_NEXT, "sem_timedwait");
  struct timespec back = real(deadline);
  return next(semaphore, &back);
}

int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *deadline) {
  static int (*next)(pthread_mutex_t *, const struct timespec *);
  if (!next) next = dlsym(RTLD_NEXT, "pthread_mutex_timedlock");
  struct timespec back = real(deadline);
  return next(mutex, &back);
}
