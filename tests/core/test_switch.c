/* The switch: learning, flooding, ageing, a bounded table, queues; the hub. */
#include "tests/core/link_util.h"

#define STATIONS 4

static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

struct lan {
	struct sim *sim;
	struct net_switch *sw;
	struct station s[STATIONS];
	struct port *port[STATIONS];
	struct link *link[STATIONS];
};

static void lan_init(struct lan *l, bool hub, const struct link_params *params)
{
	char name[16];

	memset(l, 0, sizeof(*l));
	l->sim = sim_new(1);
	l->sw = switch_new(l->sim, "sw", hub);
	for (unsigned i = 0; i < STATIONS; i++) {
		snprintf(name, sizeof(name), "s%u", i);
		station_init(&l->s[i], l->sim, name, i + 1);
		l->port[i] = switch_add_port(l->sw, name);
		l->link[i] = link_new(l->sim, name, &l->s[i].port, l->port[i], params);
		assert_non_null(l->link[i]);
	}
}

static void lan_free(struct lan *l)
{
	for (unsigned i = 0; i < STATIONS; i++) {
		link_free(l->link[i]);
		station_free(&l->s[i]);
	}
	switch_free(l->sw);
	sim_free(l->sim);
}

static void drain(struct lan *l)
{
	sim_run(l->sim, SIM_FOREVER);
}

/* How many frames each station has got since the last call, as digits: 0111. */
static unsigned heard(struct lan *l)
{
	unsigned n = 0;

	drain(l);
	for (unsigned i = 0; i < STATIONS; i++) {
		n = n * 16 + l->s[i].n;
		l->s[i].n = 0;
	}
	return n;
}

static void pass(struct lan *l, uint64_t ns)
{
	l->sim->now += ns; /* nothing is pending */
}

static void test_learning(void **state)
{
	struct lan l;

	(void)state;
	lan_init(&l, false, NULL);
	send(&l.s[0], l.s[1].mac, 60, 0); /* unknown: everywhere */
	assert_int_equal(heard(&l), 0x0111);
	assert_ptr_equal(switch_lookup(l.sw, l.s[0].mac), l.port[0]);
	send(&l.s[1], l.s[0].mac, 60, 0);
	assert_int_equal(heard(&l), 0x1000);
	send(&l.s[0], l.s[1].mac, 60, 0);
	assert_int_equal(heard(&l), 0x0100);
	send(&l.s[2], broadcast, 60, 0);
	assert_int_equal(heard(&l), 0x1101);
	send(&l.s[0], l.s[0].mac, 60, 0); /* to itself: nobody */
	assert_int_equal(heard(&l), 0);
	const uint8_t pause[6] = { 0x01, 0x80, 0xc2, 0, 0, 1 }, nobody[6] = { 0 };

	send(&l.s[0], pause, 60, 0);
	assert_int_equal(heard(&l), 0);
	send(&l.s[0], nobody, 60, 0);
	assert_int_equal(heard(&l), 0x0111);
	assert_int_equal(switch_floods(l.sw), 3);
	assert_int_equal(switch_table_size(l.sw), 3);
	lan_free(&l);
}

/* Store and forward: the second link starts when the frame is in whole. */
static void test_timing(void **state)
{
	const struct link_params params = { .delay = 1000 };
	struct lan l;

	(void)state;
	lan_init(&l, false, &params);
	send(&l.s[0], broadcast, 1514, 0);
	drain(&l);
	for (unsigned i = 1; i < STATIONS; i++)
		assert_int_equal(l.s[i].got[0].when, 2 * (12304 + 1000));
	/* the port runs at the speed of who is there */
	port_send(&l.s[3].port, frame_to(&l.s[3], l.s[0].mac, 60, 0), 100000000);
	drain(&l);
	pass(&l, 1000);
	uint64_t now = l.sim->now;

	send(&l.s[0], l.s[3].mac, 60, 1);
	drain(&l);
	assert_int_equal(l.s[3].got[1].when, now + 672 + 1000 + 6720 + 1000);
	lan_free(&l);
}

static void test_moving_and_ageing(void **state)
{
	struct lan l;

	(void)state;
	lan_init(&l, false, NULL);
	send(&l.s[0], broadcast, 60, 0);
	heard(&l);
	memcpy(l.s[1].mac, l.s[0].mac, 6); /* the address moves to port 1 */
	send(&l.s[1], broadcast, 60, 0);
	heard(&l);
	assert_ptr_equal(switch_lookup(l.sw, l.s[0].mac), l.port[1]);
	pass(&l, SWITCH_AGEING - 10000);
	assert_ptr_equal(switch_lookup(l.sw, l.s[0].mac), l.port[1]);
	pass(&l, 10000);
	assert_null(switch_lookup(l.sw, l.s[0].mac));
	send(&l.s[2], l.s[0].mac, 60, 0);
	assert_int_equal(heard(&l), 0x1101);
	/* a pulled cable forgets who was there */
	assert_ptr_equal(switch_lookup(l.sw, l.s[2].mac), l.port[2]);
	link_set_up(l.link[2], false);
	assert_null(switch_lookup(l.sw, l.s[2].mac));
	send(&l.s[3], l.s[2].mac, 60, 0);
	assert_int_equal(heard(&l), 0x1100);
	lan_free(&l);
}

static void test_group_source(void **state)
{
	struct lan l;

	(void)state;
	lan_init(&l, false, NULL);
	memcpy(l.s[0].mac, broadcast, 6);
	send(&l.s[0], l.s[1].mac, 60, 0);
	l.s[0].mac[0] = 0x33;
	send(&l.s[0], l.s[1].mac, 60, 0);
	heard(&l);
	assert_int_equal(switch_table_size(l.sw), 0);
	lan_free(&l);
}

static void spoof(struct lan *l, uint32_t i)
{
	struct frame *f = frame_to(&l->s[0], l->s[1].mac, 60, 0);

	f->data[6] = 0x06;
	memcpy(f->data + 8, &i, 4);
	port_send(&l->s[0].port, f, GIGABIT);
	drain(l);
	l->s[1].n = l->s[2].n = l->s[3].n = 0;
}

/* An address flood fills the table and no more; what does not fit is flooded; ageing makes room. */
static void test_table_full(void **state)
{
	struct lan l;

	(void)state;
	lan_init(&l, false, NULL);
	send(&l.s[1], broadcast, 60, 0);
	heard(&l);
	for (uint32_t i = 0; i < 3 * SWITCH_TABLE_MAX; i++)
		spoof(&l, i * 2654435761u);
	assert_int_equal(switch_table_size(l.sw), SWITCH_TABLE_MAX);
	assert_ptr_equal(switch_lookup(l.sw, l.s[1].mac), l.port[1]);
	send(&l.s[2], l.s[1].mac, 60, 0); /* 2 is not learned, 1 still known */
	assert_int_equal(heard(&l), 0x0100);
	send(&l.s[1], l.s[2].mac, 60, 0);
	assert_int_equal(heard(&l), 0x1011);
	pass(&l, SWITCH_AGEING);
	send(&l.s[2], l.s[1].mac, 60, 0);
	heard(&l);
	assert_ptr_equal(switch_lookup(l.sw, l.s[2].mac), l.port[2]);
	lan_free(&l);
}

/* Three send to one: its port's queue fills, the rest is dropped and counted. */
static void test_output_queue(void **state)
{
	const struct link_params params = { .delay = 10, .queue_len = 100 };
	struct lan l;

	(void)state;
	lan_init(&l, false, &params);
	send(&l.s[3], broadcast, 60, 0);
	heard(&l);
	for (uint32_t i = 0; i < 90; i++) {
		for (unsigned k = 0; k < 3; k++)
			send(&l.s[k], l.s[3].mac, 1514, i);
	}
	drain(&l);
	assert_int_equal(l.s[3].n + switch_drops(l.sw), 270);
	assert_in_range(l.s[3].n, 190, 192); /* 90 leave meanwhile, 100 wait, one is on its way */
	assert_int_equal(l.sim->nr_drops, switch_drops(l.sw));
	lan_free(&l);
}

static void test_damaged(void **state)
{
	const struct link_params params = { .delay = 10 };
	const struct link_faults corrupt = { .corrupt = PPB };
	struct lan l;

	(void)state;
	lan_init(&l, false, &params);
	link_set_faults(l.link[0], 0, &corrupt);
	send(&l.s[0], broadcast, 60, 0);
	assert_int_equal(heard(&l), 0); /* store and forward checks the FCS */
	assert_int_equal(switch_drops(l.sw), 1);
	port_send(&l.s[1].port, frame_to(&l.s[1], broadcast, 18, 0), GIGABIT);
	struct frame *tiny = frame_alloc(l.sim, 0);

	port_send(&l.s[2].port, tiny, GIGABIT);
	assert_int_equal(heard(&l), 0x1011);
	lan_free(&l);
}

static void test_hub(void **state)
{
	struct lan l;

	(void)state;
	lan_init(&l, true, NULL);
	send(&l.s[1], broadcast, 60, 0);
	assert_int_equal(heard(&l), 0x1011);
	send(&l.s[0], l.s[1].mac, 60, 0);
	assert_int_equal(heard(&l), 0x0111);
	lan_free(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_learning),	  cmocka_unit_test(test_timing),
		cmocka_unit_test(test_moving_and_ageing), cmocka_unit_test(test_group_source),
		cmocka_unit_test(test_table_full),	  cmocka_unit_test(test_output_queue),
		cmocka_unit_test(test_damaged),		  cmocka_unit_test(test_hub),
	};

	return cmocka_run_group_tests_name("switch", tests, NULL, NULL);
}
