import type { Point } from "./statistics.ts";
import { colours, element, label, picture, round } from "./svg.ts";

export interface Line {
  readonly name: string;
  readonly points: readonly Point[];
}

export interface LinePlot {
  readonly title: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly lines: readonly Line[];
}

const width = 620;
const height = 400;
const lineHeight = 18;

/** Lines over two logarithmic axes, whole powers of ten at their ends: there linear growth is a line of 45 degrees. */
export function linePlot({ title, xTitle, yTitle, lines }: LinePlot): string {
  // The names stand one below the other: with their slopes they are long.
  const area = { left: 80, top: 48 + lines.length * lineHeight, right: 24, bottom: 56 };
  const all = lines.flatMap(({ points }) => points);
  const x = axis(
    all.map((point) => point.x),
    area.left,
    width - area.right,
  );
  const y = axis(
    all.map((point) => point.y),
    height - area.bottom,
    area.top,
  );
  const parts = [
    label(16, 24, title, { "font-size": 16, "font-weight": "bold" }),
    label(width / 2, height - 14, xTitle, { "text-anchor": "middle" }),
    label(16, height / 2, yTitle, { transform: `rotate(-90 16 ${height / 2})`, "text-anchor": "middle" }),
    ...x.ticks.map((tick) => label(x.at(tick), height - area.bottom + 18, short(tick), { "text-anchor": "middle" })),
    ...y.ticks.map((tick) => label(area.left - 8, y.at(tick) + 4, short(tick), { "text-anchor": "end" })),
    ...x.ticks.map((tick) => grid(x.at(tick), area.top, x.at(tick), height - area.bottom)),
    ...y.ticks.map((tick) => grid(area.left, y.at(tick), width - area.right, y.at(tick))),
  ];
  for (const [number, { name, points }] of lines.entries()) {
    const colour = colours[number % colours.length] ?? "black";
    const places = points.map((point) => `${round(x.at(point.x))},${round(y.at(point.y))}`);
    parts.push(
      element("polyline", { points: places.join(" "), fill: "none", stroke: colour, "stroke-width": 2 }),
      ...points.map((point) =>
        element("circle", { cx: round(x.at(point.x)), cy: round(y.at(point.y)), r: 3, fill: colour }),
      ),
      element("rect", { x: 16, y: 36 + number * lineHeight, width: 12, height: 12, fill: colour }),
      label(34, 46 + number * lineHeight, name),
    );
  }
  return picture(width, height, parts);
}

/** From the power of ten below the least value to the one above the greatest. */
function axis(values: readonly number[], from: number, to: number) {
  const first = Math.floor(Math.log10(Math.min(...values)));
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...values))));
  return {
    ticks: Array.from({ length: last - first + 1 }, (_, number) => 10 ** (first + number)),
    at: (value: number): number => from + ((Math.log10(value) - first) / (last - first)) * (to - from),
  };
}

const grid = (x1: number, y1: number, x2: number, y2: number): string =>
  element("line", { x1: round(x1), y1: round(y1), x2: round(x2), y2: round(y2), stroke: "#ddd" });

const short = (value: number): string =>
  value >= 1
    ? new Intl.NumberFormat("en", { notation: "compact" }).format(value)
    : String(Number(value.toPrecision(1)));
