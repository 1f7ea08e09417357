/*
 * A simple Ethernet card without DMA, of our own design: 100 Mbit/s, one receive FIFO, one transmit buffer,
 * and registers through which software moves every word of a frame itself. It stands for the cards of the
 * time before NAPI: an interrupt for each frame, taken in by the handler. What the registers do: README.md.
 */
#ifndef NIC_MODEL_PIO_H
#define NIC_MODEL_PIO_H

#include <stdint.h>

#define PIO_BASE 0x60000000u /* of a host's first; the others follow, PIO_REGION apart */
#define PIO_REGION 0x1000u

struct host;
struct pio;
struct port;

struct pio_config {
	uint32_t base;	  /* bus address of the registers */
	unsigned irq;	  /* line into the interrupt controller */
	uint8_t mac[6];	  /* at power-on */
	const char *name; /* of the port: "eth0" */
};

struct pio *pio_create(struct host *host, const struct pio_config *config); /* NULL: no memory */
void pio_destroy(struct pio *card); /* its link must be gone; NULL is allowed */
struct port *pio_port(struct pio *card);

#endif
