/*
 * The bare card: runs a script of register and memory operations and prints the transcript.
 *
 * The script's card sits on a host without software; at the other end of its link is the script. Before
 * each operation the runner lets the card finish what it is at, so a transcript does not depend on how
 * long things take. Frames that arrive while the receiver is switched off wait on the wire, as they do
 * at the reference (QEMU), and go in when it is switched on. The grammar: shared/nic/README.md.
 */
#include "nic-model/ops.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/host.h"
#include "core/link.h"
#include "nic-model/ftgmac100.h"

#define OPS_RAM (512u << 20)
#define OPS_RATE 1000000000ull	     /* at which the script sends */
#define SETTLE_HORIZON NSEC_PER_MSEC /* moderated interrupts later than this are not waited for */
#define TX_HEX_MAX 256u		     /* longer frames are shown by head and tail */

struct ops {
	FILE *out, *err;
	const char *name;
	unsigned line;
	bool info; /* the line began with '~' */
	struct sim *sim;
	struct host *host;
	struct ftgmac *card;
	struct link *link;
	struct node node;
	struct port port;		 /* the script's end of the link */
	struct frame *sent, **sent_tail; /* by the card, not asked for yet */
	struct frame *held, **held_tail; /* to the card, which has its receiver off */
	struct event step;
};

static void complain(struct ops *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void complain(struct ops *o, const char *fmt, ...)
{
	va_list ap;

	fprintf(o->err, "%s:%u: ", o->name, o->line);
	va_start(ap, fmt);
	vfprintf(o->err, fmt, ap);
	va_end(ap);
	fputc('\n', o->err);
}

/* What went wrong on this line; -1. */
#define fail(o, ...) (complain(o, __VA_ARGS__), -1)

static void begin_result(struct ops *o)
{
	if (o->info)
		fputs("~ ", o->out);
}

/* ---- tokens ---- */

/* The next word of *p, ended by a blank; NULL when there is none. */
static char *word(char **p)
{
	char *s = *p + strspn(*p, " \t"), *end = s + strcspn(s, " \t");

	if (!*s)
		return NULL;
	*p = end;
	if (*end) {
		*end = 0;
		*p = end + 1;
	}
	return s;
}

static int number(struct ops *o, const char *s, uint64_t max, uint64_t *val)
{
	char *end;

	if (!s)
		return fail(o, "a number is missing");
	errno = 0;
	*val = strtoull(s, &end, 0);
	if (!isdigit((unsigned char)*s) || *end || errno)
		return fail(o, "'%s' is not a number (0x... or decimal)", s);
	if (*val > max)
		return fail(o, "%s is too large (at most 0x%llx)", s, (unsigned long long)max);
	return 0;
}

static int number32(struct ops *o, const char *s, uint32_t *val)
{
	uint64_t v;

	if (number(o, s, UINT32_MAX, &v))
		return -1;
	*val = v;
	return 0;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* Turns hex into bytes, in place. Returns how many, or -1. */
static long unhex(struct ops *o, char *s)
{
	uint8_t *dst = (uint8_t *)s;
	size_t n = s ? strlen(s) : 0;

	if (!s || n % 2)
		return fail(o, "hex digits are missing");
	for (size_t i = 0; i < n; i += 2) {
		int hi = hex_digit(s[i]), lo = hex_digit(s[i + 1]);

		if (hi < 0 || lo < 0)
			return fail(o, "'%c%c' is not a hex byte", s[i], s[i + 1]);
		dst[i / 2] = hi << 4 | lo;
	}
	return n / 2;
}

/* An address and the memory behind it. */
static uint8_t *memory(struct ops *o, const char *addr, uint64_t len)
{
	uint32_t a;

	if (number32(o, addr, &a))
		return NULL;
	uint8_t *p = len <= OPS_RAM ? ram_ptr(o->host, a, len) : NULL;

	if (!p)
		complain(o, "%llu bytes at %s are not in memory (0x%08x to 0x%08x)", (unsigned long long)len,
			 addr, RAM_BASE, RAM_BASE + OPS_RAM - 1);
	return p;
}

/* ---- output ---- */

static void put_hex(struct ops *o, const uint8_t *p, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		fprintf(o->out, "%02x", p[i]);
}

/* CRC-32 as zlib's, two steps a byte. */
static uint32_t crc32_of(const uint8_t *p, uint32_t len)
{
	static const uint32_t step[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
		0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	uint32_t crc = 0xffffffff;

	for (uint32_t i = 0; i < len; i++) {
		crc = crc >> 4 ^ step[(crc ^ p[i]) & 15];
		crc = crc >> 4 ^ step[(crc ^ p[i] >> 4) & 15];
	}
	return ~crc;
}

static void put_frame(struct ops *o, unsigned i, const struct frame *f)
{
	begin_result(o);
	fprintf(o->out, "  tx[%u] len=%u crc32=%08x ", i, f->len, crc32_of(f->data, f->len));
	if (f->len <= TX_HEX_MAX) {
		fputs("hex=", o->out);
		put_hex(o, f->data, f->len);
	} else {
		fputs("head=", o->out);
		put_hex(o, f->data, 64);
		fputs(" tail=", o->out);
		put_hex(o, f->data + f->len - 16, 16);
	}
	fputc('\n', o->out);
}

/* Prints and forgets what the card has sent; `format` tells how many. */
static void put_sent(struct ops *o, const char *format_before, const char *format_after)
{
	unsigned n = 0, i = 0;

	for (const struct frame *f = o->sent; f; f = f->next)
		n++;
	begin_result(o);
	fprintf(o->out, "%s%u%s\n", format_before, n, format_after);
	while (o->sent) {
		struct frame *f = o->sent;

		put_frame(o, i++, f);
		o->sent = f->next;
		frame_put(o->sim, f);
	}
	o->sent_tail = &o->sent;
}

/* ---- time ---- */

/* Until the card has nothing in flight. */
static void settle(struct ops *o)
{
	while (ftgmac_busy(o->card, SETTLE_HORIZON) || link_in_flight(o->link, 0) ||
	       link_in_flight(o->link, 1)) {
		uint64_t next = event_queue_next(&o->sim->queue);

		if (next == UINT64_MAX || sim_run(o->sim, next) == SIM_FAULT)
			break;
	}
}

static void step_done(struct event *ev)
{
	(void)ev; /* it only keeps the simulation going until its time */
}

static void pass(struct ops *o, uint64_t ns)
{
	event_add(&o->step, o->sim->now + ns);
	sim_run(o->sim, o->sim->now + ns);
}

/* ---- frames ---- */

static void from_card(struct port *port, struct frame *f)
{
	struct ops *o = port->owner;

	f->next = NULL;
	*o->sent_tail = f;
	o->sent_tail = &f->next;
}

static void release_held(struct ops *o)
{
	while (o->held && ftgmac_receiving(o->card)) {
		struct frame *f = o->held;

		o->held = f->next;
		if (!o->held)
			o->held_tail = &o->held;
		port_send(&o->port, f, OPS_RATE);
		settle(o);
	}
}

static int op_rx(struct ops *o, char *args)
{
	char *hex = word(&args);
	long len = unhex(o, hex);

	if (len < 0)
		return -1;
	if (len > FRAME_MAX)
		return fail(o, "a frame has at most %d bytes", FRAME_MAX);
	struct frame *f = frame_alloc(o->sim, len);

	if (!f)
		return fail(o, "no memory");
	memcpy(f->data, hex, len);
	if (o->held || (link_is_up(o->link) && !ftgmac_receiving(o->card))) {
		fputs("# the card's receiver is off: the frame waits on the wire\n", o->out);
		*o->held_tail = f;
		o->held_tail = &f->next;
		return 0;
	}
	port_send(&o->port, f, OPS_RATE);
	settle(o);
	return 0;
}

static int op_tx(struct ops *o, char *args)
{
	(void)args;
	put_sent(o, "tx = ", "");
	return 0;
}

/* ---- registers ---- */

static int offset(struct ops *o, const char *s, uint32_t *off)
{
	if (number32(o, s, off))
		return -1;
	return *off < FTGMAC_REGION - 3
		       ? 0
		       : fail(o, "offset %s lies outside the card's %u bytes", s, FTGMAC_REGION);
}

static int reg_write(struct ops *o, char *args, unsigned width)
{
	uint32_t off, val;

	if (offset(o, word(&args), &off) || number32(o, word(&args), &val))
		return -1;
	bus_write(o->host, FTGMAC_MAC0_BASE + off, val, width);
	settle(o);
	release_held(o);
	return 0;
}

static int reg_read(struct ops *o, const char *op, char *args, unsigned width)
{
	char *s = word(&args);
	uint32_t off;

	if (offset(o, s, &off))
		return -1;
	begin_result(o);
	fprintf(o->out, "%s %s = 0x%0*x\n", op, s, (int)width * 2,
		bus_read(o->host, FTGMAC_MAC0_BASE + off, width));
	return 0;
}

static int op_w(struct ops *o, char *args)
{
	return reg_write(o, args, 4);
}

static int op_ww(struct ops *o, char *args)
{
	return reg_write(o, args, 2);
}

static int op_wb(struct ops *o, char *args)
{
	return reg_write(o, args, 1);
}

static int op_r(struct ops *o, char *args)
{
	return reg_read(o, "r", args, 4);
}

static int op_rw(struct ops *o, char *args)
{
	return reg_read(o, "rw", args, 2);
}

static int op_rb(struct ops *o, char *args)
{
	return reg_read(o, "rb", args, 1);
}

/* ---- memory ---- */

static int op_memw(struct ops *o, char *args)
{
	char *addr = word(&args), *hex = word(&args);
	long len = unhex(o, hex);
	uint8_t *p = len < 0 ? NULL : memory(o, addr, len);

	if (!p)
		return -1;
	memcpy(p, hex, len);
	return 0;
}

static int op_memw32(struct ops *o, char *args)
{
	char *addr = word(&args), *s;
	uint32_t at, val;

	if (number32(o, addr, &at))
		return -1;
	while ((s = word(&args))) {
		uint8_t *p = ram_ptr(o->host, at, 4);

		if (number32(o, s, &val))
			return -1;
		if (!p)
			return fail(o, "0x%08x is not in memory", at);
		for (int i = 0; i < 4; i++)
			p[i] = val >> 8 * i;
		at += 4;
	}
	return 0;
}

static int op_fill(struct ops *o, char *args)
{
	char *addr = word(&args);
	uint64_t len, byte;

	if (number(o, word(&args), OPS_RAM, &len) || number(o, word(&args), 255, &byte))
		return -1;
	uint8_t *p = memory(o, addr, len);

	if (!p)
		return -1;
	memset(p, byte, len);
	return 0;
}

/* The range of memr, memr32 and memcrc; prints the operation as written, with " =". */
static uint8_t *range(struct ops *o, const char *op, char *args, uint32_t unit, uint64_t *n)
{
	char *addr = word(&args), *len = word(&args);

	if (number(o, len, OPS_RAM, n))
		return NULL;
	uint8_t *p = memory(o, addr, *n * unit);

	if (!p)
		return NULL;
	begin_result(o);
	fprintf(o->out, "%s %s %s =", op, addr, len);
	return p;
}

static int op_memr(struct ops *o, char *args)
{
	uint64_t n;
	uint8_t *p = range(o, "memr", args, 1, &n);

	if (!p)
		return -1;
	fputc(' ', o->out);
	put_hex(o, p, n);
	fputc('\n', o->out);
	return 0;
}

static int op_memr32(struct ops *o, char *args)
{
	uint64_t n;
	uint8_t *p = range(o, "memr32", args, 4, &n);

	if (!p)
		return -1;
	for (; n--; p += 4)
		fprintf(o->out, " 0x%08x", p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24);
	fputc('\n', o->out);
	return 0;
}

static int op_memcrc(struct ops *o, char *args)
{
	uint64_t n;
	uint8_t *p = range(o, "memcrc", args, 1, &n);

	if (!p)
		return -1;
	fprintf(o->out, " %08x\n", crc32_of(p, n));
	return 0;
}

/* ---- the rest ---- */

static int op_say(struct ops *o, char *args)
{
	fprintf(o->out, "-- %s\n", args + strspn(args, " \t"));
	return 0;
}

static int op_irq(struct ops *o, char *args)
{
	(void)args;
	begin_result(o);
	fprintf(o->out, "irq = %d\n", ftgmac_irq_level(o->card));
	return 0;
}

static int op_step(struct ops *o, char *args)
{
	uint64_t ns;

	if (number(o, word(&args), UINT64_MAX / 4, &ns))
		return -1;
	pass(o, ns);
	return 0;
}

static int op_link(struct ops *o, char *args)
{
	uint64_t up;

	if (number(o, word(&args), 1, &up))
		return -1;
	link_set_up(o->link, up);
	return 0;
}

static int op_hwreset(struct ops *o, char *args)
{
	(void)args;
	ftgmac_power_reset(o->card);
	return 0;
}

static const struct op {
	const char *name;
	int (*run)(struct ops *o, char *args);
} op_table[] = {
	/* clang-format off */
	{ "say", op_say },
	{ "w", op_w },
	{ "ww", op_ww },
	{ "wb", op_wb },
	{ "r", op_r },
	{ "rw", op_rw },
	{ "rb", op_rb },
	{ "memw", op_memw },
	{ "memw32", op_memw32 },
	{ "fill", op_fill },
	{ "memr", op_memr },
	{ "memr32", op_memr32 },
	{ "memcrc", op_memcrc },
	{ "rx", op_rx },
	{ "tx", op_tx },
	{ "irq", op_irq },
	{ "step", op_step },
	{ "link", op_link },
	{ "hwreset", op_hwreset },
	/* clang-format on */
};

static int run_line(struct ops *o, char *line)
{
	char *p = line + strspn(line, " \t"), *op;

	p[strcspn(p, "\r\n")] = 0;
	o->info = *p == '~';
	if (o->info)
		p++;
	if (*p == '#')
		return 0;
	op = word(&p);
	if (!op)
		return 0;
	settle(o);
	for (unsigned i = 0; i < sizeof(op_table) / sizeof(op_table[0]); i++) {
		if (!strcmp(op, op_table[i].name))
			return op_table[i].run(o, p);
	}
	return fail(o, "unknown operation '%s'", op);
}

static int run_script(struct ops *o, FILE *in)
{
	char *line = NULL;
	size_t size = 0;
	int err = 0;

	while (!err && getline(&line, &size, in) >= 0) {
		o->line++;
		err = run_line(o, line);
		if (!err && o->sim->stop == SIM_FAULT)
			err = fail(o, "%s", o->sim->fault);
	}
	if (!err && ferror(in))
		err = fail(o, "cannot read: %s", strerror(errno));
	free(line);
	return err;
}

/* ---- set-up ---- */

static bool ops_open(struct ops *o)
{
	static const struct ftgmac_config config = {
		.base = FTGMAC_MAC0_BASE,
		.irq = FTGMAC_MAC0_IRQ,
		.mac = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 },
		.name = "eth0",
	};

	o->sent_tail = &o->sent;
	o->held_tail = &o->held;
	o->sim = sim_new(0);
	if (!o->sim)
		return false;
	o->host = host_new(o->sim, "nic", OPS_RAM);
	if (!o->host)
		return false;
	o->host->cpu.masked = ~0u; /* the line is looked at, nobody serves it */
	o->card = ftgmac_create(o->host, &config);
	if (!o->card)
		return false;
	node_init(&o->node, o->sim, "wire");
	port_init(&o->port, &o->node, NULL, "wire");
	o->port.receive = from_card;
	o->port.owner = o;
	event_init(&o->step, &o->sim->root, step_done, 0);
	o->link = link_new(o->sim, "wire", ftgmac_port(o->card), &o->port, NULL);
	if (!o->link)
		return false;
	ftgmac_power_reset(o->card); /* the cable was in at power-on */
	return true;
}

static void list_free(struct ops *o, struct frame *f)
{
	for (struct frame *next; f; f = next) {
		next = f->next;
		frame_put(o->sim, f);
	}
}

static void ops_close(struct ops *o)
{
	if (!o->sim)
		return;
	link_free(o->link);
	ftgmac_destroy(o->card);
	list_free(o, o->sent);
	list_free(o, o->held);
	if (o->host)
		host_free(o->host);
	sim_free(o->sim);
}

int nic_ops_run(FILE *in, const char *name, FILE *out, FILE *err)
{
	struct ops o = { .out = out, .err = err, .name = name };
	int ret;

	if (!ops_open(&o)) {
		ret = fail(&o, "no memory");
	} else {
		ret = run_script(&o, in);
		if (!ret) {
			settle(&o);
			o.info = false;
			if (o.sent)
				put_sent(&o, "end: ", " frames not asked for");
		}
	}
	ops_close(&o);
	fflush(out);
	return ret ? 2 : 0;
}
