/*
 * Frames taken apart, header by header: Ethernet, 802.1Q, ARP, IPv4 with options, ICMP, IGMP, UDP, TCP with options.
 *
 * A header is { name, from, to, fields: [{ name, value, from, to }], info }; bytes [from, to) of the frame. Names
 * are Wireshark's, so that both can be compared.
 */
"use strict";

const IP_PROTOCOLS = { 1: "ICMP", 2: "IGMP", 6: "TCP", 17: "UDP", 47: "GRE", 89: "OSPF" };
const ETHER_TYPES = { 0x0800: "IPv4", 0x0806: "ARP", 0x8100: "802.1Q VLAN", 0x86dd: "IPv6", 0x88a8: "802.1ad" };
const ICMP_TYPES = {
  0: "echo reply", 3: "destination unreachable", 4: "source quench", 5: "redirect", 8: "echo request",
  11: "time exceeded", 12: "parameter problem", 13: "timestamp request", 14: "timestamp reply",
};
const ICMP_CODES = {
  3: ["network unreachable", "host unreachable", "protocol unreachable", "port unreachable", "fragmentation needed",
    "source route failed", "network unknown", "host unknown", "source host isolated", "network prohibited",
    "host prohibited", "network unreachable for this service", "host unreachable for this service",
    "prohibited by a filter", "precedence violation", "precedence cutoff"],
  5: ["for the network", "for the host", "for the service and network", "for the service and host"],
  11: ["time to live exceeded in transit", "fragment reassembly time exceeded"],
};
const IGMP_TYPES = { 0x11: "membership query", 0x12: "v1 report", 0x16: "v2 report", 0x17: "leave group", 0x22: "v3 report" };
const TCP_FLAGS = [[0x01, "FIN", "F"], [0x02, "SYN", "S"], [0x04, "RST", "R"], [0x08, "PSH", "P"], [0x10, "ACK", "."],
  [0x20, "URG", "U"], [0x40, "ECE", "E"], [0x80, "CWR", "W"], [0x100, "NS", "e"]];

function hex(v, digits) {
  return "0x" + v.toString(16).padStart(digits, "0");
}

/* Walks a frame and makes the headers. */
class Decoder {
  /* `bytes`: those that are known, of `length`. */
  constructor(bytes, length) {
    this.bytes = bytes;
    this.length = length;
    this.headers = [];
    this.header = null;
  }

  u8(at) {
    return this.bytes[at] ?? 0;
  }

  u16(at) {
    return this.u8(at) << 8 | this.u8(at + 1);
  }

  u32(at) {
    return this.u16(at) * 65536 + this.u16(at + 2);
  }

  mac(at) {
    return Array.from(this.bytes.subarray(at, at + 6), (b) => b.toString(16).padStart(2, "0")).join(":");
  }

  ip(at) {
    return [0, 1, 2, 3].map((i) => this.u8(at + i)).join(".");
  }

  begin(name, from, to, info) {
    this.header = { name, from, to: Math.min(to, this.bytes.length), fields: [], info };
    this.headers.push(this.header);
    return this.header;
  }

  field(name, value, from, len) {
    this.header.fields.push({ name, value: String(value), from, to: from + len });
  }

  /* Whether `len` bytes are there; says so when not. */
  has(at, len) {
    if (at + len <= this.bytes.length) return true;
    this.begin("Cut short", at, this.bytes.length, `${this.bytes.length - at} of ${len} bytes`);
    return false;
  }

  data(at, to, name = "Data") {
    if (at < to) this.begin(name, at, to, `${to - at} bytes`);
  }

  /* The Internet checksum over [at, to): 0 when it is right. */
  sum(at, to, start = 0) {
    let s = start;
    for (let i = at; i < to; i += 2) s += this.u8(i) << 8 | (i + 1 < to ? this.u8(i + 1) : 0);
    while (s > 0xffff) s = (s & 0xffff) + (s >>> 16);
    return ~s & 0xffff;
  }

  checksum(name, at, right) {
    this.field(name, hex(this.u16(at), 4) + (right === null ? "" : right ? " (correct)" : " (wrong)"), at, 2);
  }

  ethernet() {
    if (!this.has(0, 14)) return;
    const type = this.u16(12);
    this.begin("Ethernet", 0, 14, `${this.mac(6)} > ${this.mac(0)}`);
    this.field("Destination", this.mac(0) + (this.u8(0) & 1 ? this.mac(0) === "ff:ff:ff:ff:ff:ff" ? " (broadcast)" :
      " (multicast)" : ""), 0, 6);
    this.field("Source", this.mac(6), 6, 6);
    this.ethertype(type, 12, 14);
  }

  ethertype(type, at, next) {
    if (type < 0x600) this.field("Length", type, at, 2);
    else this.field("Type", `${hex(type, 4)}${ETHER_TYPES[type] ? ` (${ETHER_TYPES[type]})` : ""}`, at, 2);
    if (type === 0x0800) this.ipv4(next);
    else if (type === 0x0806) this.arp(next);
    else if (type === 0x8100 || type === 0x88a8) this.vlan(next);
    else this.data(next, this.length);
  }

  vlan(at) {
    if (!this.has(at, 4)) return;
    const tci = this.u16(at);
    this.vid = tci & 0xfff;
    this.begin("802.1Q VLAN", at, at + 4, `id ${this.vid}`);
    this.field("Priority", tci >> 13, at, 2);
    this.field("DEI", tci >> 12 & 1, at, 2);
    this.field("ID", this.vid, at, 2);
    this.ethertype(this.u16(at + 2), at + 2, at + 4);
  }

  arp(at) {
    if (!this.has(at, 28)) return;
    const op = this.u16(at + 6), sender = this.ip(at + 14), target = this.ip(at + 24);
    const info = op === 1 ? sender === target ? `announcement for ${sender}` : `who-has ${target} tell ${sender}` :
      op === 2 ? `reply ${sender} is-at ${this.mac(at + 8)}` : `operation ${op}`;
    this.label = "ARP " + info;
    this.begin("ARP", at, at + 28, info);
    this.field("Hardware type", this.u16(at) === 1 ? "1 (Ethernet)" : this.u16(at), at, 2);
    this.field("Protocol type", `${hex(this.u16(at + 2), 4)} (${ETHER_TYPES[this.u16(at + 2)] ?? "?"})`, at + 2, 2);
    this.field("Hardware size", this.u8(at + 4), at + 4, 1);
    this.field("Protocol size", this.u8(at + 5), at + 5, 1);
    this.field("Opcode", `${op}${op === 1 ? " (request)" : op === 2 ? " (reply)" : ""}`, at + 6, 2);
    this.field("Sender MAC address", this.mac(at + 8), at + 8, 6);
    this.field("Sender IP address", sender, at + 14, 4);
    this.field("Target MAC address", this.mac(at + 18), at + 18, 6);
    this.field("Target IP address", target, at + 24, 4);
    this.data(at + 28, this.length, "Padding");
  }

  /* `inner`: the header that an ICMP error quotes: shown, but not what the frame is. */
  ipv4(at, inner = false) {
    if (!this.has(at, 20)) return;
    const len = (this.u8(at) & 15) * 4, total = this.u16(at + 2), frag = this.u16(at + 6), proto = this.u8(at + 9);
    const end = at + total, offset = (frag & 0x1fff) * 8, more = (frag & 0x2000) !== 0;
    const src = this.ip(at + 12), dst = this.ip(at + 16);
    if (!inner) Object.assign(this, { src, dst });
    this.begin(inner ? "IPv4 (of the packet in question)" : "IPv4", at, at + Math.max(len, 20), `${src} > ${dst}`);
    this.field("Version", this.u8(at) >> 4, at, 1);
    this.field("Header Length", `${len} bytes`, at, 1);
    this.field("Differentiated Services", hex(this.u8(at + 1), 2) +
      ` (ECN: ${["not capable", "ECT(1)", "ECT(0)", "congestion experienced"][this.u8(at + 1) & 3]})`, at + 1, 1);
    this.field("Total Length", total, at + 2, 2);
    this.field("Identification", `${hex(this.u16(at + 4), 4)} (${this.u16(at + 4)})`, at + 4, 2);
    this.field("Flags", hex(frag >> 13, 1) + (frag & 0x4000 ? " don't fragment" : "") + (more ? " more fragments" : ""),
      at + 6, 1);
    this.field("Fragment Offset", offset, at + 6, 2);
    this.field("Time to Live", this.u8(at + 8), at + 8, 1);
    this.field("Protocol", `${proto}${IP_PROTOCOLS[proto] ? ` (${IP_PROTOCOLS[proto]})` : ""}`, at + 9, 1);
    this.checksum("Header Checksum", at + 10, len >= 20 && at + len <= this.bytes.length ? this.sum(at, at + len) === 0 :
      null);
    this.field("Source Address", src, at + 12, 4);
    this.field("Destination Address", dst, at + 16, 4);
    if (len < 20) return;
    this.ipOptions(at + 20, Math.min(at + len, this.bytes.length));
    if (!inner && (offset || more)) {
      this.label = `IP ${IP_PROTOCOLS[proto] ?? "protocol " + proto} fragment id ${this.u16(at + 4)}, ` +
        `${offset}:${offset + total - len}${more ? "+" : ""}`;
    }
    if (offset) this.data(at + len, end, "Fragment data");
    else this.transport(proto, at + len, end, { src: at + 12, whole: !more && at + total <= this.bytes.length, inner });
    if (!inner) this.data(end, this.length, "Padding");
  }

  ipOptions(at, end) {
    const names = { 0: "End of options", 1: "No operation", 7: "Record route", 68: "Timestamp", 131: "Loose source route",
      137: "Strict source route", 148: "Router alert" };
    while (at < end) {
      const kind = this.u8(at), len = kind < 2 ? 1 : Math.max(2, this.u8(at + 1));
      this.field("Option", (names[kind] ?? "kind " + kind) + (len > 1 ? `, ${len} bytes` : ""), at,
        Math.min(len, end - at));
      at += len;
    }
  }

  transport(proto, at, end, ip) {
    if (proto === 1) this.icmp(at, end, ip);
    else if (proto === 2) this.igmp(at, end);
    else if (proto === 6) this.tcp(at, end, ip);
    else if (proto === 17) this.udp(at, end, ip);
    else {
      if (!ip.inner) this.label ??= `IP ${IP_PROTOCOLS[proto] ?? "protocol " + proto}, length ${end - at}`;
      this.data(at, end);
    }
  }

  /* The sum of the addresses, protocol and length, which TCP's and UDP's checksums begin with. */
  pseudo(ip, proto, len) {
    return this.u16(ip.src) + this.u16(ip.src + 2) + this.u16(ip.src + 4) + this.u16(ip.src + 6) + proto + len;
  }

  icmp(at, end, ip) {
    if (!this.has(at, 8)) return;
    const type = this.u8(at), code = this.u8(at + 1), echo = type === 0 || type === 8;
    const info = (ICMP_CODES[type]?.[code] ?? ICMP_TYPES[type] ?? `type ${type}`) +
      (echo ? `, id ${this.u16(at + 4)}, seq ${this.u16(at + 6)}` : "");
    if (!ip.inner) this.label ??= `ICMP ${info}, length ${end - at}`;
    this.begin("ICMP", at, at + 8, info);
    this.field("Type", `${type}${ICMP_TYPES[type] ? ` (${ICMP_TYPES[type]})` : ""}`, at, 1);
    this.field("Code", `${code}${ICMP_CODES[type]?.[code] ? ` (${ICMP_CODES[type][code]})` : ""}`, at + 1, 1);
    this.checksum("Checksum", at + 2, ip.whole && !ip.inner ? this.sum(at, end) === 0 : null);
    if (echo) {
      this.field("Identifier", this.u16(at + 4), at + 4, 2);
      this.field("Sequence Number", this.u16(at + 6), at + 6, 2);
      this.data(at + 8, end);
    } else if (type === 5) {
      this.field("Gateway Address", this.ip(at + 4), at + 4, 4);
      if (!ip.inner) this.ipv4(at + 8, true);
    } else if (type === 3 || type === 11 || type === 12) {
      if (type === 3 && code === 4) this.field("MTU of next hop", this.u16(at + 6), at + 6, 2);
      if (!ip.inner) this.ipv4(at + 8, true);
    } else {
      this.data(at + 8, end);
    }
  }

  igmp(at, end) {
    if (!this.has(at, 8)) return;
    const type = this.u8(at), v3 = type === 0x22;
    const info = (IGMP_TYPES[type] ?? "type " + hex(type, 2)) + (v3 ? "" : " " + this.ip(at + 4));
    this.label ??= "IGMP " + info;
    this.begin("IGMP", at, Math.min(end, at + 8), info);
    this.field("Type", `${hex(type, 2)}${IGMP_TYPES[type] ? ` (${IGMP_TYPES[type]})` : ""}`, at, 1);
    if (!v3) this.field("Max Resp Time", `${this.u8(at + 1) / 10} s`, at + 1, 1);
    this.checksum("Checksum", at + 2, end <= this.bytes.length ? this.sum(at, end) === 0 : null);
    if (!v3) {
      this.field("Multicast Address", this.ip(at + 4), at + 4, 4);
      this.data(at + 8, end);
      return;
    }
    this.field("Num Group Records", this.u16(at + 6), at + 6, 2);
    for (let n = this.u16(at + 6), r = at + 8; n > 0 && r + 8 <= Math.min(end, this.bytes.length); n--) {
      const sources = this.u16(r + 2);
      this.begin("IGMP group record", r, r + 8 + 4 * sources, this.ip(r + 4));
      this.field("Record Type", this.u8(r), r, 1);
      this.field("Num Src", sources, r + 2, 2);
      this.field("Multicast Address", this.ip(r + 4), r + 4, 4);
      for (let s = 0; s < sources; s++) this.field("Source Address", this.ip(r + 8 + 4 * s), r + 8 + 4 * s, 4);
      r += 8 + 4 * sources + 4 * this.u8(r + 1);
    }
  }

  udp(at, end, ip) {
    if (!this.has(at, 8)) return;
    const len = this.u16(at + 4), sum = this.u16(at + 6);
    const info = `${this.u16(at)} > ${this.u16(at + 2)}, length ${Math.max(0, len - 8)}`;
    if (!ip.inner) this.label ??= "UDP " + info;
    this.begin("UDP", at, at + 8, info);
    this.field("Source Port", this.u16(at), at, 2);
    this.field("Destination Port", this.u16(at + 2), at + 2, 2);
    this.field("Length", len, at + 4, 2);
    this.checksum("Checksum", at + 6, !ip.whole || ip.inner || sum === 0 ? null :
      this.sum(at, at + len, this.pseudo(ip, 17, len)) === 0);
    this.data(at + 8, end);
  }

  tcp(at, end, ip) {
    if (ip.inner ? at + 8 > this.bytes.length : !this.has(at, 20)) return;
    const seq = this.u32(at + 4);
    if (ip.inner && at + 20 > end) {
      this.begin("TCP", at, at + 8, `${this.u16(at)} > ${this.u16(at + 2)}`);
      this.field("Source Port", this.u16(at), at, 2);
      this.field("Destination Port", this.u16(at + 2), at + 2, 2);
      this.field("Sequence Number (raw)", seq, at + 4, 4);
      return;
    }
    const len = Math.max(20, (this.u8(at + 12) >> 4) * 4), flags = (this.u8(at + 12) & 1) << 8 | this.u8(at + 13);
    const data = Math.max(0, end - at - len);
    const names = TCP_FLAGS.filter(([bit]) => flags & bit).map(([, name]) => name).join(", ");
    const segment = { sport: this.u16(at), dport: this.u16(at + 2), seq, ack: this.u32(at + 8), flags, data,
      win: this.u16(at + 14) };
    if (!ip.inner) this.segment = segment;
    this.begin("TCP", at, at + len, `${segment.sport} > ${segment.dport} [${names || "none"}], length ${data}`);
    this.field("Source Port", segment.sport, at, 2);
    this.field("Destination Port", segment.dport, at + 2, 2);
    this.field("Sequence Number (raw)", seq, at + 4, 4);
    this.field("Acknowledgment number (raw)", segment.ack, at + 8, 4);
    this.field("Header Length", `${len} bytes`, at + 12, 1);
    this.field("Flags", `${hex(flags, 3)} (${names || "none"})`, at + 12, 2);
    this.field("Window", segment.win, at + 14, 2);
    this.checksum("Checksum", at + 16, !ip.whole || ip.inner ? null :
      this.sum(at, end, this.pseudo(ip, 6, end - at)) === 0);
    this.field("Urgent Pointer", this.u16(at + 18), at + 18, 2);
    this.tcpOptions(at + 20, Math.min(at + len, end, this.bytes.length));
    this.data(at + len, end);
  }

  tcpOptions(at, end) {
    while (at < end) {
      const kind = this.u8(at), len = kind < 2 ? 1 : Math.max(2, this.u8(at + 1));
      this.field("Option", this.tcpOption(kind, at, len), at, Math.min(len, end - at));
      if (kind === 0) break;
      at += len;
    }
  }

  tcpOption(kind, at, len) {
    switch (kind) {
    case 0: return "End of options";
    case 1: return "No-Operation";
    case 2: return `Maximum segment size: ${this.u16(at + 2)} bytes`;
    case 3: return `Window scale: ${this.u8(at + 2)} (multiply by ${2 ** this.u8(at + 2)})`;
    case 4: return "SACK permitted";
    case 5: {
      const blocks = [];
      for (let b = at + 2; b + 8 <= at + len; b += 8) blocks.push(`${this.u32(b)}-${this.u32(b + 4)}`);
      return "SACK " + blocks.join(" ");
    }
    case 8: return `Timestamps: TSval ${this.u32(at + 2)}, TSecr ${this.u32(at + 6)}`;
    case 19: return "MD5 signature";
    case 34: return "Fast Open cookie" + (len > 2 ? " " + Array.from(this.bytes.subarray(at + 2, at + len),
      (b) => b.toString(16).padStart(2, "0")).join("") : " request");
    default: return `kind ${kind}, ${len} bytes`;
    }
  }
}

function decodeFrame(bytes, length = bytes.length) {
  const d = new Decoder(bytes, length);
  d.ethernet();
  return d;
}

/*
 * One line for a frame, as tcpdump's. `streams` remembers where each direction of a connection began, so that
 * sequence numbers count from there.
 */
function frameLabel(d, streams) {
  const s = d.segment;
  let label = d.label ?? "Ethernet, " + d.length + " bytes";
  if (s) {
    const key = `${d.src}:${s.sport}>${d.dst}:${s.dport}`, back = `${d.dst}:${s.dport}>${d.src}:${s.sport}`;
    if (s.flags & 2 || !streams.has(key)) streams.set(key, s.seq - (s.flags & 2 ? 0 : 1));
    if (s.flags & 16 && !streams.has(back)) streams.set(back, s.ack - 1);
    const seq = s.seq - streams.get(key) >>> 0, ack = s.flags & 16 ? s.ack - streams.get(back) >>> 0 : 0;
    const flags = TCP_FLAGS.filter(([bit]) => s.flags & bit).map(([, , letter]) => letter).join("");
    label = `[${flags || "none"}]` + (s.data || s.flags & 7 ? ` seq ${seq}${s.data ? ":" + (seq + s.data) : ""}` : "") +
      (s.flags & 16 ? ` ack ${ack}` : "") + ` win ${s.win}` + ` length ${s.data}`;
  }
  return (d.vid === undefined ? "" : `vlan ${d.vid} `) + label;
}
