/* Search over the whole run, and the filters: hosts, layers, contexts, drops only. */
"use strict";

const RESULTS_PAGE = 200, CONTEXTS = ["CPU", "start-up", "tasks", "softirqs", "hard irqs", "card and wire", "values"];

class Search {
  constructor(app) {
    this.app = app;
    this.run = app.run;
    this.box = document.getElementById("search");
    this.hits = [];
    this.at = -1;
    this.box.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.find(this.box.value), 150);
    });
    this.box.addEventListener("keydown", (e) => {
      if (e.key === "Enter") {
        e.preventDefault();
        clearTimeout(this.timer);
        if (this.box.value !== this.app.state.query) this.find(this.box.value);
        this.next(e.shiftKey ? -1 : 1);
      }
    });
    document.getElementById("next").addEventListener("click", () => this.next(1));
    document.getElementById("previous").addEventListener("click", () => this.next(-1));
  }

  /* What a query means: a test of events. */
  matcher(query) {
    const { run } = this;
    const special = /^(packet|sock|#)\s*:?\s*(0x[0-9a-f]+|\d+)$/i.exec(query) ?? (/^\d+$/.test(query) ?
      [null, "packet", query] : null);
    if (special) {
      const id = Number(special[2]), sock = special[1].toLowerCase() === "sock";
      return (i, k) => run.obj[i] === id && (sock ? k === EV.FN_SK : run.packetOf(i) !== 0);
    }
    const glob = /[*?]/.test(query), words = query.toLowerCase();
    const pattern = new RegExp(glob ? "^" + words.replace(/[.+^${}()|[\]\\]/g, "\\$&").replace(/\*/g, ".*")
      .replace(/\?/g, ".") + "$" : words.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    const fns = Uint8Array.from(run.fns, (fn) => (pattern.test(fn.name.toLowerCase()) ? 1 : 0));
    const texts = new Map(run.hosts.map((h) => [h.index, h.strings.map((s) => pattern.test(s.toLowerCase()))]));
    const drops = run.drops.map((s) => pattern.test(s.toLowerCase()));
    return (i, k) => {
      if (k <= EV.STEP) return fns[run.fn[i]] === 1;
      if (k === EV.SYSCALL || k === EV.NOTE) return texts.get(run.lanes[run.lane[i]].host)[run.obj[i]] === true;
      if (k === EV.DROP) return drops[run.fn[i]] === true;
      return false;
    };
  }

  find(query, show = true) {
    const { run, app } = this;
    query = query.trim();
    this.box.value = query;
    app.state.query = query;
    this.hits = [];
    this.at = -1;
    if (query) {
      const matches = this.matcher(query), shown = run.lanes.map((l) => app.laneShown(l) &&
        !app.state.hiddenHosts.has(run.hostAt[l.host].name));
      for (let i = 0; i < run.n; i++) {
        const k = run.kind[i] & EV.KIND;
        if (matches(i, k) && shown[run.lane[i]]) this.hits.push(i);
      }
    }
    if (show) {
      app.state.side = query ? "results" : app.state.side === "results" ? "call" : app.state.side;
      this.show();
      app.panel.show();
    }
    this.count();
    app.changed();
  }

  next(by) {
    if (!this.hits.length) return;
    const { selected } = this.app.state, n = this.hits.length;
    const at = this.at >= 0 ? this.at + by : by > 0 ? firstWhere(0, n, (k) => this.hits[k] > selected) :
      firstWhere(0, n, (k) => this.hits[k] >= selected) - 1;
    this.at = (at + n) % n;
    this.app.select(this.hits[this.at], { side: this.app.state.side === "results" ? "results" : undefined });
    this.show();
    this.count();
  }

  count() {
    const label = document.getElementById("hits");
    label.textContent = !this.app.state.query ? "" : this.hits.length ? `${this.at >= 0 ? formatCount(this.at + 1) +
      " of " : ""}${formatCount(this.hits.length)}` : "nothing found";
    for (const id of ["next", "previous"]) document.getElementById(id).disabled = !this.hits.length;
  }

  show() {
    const { run, app } = this, body = document.getElementById("side-results");
    const page = Math.max(0, Math.floor(this.at / RESULTS_PAGE)), from = page * RESULTS_PAGE;
    const list = this.hits.slice(from, from + RESULTS_PAGE).map((i, k) => element("li", {
      class: from + k === this.at ? "on" : "" }, element("button", { class: "result", "data-event": i, onclick: () => {
      this.at = from + k;
      app.select(i, { side: "results" });
      this.show();
      this.count();
    } }, element("i", { class: "dot layer-" + run.layer(i) }), element("span", { class: "name" }, run.name(i)),
    element("span", { class: "muted" }, `${app.panel.where(i)} \u00b7 ${run.clock(run.time[i])}`))));
    const pages = Math.ceil(this.hits.length / RESULTS_PAGE);
    const go = (p) => { this.at = p * RESULTS_PAGE; this.show(); };
    body.replaceChildren(element("div", { class: "head" }, element("h2", {}, app.state.query || "Search"),
      element("div", { class: "sub" }, app.state.query ? `${formatCount(this.hits.length)} found` :
        "Type a function or glob (tcp_*), words of a step or call, or a packet\u2019s number.")),
    pages > 1 ? element("div", { class: "picker" }, element("button", { class: "small", disabled: page === 0,
      onclick: () => go(page - 1), "aria-label": "the page before" }, "\u2039"), ` page ${page + 1} of ${pages} `,
    element("button", { class: "small", disabled: page === pages - 1, onclick: () => go(page + 1),
      "aria-label": "the page after" }, "\u203a")) : "",
    element("ol", { class: "results" }, list));
    body.querySelector(".on")?.scrollIntoView({ block: "nearest" });
  }
}

/* The filters' boxes. */
class Filters {
  constructor(app) {
    this.app = app;
    this.root = document.getElementById("filters");
    this.button = document.getElementById("filter-button");
    this.button.addEventListener("click", () => this.toggle());
    document.getElementById("filter-clear").addEventListener("click", () => {
      const { state } = this.app;
      for (const set of [state.hiddenHosts, state.hiddenLayers, state.hiddenContexts]) set.clear();
      state.dropsOnly = false;
      this.apply();
    });
    document.addEventListener("pointerdown", (e) => {
      if (!this.root.hidden && !this.root.contains(e.target) && !this.button.contains(e.target)) this.toggle(false);
    });
  }

  toggle(open = this.root.hidden) {
    this.root.hidden = !open;
    this.button.setAttribute("aria-expanded", String(open));
    if (open) {
      this.show();
      this.root.querySelector("input")?.focus();
    }
  }

  show() {
    const { run, state } = this.app, layers = LAYERS.filter((l) => l === "program" || l === "wire" ||
      run.usedLayers.has(l));
    const contexts = CONTEXTS.map((name, kind) => [name, kind]).filter(([, kind]) => (kind === LANE.VALUE ?
      run.series.length > 0 : run.lanes.some((l) => l.kind === kind && l.rows > 0)));
    this.fill("filter-hosts", run.hosts.map((h) => [h.name, h.name]), state.hiddenHosts);
    this.fill("filter-layers", layers.map((l) => [l, l]), state.hiddenLayers);
    this.fill("filter-contexts", contexts, state.hiddenContexts);
    const drops = document.getElementById("filter-drops");
    drops.checked = state.dropsOnly;
    drops.onchange = () => {
      state.dropsOnly = drops.checked;
      this.apply();
    };
  }

  fill(id, choices, hidden) {
    const all = (show) => () => {
      for (const [, value] of choices) if (show) hidden.delete(value); else hidden.add(value);
      this.apply();
    };
    document.getElementById(id).replaceChildren(element("span", {}, element("button", { class: "small", onclick: all(true) },
      "all"), " ", element("button", { class: "small", onclick: all(false) }, "none")), ...choices.map(([name, value]) => {
      const box = element("input", { type: "checkbox", onchange: () => {
        if (box.checked) hidden.delete(value);
        else hidden.add(value);
        this.apply();
      } });
      box.checked = !hidden.has(value);
      return element("label", {}, box, id === "filter-layers" ? element("i", { class: "dot layer-" + value }) : "", name);
    }));
  }

  get active() {
    const { state } = this.app;
    return state.hiddenHosts.size + state.hiddenLayers.size + state.hiddenContexts.size + (state.dropsOnly ? 1 : 0);
  }

  apply() {
    const { app } = this;
    if (!this.root.hidden) this.show();
    this.button.classList.toggle("active", this.active > 0);
    this.button.querySelector("span").textContent = this.active ? `Filter (${this.active})` : "Filter";
    app.timeline.layout();
    if (app.state.view === "ladder") app.ladder.show();
    else app.ladder.rows = null;
    if (app.state.query) app.search.find(app.state.query, app.state.side === "results");
    app.changed();
  }
}
