/* What commands tell of sockets: who has one open. */
#include <string.h>

#include "lua/sh.h"
#include "stack/application/file.h"
#include "stack/application/socket.h"
#include "stack/kernel/sched.h"
#include "stack/transport/sock.h"

bool sh_socket_owner(const struct sh *sh, uint32_t inode, unsigned nth, struct sh_owner *o)
{
	for (const struct task *t = inode ? sh->host->cpu.tasks : NULL; t; t = t->next) {
		const struct task_struct *tsk = t->priv;
		for (int fd = 0; tsk && tsk->files && fd < tsk->files->max_fds; fd++) {
			struct file *file = tsk->files->fd[fd].file;
			const struct socket *sock = file ? sock_from_file(file) : NULL;
			if (!sock || !sock->sk || sock->sk->trace_id != inode || nth--)
				continue;
			*o = (struct sh_owner){ .name = tsk->comm, .pid = t->pid, .fd = fd };
			return true;
		}
	}
	return false;
}
