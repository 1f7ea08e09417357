/* The page: its state, which the address holds, its header and overview, its keys. */
"use strict";

const VIEWS = ["timeline", "ladder", "run"];

class App {
  constructor(run) {
    this.run = run;
    this.state = { view: "timeline", scale: "order", x0: 0, x1: 1, selected: -1, side: "call", query: "",
      hiddenHosts: new Set(), hiddenLayers: new Set(), hiddenContexts: new Set(), dropsOnly: false, open: new Set(),
      closed: new Set(), values: new Set() };
    this.labels = [];
    this.streams = new Map();
    this.sent = new Map();
    this.survey();
    this.readColors();
    this.timeline = new Timeline(this);
    this.ladder = new Ladder(this);
    this.panel = new Panel(this);
    this.search = new Search(this);
    this.filters = new Filters(this);
    this.defaults();
    this.listen();
    this.header();
    this.overview();
    this.restore();
    this.decodeAhead();
  }

  /* What the run holds as a whole. */
  survey() {
    const { run } = this;
    const used = new Uint8Array(run.fns.length);
    run.usedLayers = new Set();
    run.calls = 0;
    run.dropCounts = new Map();
    for (let i = 0; i < run.n; i++) {
      const k = run.kindOf(i);
      if (k <= EV.STEP) used[run.fn[i]] = 1;
      if (k <= EV.FN_SK) run.calls++;
      if (k === EV.DROP) run.dropCounts.set(run.fn[i], (run.dropCounts.get(run.fn[i]) ?? 0) + 1);
    }
    run.fns.forEach((fn, i) => { if (used[i]) run.usedLayers.add(fn.layer); });
    run.usedFns = used.reduce((n, u, i) => n + (u && run.fns[i].kind === 0 ? 1 : 0), 0);
  }

  /* Whether virtual time passes inside calls: then the scale of time is the better one to begin with. */
  defaults() {
    const { run, state } = this;
    let n = 0;
    for (let i = 0; i < run.n && n < 50; i += 7)
      if (run.isCall(i) && run.lanes[run.lane[i]].kind !== LANE.TASK && run.endTime(i) > run.time[i]) n++;
    state.scale = n >= 50 ? "time" : "order";
    state.x1 = this.timeline.bounds()[1];
    state.x0 = this.beginning();
    const rows = run.lanes.reduce((sum, l) => sum + l.rows, 0);
    if (rows * ROW_BIG < 500) for (const l of run.lanes) state.open.add(l.index);
  }

  /* Where the time line begins at first: after the hosts' start-up, unless the run is nothing else. */
  beginning() {
    const { run } = this, [lo, hi] = this.timeline.bounds();
    let first = run.n;
    for (const l of run.lanes) if (l.kind === LANE.TASK && l.program) first = Math.min(first, l.tracks[0].list[0]);
    const start = run.changes[Math.max(0, firstWhere(0, run.changes.length, (c) => run.changes[c] > first) - 1)] ?? 0;
    const value = start > 0 ? this.timeline.start(start) : run.changes.length > 1 && first < run.changes[1] &&
      this.timeline.ordered ? first : lo;
    return hi - value > 16 ? value : lo;
  }

  /* ---- what views ask ---- */

  laneShown(lane) {
    return !this.state.hiddenContexts.has(lane.kind);
  }

  /* Takes back the filters that hide a lane. */
  showLane(lane) {
    const { state } = this, host = this.run.hostAt[lane.host].name;
    state.closed.delete(host);
    if (state.hiddenContexts.delete(lane.kind) | state.hiddenHosts.delete(host)) this.filters.apply();
  }

  get dimming() {
    return this.state.dropsOnly || this.state.hiddenLayers.size > 0;
  }

  /* Whether a filter takes the colour off event i. */
  dims(i, layer) {
    const { state } = this;
    if (state.hiddenLayers.size && state.hiddenLayers.has(layer)) return true;
    if (!state.dropsOnly) return false;
    const packet = this.run.packetOf(i);
    return packet === 0 || !this.droppedPackets().has(packet);
  }

  droppedPackets() {
    if (!this.dropped) {
      this.dropped = new Set();
      for (const lane of this.run.lanes) for (const i of lane.drops.list) this.dropped.add(this.run.obj[i]);
      this.dropped.delete(0);
    }
    return this.dropped;
  }

  /* The packet of the selection: of the call, or of the call that it is in. */
  selectedPacket() {
    const { run } = this, i = this.state.selected;
    if (this.packetFor !== i) {
      this.packetFor = i;
      this.packet = 0;
      for (let e = i; e >= 0 && !this.packet; e = run.parent(e)) this.packet = run.packetOf(e);
    }
    return this.packet;
  }

  packetEvents(packet) {
    if (this.eventsFor !== packet) {
      this.eventsFor = packet;
      this.events = this.run.packetEvents(packet);
    }
    return this.events;
  }

  /* The hops that led to event i, the nearest first. */
  causes(i) {
    if (this.causesFor === i) return this.causeList;
    const { run } = this, list = [];
    for (let e = i; e >= 0 && list.length < 12;) {
      const arrival = this.arrivalBefore(e), origin = arrival >= 0 ? run.originOf(arrival) : -1;
      if (origin < 0 || origin >= e) break;
      list.push({ arrival, origin });
      e = this.runs(origin);
    }
    this.causesFor = i;
    this.causeList = list;
    return list;
  }

  /* The arrival of a hop because of which event e happened. What a card or a
   * timer does, it does because of what happened at that instant. */
  arrivalBefore(e) {
    const { run } = this, arrival = run.causeOf(e + (run.kindOf(e) === EV.HOP_IN ? 1 : 0));
    const { kind } = run.lanes[run.lane[e]];
    if ((kind === LANE.CARD || kind === LANE.CPU) && arrival >= 0 && run.time[arrival] !== run.time[e]) return -1;
    return arrival;
  }

  /*
   * Where to go on from where a hop set out: a frame that a card sends is followed to the driver's call that had the
   * packet last, or to any call that had it.
   */
  runs(origin) {
    const { run } = this;
    if (run.lanes[run.lane[origin]].kind !== LANE.CARD || HOPS[run.fn[origin]] !== "frame") return origin;
    const host = run.hostOf(origin), packet = run.packetOf(origin + 1);
    let any = -1;
    for (let e = origin - 1; e >= 0 && origin - e < 200000; e--) {
      if (run.obj[e] !== packet || run.kindOf(e) !== EV.FN_SKB || run.hostOf(e) !== host) continue;
      if (any < 0) any = e;
      if (run.layer(e) === "interface") return run.parent(e) >= 0 ? run.parent(e) : e;
    }
    return any;
  }

  /* What a frame says, in one line, and whether it was sent before. */
  frameInfo(index) {
    const { run } = this;
    while (this.labels.length <= index) {
      const f = run.frames[this.labels.length], event = f.tx >= 0 ? f.tx : f.rxs[0], by = run.knownBy(f);
      if (by < 0) {
        this.labels.push({ label: `${run.fn[event]} bytes, packet ${run.obj[event]}`, resent: false });
        continue;
      }
      const d = decodeFrame(run.frameBytes(by), run.fn[by]), label = frameLabel(d, this.streams);
      this.labels.push({ label, resent: f.tx >= 0 && this.sentBefore(d, run.hostOf(f.tx)),
        ports: d.segment ? `${d.segment.sport} > ${d.segment.dport} ` : "" });
    }
    return this.labels[index];
  }

  /* Takes frames apart while nobody waits for anything: labels hang on the frames before them. */
  decodeAhead() {
    const until = performance.now() + 8;
    while (this.labels.length < this.run.frames.length && performance.now() < until) this.frameInfo(this.labels.length);
    if (this.labels.length < this.run.frames.length) setTimeout(() => this.decodeAhead(), 30);
  }

  frameLabel(index) {
    return this.frameInfo(index).label;
  }

  /* Whether this host sent these bytes of the connection before. */
  sentBefore(d, host) {
    const s = d.segment;
    if (!s || (!s.data && !(s.flags & 3))) return false;
    const key = `${host.name} ${d.src}:${s.sport}>${d.dst}:${s.dport}`, end = s.seq + s.data + (s.flags & 3 ? 1 : 0);
    const seen = this.sent.get(key);
    if (seen === undefined || s.flags & 2 && end !== seen || (end - seen | 0) > 0) {
      this.sent.set(key, end >>> 0);
      return false;
    }
    return true;
  }

  command(pcap) {
    const m = this.run.manifest, words = ["./wirepath run", m.scenario ?? "SCENARIO.lua", "--seed", m.seed ?? 1];
    for (const p of (m.params ?? "").split(" ").filter(Boolean)) words.push("--set", /^[\w.=:/,%-]+$/.test(p) ? p :
      `'${p.replace(/'/g, "'\\''")}'`);
    if (m.until_ns !== undefined) words.push("--until", m.until_ns);
    if (m.filter) words.push("--trace", `'${m.filter}'`);
    if (pcap || this.run.captures) words.push("--pcap");
    return words.join(" ");
  }

  /* ---- what the user does ---- */

  toggle(set, value) {
    if (!set.delete(value)) set.add(value);
    this.changed();
  }

  select(i, { reveal = true, side } = {}) {
    const { state } = this;
    state.selected = i;
    if (side) state.side = side;
    else if (i >= 0 && state.side === "results" && !reveal) state.side = "call";
    else if (i >= 0 && state.side === "results" && this.run.frameOf.has(i)) state.side = "bytes";
    if (i >= 0 && reveal && state.view === "timeline") this.timeline.reveal(i);
    this.panel.show();
    if (i >= 0 && reveal && state.view === "ladder") this.ladder.reveal(i);
    this.timeline.invalidate();
    this.ladder.invalidate();
    document.getElementById("said").textContent = i < 0 ? "nothing selected" : `${this.run.name(i)}, ` +
      `${this.panel.where(i)}, ${formatTime(this.run.time[i])}`;
    this.changed();
  }

  setSide(side) {
    this.state.side = side;
    if (side === "results") this.search.show();
    this.panel.show();
    this.changed();
  }

  setView(view) {
    this.state.view = view;
    for (const v of VIEWS) {
      document.getElementById(v).hidden = v !== view;
      const tab = document.getElementById("tab-" + v);
      tab.setAttribute("aria-selected", String(v === view));
      tab.tabIndex = v === view ? 0 : -1;
    }
    document.getElementById("tl-tools").hidden = view !== "timeline";
    document.getElementById("ladder-show").hidden = view !== "ladder";
    if (view === "timeline") {
      this.timeline.layout();
      if (this.state.selected >= 0) this.timeline.reveal(this.state.selected);
    }
    if (view === "ladder") {
      this.ladder.show();
      this.ladder.reveal(this.state.selected);
    }
    this.changed();
  }

  setTheme(theme) {
    if (theme) document.documentElement.dataset.theme = theme;
    this.readColors();
    this.timeline.invalidate();
    this.ladder.invalidate();
  }

  get dark() {
    const theme = document.documentElement.dataset.theme;
    return theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  }

  /* The style sheet's colours, for the canvases. */
  readColors() {
    const probe = document.getElementById("probe"), color = (name) => {
      probe.style.color = `var(--${name})`;
      return getComputedStyle(probe).color;
    };
    const c = { mono: getComputedStyle(document.documentElement).getPropertyValue("--mono"),
      sans: getComputedStyle(document.documentElement).getPropertyValue("--sans") };
    for (const name of ["page", "bar", "line", "grid", "text", "muted", "accent", "select", "drop", "resent", "ladder",
      "idle", "task", "softirq", "irq", "wire", "density", "shade", "cause", "effect",
      "value"]) c[name] = color(name);
    c.selectFill = color("select-fill");
    c.relatedFill = color("related-fill");
    c.fills = [...LAYERS.map((l) => color("fill-" + l)), color("fill-dim"), color("fill-step")];
    c.inks = [...LAYERS.map((l) => color("ink-" + l)), color("ink-dim"), color("ink-step")];
    const pixel = (rgb) => {
      const [r, g, b] = rgb.match(/\d+/g).map(Number);
      return (0xff000000 | b << 16 | g << 8 | r) >>> 0;
    };
    c.pixel = { page: pixel(c.page), grid: pixel(c.grid), bar: pixel(c.bar), fills: c.fills.map(pixel) };
    c.states = ["application", "transport", "internet", "interface", "skb", "nic-model", "lua", "netfilter"].map((l) =>
      color("fill-" + l));
    c.tagCall = [color("tag-call"), color("line"), c.text];
    c.tagState = [color("tag-state"), color("state"), color("state")];
    c.tagDrop = [color("tag-drop"), c.drop, c.drop];
    this.colors = c;
  }

  /* ---- the address ---- */

  /* Something of the state has changed: a little later the address says so. */
  changed() {
    if (!this.ready) return;
    clearTimeout(this.hashTimer);
    this.hashTimer = setTimeout(() => this.writeHash(), 150);
  }

  hash() {
    const s = this.state, p = new URLSearchParams(), set = (name, value) => { if (value) p.set(name, value); };
    const list = (items) => Array.from(items).map((i) => encodeURIComponent(i)).join(",");
    p.set("view", s.view);
    p.set("scale", s.scale);
    p.set("at", `${Math.round(s.x0)}-${Math.round(s.x1)}`);
    if (s.selected >= 0) p.set("event", s.selected);
    if (s.selected >= 0 || s.side === "results") p.set("side", s.side);
    set("find", s.query);
    set("nohosts", list(s.hiddenHosts));
    set("nolayers", list(s.hiddenLayers));
    set("nocontexts", list(s.hiddenContexts));
    if (s.dropsOnly) p.set("drops", 1);
    set("open", list(s.open));
    set("closed", list(s.closed));
    set("values", list(s.values));
    if (s.view === "timeline" && this.timeline.scroller.scrollTop) p.set("top",
      Math.round(this.timeline.scroller.scrollTop));
    return "#" + p.toString();
  }

  writeHash() {
    clearTimeout(this.hashTimer);
    this.written = this.hash();
    if (location.hash !== this.written) history.replaceState(null, "", this.written);
  }

  /* Puts the state back that the address holds. What does not fit the run is passed over. */
  restore() {
    const p = new URLSearchParams(location.hash.slice(1)), s = this.state, { run } = this;
    const list = (name) => (p.get(name) ?? "").split(",").filter(Boolean).map((v) => {
      try {
        return decodeURIComponent(v);
      } catch {
        return v;
      }
    });
    this.ready = false;
    if (p.has("scale")) s.scale = p.get("scale") === "time" ? "time" : "order";
    const at = /^(-?\d+)-(\d+)$/.exec(p.get("at") ?? "");
    const whole = [this.beginning(), this.timeline.bounds()[1]];
    [s.x0, s.x1] = at && Number(at[2]) > Number(at[1]) ? [Number(at[1]), Number(at[2])] : whole;
    s.hiddenHosts = new Set(list("nohosts"));
    s.hiddenLayers = new Set(list("nolayers"));
    s.hiddenContexts = new Set(list("nocontexts").map(Number));
    s.dropsOnly = p.has("drops");
    if (p.has("view")) s.open = new Set(list("open").map(Number));
    s.closed = new Set(list("closed"));
    s.values = new Set(list("values"));
    const event = p.has("event") ? Number(p.get("event")) : -1;
    s.selected = Number.isInteger(event) && event >= 0 && event < run.n ? event : -1;
    s.side = ["call", "bytes", "journey", "results"].includes(p.get("side")) ? p.get("side") : "call";
    s.view = VIEWS.includes(p.get("view")) ? p.get("view") : "timeline";
    this.timeline.density = null;
    this.filters.apply();
    if (p.has("find")) this.search.find(p.get("find"), s.side === "results");
    const selected = s.selected;
    s.selected = -1; // the window of the address stays as it is
    this.setView(s.view);
    s.selected = selected;
    this.timeline.setView(s.x0, s.x1);
    this.timeline.scroller.scrollTop = Number(p.get("top") ?? 0);
    this.panel.show();
    if (s.view === "ladder") this.ladder.reveal(selected);
    this.updateControls();
    this.ready = true;
    this.written = location.hash;
  }

  /* ---- header and overview ---- */

  header() {
    const { run } = this, m = run.manifest;
    document.title = (m.scenario ?? "run") + " \u2013 wirepath";
    document.getElementById("scenario").textContent = m.scenario ?? "a run without a manifest";
    const badge = document.getElementById("result");
    badge.textContent = m.result ?? "cut off";
    badge.className = "badge " + (m.result === "done" ? "good" : "bad");
    const facts = [["seed", m.seed], ["time", m.time_ns === undefined ? undefined : formatTime(m.time_ns)],
      ["hosts", run.hosts.length], ["frames", run.frames.length], ["drops", Array.from(run.dropCounts.values())
        .reduce((a, b) => a + b, 0)], ["calls", run.calls]];
    document.getElementById("totals").replaceChildren(...facts.filter(([, v]) => v !== undefined).map(([name, v]) =>
      element("span", { class: "total" + (name === "drops" && v ? " bad" : "") }, name === "seed" ? "seed " : "",
        element("b", {}, typeof v === "number" ? formatCount(v) : v), name === "seed" ? "" : " " + name)));
  }

  /* The view "Run": what the run was, and how to run it again. */
  overview() {
    const { run } = this, m = run.manifest, root = document.getElementById("run-cards");
    const card = (title, ...body) => element("section", { class: "card" }, element("h2", {}, title), ...body);
    const table = (rows) => element("table", { class: "plain" }, element("tbody", {}, rows.map(([name, value, cls]) =>
      element("tr", { class: cls }, element("th", { scope: "row" }, name), element("td", {}, value)))));
    const command = (text) => element("div", { class: "command" }, element("pre", {}, text.split(" ").map((word, k) =>
      [k ? " " : "", element("span", {}, word)])), element("button", {
      class: "small", onclick: (e) => this.copy(text, e.target) }, "copy"));
    const notes = [];
    if (run.truncated) notes.push("The trace was cut off: what comes before the cut is shown.");
    if (run.filtered) notes.push("The trace was made through a filter: it does not hold all calls.");
    if (!run.captures && run.frames.length) notes.push("The run kept only the first bytes of frames: with --pcap the " +
      "report shows all.");
    const drops = Array.from(run.dropCounts).sort((a, b) => b[1] - a[1] || a[0] - b[0]);
    root.replaceChildren(
      card("Run", table([["scenario", m.scenario ?? "?"], ["seed", m.seed ?? "?"], ["parameters", m.params || "none"],
        ["result", m.result ?? "cut off"], ["virtual time", formatTime(m.time_ns ?? run.time[run.n])],
        ["version", "wirepath " + (m.version ?? "?")], ["digest", element("code", {}, m.digest_run ?? "?")],
        ["digest of calls", element("code", {}, m.digest_calls ?? "?")]]),
      element("h3", {}, "Run it again"), command(this.command(false)), notes.map((n) => element("p", { class: "note" }, n))),
      card("Totals", table([["hosts", formatCount(run.hosts.length)], ["calls", formatCount(run.calls)],
        ["functions", formatCount(run.usedFns)], ["frames", formatCount(run.frames.length)],
        ["events", m.events === undefined ? "?" : formatCount(m.events)], ["trace records", m.records === undefined ?
          formatCount(run.n) : formatCount(m.records)]]),
      element("h3", {}, "Drops"), drops.length ? table(drops.map(([reason, n]) => [element("button", { class: "link",
        onclick: () => this.search.find(run.drops[reason] ?? "") }, run.drops[reason] ?? "reason " + reason),
      formatCount(n), "bad"])) : element("p", { class: "muted" }, "No packet was dropped.")),
      this.hostCard(card), this.functionCard(card),
      card("Output of the programs", run.outputs.length ? element("div", { class: "outputs" }, run.outputs.map((o) =>
        element("div", { class: "output" }, element("h3", {}, o.name.replace(/\.out$/, "")), o.text ? element("pre",
          { tabindex: 0 }, o.text) : element("p", { class: "muted" }, "nothing")))) :
        element("p", { class: "muted" }, "No program wrote anything.")));
    root.lastElementChild.classList.add("all");
  }

  hostCard(card) {
    const { run } = this, count = new Map(run.hosts.map((h) => [h, { calls: 0, tx: 0, rx: 0, drops: 0 }]));
    for (let i = 0; i < run.n; i++) {
      const c = count.get(run.hostOf(i)), k = run.kindOf(i);
      if (k <= EV.FN_SK) c.calls++;
      else if (k === EV.TX) c.tx++;
      else if (k === EV.RX) c.rx++;
      else if (k === EV.DROP) c.drops++;
    }
    const head = ["host", "calls", "sent", "received", "drops"];
    return card("Hosts", element("div", { class: "wide" }, element("table", { class: "grid" }, element("thead", {},
      element("tr", {}, head.map((h) => element("th", { scope: "col" }, h)))), element("tbody", {}, run.hosts.map((h) => {
      const c = count.get(h);
      return element("tr", {}, element("th", { scope: "row" }, h.name), [c.calls, c.tx, c.rx, c.drops].map((n) =>
        element("td", {}, formatCount(n))));
    })))));
  }

  functionCard(card) {
    const { run } = this, counts = new Uint32Array(run.fns.length);
    for (let i = 0; i < run.n; i++) if (run.isCall(i)) counts[run.fn[i]]++;
    const top = Array.from(counts.keys()).filter((f) => counts[f]).sort((a, b) => counts[b] - counts[a] || a - b)
      .slice(0, 12);
    return card("Functions called most", element("table", { class: "plain" }, element("tbody", {}, top.map((f) =>
      element("tr", {}, element("th", { scope: "row" }, element("i", { class: "dot layer-" + (LAYERS.includes(
        run.fns[f].layer) ? run.fns[f].layer : "other") }), element("button", { class: "link", onclick: () =>
        this.search.find(run.fns[f].name) }, run.fns[f].name)), element("td", {}, formatCount(counts[f])))))));
  }

  async copy(text, button) {
    const said = button.textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "copied";
    } catch {
      button.textContent = "not allowed";
    }
    setTimeout(() => { button.textContent = said; }, 1500);
  }

  updateControls() {
    for (const b of document.querySelectorAll("[data-scale]"))
      b.setAttribute("aria-pressed", String(b.dataset.scale === this.state.scale));
    const all = this.run.lanes.every((l) => l.rows === 0 || l.kind === LANE.CPU || l.kind === LANE.CARD ||
      this.state.open.has(l.index));
    document.getElementById("rows").textContent = all ? "Small rows" : "Large rows";
  }

  toggleRows() {
    const { run, state, timeline } = this, all = document.getElementById("rows").textContent === "Small rows";
    for (const l of run.lanes) if (all) state.open.delete(l.index); else state.open.add(l.index);
    timeline.layout();
    this.updateControls();
    this.changed();
  }

  /* ---- controls and keys ---- */

  listen() {
    const on = (id, f) => document.getElementById(id).addEventListener("click", f);
    for (const v of VIEWS) on("tab-" + v, () => this.setView(v));
    on("theme", () => this.setTheme(this.dark ? "light" : "dark"));
    on("help-button", () => document.getElementById("help").showModal());
    on("help-close", () => document.getElementById("help").close());
    on("zoom-in", () => this.timeline.zoom(0.6));
    on("zoom-out", () => this.timeline.zoom(1 / 0.6));
    on("zoom-fit", () => this.timeline.fit());
    on("rows", () => this.toggleRows());
    on("panel-close", () => this.closePanel());
    on("link", (e) => {
      this.writeHash();
      this.copy(location.href, e.currentTarget);
    });
    for (const b of document.querySelectorAll("[data-scale]"))
      b.addEventListener("click", () => this.timeline.setScale(b.dataset.scale));
    for (const tabs of document.querySelectorAll("[role=tablist]"))
      tabs.addEventListener("keydown", (e) => this.tabKey(e, tabs));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.setTheme());
    addEventListener("hashchange", () => { if (location.hash !== this.written) this.restore(); });
    addEventListener("keydown", (e) => this.key(e));
    addEventListener("resize", () => this.timeline.layout());
  }

  closePanel() {
    if (this.state.side === "results") this.state.side = "call";
    this.select(-1);
  }

  tabKey(e, tabs) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
    if (!by) return;
    const list = Array.from(tabs.querySelectorAll("[role=tab]")), at = list.indexOf(document.activeElement);
    const tab = list[(at + by + list.length) % list.length];
    tab.click();
    tab.focus();
    e.preventDefault();
    e.stopPropagation();
  }

  key(e) {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName) && e.target.type !== "checkbox";
    if (e.key === "Escape") {
      if (typing) e.target.blur();
      else if (!this.filters.root.hidden) this.filters.toggle(false);
      else if (!document.getElementById("help").open) this.closePanel();
      return;
    }
    if (typing || e.ctrlKey || e.metaKey || e.altKey || document.getElementById("help").open) return;
    const f = this.keys[e.key] ?? (this.state.view === "timeline" ? this.timelineKeys[e.key] :
      this.state.view === "ladder" ? this.ladderKeys[e.key] : null);
    if (!f) return;
    e.preventDefault();
    f.call(this, e);
  }

  keys = {
    "?"() { document.getElementById("help").showModal(); },
    "1"() { this.setView("timeline"); },
    "2"() { this.setView("ladder"); },
    "3"() { this.setView("run"); },
    "/"() { this.search.box.focus(); this.search.box.select(); },
    n() { this.search.next(1); },
    N() { this.search.next(-1); },
    f() { this.filters.toggle(); },
    d() { this.setTheme(this.dark ? "light" : "dark"); },
    c() { this.setSide("call"); },
    b() { this.setSide("bytes"); },
    j() { this.setSide("journey"); },
  };

  timelineKeys = {
    "+"() { this.timeline.zoom(0.6); },
    "="() { this.timeline.zoom(0.6); },
    "-"() { this.timeline.zoom(1 / 0.6); },
    "0"() { this.timeline.fit(); },
    ArrowLeft(e) { this.timeline.pan(e.shiftKey ? -0.8 : -0.15); },
    ArrowRight(e) { this.timeline.pan(e.shiftKey ? 0.8 : 0.15); },
    ArrowUp() { this.timeline.scroller.scrollTop -= 60; },
    ArrowDown() { this.timeline.scroller.scrollTop += 60; },
    PageUp() { this.timeline.scroller.scrollTop -= this.timeline.viewHeight * 0.8; },
    PageDown() { this.timeline.scroller.scrollTop += this.timeline.viewHeight * 0.8; },
    t() { this.timeline.setScale(this.state.scale === "order" ? "time" : "order"); },
    r() { this.toggleRows(); },
    z() { if (this.state.selected >= 0) this.timeline.reveal(this.state.selected, true); },
    u() { this.go((i) => this.run.parent(i)); },
    i() { this.go((i) => this.run.children(i)[0] ?? -1); },
    "]"() { this.go((i) => this.run.sibling(i, 1)); },
    "["() { this.go((i) => this.run.sibling(i, -1)); },
  };

  ladderKeys = {
    ArrowDown() { this.ladder.step(1); },
    ArrowUp() { this.ladder.step(-1); },
    PageDown() { this.ladder.scroller.scrollTop += this.ladder.height * 0.8; },
    PageUp() { this.ladder.scroller.scrollTop -= this.ladder.height * 0.8; },
    Home() { this.ladder.scroller.scrollTop = 0; },
    End() { this.ladder.scroller.scrollTop = 1e9; },
  };

  /* Moves the selection; without one, the first call in view becomes it. */
  go(where) {
    const i = this.state.selected;
    const to = i >= 0 ? where(i) : this.timeline.placeAt(this.state.x0);
    if (to >= 0 && to < this.run.n) this.select(to);
  }
}

async function main() {
  const data = document.getElementById("data"), began = performance.now();
  try {
    const run = await Run.load(data.textContent);
    data.textContent = "";
    window.report = new App(run);
    window.report.loadTime = performance.now() - began;
    document.getElementById("loading").remove();
  } catch (e) {
    document.getElementById("loading").textContent = "This report cannot be shown: " + e.message +
      ". It needs a browser of 2024 or later.";
    throw e;
  }
}

main();
