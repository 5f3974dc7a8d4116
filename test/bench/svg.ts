/** The little of SVG that the plots need: elements as text, with everything in them escaped. */
export type Attributes = Readonly<Record<string, string | number>>;

export const element = (name: string, attributes: Attributes, ...children: readonly string[]): string => {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(String(value))}"`);
  return `<${name}${written.join("")}>${children.join("")}</${name}>`;
};

export const label = (x: number, y: number, words: string, more: Attributes = {}): string =>
  element("text", { x: round(x), y: round(y), "font-size": 12, ...more }, escaped(words));

/** A picture on white, so that it can be read on a dark page, too. */
export const picture = (width: number, height: number, parts: readonly string[]): string =>
  `${element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      "font-family": "sans-serif",
    },
    element("rect", { width: "100%", height: "100%", fill: "white" }),
    ...parts,
  )}\n`;

export const round = (value: number): number => Math.round(value * 10) / 10;

export const colours = ["#0b6e4f", "#8a8d91", "#d08c60", "#6c8ebf", "#b5651d", "#7d5ba6"] as const;

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
