/* Commands in pipes: `nstat | grep TcpExtTCPTimeouts`. Private to this folder. */
#ifndef LUA_PACKETDRILL_TEXT_H
#define LUA_PACKETDRILL_TEXT_H

#include "lua/packetdrill/run.h"
#include "stack/kernel/seq_file.h"

struct pd_text {
	struct pd_run *run;
	char **words;
	unsigned n;
	struct seq_file in, out; /* from the command before, to the next one */
};

/* False: it is no such command. */
bool pd_text_command(struct pd_text *t, int *status);

#endif
