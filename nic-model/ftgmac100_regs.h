/* Registers and descriptors of the FTGMAC100, in the order of the register map. The names are public ones. */
#ifndef NIC_MODEL_FTGMAC100_REGS_H
#define NIC_MODEL_FTGMAC100_REGS_H

enum ftgmac_reg {
	REG_ISR = 0x00,
	REG_IER = 0x04,
	REG_MAC_MADR = 0x08,
	REG_MAC_LADR = 0x0c,
	REG_MAHT0 = 0x10,
	REG_MAHT1 = 0x14,
	REG_NPTXPD = 0x18,
	REG_RXPD = 0x1c,
	REG_NPTXR_BADR = 0x20,
	REG_RXR_BADR = 0x24,
	REG_HPTXPD = 0x28,
	REG_HPTXR_BADR = 0x2c,
	REG_ITC = 0x30,
	REG_APTC = 0x34,
	REG_DBLAC = 0x38,
	REG_DMAFIFOS = 0x3c,
	REG_REVR = 0x40,
	REG_FEAR = 0x44,
	REG_TPAFCR = 0x48,
	REG_RBSR = 0x4c,
	REG_MACCR = 0x50,
	REG_MACSR = 0x54,
	REG_TM = 0x58,
	REG_PHYCR = 0x60,
	REG_PHYDATA = 0x64,
	REG_FCR = 0x68,
	REG_BPR = 0x6c,
	REG_TX = 0xa0,
	REG_RX = 0xb0,
	REG_RX_BC = 0xb4,
	REG_RX_MC = 0xb8,
	REG_RX_RUNT = 0xc0,
	REG_RX_CRCER_FTL = 0xc4,
	REG_RX_COL_LOST = 0xc8,
};

/* ISR, IER */
#define INT_RPKT_BUF (1u << 0)
#define INT_RPKT_FIFO (1u << 1)
#define INT_NO_RXBUF (1u << 2)
#define INT_RPKT_LOST (1u << 3)
#define INT_XPKT_ETH (1u << 4)
#define INT_XPKT_FIFO (1u << 5)
#define INT_NO_NPTXBUF (1u << 6)
#define INT_XPKT_LOST (1u << 7)
#define INT_AHB_ERR (1u << 8)

/* ITC: the transmit half is the same, 8 bits up. APTC: count and unit in the same places without a threshold.
 */
#define ITC_CNT(half) ((half)&0xfu)
#define ITC_THR(half) ((half) >> 4 & 7u)
#define ITC_TIME_SEL (1u << 7)
#define APTC_RXPOLL_CNT(v) ((v)&0xfu)
#define APTC_RXPOLL_TIME_SEL (1u << 4)

/* DBLAC: descriptor sizes in units of 8 bytes */
#define DBLAC_RXDES_SIZE(v) ((v) >> 12 & 0xfu)
#define DBLAC_TXDES_SIZE(v) ((v) >> 16 & 0xfu)

#define REVR_NEW_MDIO (1u << 31)

/* MACCR */
#define MACCR_TXDMA_EN (1u << 0)
#define MACCR_RXDMA_EN (1u << 1)
#define MACCR_TXMAC_EN (1u << 2)
#define MACCR_RXMAC_EN (1u << 3)
#define MACCR_RM_VLAN (1u << 4)
#define MACCR_GIGA_MODE (1u << 9)
#define MACCR_JUMBO_LF (1u << 13)
#define MACCR_RX_ALL (1u << 14)
#define MACCR_HT_MULTI_EN (1u << 15)
#define MACCR_RX_MULTIPKT (1u << 16)
#define MACCR_RX_BROADPKT (1u << 17)
#define MACCR_DISCARD_CRCERR (1u << 18)
#define MACCR_FAST_MODE (1u << 19)
#define MACCR_SW_RST (1u << 31)
#define MACCR_TX_ON (MACCR_TXDMA_EN | MACCR_TXMAC_EN)
#define MACCR_RX_ON (MACCR_RXDMA_EN | MACCR_RXMAC_EN)

/* PHYCR, old interface and new */
#define PHYCR_REGAD(v) ((v) >> 21 & 0x1fu)
#define PHYCR_MIIRD (1u << 26)
#define PHYCR_MIIWR (1u << 27)
#define PHYCR_NEW_REGAD(v) ((v)&0x1fu)
#define PHYCR_NEW_OP(v) ((v) >> 10 & 3u)
#define PHYCR_NEW_OP_WRITE 1u
#define PHYCR_NEW_OP_READ 2u
#define PHYCR_NEW_ST_22 (1u << 12)
#define PHYCR_NEW_FIRE (1u << 15)

/* Descriptors: four little-endian words, the last one the buffer's address */
#define DES_SIZE 16u
#define DES_ALIGN 16u
#define DES_LEN_MASK 0x3fffu
#define DES_END_OF_RING (1u << 30) /* EDOTR, EDORR as on ASPEED */

#define TXDES0_LTS (1u << 28)
#define TXDES0_FTS (1u << 29)
#define TXDES0_OWN (1u << 31)
#define TXDES1_VLANTAG_CI(v) ((v)&0xffffu)
#define TXDES1_INS_VLANTAG (1u << 16)
#define TXDES1_TCP_CHKSUM (1u << 17)
#define TXDES1_UDP_CHKSUM (1u << 18)
#define TXDES1_IP_CHKSUM (1u << 19)
#define TXDES1_TX2FIC (1u << 30)
#define TXDES1_TXIC (1u << 31)

#define RXDES0_MULTICAST (1u << 16)
#define RXDES0_BROADCAST (1u << 17)
#define RXDES0_CRC_ERR (1u << 19)
#define RXDES0_FTL (1u << 20)
#define RXDES0_LRS (1u << 28)
#define RXDES0_FRS (1u << 29)
#define RXDES0_RDY (1u << 31)	   /* set: software's */
#define RXDES1_PROT_TCP (2u << 20) /* 0: not said, 1: IP, 2: TCP, 3: UDP */
#define RXDES1_PROT_UDP (3u << 20)
#define RXDES1_VLANTAG_AVAIL (1u << 24)
#define RXDES1_TCP_CHKSUM_ERR (1u << 25)
#define RXDES1_UDP_CHKSUM_ERR (1u << 26)
#define RXDES1_IP_CHKSUM_ERR (1u << 27)

#define FCS_LEN 4u
#define ETH_P_VLAN 0x8100u

#endif
