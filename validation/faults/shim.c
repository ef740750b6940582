/* Preloaded into the program: the n-th call that writes into the watched folder fails, once or from then on.
 *
 *   FAULT_FOLDER  the folder, as a prefix of paths
 *   FAULT_AT      n, counted from 1; 0: none fails, and the number of calls is written to FAULT_COUNT at the end
 *   FAULT_FOREVER set: all later ones fail too
 *   FAULT_KILL    set: the process is killed there instead
 *   FAULT_COUNT   a file outside of the folder
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int watched[4096];
static long calls;

static int in_folder(const char* path) {
  const char* folder = getenv("FAULT_FOLDER");
  return folder != NULL && strncmp(path, folder, strlen(folder)) == 0;
}

/* Does this call fail? */
static int fails(int error) {
  const char* at = getenv("FAULT_AT");
  const long n = at != NULL ? atol(at) : 0;
  const long number = __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
  if (n == 0 || number < n || (number > n && getenv("FAULT_FOREVER") == NULL)) return 0;
  if (getenv("FAULT_KILL") != NULL) kill(getpid(), SIGKILL);
  errno = error;
  return 1;
}

__attribute__((destructor)) static void tell(void) {
  const char* file = getenv("FAULT_COUNT");
  FILE* out = file != NULL ? fopen(file, "w") : NULL;
  if (out == NULL) return;
  fprintf(out, "%ld\n", calls);
  fclose(out);
}

#define REAL(NAME)               \
  static __typeof__(&NAME) real; \
  if (real == NULL) *(void**)&real = dlsym(RTLD_NEXT, #NAME)

static int opened(int file, const char* path) {
  if (file >= 0 && file < 4096) watched[file] = in_folder(path);
  return file;
}

#define OPEN(NAME)                                                                         \
  int NAME(const char* path, int flags, ...) {                                             \
    REAL(NAME);                                                                            \
    mode_t mode = 0;                                                                       \
    if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) {                      \
      va_list list;                                                                        \
      va_start(list, flags);                                                               \
      mode = va_arg(list, mode_t);                                                         \
      va_end(list);                                                                        \
    }                                                                                      \
    if ((flags & (O_WRONLY | O_RDWR)) != 0 && in_folder(path) && fails(EACCES)) return -1; \
    return opened(real(path, flags, mode), path);                                          \
  }
OPEN(open)
OPEN(open64)

ssize_t write(int file, const void* bytes, size_t size) {
  REAL(write);
  if (file >= 0 && file < 4096 && watched[file] && fails(ENOSPC)) {
    if (size > 1) (void)!real(file, bytes, size / 2); /* a disk that is full takes what fits */
    return -1;
  }
  return real(file, bytes, size);
}

int fsync(int file) {
  REAL(fsync);
  if (file >= 0 && file < 4096 && watched[file] && fails(EIO)) return -1;
  return real(file);
}

int rename(const char* from, const char* to) {
  REAL(rename);
  if (in_folder(to) && fails(ENOSPC)) return -1;
  return real(from, to);
}

/* A disk that is full truncates: not among the calls that fail for good. */
#define TRUNCATE(NAME, SIZE)                                                                                   \
  int NAME(int file, SIZE size) {                                                                              \
    REAL(NAME);                                                                                                \
    if (file >= 0 && file < 4096 && watched[file] && getenv("FAULT_FOREVER") == NULL && fails(EIO)) return -1; \
    return real(file, size);                                                                                   \
  }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

int close(int file) {
  REAL(close);
  if (file >= 0 && file < 4096) {
    const int was = watched[file];
    watched[file] = 0;
    if (was && fails(EIO)) {
      real(file);
      errno = EIO;
      return -1;
    }
  }
  return real(file);
}
