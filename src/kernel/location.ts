/** Where the compiled kernel lies: written by `build.ts`, read by `load.ts`. */
export const kernelFile = new URL("../../build/kernel.wasm", import.meta.url);
