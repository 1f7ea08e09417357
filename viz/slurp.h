/* A file, whole, in memory. */
#ifndef VIZ_SLURP_H
#define VIZ_SLURP_H

#include <stddef.h>

/* The bytes of the file and a zero behind them, to be freed; NULL with errno when it cannot be opened or
 * read, there is no memory, or it is larger than 4 GiB (EFBIG). `len` (without the zero) may be NULL. */
char *slurp(const char *path, size_t *len);

#endif
