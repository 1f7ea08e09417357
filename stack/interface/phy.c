/*
 * The PHY's state machine (states: phy.h), attaching to a device, starting and stopping.
 */
#include <stdio.h>

#include "stack/interface/phy.h"

#define PHY_STATE_TIME HZ /* between two looks at a polled phy */

static bool phy_is_started(const struct phy_device *phydev)
{
	return phydev->state >= PHY_UP;
}

static const char *phy_state_to_str(enum phy_state state)
{
	static const char *const names[] = { "DOWN", "READY", "HALTED", "UP", "RUNNING", "NOLINK" };

	return (unsigned int)state < ARRAY_SIZE(names) ? names[state] : "?";
}

static void phy_process_state_change(struct phy_device *phydev, enum phy_state old_state)
{
	TRACE(phydev, "note a change of the phy's state");
	if (old_state != phydev->state)
		pr_debug(phydev->host, "PHY state change %s -> %s", phy_state_to_str(old_state),
			 phy_state_to_str(phydev->state));
	(void)phy_state_to_str;
}

/* The one way to change the state machine's state. */
static void phy_set_state(struct phy_device *phydev, enum phy_state state)
{
	if (phydev->state != state && phydev->attached_dev && phydev->attached_dev->ifindex)
		TRACE_VALUE(phydev, SUBJECT_DEV, (u32)phydev->attached_dev->ifindex, "phy_state",
			    "DOWN|READY|HALTED|UP|RUNNING|NOLINK", state);
	phydev->state = state;
}

/* ---- link ---- */

/* Of this phy's device, whom phy_attach_direct() installed it for. */
static void phy_link_change(struct phy_device *phydev, bool up)
{
	TRACE(phydev, "enable/disable carrier, adjust link (reset hw/sw)");
	struct net_device *netdev = phydev->attached_dev;

	if (up)
		netif_carrier_on(netdev);
	else
		netif_carrier_off(netdev);
	TRACE_OP(phydev, "adjust_link");
	phydev->adjust_link(netdev);
}

static void phy_link_up(struct phy_device *phydev)
{
	TRACE(phydev, "the link came up");
	TRACE_OP(phydev, "phy_link_change");
	phydev->phy_link_change(phydev, true);
}

static void phy_link_down(struct phy_device *phydev)
{
	TRACE(phydev, "the link went down");
	TRACE_OP(phydev, "phy_link_change");
	phydev->phy_link_change(phydev, false);
}

static const char *phy_speed_to_str(int speed)
{
	return speed == SPEED_1000  ? "1Gbps"
	       : speed == SPEED_100 ? "100Mbps"
	       : speed == SPEED_10  ? "10Mbps"
				    : "Unknown";
}

static const char *phy_pause_str(const struct phy_device *phydev)
{
	bool rx = phydev->pause, tx = phydev->asym_pause ? !rx : rx;

	if (rx && tx)
		return "rx/tx";
	return rx ? "rx" : tx ? "tx" : "off";
}

void phy_print_status(struct phy_device *phydev)
{
	TRACE(phydev, "print link status (up or down)");
	struct net_device *dev = phydev->attached_dev;

	if (phydev->link)
		netdev_info(dev, "Link is Up - %s/%s - flow control %s", phy_speed_to_str(phydev->speed),
			    phydev->duplex == DUPLEX_FULL ? "Full" : "Half", phy_pause_str(phydev));
	else
		netdev_info(dev, "Link is Down");
}

int phy_read_status(struct phy_device *phydev)
{
	TRACE(phydev, "read the phy's status");
	return genphy_read_status(phydev);
}

static int phy_check_link_status(struct phy_device *phydev)
{
	TRACE(phydev, "see whether the link changed");
	int err = phy_read_status(phydev);

	if (err)
		return err;
	if (phydev->link && phydev->state != PHY_RUNNING) {
		phy_set_state(phydev, PHY_RUNNING);
		phy_link_up(phydev);
	} else if (!phydev->link && phydev->state != PHY_NOLINK) {
		phy_set_state(phydev, PHY_NOLINK);
		phy_link_down(phydev);
	}
	return 0;
}

static int phy_config_aneg(struct phy_device *phydev)
{
	TRACE(phydev, "configure the negotiation");
	return genphy_config_aneg(phydev);
}

int phy_start_aneg(struct phy_device *phydev)
{
	TRACE(phydev, "start the negotiation and look at the link");
	int err = phy_config_aneg(phydev);

	if (err < 0)
		return err;
	return phy_is_started(phydev) ? phy_check_link_status(phydev) : 0;
}

/* ---- the state machine ---- */

static void phy_queue_state_machine(struct phy_device *phydev, unsigned long jiffies)
{
	TRACE(phydev, "have the state machine run later");
	mod_delayed_work(system_power_efficient_wq, &phydev->state_queue, jiffies);
}

static void phy_trigger_machine(struct phy_device *phydev)
{
	TRACE(phydev, "have the state machine run now");
	phy_queue_state_machine(phydev, 0);
}

static void phy_start_machine(struct phy_device *phydev)
{
	TRACE(phydev, "start the state machine");
	phy_trigger_machine(phydev);
}

static void phy_stop_machine(struct phy_device *phydev)
{
	TRACE(phydev, "stop the state machine");
	cancel_delayed_work_sync(&phydev->state_queue);
	if (phy_is_started(phydev))
		phy_set_state(phydev, PHY_UP);
}

void phy_state_machine(struct work_struct *work)
{
	struct phy_device *phydev = container_of(to_delayed_work(work), struct phy_device, state_queue);
	TRACE(phydev, "see what the phy is up to and act on it");
	enum phy_state old_state = phydev->state;
	int err = 0;

	switch (phydev->state) {
	case PHY_DOWN:
	case PHY_READY:
		break;
	case PHY_UP:
		err = phy_start_aneg(phydev);
		break;
	case PHY_NOLINK:
	case PHY_RUNNING:
		err = phy_check_link_status(phydev);
		break;
	case PHY_HALTED:
		if (phydev->link) {
			phydev->link = false;
			phy_link_down(phydev);
		}
		phy_suspend(phydev);
		break;
	}
	if (err < 0) {
		netdev_warn(phydev->attached_dev, "PHY error %d, halted", err);
		phy_set_state(phydev, PHY_HALTED);
	}
	phy_process_state_change(phydev, old_state);
	if (phy_is_started(phydev))
		phy_queue_state_machine(phydev, PHY_STATE_TIME);
}

/* ---- power, start, stop ---- */

static int __phy_resume(struct phy_device *phydev)
{
	TRACE(phydev, "power the phy up");
	int ret;

	TRACE_OP(phydev, "resume");
	ret = genphy_resume(phydev);
	if (!ret)
		phydev->suspended = false;
	return ret;
}

int phy_resume(struct phy_device *phydev)
{
	TRACE(phydev, "power the phy up");
	return __phy_resume(phydev);
}

static void phy_ethtool_get_wol(struct phy_device *phydev)
{
	TRACE(phydev, "ask whether the phy is to wake the machine");
}

int phy_suspend(struct phy_device *phydev)
{
	TRACE(phydev, "power the phy down unless it is to wake the machine");
	int ret;

	phy_ethtool_get_wol(phydev);
	TRACE_OP(phydev, "suspend");
	ret = genphy_suspend(phydev);
	if (!ret)
		phydev->suspended = true;
	return ret;
}

void phy_start(struct phy_device *phydev)
{
	TRACE(phydev, "power the phy up and start its state machine");
	if (phydev->state != PHY_READY && phydev->state != PHY_HALTED)
		return;
	__phy_resume(phydev);
	phy_set_state(phydev, PHY_UP);
	phy_start_machine(phydev);
}

void phy_stop(struct phy_device *phydev)
{
	TRACE(phydev, "take the link down and halt the state machine");
	enum phy_state old_state = phydev->state;

	if (!phy_is_started(phydev))
		return;
	phy_set_state(phydev, PHY_HALTED);
	phy_process_state_change(phydev, old_state);
	phy_state_machine(&phydev->state_queue.work);
	phy_stop_machine(phydev);
}

/* ---- attaching ---- */

static int phy_device_reset(struct phy_device *phydev)
{
	TRACE(phydev, "drive the phy's reset line");
	return 0; /* it has none */
}

int phy_init_hw(struct phy_device *phydev)
{
	TRACE(phydev, "reset phy dev, init config");
	phy_device_reset(phydev);
	phy_scan_fixups(phydev);
	return 0;
}

static int device_bind_driver(struct phy_device *phydev)
{
	TRACE(phydev, "bind the phy's device and driver");
	return 0;
}

static void phy_sysfs_create_links(struct phy_device *phydev)
{
	TRACE(phydev, "link phy and netdev in sysfs");
}

static void phy_led_triggers_register(struct phy_device *phydev)
{
	TRACE(phydev, "do nothing bc of disabled config");
}

int phy_attach_direct(struct net_device *dev, struct phy_device *phydev)
{
	TRACE(dev, "ensure dev/drv of phy is bound, adjust carrier/link, init phy");
	int err;

	if (phydev->attached_dev)
		return -EBUSY;
	err = device_bind_driver(phydev);
	if (err)
		return err;
	phydev->phy_link_change = phy_link_change;
	phydev->attached_dev = dev;
	dev->phydev = phydev;
	phy_sysfs_create_links(phydev);
	phy_set_state(phydev, PHY_READY);
	/* The carrier is off until the state machine says otherwise. */
	netif_carrier_off(dev);
	err = phy_init_hw(phydev);
	if (err) {
		phy_detach(phydev);
		return err;
	}
	phy_resume(phydev);
	phy_led_triggers_register(phydev);
	return 0;
}

static void phy_prepare_link(struct phy_device *phydev, void (*handler)(struct net_device *))
{
	TRACE(phydev, "install handler to phy_dev");
	phydev->adjust_link = handler;
}

/* The phy has no interrupt line: it is polled. */
static void phy_request_interrupt(struct phy_device *phydev)
{
	TRACE(phydev, "get the phy's interrupt, or else have it polled");
}

int phy_connect_direct(struct net_device *dev, struct phy_device *phydev,
		       void (*handler)(struct net_device *))
{
	TRACE(dev, "bind phy dev/drv, install handler to adjust link");
	int rc = phy_attach_direct(dev, phydev);

	if (rc)
		return rc;
	phy_prepare_link(phydev, handler);
	phy_request_interrupt(phydev);
	return 0;
}

void phy_detach(struct phy_device *phydev)
{
	TRACE(phydev, "part the phy from its device");
	phy_suspend(phydev);
	if (phydev->attached_dev)
		phydev->attached_dev->phydev = NULL;
	phydev->attached_dev = NULL;
}

void phy_disconnect(struct phy_device *phydev)
{
	TRACE(phydev, "stop the phy and part it from its device");
	if (phy_is_started(phydev))
		phy_stop(phydev);
	cancel_delayed_work_sync(&phydev->state_queue);
	phydev->adjust_link = NULL;
	phy_detach(phydev);
}

/* The mac can send and take pause frames, each by itself. */
void phy_support_asym_pause(struct phy_device *phydev)
{
	TRACE(phydev, "the mac supports pause in each direction by itself");
	phydev->supported |= PHY_PAUSE | PHY_ASYM_PAUSE;
	phydev->advertising |= PHY_PAUSE | PHY_ASYM_PAUSE;
}

void phy_set_asym_pause(struct phy_device *phydev, bool rx, bool tx)
{
	TRACE(phydev, "offer pause as configured, and negotiate when that changed");
	u32 old = phydev->advertising;

	phydev->advertising &= ~(u32)(PHY_PAUSE | PHY_ASYM_PAUSE);
	phydev->advertising |= rx ? PHY_PAUSE : 0;
	phydev->advertising |= rx != tx ? PHY_ASYM_PAUSE : 0;
	if (phydev->advertising != old && phydev->autoneg && phy_is_started(phydev))
		phy_start_aneg(phydev);
}

static void phy_attached_print(struct phy_device *phydev)
{
	TRACE(phydev, "print phy info");
	pr_info(phydev->host, "%s %s:%02x: attached PHY driver (mii_bus:phy_addr=%s:%02x, irq=POLL)",
		phydev->drv_name, phydev->bus->id, (unsigned int)phydev->addr, phydev->bus->id,
		(unsigned int)phydev->addr);
}

void phy_attached_info(struct phy_device *phydev)
{
	TRACE(phydev, "print phy info");
	phy_attached_print(phydev);
}
