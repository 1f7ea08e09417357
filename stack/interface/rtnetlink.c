/*
 * rtnl, the lock over all configuration of the network. A task that finds it taken sleeps; outside of
 * tasks (boot, tear-down) nobody can hold it.
 */
#include "stack/interface/netdevice.h"

void rtnl_lock(struct host *host)
{
	TRACE(host, "take the lock over the network's configuration");
	struct netdev_state *st = netdev_state(host);

	while (st->rtnl_locked) {
		SIM_BUG_ON(host, !current(host));
		if (!current(host))
			break;
		DEFINE_WAIT(wait, host);
		prepare_to_wait_exclusive(&st->rtnl_wait, &wait, TASK_UNINTERRUPTIBLE);
		if (st->rtnl_locked)
			schedule(host);
		finish_wait(&st->rtnl_wait, &wait);
	}
	st->rtnl_locked = true;
}

void rtnl_unlock(struct host *host)
{
	TRACE(host, "release the lock over the network's configuration");
	struct netdev_state *st = netdev_state(host);

	st->rtnl_locked = false;
	if (waitqueue_active(&st->rtnl_wait))
		wake_up(&st->rtnl_wait);
}

bool rtnl_is_locked(struct host *host)
{
	TRACE(host, "check that the configuration's lock is held");
	return netdev_state(host)->rtnl_locked;
}

/* There is no netlink yet, so nobody listens. */
void rtmsg_ifinfo(struct net_device *dev, unsigned int change)
{
	TRACE(dev, "tell netlink listeners of a change of the device");
	(void)change;
}
