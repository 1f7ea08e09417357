/* Names and lines of core's drop reasons. */
#include "core/drop.h"

#include <stddef.h>

const char *core_drop_name(unsigned reason)
{
	static const char *const names[] = {
#define X(name, text) #name,
		CORE_DROP_REASONS(X)
#undef X
	};

	return reason && reason < DROP_CORE_END ? names[reason - 1] : NULL;
}

const char *core_drop_text(unsigned reason)
{
	static const char *const texts[] = {
#define X(name, text) text,
		CORE_DROP_REASONS(X)
#undef X
	};

	return reason && reason < DROP_CORE_END ? texts[reason - 1] : NULL;
}
