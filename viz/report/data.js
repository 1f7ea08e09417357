/*
 * The run's data: unpacked from the page and indexed. Everything is a typed array by event; an event's place in
 * the run is its index. README.md has the format.
 */
"use strict";

const EV = {
  FN: 0, FN_SKB: 1, FN_SK: 2, STEP: 3, SYSCALL: 4, RET: 5, TASK: 6, IDLE: 7, IRQ: 8, IRQ_END: 9, SOFTIRQ: 10,
  HOP_OUT: 11, HOP_IN: 12, DROP: 13, TX: 14, RX: 15, NOTE: 16, KIND: 0x1f, OPEN: 0x20, TIGHT: 0x40, ROOT: 0x80,
};
const LANE = { CPU: 0, BOOT: 1, TASK: 2, SOFTIRQ: 3, IRQ: 4, CARD: 5, VALUE: 6 };
const SUBJECT = { HOST: 0, SOCK: 1, NEIGH: 2, DEV: 3, CARD: 4 };
const HOPS = ["timer", "softirq", "interrupt", "wake-up", "frame", "work"];
const SOFTIRQS = ["HI", "TIMER", "NET_TX", "NET_RX", "BLOCK", "IRQ_POLL", "TASKLET", "SCHED", "HRTIMER", "RCU"];
const NO_OP = 0xffff, UNLIMITED = 0x7fffffff; // how the stack writes that there is no limit

/* ---- small tools ---- */

/* The first index in [lo, hi) for which `is` holds, which must hold for all after it; hi when for none. */
function firstWhere(lo, hi, is) {
  while (lo < hi) {
    const mid = (lo + hi) >>> 1;
    if (is(mid)) hi = mid;
    else lo = mid + 1;
  }
  return lo;
}

function formatCount(n) {
  return String(n).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
}

/* "1.236 320 ms": a time or a span of it, to the nanosecond. */
function formatTime(ns) {
  const sign = ns < 0 ? "-" : "";
  ns = Math.abs(Math.round(ns));
  const [unit, digits] = ns >= 1e9 ? ["s", 9] : ns >= 1e6 ? ["ms", 6] : ns >= 1e3 ? ["\u00b5s", 3] : ["ns", 0];
  const whole = Math.floor(ns / 10 ** digits);
  const rest = String(ns - whole * 10 ** digits).padStart(digits, "0").replace(/(000)+$/, "");
  return sign + formatCount(whole) + (digits && rest ? "." + rest.replace(/(\d{3})(?=\d)/g, "$1\u202f") : "") +
    "\u202f" + unit;
}

/* A time with few digits, for rulers and lists. */
function formatShort(ns) {
  const abs = Math.abs(ns);
  const [unit, scale] = abs >= 1e9 ? ["s", 1e9] : abs >= 1e6 ? ["ms", 1e6] : abs >= 1e3 ? ["\u00b5s", 1e3] : ["ns", 1];
  return String(Number((ns / scale).toPrecision(4))) + "\u202f" + unit;
}

/* ---- unpacking ---- */

function decodeBase64(text) {
  const value = new Uint8Array(128).fill(255);
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".split("").forEach((c, i) => {
    value[c.charCodeAt(0)] = i;
  });
  const out = new Uint8Array((text.length >> 2) * 3 + 3);
  let n = 0, bits = 0, have = 0;
  for (let i = 0; i < text.length; i++) {
    const v = value[text.charCodeAt(i) & 127];
    if (v === 255) continue;
    bits = (bits << 6 | v) & 0xffffff;
    have += 6;
    if (have >= 8) {
      have -= 8;
      out[n++] = bits >> have & 255;
    }
  }
  return out.subarray(0, n);
}

async function unpack(text) {
  const stream = new Blob([decodeBase64(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

/* Reads numbers and texts of a section, one after the other. */
class Cursor {
  constructor(buffer, at, len) {
    this.bytes = new Uint8Array(buffer, at, len);
    this.view = new DataView(buffer, at, len);
    this.at = 0;
    this.utf8 = new TextDecoder();
  }

  get more() {
    return this.at < this.bytes.length;
  }

  u32() {
    this.at += 4;
    return this.view.getUint32(this.at - 4, true);
  }

  text() {
    const end = this.bytes.indexOf(0, this.at);
    const s = this.utf8.decode(this.bytes.subarray(this.at, end));
    this.at = end + 1;
    return s;
  }

  rest() {
    return this.bytes.subarray(this.at);
  }
}

/* The layer of a source file: the folder under stack/, or the first one. */
function layerOf(file) {
  const parts = file.split("/");
  return parts.length > 2 && parts[0] === "stack" ? parts[1] : parts.length > 1 ? parts[0] : "other";
}

const sectionReaders = {
  "META"(run, c) {
    run.truncated = c.u32() !== 0;
    run.filtered = c.u32() !== 0;
    run.captures = c.u32() !== 0; // whether it kept whole frames
  },
  "RUN "(run, c) {
    c.text();
    try {
      run.manifest = JSON.parse(c.utf8.decode(c.rest()));
    } catch {
      run.manifest = {}; // damaged: the header says what is not known
    }
  },
  "OUT "(run, c) {
    run.outputs.push({ name: c.text(), text: c.utf8.decode(c.rest()) });
  },
  "FNS "(run, c) {
    for (let n = c.u32(); n > 0; n--) {
      const fn = { kind: c.u32(), name: c.text(), file: c.text(), what: c.text() };
      fn.layer = layerOf(fn.file);
      run.fns.push(fn);
    }
  },
  "DROP"(run, c) {
    while (c.more) {
      const nr = c.u32();
      run.drops[nr] = c.text();
    }
  },
  "HOST"(run, c) {
    const host = { index: c.u32(), name: c.text(), strings: [], subjects: new Map(), lanes: [] };
    while (c.more) {
      const id = c.u32();
      host.strings[id] = c.text();
    }
    run.hosts[host.index] = host;
  },
  "SUBJ"(run, c) {
    const host = run.hosts[c.u32()];
    while (c.more) {
      const key = `${c.u32()} ${c.u32()}`;
      host.subjects.set(key, c.text());
    }
  },
  "ERR "(run, c) {
    while (c.more) {
      const nr = c.u32();
      run.errors[nr] = c.text();
    }
  },
  "LANE"(run, c) {
    for (let n = c.u32(); n > 0; n--)
      run.lanes.push({ index: run.lanes.length, host: c.u32(), kind: c.u32(), pid: c.u32(), name: c.text() });
  },
  "EVT "(run, c, buffer, at) {
    const n = c.u32();
    run.n = n;
    at += 8;
    run.obj = new Uint32Array(buffer, at, n);
    run.end = new Uint32Array(buffer, at += 4 * n, n); // distances, made places in index()
    run.fn = new Uint16Array(buffer, at += 4 * n, n);
    run.op = new Uint16Array(buffer, at += 2 * n, n);
    run.lane = new Uint16Array(buffer, at += 2 * n, n);
    run.row = new Uint8Array(buffer, at += 2 * n, n);
    run.kind = new Uint8Array(buffer, at += n, n);
  },
  "TIME"(run, c, buffer, at) {
    const n = c.u32();
    run.changes = new Uint32Array(buffer, at + 8, n);
    const low = new Uint32Array(buffer, at + 8 + 4 * n, n), high = new Uint32Array(buffer, at + 8 + 8 * n, n);
    run.changeTimes = Float64Array.from(low, (v, i) => v + high[i] * 4294967296);
  },
  "VAL "(run, c, buffer, at) {
    const u32 = new Uint32Array(buffer, at, c.bytes.length >> 2);
    for (let k = 0; k < u32.length;) {
      const [host, kind, id, fn, n] = u32.subarray(k, k += 5);
      run.series.push({ host, kind, id, fn, n, places: u32.subarray(k, k + n), values: u32.subarray(k + n, k += 2 * n) });
    }
  },
  "WIRE"(run, c) {
    while (c.more) {
      const event = c.u32();
      run.wires.set(event, { wait: c.u32(), send: c.u32() });
    }
  },
  "FRM "(run, c) {
    for (let n = c.u32(); n > 0; n--) {
      const event = c.u32();
      const frame = { offset: c.u32(), len: c.u32(), flags: c.u32() };
      run.known.set(event, { ...frame, damaged: (frame.flags & 1) !== 0, part: (frame.flags & 2) !== 0 });
    }
  },
  "BYTE"(run, c) {
    run.bytes = c.bytes;
  },
};

function readSections(run, buffer) {
  const view = new DataView(buffer);
  for (let at = 0; at + 8 <= buffer.byteLength;) {
    const tag = String.fromCharCode(...new Uint8Array(buffer, at, 4)), len = view.getUint32(at + 4, true);
    sectionReaders[tag](run, new Cursor(buffer, at + 8, len), buffer, at + 8);
    at += 8 + (len + 7 & ~7);
  }
}

/* ---- the run ---- */

class Run {
  constructor() {
    this.manifest = {};
    this.outputs = [];
    this.fns = [];
    this.drops = [];
    this.errors = [];
    this.hosts = [];
    this.lanes = [];
    this.series = [];
    this.wires = new Map(); // of sent frames: how long they waited and took to leave, by event
    this.known = new Map(); // what is known of frames' bytes, by event
    this.bytes = new Uint8Array(0);
  }

  static async load(text) {
    const run = new Run();
    readSections(run, await unpack(text));
    run.index();
    return run;
  }

  /* What is looked up often: times, ends, the events of each lane and of each row of it, hops, frames. */
  index() {
    const { n, end } = this;
    this.time = new Float64Array(n + 1);
    for (let c = 0; c < this.changes.length; c++)
      this.time.fill(this.changeTimes[c], this.changes[c], c + 1 < this.changes.length ? this.changes[c + 1] : n + 1);
    for (let i = 0; i < n; i++) {
      const k = this.kind[i] & EV.KIND;
      if (k <= EV.FN_SK || k === EV.SYSCALL) {
        end[i] += i;
      } else { // what is no call ends where it begins
        end[i] = i + 1;
        this.kind[i] |= EV.TIGHT;
      }
    }
    this.indexLanes();
    this.indexRows();
    this.indexHops();
    this.indexFrames();
    this.indexSeries();
  }

  indexLanes() {
    const programs = new Set();
    for (let i = 0; i < this.n; i++) if (this.kindOf(i) === EV.SYSCALL) programs.add(this.lane[i]);
    /* the programs first, what the kernel does by itself last */
    const order = (l) => (l.kind === LANE.BOOT ? 7 : l.kind === LANE.TASK && !programs.has(l.index) ? 6 : l.kind);
    for (const lane of this.lanes) {
      lane.rows = 0;
      lane.program = programs.has(lane.index);
      lane.title = ["CPU 0", "start-up", "task " + lane.name, "softirq", "hard irq", "card and wire"][lane.kind];
      this.hosts[lane.host].lanes.push(lane);
    }
    this.hosts = this.hosts.filter(Boolean);
    this.hostAt = [];
    for (const host of this.hosts) {
      host.lanes.sort((a, b) => order(a) - order(b) || a.pid - b.pid);
      this.hostAt[host.index] = host;
    }
  }

  /* Tracks: for each row of each lane the spans that lie on it, in order; they do not overlap. */
  indexRows() {
    const { n, lane, row, kind, lanes } = this;
    const rows = new Uint16Array(lanes.length);
    const spans = new Uint32Array(lanes.length * 256), marks = new Uint32Array(lanes.length);
    const isSpan = (k) => k <= EV.SYSCALL || k === EV.TX || k === EV.RX;
    for (let i = 0; i < n; i++) {
      const k = kind[i] & EV.KIND;
      if (isSpan(k)) {
        const r = k === EV.RX ? 1 : k === EV.TX ? 0 : row[i];
        spans[lane[i] * 256 + r]++;
        if (r >= rows[lane[i]]) rows[lane[i]] = r + 1;
      } else if (k !== EV.HOP_OUT && k !== EV.HOP_IN) {
        marks[lane[i]]++;
      }
    }
    for (const l of lanes) {
      l.rows = l.kind === LANE.CPU ? 1 : l.kind === LANE.CARD ? 2 : rows[l.index];
      l.tracks = [];
      for (let r = 0; r < Math.max(rows[l.index], l.rows); r++)
        l.tracks.push({ list: new Uint32Array(spans[l.index * 256 + r]), n: 0 });
      l.marks = { list: new Uint32Array(marks[l.index]), n: 0 };
    }
    for (let i = 0; i < n; i++) {
      const k = kind[i] & EV.KIND, l = lanes[lane[i]];
      if (isSpan(k)) {
        const t = l.tracks[k === EV.RX ? 1 : k === EV.TX ? 0 : row[i]];
        t.list[t.n++] = i;
      } else if (k !== EV.HOP_OUT && k !== EV.HOP_IN) {
        l.marks.list[l.marks.n++] = i;
      }
    }
    const only = (list, ...kinds) => {
      const some = list.filter((i) => kinds.includes(this.kindOf(i)));
      return { list: some, n: some.length };
    };
    for (const l of lanes) {
      l.drops = only(l.marks.list, EV.DROP);
      l.switches = only(l.marks.list, EV.TASK, EV.IDLE);
    }
  }

  /* Causes: for each arrival of a hop, in order, where it set out. */
  indexHops() {
    const { n, kind, fn, obj } = this;
    const out = HOPS.map(() => new Map());
    const arrivals = [], origins = [];
    for (let i = 0; i < n; i++) {
      const k = kind[i] & EV.KIND;
      if (k === EV.HOP_OUT && out[fn[i]]) {
        out[fn[i]].set(obj[i], i);
      } else if (k === EV.HOP_IN && out[fn[i]]) {
        const from = out[fn[i]].get(obj[i]);
        if (from !== undefined) {
          arrivals.push(i);
          origins.push(from);
        }
      }
    }
    this.arrivals = Uint32Array.from(arrivals);
    this.origins = Uint32Array.from(origins);
    const byOrigin = Array.from(arrivals.keys()).sort((a, b) => origins[a] - origins[b] || a - b);
    this.departures = Uint32Array.from(byOrigin, (i) => origins[i]);
    this.destinations = Uint32Array.from(byOrigin, (i) => arrivals[i]);
    this.laneHops = this.lanes.map(() => []);
    arrivals.forEach((i) => this.laneHops[this.lane[i]].push(i));
  }

  /* Frames: what was sent, and where each arrived. */
  indexFrames() {
    const { n, kind } = this;
    this.frames = []; // { tx, rxs: [event], drop: event or -1, from: the frame by which the packet came here }
    const arrived = new Map(), place = (i) => this.obj[i] * 1024 + this.lanes[this.lane[i]].host;
    this.frameOf = new Map(); // by the event of sending or of receiving
    for (let i = 0; i < n; i++) {
      const k = kind[i] & EV.KIND;
      if (k === EV.TX) {
        const frame = { index: this.frames.length, tx: i, rxs: [], drop: -1, from: arrived.get(place(i)) };
        if (i + 1 < n && (kind[i + 1] & EV.KIND) === EV.DROP && this.obj[i + 1] === this.obj[i] &&
            this.lane[i + 1] === this.lane[i])
          frame.drop = i + 1;
        this.frames.push(frame);
        this.frameOf.set(i, frame);
      } else if (k === EV.RX) {
        const from = i > 0 && (kind[i - 1] & EV.KIND) === EV.HOP_IN ? this.originOf(i - 1) : -1;
        let frame = from >= 0 ? this.frameOf.get(from + 1) : undefined;
        if (!frame) {
          frame = { index: this.frames.length, tx: -1, rxs: [], drop: -1 };
          this.frames.push(frame);
        }
        frame.rxs.push(i);
        arrived.set(place(i), frame);
        this.frameOf.set(i, frame);
      }
    }
  }

  /* Values: whose and what, the most; of a state the names of its values. */
  indexSeries() {
    for (const host of this.hosts) host.series = [];
    for (const s of this.series) {
      const host = this.hostAt[s.host], fn = this.fns[s.fn] ?? { name: "?", what: "" };
      s.name = fn.name;
      s.states = fn.what.includes("|") ? fn.what.split("|") : null;
      s.unit = s.states ? "" : fn.what;
      s.of = host.subjects.get(`${s.kind} ${s.id}`) ?? (s.kind === SUBJECT.HOST ? "" :
        ["host", "socket", "neighbour", "device", "card"][s.kind] + " " + s.id);
      s.most = s.values.reduce((most, v) => (v === UNLIMITED ? most : Math.max(most, v)), 1);
      host.series.push(s);
    }
    for (const host of this.hosts) {
      const first = ["tcp_state", "snd_cwnd"], rank = (s) => first.indexOf(s.name) + 1 || first.length + 1;
      host.series.sort((a, b) => a.kind - b.kind || a.id - b.id || rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
    }
  }

  /* ---- questions ---- */

  /* What a value says; `short`: in few letters. */
  valueText(series, v, short = false) {
    if (series.states) return series.states[v] || String(v);
    const scale = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 }[series.unit];
    if (v === UNLIMITED) return "none";
    if (scale) return short ? formatShort(v * scale) : formatTime(v * scale);
    return formatCount(v) + (short ? "" : " " + series.unit);
  }

  /* A series' value at a place, or undefined before its first. */
  valueAt(series, place) {
    return series.values[firstWhere(0, series.n, (m) => series.places[m] > place) - 1];
  }

  /* A moment of the run, in the unit of its length: to the nanosecond, or as finely as `step` asks for. */
  clock(ns, step = 1) {
    const span = this.time[this.n];
    const [unit, digits] = span >= 1e9 ? ["s", 9] : span >= 1e6 ? ["ms", 6] : ["\u00b5s", 3];
    const shown = Math.max(0, Math.min(digits, digits - Math.floor(Math.log10(step) + 1e-9)));
    const whole = Math.floor(ns / 10 ** digits);
    const rest = String(Math.round(ns - whole * 10 ** digits)).padStart(digits, "0").slice(0, shown);
    return formatCount(whole) + (shown ? "." + rest.replace(/(\d{3})(?=\d)/g, "$1\u202f") : "") + "\u202f" + unit;
  }

  kindOf(i) {
    return this.kind[i] & EV.KIND;
  }

  isCall(i) {
    return (this.kind[i] & EV.KIND) <= EV.FN_SK;
  }

  hostOf(i) {
    return this.hostAt[this.lanes[this.lane[i]].host];
  }

  /* When what begins at event i ends. */
  endTime(i) {
    return this.time[this.end[i] - (this.kind[i] & EV.TIGHT ? 1 : 0)];
  }

  /* The packet at hand, or 0. */
  packetOf(i) {
    const k = this.kindOf(i);
    return k === EV.FN_SKB || k === EV.TX || k === EV.RX || k === EV.DROP ? this.obj[i] : 0;
  }

  string(i) {
    return this.hostOf(i).strings[this.obj[i]] ?? "?";
  }

  result(i) {
    const v = this.obj[i] | 0;
    return v < 0 ? "-1 " + (this.errors[-v] ?? "errno " + -v) : String(v);
  }

  /* What the event is called. */
  name(i) {
    const k = this.kindOf(i);
    if (k <= EV.STEP) return this.fns[this.fn[i]]?.name ?? "?";
    switch (k) {
    case EV.SYSCALL: return this.string(i);
    case EV.RET: return "= " + this.result(i);
    case EV.TX: return "sent, " + this.fn[i] + " bytes";
    case EV.RX: return "received, " + this.fn[i] + " bytes";
    case EV.DROP: return this.dropText(i).replace(/^(?!dropped)/, "dropped: ");
    case EV.NOTE: return this.string(i);
    case EV.SOFTIRQ: return SOFTIRQS[this.obj[i]] ?? "softirq " + this.obj[i];
    case EV.TASK: return "the CPU goes to " + this.lanes[this.obj[i]].title;
    case EV.IDLE: return "idle";
    case EV.IRQ: return "interrupt " + this.obj[i];
    case EV.IRQ_END: return "end of the interrupt";
    case EV.HOP_OUT: return "sets off: " + (HOPS[this.fn[i]] ?? "?");
    default: return "set off by: " + (HOPS[this.fn[i]] ?? "?");
    }
  }

  dropText(i) {
    return this.drops[this.fn[i]] ?? "reason " + this.fn[i];
  }

  layer(i) {
    switch (this.kindOf(i)) {
    case EV.FN: case EV.FN_SKB: case EV.FN_SK: case EV.STEP: return this.fns[this.fn[i]]?.layer ?? "other";
    case EV.SYSCALL: case EV.RET: return "program";
    case EV.TX: case EV.RX: return "wire";
    case EV.DROP: return "drop";
    default: return "other";
    }
  }

  /* The call that event i is in, or -1. The outermost call of an interrupt is in none. */
  parent(i) {
    const l = this.lanes[this.lane[i]], row = this.row[i];
    if (row === 0 || l.kind === LANE.CARD || (this.kind[i] & EV.ROOT && l.kind !== LANE.TASK)) return -1;
    const track = l.tracks[row - 1];
    if (!track) return -1;
    const k = firstWhere(0, track.n, (m) => track.list[m] >= i) - 1;
    return k >= 0 && this.end[track.list[k]] > i ? track.list[k] : -1;
  }

  /* What is right inside call i, in order: calls, steps, drops, notes. */
  children(i) {
    const l = this.lanes[this.lane[i]], k = this.kindOf(i);
    if (k > EV.FN_SK && k !== EV.SYSCALL) return [];
    const list = [], row = this.row[i] + 1, to = this.end[i];
    const track = l.tracks[row];
    if (track)
      for (let m = firstWhere(0, track.n, (x) => track.list[x] > i); m < track.n && track.list[m] < to; m++)
        if (!(this.kind[track.list[m]] & EV.ROOT) || l.kind === LANE.TASK) list.push(track.list[m]);
    const nrCalls = list.length;
    for (let m = firstWhere(0, l.marks.n, (x) => l.marks.list[x] > i); m < l.marks.n && l.marks.list[m] < to; m++) {
      const e = l.marks.list[m], kind = this.kindOf(e);
      if (this.row[e] === row && (kind === EV.DROP || kind === EV.NOTE)) list.push(e);
    }
    if (list.length > nrCalls) list.sort((a, b) => a - b);
    return list;
  }

  hasChildren(i) {
    const k = this.kindOf(i);
    if (k > EV.FN_SK && k !== EV.SYSCALL) return false;
    const l = this.lanes[this.lane[i]], track = l.tracks[this.row[i] + 1];
    if (track) {
      const m = firstWhere(0, track.n, (x) => track.list[x] > i);
      if (m < track.n && track.list[m] < this.end[i]) return true;
    }
    return this.children(i).length > 0;
  }

  /* The neighbour of event i on its row: the next, or the one before. */
  sibling(i, step) {
    const l = this.lanes[this.lane[i]];
    const track = l.tracks[this.kindOf(i) === EV.RX ? 1 : this.kindOf(i) === EV.TX ? 0 : this.row[i]];
    const k = firstWhere(0, track.n, (m) => track.list[m] >= i) + step;
    return k >= 0 && k < track.n ? track.list[k] : -1;
  }

  /* Outermost first, without i itself. */
  ancestors(i) {
    const list = [];
    for (let p = this.parent(i); p >= 0; p = this.parent(p)) list.unshift(p);
    return list;
  }

  /* Where the hop that arrived at event i set out, or -1. */
  originOf(i) {
    const k = firstWhere(0, this.arrivals.length, (m) => this.arrivals[m] >= i);
    return k < this.arrivals.length && this.arrivals[k] === i ? this.origins[k] : -1;
  }

  /* Where the hop that set out at event i arrived. */
  destinationsOf(i) {
    const list = [];
    for (let k = firstWhere(0, this.departures.length, (m) => this.departures[m] >= i);
      k < this.departures.length && this.departures[k] === i; k++)
      list.push(this.destinations[k]);
    return list;
  }

  /* The hop because of which event i happened: the last that arrived in its lane before it; -1 when none did. */
  causeOf(i) {
    const list = this.laneHops[this.lane[i]];
    const k = firstWhere(0, list.length, (m) => list[m] >= i) - 1;
    return k >= 0 ? list[k] : -1;
  }

  /* All events of a packet, in order. */
  packetEvents(id) {
    const { n, kind, obj } = this, list = [];
    for (let i = 0; i < n; i++)
      if (obj[i] === id) {
        const k = kind[i] & EV.KIND;
        if (k === EV.FN_SKB || k === EV.TX || k === EV.RX || k === EV.DROP) list.push(i);
      }
    return list;
  }

  /* The bytes of the frame that event i sent or received, or null. */
  frameBytes(i) {
    const c = this.known.get(i);
    return c ? this.bytes.subarray(c.offset, c.offset + c.len) : null;
  }

  /* The event of a frame by which most of its bytes are known, or -1: of its own, else of the frame that was passed on. */
  knownBy(frame) {
    const events = [frame.tx, ...frame.rxs].filter((e) => this.known.has(e));
    const whole = events.find((e) => !this.known.get(e).part);
    return whole ?? events[0] ?? (frame.from ? this.knownBy(frame.from) : -1);
  }

  /* The card that event i, a frame, passed. */
  cardOf(i) {
    return this.hostOf(i).subjects.get(`${SUBJECT.CARD} ${this.op[i]}`) ?? "card " + this.op[i];
  }
}
