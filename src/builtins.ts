import { isBuiltin } from "node:module";
import type { Plugin } from "rolldown";

const staticImport = /^import (?:(\w[\w$]*)|\* as (\w[\w$]*))?(?:, )?(?:\{ ([^}]+) \})? from "([^"]+)";$/gm;
/** Not those of comments, which tell types. */
const dynamicImport = /(?<!\{)\bimport\("([^"]+)"\)/g;
const getter = (name: string): string => `globalThis.process.getBuiltinModule(${JSON.stringify(name)})`;

/**
 * Takes Node's own modules by `process.getBuiltinModule` in a bundled file. An `import` of one reads all that it exports, to show it as a
 * module, and so loads what is only loaded when it is asked for: of `node:http` a whole client with its web streams. Throws where an import of one is left.
 */
export function takeBuiltins(code: string): string {
  const taken = code
    .replaceAll(staticImport, (statement, whole, namespace, names, from) => {
      if (!isBuiltin(from)) return statement;
      const name = whole ?? namespace;
      const parts = [name, names && `{ ${names.replaceAll(" as ", ": ")} }`].filter(Boolean);
      return parts.map((part) => `const ${part} = ${getter(from)};`).join(" ");
    })
    .replaceAll(dynamicImport, (expression, from) =>
      isBuiltin(from) ? `Promise.resolve(${getter(from)})` : expression,
    );
  for (const [statement, from] of taken.matchAll(/^import\b[^"]*"([^"]+)".*$/gm)) {
    if (isBuiltin(from ?? "")) throw new Error(`do not know how to take a module of Node's own: ${statement}`);
  }
  return taken;
}

/** `takeBuiltins` for every file that is written. */
export const builtins: Plugin = { name: "builtins", renderChunk: (code) => takeBuiltins(code) };
