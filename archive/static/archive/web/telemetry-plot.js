// One key over time: its mean as a line, least and greatest as a band; a state as steps. Gaps and spans lie below it.
/* global uPlot */
const AXIS_PX = 60;
const HEIGHT_PX = 170;
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export const utc = (seconds, decimals = 0) =>
  new Date(seconds * 1000).toISOString().slice(0, decimals ? 20 + decimals : 19).replace("T", " ");
export const number = (value) => (value === null || value === undefined ? "–" : Number(value).toPrecision(6).replace(/\.?0+($|e)/, "$1"));

// Columns for uPlot. A line breaks where the device was silent.
function numberColumns(series, gaps) {
  const rows = series.start_unix_s.map((t, i) => [t, series.mean[i], series.min[i], series.max[i]]);
  return columns(rows, gaps, 4);
}

function stateColumns(series, gaps, binS) {
  const names = [...new Set([...series.first, ...series.last].map(spoken))].sort();
  const rows = [];
  series.start_unix_s.forEach((t, i) => {
    rows.push([t, names.indexOf(spoken(series.first[i]))]);
    if (series.changes[i]) rows.push([t + 0.999 * binS, names.indexOf(spoken(series.last[i]))]);
  });
  return { names, data: columns(rows, gaps, 2) };
}

const spoken = (value) => (typeof value === "string" ? value : JSON.stringify(value));

function columns(rows, gaps, width) {
  const breaks = gaps.filter((gap) => rows.length && gap.from > rows[0][0] && gap.to < rows[rows.length - 1][0]);
  for (const gap of breaks) rows.push([(gap.from + gap.to) / 2, ...Array(width - 1).fill(null)]);
  rows.sort((a, b) => a[0] - b[0]);
  return Array.from({ length: width }, (_, column) => rows.map((row) => row[column]));
}

// Spans as washes, gaps as hatches, below grid and lines.
function marks(spans, gaps) {
  return (plot) => {
    const { ctx, bbox } = plot;
    const at = (t) => Math.min(bbox.left + bbox.width, Math.max(bbox.left, plot.valToPos(t, "x", true)));
    ctx.save();
    for (const span of spans) {
      ctx.fillStyle = css("--span");
      ctx.fillRect(at(span.from), bbox.top, at(span.to) - at(span.from), bbox.height);
    }
    for (const gap of gaps) {
      if (gap.start && gap.end) {  // before the first record and after the last there is nothing to hatch
        ctx.fillStyle = hatch(ctx, css(`--gap-${gap.reason}`));
        ctx.globalAlpha = 0.4;
        ctx.fillRect(at(gap.from), bbox.top, Math.max(2, at(gap.to) - at(gap.from)), bbox.height);
        ctx.globalAlpha = 1;
      }
      ctx.fillStyle = css(`--gap-${gap.reason}`);
      ctx.fillRect(at(gap.from), bbox.top + bbox.height - 4, Math.max(2, at(gap.to) - at(gap.from)), 4);
    }
    ctx.restore();
  };
}

function hatch(ctx, colour) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const pen = tile.getContext("2d");
  pen.strokeStyle = colour;
  pen.lineWidth = 1.5;
  pen.beginPath();
  for (const shift of [-8, 0, 8]) {
    pen.moveTo(shift, 8);
    pen.lineTo(shift + 8, 0);
  }
  pen.stroke();
  return ctx.createPattern(tile, "repeat");
}

function axes(names) {
  const common = { stroke: css("--soft"), grid: { stroke: css("--grid"), width: 1 }, ticks: { stroke: css("--grid"), width: 1 }, font: "12px system-ui, sans-serif" };
  const states = { splits: () => names?.map((_, i) => i), values: () => names?.map((name) => (name.length > 9 ? `${name.slice(0, 8)}…` : name)) };
  return [{ ...common, space: 80, values: clock }, { ...common, size: AXIS_PX, ...(names ? states : {}) }];
}

// 24 hours, UTC; the date stands below the first time of each day.
function clock(_plot, splits, _axis, _space, step) {
  let day = "";
  return splits.map((at) => {
    const [date, time] = utc(at, step < 1 ? 1 : 0).split(" ");
    const shown = step >= 60 ? time.slice(0, 5) : time;
    const below = date === day ? "" : `\n${date}`;
    day = date;
    return shown + below;
  });
}

function seriesOf(isNumber) {
  const line = { stroke: css("--accent"), width: 1.5, points: { show: false } };
  if (!isNumber) return [{}, { ...line, width: 2, paths: uPlot.paths.stepped({ align: 1 }) }];
  const edge = { stroke: "transparent", points: { show: false } };
  return [{}, line, edge, edge];
}

// Draws one series into `place`. Calls `chosen(from, to)` when a time is drawn over, `told(text)` with what the cursor is on.
export function draw(place, { series, binS, gaps, spans, range, chosen, told }) {
  const isNumber = series.kind === "number";
  const { names, data } = isNumber ? { names: null, data: numberColumns(series, gaps) } : stateColumns(series, gaps, binS);
  const few = data[0].length < 120;
  const plot = new uPlot(
    {
      width: place.clientWidth,
      height: HEIGHT_PX,
      padding: [8, 24, 0, 0],
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
      legend: { show: false },
      scales: { x: { min: range.from, max: range.to }, y: names ? { range: [-0.5, names.length - 0.5] } : {} },
      series: seriesOf(isNumber).map((each, i) => (i === 1 && few ? { ...each, points: { show: true, size: 4 } } : each)),
      bands: isNumber ? [{ series: [3, 2], fill: css("--band") }] : [],
      axes: axes(names),
      cursor: { sync: { key: "telemetry" }, drag: { x: true, y: false, setScale: false }, points: { size: 7 }, y: false },
      hooks: {
        drawClear: [marks(spans, gaps)],
        setSelect: [(u) => u.select.width > 4 && chosen(u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x"))],
        setCursor: [(u) => told(reading(u, data, names))],
      },
    },
    data,
    place,
  );
  return plot;
}

function reading(plot, data, names) {
  const i = plot.cursor.idx;
  if (i === null || i === undefined || data[1][i] === null || data[1][i] === undefined) return "";
  const at = utc(data[0][i]).slice(11);
  if (names) return `${at} ${names[data[1][i]]}`;
  const spread = data[2][i] === data[3][i] ? "" : ` (${number(data[2][i])} to ${number(data[3][i])})`;
  return `${at} ${number(data[1][i])}${spread}`;
}

export { HEIGHT_PX };
