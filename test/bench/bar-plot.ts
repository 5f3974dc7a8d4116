import { colours, element, label, picture, round } from "./svg.ts";

export interface Bar {
  readonly name: string;
  readonly value: number;
  /** The value as it is written beside the bar. */
  readonly shown: string;
}

export interface BarGroup {
  readonly title: string;
  readonly bars: readonly Bar[];
}

const width = 860;
const barHeight = 14;
const left = 220;
const right = 90;

/**
 * Groups of horizontal bars, one colour a name. Each group has a scale of its own, its longest bar being as wide as the
 * picture: steps that take a second stand beside others that take a minute.
 */
export function barPlot(title: string, groups: readonly BarGroup[]): string {
  const names = [...new Set(groups.flatMap(({ bars }) => bars.map(({ name }) => name)))];
  const colourOf = (name: string) => colours[names.indexOf(name) % colours.length] ?? "black";
  const parts = [label(16, 24, title, { "font-size": 16, "font-weight": "bold" }), ...legend(names, colourOf)];
  let y = 66;
  for (const group of groups) {
    const longest = Math.max(...group.bars.map(({ value }) => value));
    parts.push(label(left - 10, y + 11, group.title, { "text-anchor": "end" }));
    for (const { name, value, shown } of group.bars) {
      const length = longest > 0 ? (value / longest) * (width - left - right) : 0;
      parts.push(
        element("rect", { x: left, y, width: round(length), height: barHeight - 2, fill: colourOf(name) }),
        label(left + length + 6, y + 10, shown, { "font-size": 11 }),
      );
      y += barHeight;
    }
    y += 10;
  }
  return picture(width, y + 10, parts);
}

function legend(names: readonly string[], colourOf: (name: string) => string): string[] {
  return names.flatMap((name, number) => {
    const x = 16 + number * 120;
    return [element("rect", { x, y: 36, width: 12, height: 12, fill: colourOf(name) }), label(x + 18, 46, name)];
  });
}
