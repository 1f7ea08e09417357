/*
 * Registers and descriptors of the FTGMAC100, as its driver sees them. The card has a header of its own.
 */
#ifndef STACK_INTERFACE_FTGMAC100_REGS_H
#define STACK_INTERFACE_FTGMAC100_REGS_H

#include "stack/kernel/kernel.h"

#define FTGMAC100_OFFSET_ISR 0x00    /* interrupt status; write 1 to clear */
#define FTGMAC100_OFFSET_IER 0x04    /* interrupt enable */
#define FTGMAC100_OFFSET_MAC_MADR 0x08
#define FTGMAC100_OFFSET_MAC_LADR 0x0c
#define FTGMAC100_OFFSET_MAHT0 0x10  /* multicast hash */
#define FTGMAC100_OFFSET_MAHT1 0x14
#define FTGMAC100_OFFSET_NPTXPD 0x18 /* transmit poll demand */
#define FTGMAC100_OFFSET_RXPD 0x1c   /* receive poll demand */
#define FTGMAC100_OFFSET_NPTXR_BADR 0x20
#define FTGMAC100_OFFSET_RXR_BADR 0x24
#define FTGMAC100_OFFSET_ITC 0x30    /* interrupt moderation */
#define FTGMAC100_OFFSET_APTC 0x34   /* automatic polling */
#define FTGMAC100_OFFSET_DBLAC 0x38  /* DMA bursts, descriptor sizes */
#define FTGMAC100_OFFSET_REVR 0x40
#define FTGMAC100_OFFSET_FEAR 0x44   /* FIFO sizes there are */
#define FTGMAC100_OFFSET_TPAFCR 0x48 /* FIFO sizes in use */
#define FTGMAC100_OFFSET_RBSR 0x4c   /* receive buffer size */
#define FTGMAC100_OFFSET_MACCR 0x50
#define FTGMAC100_OFFSET_PHYCR 0x60
#define FTGMAC100_OFFSET_PHYDATA 0x64
#define FTGMAC100_OFFSET_FCR 0x68    /* flow control */

/* ISR, IER */
#define FTGMAC100_INT_RPKT_BUF BIT(0)
#define FTGMAC100_INT_RPKT_FIFO BIT(1)
#define FTGMAC100_INT_NO_RXBUF BIT(2)
#define FTGMAC100_INT_RPKT_LOST BIT(3)
#define FTGMAC100_INT_XPKT_ETH BIT(4)
#define FTGMAC100_INT_XPKT_FIFO BIT(5)
#define FTGMAC100_INT_NO_NPTXBUF BIT(6)
#define FTGMAC100_INT_XPKT_LOST BIT(7)
#define FTGMAC100_INT_AHB_ERR BIT(8)
#define FTGMAC100_INT_PHYSTS_CHG BIT(9)
#define FTGMAC100_INT_NO_HPTXBUF BIT(10)
#define FTGMAC100_INT_RXTX (FTGMAC100_INT_XPKT_ETH | FTGMAC100_INT_RPKT_BUF)
#define FTGMAC100_INT_BAD                                                                          \
	(FTGMAC100_INT_RPKT_LOST | FTGMAC100_INT_XPKT_LOST | FTGMAC100_INT_AHB_ERR | FTGMAC100_INT_NO_RXBUF)
#define FTGMAC100_INT_ALL (FTGMAC100_INT_RXTX | FTGMAC100_INT_BAD)

#define FTGMAC100_ITC_RXINT_THR(x) (((x) & 7u) << 4)
#define FTGMAC100_ITC_TXINT_THR(x) (((x) & 7u) << 12)
#define FTGMAC100_APTC_RXPOLL_CNT(x) ((x) & 0xfu)

#define FTGMAC100_DBLAC_RXFIFO_LTHR(x) (((x) & 7u) << 0)
#define FTGMAC100_DBLAC_RXFIFO_HTHR(x) (((x) & 7u) << 3)
#define FTGMAC100_DBLAC_RX_THR_EN BIT(6)
#define FTGMAC100_DBLAC_RXBURST_SIZE(x) (((x) & 3u) << 8)
#define FTGMAC100_DBLAC_TXBURST_SIZE(x) (((x) & 3u) << 10)
#define FTGMAC100_DBLAC_RXDES_SIZE(x) (((x) & 0xfu) << 12) /* in units of 8 bytes */
#define FTGMAC100_DBLAC_TXDES_SIZE(x) (((x) & 0xfu) << 16)

#define FTGMAC100_REVR_NEW_MDIO_INTERFACE BIT(31)

#define FTGMAC100_MACCR_TXDMA_EN BIT(0)
#define FTGMAC100_MACCR_RXDMA_EN BIT(1)
#define FTGMAC100_MACCR_TXMAC_EN BIT(2)
#define FTGMAC100_MACCR_RXMAC_EN BIT(3)
#define FTGMAC100_MACCR_RM_VLAN BIT(4)
#define FTGMAC100_MACCR_FULLDUP BIT(8)
#define FTGMAC100_MACCR_GIGA_MODE BIT(9)
#define FTGMAC100_MACCR_CRC_APD BIT(10)
#define FTGMAC100_MACCR_PHY_LINK_LEVEL BIT(11)
#define FTGMAC100_MACCR_RX_RUNT BIT(12)
#define FTGMAC100_MACCR_RX_ALL BIT(14)
#define FTGMAC100_MACCR_HT_MULTI_EN BIT(15)
#define FTGMAC100_MACCR_RX_MULTIPKT BIT(16)
#define FTGMAC100_MACCR_RX_BROADPKT BIT(17)
#define FTGMAC100_MACCR_FAST_MODE BIT(19)
#define FTGMAC100_MACCR_SW_RST BIT(31)

#define FTGMAC100_PHYCR_MDC_CYCTHR_MASK 0x3fu
#define FTGMAC100_PHYCR_PHYAD(x) (((u32)(x) & 0x1fu) << 16)
#define FTGMAC100_PHYCR_REGAD(x) (((u32)(x) & 0x1fu) << 21)
#define FTGMAC100_PHYCR_MIIRD BIT(26)
#define FTGMAC100_PHYCR_MIIWR BIT(27)
#define FTGMAC100_PHYDATA_MIIWDATA(x) ((x) & 0xffffu)
#define FTGMAC100_PHYDATA_MIIRDATA(x) ((x) >> 16 & 0xffffu)

#define FTGMAC100_FCR_FC_EN BIT(0)
#define FTGMAC100_FCR_FCTHR_EN BIT(2)
#define FTGMAC100_FCR_PAUSE_TIME(x) (((x) & 0xffffu) << 16)

/* Both descriptors: four little-endian words. */
struct ftgmac100_txdes {
	u32 txdes0; /* control and status */
	u32 txdes1; /* checksums, VLAN tag */
	u32 txdes2; /* not used by hardware */
	u32 txdes3; /* buffer */
};
#define FTGMAC100_TXDES0_TXBUF_SIZE(x) ((x) & 0x3fffu)
#define FTGMAC100_TXDES0_LTS BIT(28)
#define FTGMAC100_TXDES0_FTS BIT(29)
#define FTGMAC100_TXDES0_EDOTR_ASPEED BIT(30)
#define FTGMAC100_TXDES0_TXDMA_OWN BIT(31)
#define FTGMAC100_TXDES1_VLANTAG_CI(x) ((x) & 0xffffu)
#define FTGMAC100_TXDES1_INS_VLANTAG BIT(16)
#define FTGMAC100_TXDES1_TCP_CHKSUM BIT(17)
#define FTGMAC100_TXDES1_UDP_CHKSUM BIT(18)
#define FTGMAC100_TXDES1_IP_CHKSUM BIT(19)

struct ftgmac100_rxdes {
	u32 rxdes0; /* status; RXPKT_RDY: software's */
	u32 rxdes1; /* protocol, checksum errors, VLAN tag */
	u32 rxdes2;
	u32 rxdes3; /* buffer */
};
#define FTGMAC100_RXDES0_VDBC 0x3fffu
#define FTGMAC100_RXDES0_MULTICAST BIT(16)
#define FTGMAC100_RXDES0_BROADCAST BIT(17)
#define FTGMAC100_RXDES0_RX_ERR BIT(18)
#define FTGMAC100_RXDES0_CRC_ERR BIT(19)
#define FTGMAC100_RXDES0_FTL BIT(20)
#define FTGMAC100_RXDES0_RUNT BIT(21)
#define FTGMAC100_RXDES0_RX_ODD_NB BIT(22)
#define FTGMAC100_RXDES0_LRS BIT(28)
#define FTGMAC100_RXDES0_FRS BIT(29)
#define FTGMAC100_RXDES0_EDORR_ASPEED BIT(30)
#define FTGMAC100_RXDES0_RXPKT_RDY BIT(31)
#define FTGMAC100_RXDES1_VLANTAG_CI 0xffffu
#define FTGMAC100_RXDES1_PROT_MASK (3u << 20)
#define FTGMAC100_RXDES1_VLANTAG_AVAIL BIT(24)
#define FTGMAC100_RXDES1_TCP_CHKSUM_ERR BIT(25)
#define FTGMAC100_RXDES1_UDP_CHKSUM_ERR BIT(26)
#define FTGMAC100_RXDES1_IP_CHKSUM_ERR BIT(27)

/* Errors for which the driver drops a frame. */
#define RXDES0_ANY_ERROR                                                                           \
	(FTGMAC100_RXDES0_RX_ERR | FTGMAC100_RXDES0_CRC_ERR | FTGMAC100_RXDES0_FTL |               \
	 FTGMAC100_RXDES0_RUNT | FTGMAC100_RXDES0_RX_ODD_NB)

#endif
