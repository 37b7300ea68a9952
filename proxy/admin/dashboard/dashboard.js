// The operator's page. What happens now comes as server-sent events, what happened comes from the series; nothing is
// asked of any other host. All text goes into the page as text, never as markup.
"use strict";

const byId = id => document.getElementById(id);
const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

function bytes(n) {
  let unit = 0, value = n;
  while (Math.abs(value) >= 1024 && unit + 1 < units.length) { value /= 1024; ++unit; }
  return `${unit ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
const count = n => Math.round(n).toLocaleString("en-US");
const percent = r => r === null || r === undefined ? "–" : `${(100 * r).toFixed(1)} %`;
function duration(s) {
  if (s === null || s === undefined) return "–";
  if (s < 1) return `${(1000 * s).toFixed(1)} ms`;
  if (s < 60) return `${s.toFixed(1)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} m ${Math.floor(s % 60)} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} m`;
  return `${Math.floor(s / 86400)} d ${Math.floor(s / 3600) % 24} h`;
}
const sum = o => Object.values(o).reduce((a, b) => a + b, 0);

async function get(path) {
  const answer = await fetch(path, {cache: "no-store"});
  const document_ = await answer.json();
  if (!answer.ok) throw new Error(document_.error);
  return document_;
}

function fillTable(id, rows) {
  const body = document.createElement("tbody");
  for (const cells of rows) {
    const row = body.insertRow();
    for (const cell of cells) {
      const place = row.insertCell();
      if (cell instanceof Node) place.append(cell);
      else if (typeof cell === "object") { place.textContent = cell.text; place.className = cell.kind; }
      else place.textContent = cell;
    }
  }
  const table = byId(id);
  table.replaceChild(body, table.tBodies[0]);
  table.hidden = rows.length === 0;
}
const number = text => ({text, kind: "number"});
const name = text => ({text, kind: "name"});

// ---- what happened: sums, charts and tables of the chosen stretch of time

let range = new URLSearchParams(location.hash.slice(1)).get("range") || "24h";
let charts = [];
const powersOfTwo = Array.from({length: 51}, (_, i) => 2 ** i); // so that the marks are whole KiB, MiB, GiB
const color = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const plots = [
  {id: "chart-hit-ratio", lines: [["of requests", "hit_ratio", "--hit"], ["of bytes", "byte_hit_ratio", "--third"]],
   text: percent, range: [0, 1]},
  {id: "chart-traffic", lines: [["from the store", "bytes_from_cache", "--hit"], ["from upstream", "bytes_from_upstream", "--miss"]],
   text: bytes},
  {id: "chart-saved", lines: [["bytes saved", "bytes_saved", "--hit"]], text: bytes},
  {id: "chart-storage", by: "pool", metric: "store_bytes", limit: "store_limit_bytes", text: bytes},
];

async function seriesOf(plot) {
  const ask = (metric, by) => get(`/api/v1/stats/series?metric=${metric}&from=-${range}${by ? `&by=${by}` : ""}`);
  const shades = ["--hit", "--third", "--fourth"];
  if (!plot.by) {
    const found = await Promise.all(plot.lines.map(l => ask(l[1])));
    return {times: found[0].times, lines: found.map((s, i) => ({label: plot.lines[i][0], color: plot.lines[i][2], values: s.series[0].values}))};
  }
  const [parts, limit] = await Promise.all([ask(plot.metric, plot.by), ask(plot.limit)]);
  const lines = parts.series.map((s, i) => ({label: s.name, color: shades[i % shades.length], values: s.values}));
  lines.push({label: "limit", color: "--bad", values: limit.series[0].values, dash: [6, 4]});
  return {times: parts.times, lines};
}

function draw(plot, data) {
  const place = byId(plot.id);
  const axis = {stroke: color("--faint"), grid: {stroke: color("--line"), width: 1}, ticks: {stroke: color("--line"), width: 1}};
  const lone = (u, i, idx) => { // a value between two gaps is a point: a line needs two
    const v = u.data[i];
    return v.some((y, k) => y !== null && (v[k - 1] ?? null) === null && (v[k + 1] ?? null) === null);
  };
  const options = {
    width: place.clientWidth, height: 200, cursor: {y: false},
    scales: {y: {range: plot.range || ((u, low, high) => [Math.min(0, low ?? 0), high > 0 ? high * 1.05 : 1])}},
    axes: [axis, {...axis, size: 74, ...(plot.text === bytes ? {incrs: powersOfTwo} : {}), values: (u, ticks) => ticks.map(t => t === null ? "" : plot.text(t))}],
    series: [{value: (u, t) => t === null ? "–" : new Date(1000 * t).toLocaleString()}].concat(data.lines.map(l => ({
      label: l.label, stroke: color(l.color), width: 2, dash: l.dash, spanGaps: false, points: {show: lone, size: 4},
      value: (u, v) => v === null ? "–" : plot.text(v)}))),
  };
  place.replaceChildren();
  charts.push(new uPlot(options, [data.times, ...data.lines.map(l => l.values)], place));
}

function showTotal(t, currency) {
  byId("hit-ratio").textContent = percent(t.hit_ratio.requests);
  byId("byte-hit-ratio").textContent = percent(t.hit_ratio.bytes);
  byId("bytes-saved").textContent = bytes(t.saved.bytes);
  byId("bytes-served").textContent = bytes(t.bytes.served);
  byId("requests-saved").textContent = count(t.saved.requests);
  byId("pulls-saved").textContent = count(t.saved.pulls);
  byId("time-saved").textContent = duration(t.saved.seconds);
  byId("latency").textContent = `first byte p95 ${duration(t.seconds.first_byte.p95)}, of upstream ${duration(t.seconds.upstream.p95)}`;
  byId("money-tile").hidden = t.saved.money === 0;
  byId("money-saved").textContent = t.saved.money.toFixed(2);
  byId("currency").textContent = currency;
}

function namedRows(rows) {
  return rows.map(r => [name(r.name), number(count(sum(r.requests))), number(percent(r.hit_ratio.requests)),
                        number(bytes(r.bytes.served)), number(bytes(r.saved.bytes))]);
}

let asking = 0;
async function refresh() {
  const mine = ++asking;
  for (const b of byId("ranges").children) b.setAttribute("aria-pressed", b.dataset.range === range);
  try {
    const ask = by => get(`/api/v1/stats/window?from=-${range}&limit=10${by ? `&by=${by}` : ""}`);
    const [repositories, clients, ...data] = await Promise.all([ask("repository"), ask("client"), ...plots.map(seriesOf)]);
    if (mine !== asking) return; // another range was chosen meanwhile
    showTotal(repositories.total, repositories.currency);
    fillTable("repositories", namedRows(repositories.rows));
    fillTable("clients", namedRows(clients.rows));
    for (const c of charts) c.destroy();
    charts = [];
    plots.forEach((plot, i) => draw(plot, data[i]));
    document.body.dataset.drawn = range; // all of it is of this range
  } catch (e) {
    say(`the statistics cannot be shown: ${e.message}`, true);
  }
}

// ---- what happens now

function endpointRows(upstreams) {
  return upstreams.flatMap(u => u.endpoints.map((e, i) => [
    name(e.url), {text: e.breaker, kind: e.breaker === "closed" ? "" : "bad"},
    number(e.ratelimit.limit === null ? "–" : `${count(e.ratelimit.remaining)} of ${count(e.ratelimit.limit)}`),
    number(i ? "" : count(u.requests)), number(i ? "" : count(u.errors)), name(e.last_error)]));
}

function fillRows(fills) {
  return fills.map(f => {
    const cell = document.createElement("span");
    const bar = document.createElement("progress");
    if (f.total) { bar.max = f.total; bar.value = f.received; }
    cell.append(bar, f.total ? ` ${bytes(f.received)} of ${bytes(f.total)}` : ` ${bytes(f.received)}`);
    return [name(f.digest.slice(0, 19)), f.upstream, cell, number(count(f.followers))];
  });
}

function showAlerts(alerts) {
  const firing = alerts.filter(a => a.state === "firing");
  byId("alerts").hidden = firing.length === 0;
  byId("alerts").replaceChildren(...firing.map(a => {
    const line = document.createElement("p");
    line.textContent = `${a.name}: ${a.metric} is ${a.value}, ${a.below === undefined ? `above ${a.above}` : `below ${a.below}`}, since ${new Date(1000 * a.since).toLocaleString()}`;
    return line;
  }));
}

function showNow(now) {
  showAlerts(now.alerts);
  const s = now.stats.store;
  byId("version").textContent = now.stats.version;
  byId("store-bytes").textContent = bytes(s.bytes);
  byId("store-of").textContent = `${s.limit_bytes ? `of ${bytes(s.limit_bytes)}, ` : ""}${count(s.objects)} objects, ${bytes(s.dedup_savings_bytes)} spared by sharing`;
  byId("store-bar").hidden = !s.limit_bytes;
  byId("store-bar").value = s.limit_bytes ? s.bytes / s.limit_bytes : 0;
  byId("store-bar").className = s.limit_bytes && s.bytes > 0.97 * s.limit_bytes ? "full" : "";
  fillTable("upstreams", endpointRows(now.upstreams));
  fillTable("fills", fillRows(now.fills));
  byId("no-fills").hidden = now.fills.length > 0;
  fillTable("problems", now.problems.map(p => [new Date(1000 * p.time).toLocaleString(), {text: p.message, kind: p.level === "error" ? "name bad" : "name"}]));
  byId("no-problems").hidden = now.problems.length > 0;
  byId("last-gc").textContent = now.gc.running ? `under way, ${count(now.gc.done)} of ${count(now.gc.of)}`
    : now.gc.last_summary ? `${new Date(1000 * now.gc.last_ended_at).toLocaleString()}, ${now.gc.last_summary}` : "none since the start";
  byId("connection").textContent = `live, up ${duration(now.stats.uptime_seconds)}, ${count(now.stats.connections.open)} connections`;
  byId("connection").className = "quiet";
  document.body.dataset.live = "yes";
}

const events = new EventSource("/api/v1/events");
events.onmessage = e => showNow(JSON.parse(e.data));
events.onerror = () => {
  byId("connection").textContent = "no connection to the server: what is shown is old";
  byId("connection").className = "bad";
};

// ---- commands

function say(text, bad) {
  byId("answer").textContent = text;
  byId("answer").className = bad ? "bad" : "";
}

function confirmed(question) {
  byId("question").textContent = question;
  const dialog = byId("confirm");
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise(done => dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), {once: true}));
}

async function command(path, body) {
  say("…");
  try {
    const answer = await fetch(path, {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body)});
    const document_ = await answer.json();
    if (!answer.ok) throw new Error(document_.error);
    return document_;
  } catch (e) {
    say(e.message, true);
    return null;
  }
}

const removed = r => `${count(r.objects)} objects, ${bytes(r.bytes)}`;

byId("gc-form").addEventListener("submit", async e => {
  e.preventDefault();
  const dry = e.submitter.value === "1";
  if (!dry && !await confirmed("Remove now what policies and limits say must go?")) return;
  const report = await command("/api/v1/gc", {dry_run: dry});
  if (report) say(dry ? `gc would remove ${removed(report)}` : `removed ${removed(report)}`);
});

byId("image-form").addEventListener("submit", async e => {
  e.preventDefault();
  const verb = e.submitter.value, image = e.target.image.value.trim();
  const what = {purge: "Remove from the store what no other image has of", pin: "Keep, whatever the limits say,", unpin: "Let limits apply again to",
                warm: "Pull into the store, before a client asks,", refresh: "Ask upstream what it means now:"}[verb] || `${verb}`;
  if (!await confirmed(`${what} ${image}?`)) return;
  const answer = await command(`/api/v1/${verb}`, {image});
  if (!answer) return;
  if (verb === "purge") say(`purged ${answer.purged}: ${removed(answer)}`);
  else if (verb === "warm") say(`warming ${answer.jobs[0].image}`);
  else if (verb === "refresh") say(`${answer.refreshed} ${answer.moved ? "has moved to" : "is still"} ${answer.digest}`);
  else if (verb === "pin") say(`pinned ${answer.pinned}${answer.stored ? "" : ", which is not stored yet"}`);
  else say(`done: ${image}`);
});

// ---- the rest

byId("ranges").addEventListener("click", e => {
  if (!e.target.dataset.range) return;
  range = e.target.dataset.range;
  history.replaceState(null, "", `#range=${range}`);
  refresh();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", refresh);
let resizing;
addEventListener("resize", () => { clearTimeout(resizing); resizing = setTimeout(refresh, 200); });
refresh();
setInterval(refresh, 60000);
