import { describe, expect, test } from "vitest";
import { z } from "zod";
import { customResourceDefinition, structural } from "./crd.ts";
import { type KindName, kinds } from "./kinds.ts";

type Node = Record<string, unknown>;

const names = Object.keys(kinds) as KindName[];

const versionOf = (kind: KindName): Node =>
  ((customResourceDefinition({ kind }).spec as Node).versions as Node[])[0] as Node;

const schemaOf = (kind: KindName): Node => (versionOf(kind).schema as Node).openAPIV3Schema as Node;

function* nodes(schema: Node, path: string): Generator<readonly [string, Node]> {
  yield [path, schema];
  for (const [name, child] of Object.entries((schema.properties ?? {}) as Record<string, Node>)) {
    yield* nodes(child, `${path}.${name}`);
  }
  if (schema.items) yield* nodes(schema.items as Node, `${path}[]`);
  if (schema.additionalProperties) yield* nodes(schema.additionalProperties as Node, `${path}{}`);
}

describe("structural", () => {
  test("takes the bounds off integers that have none of their own, and keeps those that have", () => {
    expect(structural(z.int())).toEqual({ type: "integer", format: "int64" });
    expect(structural(z.int().min(1).max(5))).toEqual({ type: "integer", format: "int64", minimum: 1, maximum: 5 });
  });

  test("mends the union of integer and string", () => {
    const schema = z.union([z.int(), z.string().regex(/^[0-9]+$/)]).meta({ "x-kubernetes-int-or-string": true });
    expect(structural(schema)).toEqual({
      "x-kubernetes-int-or-string": true,
      anyOf: [{ type: "integer" }, { type: "string" }],
      pattern: "^[0-9]+$",
    });
  });

  test("writes a record as additionalProperties, a strict object without them", () => {
    expect(structural(z.strictObject({ a: z.record(z.string(), z.string()) }))).toEqual({
      type: "object",
      properties: { a: { type: "object", additionalProperties: { type: "string" } } },
      required: ["a"],
    });
  });

  test("leaves a preserved object open", () => {
    const schema = z.record(z.string(), z.unknown()).meta({ "x-kubernetes-preserve-unknown-fields": true });
    expect(structural(schema)).toEqual({ type: "object", "x-kubernetes-preserve-unknown-fields": true });
  });

  test("does not require what has a default, and writes the default down", () => {
    expect(structural(z.strictObject({ a: z.boolean().default(false) }))).toEqual({
      type: "object",
      properties: { a: { type: "boolean", default: false } },
    });
  });
});

describe.each(names)("%s", (kind) => {
  test("has what a structural schema may have, and nothing else", () => {
    for (const [path, node] of nodes(schemaOf(kind), kind)) {
      expect(typeof node.type === "string" || node["x-kubernetes-int-or-string"], path).toBeTruthy();
      expect(Object.keys(node), path).not.toContain("propertyNames");
      expect(Object.keys(node), path).not.toContain("$ref");
      expect(node.properties && node.additionalProperties, path).toBeFalsy();
    }
  });

  test("describes every field of its spec and status", () => {
    const bare = [...nodes(schemaOf(kind), kind)]
      .filter(([path]) => /\.(spec|status)$|\.(spec|status)[.[]/.test(path) && !/(\[\]|\{\})$/.test(path))
      .filter(([, node]) => !node.description)
      .map(([path]) => path);
    expect(bare).toEqual([]);
  });

  test("bounds every list of its spec, so that rules have a bounded cost", () => {
    const spec = (schemaOf(kind).properties as Record<string, Node>).spec as Node;
    const unbounded = [...nodes(spec, "spec")].filter(([, node]) => node.type === "array" && !node.maxItems);
    expect(unbounded.map(([path]) => path)).toEqual([]);
  });

  test("has a status of its own, and columns that point into its schema", () => {
    expect(versionOf(kind).subresources).toEqual({ status: {} });
    const paths = [...nodes(schemaOf(kind), "")].map(([path]) => path);
    for (const { jsonPath } of kinds[kind].columns) {
      if (jsonPath.startsWith(".metadata.")) continue;
      expect(paths, jsonPath).toContain(jsonPath.replace(/\[\?.*\]/, "[]"));
    }
  });
});

test("the columns of a policy are those that the design promises", () => {
  const shown = kinds.BackupPolicy.columns.filter((column) => !column.priority).map((column) => column.name);
  expect(shown).toEqual(["Ready", "Last success", "Next", "3-2-1", "Verified", "Age"]);
});
