import { describe, expect, it } from "vitest";
import { barPlot } from "./bar-plot.ts";
import { linePlot } from "./line-plot.ts";
import { element } from "./svg.ts";

const attributesOf = (svg: string, name: string, attribute: string): number[] =>
  [...svg.matchAll(new RegExp(`<${name}[^>]* ${attribute}="([-\\d.]+)"`, "g"))].map((match) => Number(match[1]));

it("Elements escape what is in their attributes", () => {
  expect(element("a", { b: '"<&>' })).toBe('<a b="&quot;&lt;&amp;&gt;"></a>');
});

describe("A bar plot", () => {
  const svg = barPlot("Wall time <all>", [
    { title: "rnd, restore", bars: [bar("holdfast", 1), bar("restic", 4)] },
    { title: "src, restore", bars: [bar("holdfast", 100), bar("restic", 50)] },
    { title: "nothing took any time", bars: [bar("holdfast", 0)] },
  ]);

  it("has bars as long as their share of the group's longest", () => {
    const lengths = attributesOf(svg, "rect", "width").filter((value) => value !== 12);
    const [short, long, other, half, none] = lengths.slice(-5);
    expect(long).toBe((short ?? 0) * 4);
    expect(other).toBe(long);
    expect(half).toBe((other ?? 0) / 2);
    expect(none).toBe(0);
  });

  it("has titles, values, and one colour a name", () => {
    for (const text of ["Wall time &lt;all&gt;", "rnd, restore", "holdfast", "restic", "4 s"])
      expect(svg).toContain(text);
    expect(new Set([...svg.matchAll(/fill="(#\w+)"/g)].map((match) => match[1])).size).toBe(2);
  });
});

const bar = (name: string, value: number) => ({ name, value, shown: `${value} s` });

describe("A line plot", () => {
  const svg = linePlot({
    title: "Files",
    xTitle: "files",
    yTitle: "seconds",
    lines: [{ name: "backup", points: [1, 10, 100].map((x) => ({ x, y: x / 10 })) }],
  });

  it("shows linear growth as a straight line, upwards", () => {
    const x = attributesOf(svg, "circle", "cx");
    const y = attributesOf(svg, "circle", "cy");
    expect((x[1] ?? 0) - (x[0] ?? 0)).toBeCloseTo((x[2] ?? 0) - (x[1] ?? 0), 0);
    expect((y[0] ?? 0) - (y[1] ?? 0)).toBeCloseTo((y[1] ?? 0) - (y[2] ?? 0), 0);
    expect(y[2]).toBeLessThan(y[0] ?? 0);
  });

  it("has its axes' ends at whole powers of ten", () => {
    expect(svg).toContain(">0.1<");
    expect(svg).toContain(">100<");
    expect(svg).not.toContain("NaN");
  });

  it("can have a single point", () => {
    const single = linePlot({ title: "", xTitle: "", yTitle: "", lines: [{ name: "", points: [{ x: 5, y: 5 }] }] });
    expect(single).not.toContain("NaN");
  });
});
