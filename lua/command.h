/* The commands of `wirepath`, and how they end. */
#ifndef LUA_COMMAND_H
#define LUA_COMMAND_H

enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,   /* an assertion of the scenario, or a difference */
	EXIT_USAGE = 2,	   /* usage, script error, unreadable input */
	EXIT_FAULT = 3,	   /* a fault inside the simulator */
	EXIT_LIMIT = 4,	   /* virtual time, memory, instructions */
	EXIT_SIGNAL = 128, /* and the signal's number: 130 by SIGINT, 143 by SIGTERM */
};

/* Each gets the words after its name and returns an exit code. */
int cmd_run(int argc, char **argv);
int cmd_chart(int argc, char **argv);
int cmd_layers(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_journey(int argc, char **argv);
int cmd_ladder(int argc, char **argv);
int cmd_digest(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_objects(int argc, char **argv);
int cmd_nic(int argc, char **argv);
int cmd_packetdrill(int argc, char **argv);
int cmd_functions(int argc, char **argv);
int cmd_plot(int argc, char **argv);
int cmd_states(int argc, char **argv);
int cmd_doc(int argc, char **argv);

/* "wirepath CMD: message" and where to find help, on standard error; returns EXIT_USAGE. */
int usage_error(const char *cmd, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
