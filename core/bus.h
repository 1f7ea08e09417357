/*
 * The bus of a host: where driver and card meet.
 *
 * Software reaches registers with ioread32()/iowrite32() at bus addresses; a device reaches memory by
 * bus address only, bounds checked. Neither knows the other's data structures.
 */
#ifndef CORE_BUS_H
#define CORE_BUS_H

#include <stdbool.h>
#include <stdint.h>

struct host;

/* A device's registers. Offsets are relative to `base`; width is 1, 2 or 4 bytes. */
struct mmio_region {
	uint32_t base, size;
	void *dev;
	uint32_t (*read)(void *dev, uint32_t off, unsigned width);
	void (*write)(void *dev, uint32_t off, uint32_t val, unsigned width);
	struct mmio_region *next;
};

struct bus {
	struct mmio_region *regions;
	uint32_t *tags; /* see bus_tag(); NULL until the first one */
	uint32_t nr_tags;
	uint32_t last_error; /* address of the last access that nothing answered */
	uint64_t nr_errors;  /* how many there were */
};

/* Puts a device on the bus; regions may not overlap (sim_fault). */
void bus_attach(struct host *host, struct mmio_region *region);
void bus_detach(struct host *host, struct mmio_region *region);

/* Gives back what the bus itself holds; host_free() calls it. The devices are their owners'. */
void bus_free(struct host *host);

/* Register access by software. An address that nothing answers reads as 0 and is a reported bus error
 * (sim_fault): a driver that does it is wrong. An access may raise an interrupt before it returns. */
uint32_t ioread32(struct host *host, uint32_t addr);
void iowrite32(struct host *host, uint32_t val, uint32_t addr);
uint32_t bus_read(struct host *host, uint32_t addr, unsigned width);
void bus_write(struct host *host, uint32_t addr, uint32_t val, unsigned width);

/* Memory access by a device. False, and nothing copied, when any byte lies outside RAM. */
bool dma_read(struct host *host, uint32_t addr, void *dst, uint32_t len);
bool dma_write(struct host *host, uint32_t addr, const void *src, uint32_t len);

/*
 * A label on a DMA buffer, which no machine has: the journey id of the packet in it (core/trace.h).
 * Descriptors carry no such id, but the trace follows a packet from the sender's write() through both
 * cards to the receiver's read(). So the driver labels what it maps for sending, the card takes the
 * label onto the wire (frame->journey) and labels the buffer that it writes on the other side.
 *
 * One label for each BUS_TAG_BLOCK bytes of RAM: two packets must not share a block, which packet
 * buffers (aligned, 512 bytes and up) do not. Nothing but the trace may depend on a label. An address
 * outside RAM is ignored and reads as 0, "no packet known".
 */
#define BUS_TAG_BLOCK 256u
void bus_tag(struct host *host, uint32_t addr, uint32_t journey);
uint32_t bus_tag_get(const struct host *host, uint32_t addr);

#endif
