import { expect, it } from "vitest";
import { takeBuiltins } from "./builtins.ts";

const of = (name: string) => `globalThis.process.getBuiltinModule("${name}")`;

it.each([
  ['import http from "node:http";', `const http = ${of("node:http")};`],
  ['import * as dns from "dns";', `const dns = ${of("dns")};`],
  ['import { a, b as c$1 } from "node:fs/promises";', `const { a, b: c$1 } = ${of("node:fs/promises")};`],
  ['import fs, { open } from "node:fs";', `const fs = ${of("node:fs")}; const { open } = ${of("node:fs")};`],
  ['const { request } = await import("node:http");', `const { request } = await Promise.resolve(${of("node:http")});`],
])("takes what %s asks for", (statement, expected) => {
  expect(takeBuiltins(`${statement}\nrun();\n`)).toBe(`${expected}\nrun();\n`);
});

it.each([
  'import koffi from "koffi";',
  'import { a as b } from "./chunk-abc.js";',
  'import "./chunk-abc.js";',
  'const loaded = await import("./chunk-abc.js");',
  '/** @template {import("events").EventEmitter} T */',
])("leaves %s as it is", (statement) => {
  expect(takeBuiltins(statement)).toBe(statement);
});

it.each([
  'import "node:http";',
  'import fs, * as all from "node:fs";',
  'import { a } from "node:fs" with { type: "x" };',
])("refuses %s, which it does not know how to take", (statement) => {
  expect(() => takeBuiltins(statement)).toThrow(`do not know how to take a module of Node's own: ${statement}`);
});
