// What colour each point has, and the legend that says so. The colours are tokens (map.css).
export const GROUPS = 11; // colours that tell groups apart
const NONE = GROUPS; // the place of the colour for "none" in the palette
const SCALE = 16; // where the colours of a scale begin
const STEPS = 256 - SCALE;
const OTHER_CODE = 254;

// 256 colours as bytes, and the surface's colour as three numbers from 0 to 1.
export function palette(root) {
  const probe = document.createElement("span");
  root.append(probe);
  const rgb = (token) => {
    probe.style.color = `var(--${token})`;
    const parts = getComputedStyle(probe).color.match(/[\d.]+/g).map(Number);
    return parts.slice(0, 3);
  };
  const bytes = new Uint8Array(256 * 4).fill(255);
  const put = (at, colour) => bytes.set(colour.map(Math.round), 4 * at);
  for (let i = 0; i < GROUPS; i += 1) put(i, rgb(`point-${i + 1}`));
  put(NONE, rgb("point-none"));
  const stops = [1, 2, 3, 4, 5].map((i) => rgb(`scale-${i}`));
  for (let i = 0; i < STEPS; i += 1) {
    const t = (i / (STEPS - 1)) * (stops.length - 1);
    const [from, to] = [stops[Math.floor(t)], stops[Math.ceil(t)]];
    put(SCALE + i, from.map((value, c) => value + (to[c] - value) * (t % 1)));
  }
  const paper = rgb("surface").map((value) => value / 255);
  probe.remove();
  return { bytes, paper };
}

export function byCluster(points, words) {
  const colours = new Uint8Array(points.count);
  let without = 0;
  for (let i = 0; i < points.count; i += 1) {
    const cluster = points.cluster[i];
    if (cluster >= points.clusters.length) without += 1;
    colours[i] = cluster < points.clusters.length ? cluster % GROUPS : NONE;
  }
  if (!points.clusters.length) return { colours: colours.fill(0), legend: [] };
  const legend = points.clusters.map((one, i) => ({ token: `point-${(i % GROUPS) + 1}`, text: one.name }));
  if (without) legend.push({ token: "point-none", text: words.unclustered });
  return { colours, legend };
}

export function byValue(column, words) {
  if (column.labels) return byWord(column, words);
  const colours = new Uint8Array(column.value.length);
  const span = column.high - column.low || 1;
  let without = false;
  for (let i = 0; i < colours.length; i += 1) {
    const value = column.value[i];
    if (Number.isNaN(value)) without = true;
    colours[i] = Number.isNaN(value)
      ? NONE
      : SCALE + Math.round(((value - column.low) / span) * (STEPS - 1));
  }
  const said = (value) => (column.kind === "d" ? day(value) : Number(value.toPrecision(3)).toLocaleString());
  const legend = [{ scale: true, low: said(column.low), high: said(column.high) }];
  if (without) legend.push({ token: "point-none", text: words.none });
  return { colours, legend };
}

function byWord(column, words) {
  const colours = column.code.map((code) => (code < GROUPS ? code : NONE));
  const legend = column.labels.map((text, i) => ({ token: `point-${i + 1}`, text }));
  if (column.code.includes(OTHER_CODE)) legend.push({ token: "point-none", text: words.others });
  else if (column.code.some((code) => code > OTHER_CODE)) {
    legend.push({ token: "point-none", text: words.none });
  }
  return { colours, legend };
}

export function showLegend(list, legend) {
  list.replaceChildren(
    ...legend.map((entry) => {
      const item = document.createElement("li");
      const colour = document.createElement("i");
      if (entry.scale) {
        colour.className = "is-scale";
        const stops = [1, 2, 3, 4, 5].map((i) => `var(--scale-${i})`);
        colour.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
        item.append(entry.low, colour, entry.high);
      } else {
        colour.style.background = `var(--${entry.token})`;
        item.append(colour, entry.text);
      }
      return item;
    }),
  );
}

// Days since 1970 as 2024-05-31.
export function day(days) {
  return new Date(days * 86_400_000).toISOString().slice(0, 10);
}
