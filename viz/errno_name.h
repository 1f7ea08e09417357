/* Names of error numbers, as Linux has them ("ECONNREFUSED"); NULL for none. */
#ifndef VIZ_ERRNO_NAME_H
#define VIZ_ERRNO_NAME_H

#include <string.h>

static inline const char *viz_errno_name(int nr)
{
	return strerrorname_np(nr);
}

#endif
