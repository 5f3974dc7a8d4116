import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { randomMasterKey } from "../repository/crypto.ts";
import { createPackBuilder } from "../repository/pack-builder.ts";
import { payloadOf } from "../repository/pack-format.ts";
import { newFolder } from "./testing.ts";
import { writeParts } from "./write-parts.ts";

describe("writeParts", () => {
  it("tells of each place what the system says", () => {
    const master = randomMasterKey();
    const builder = createPackBuilder(master);
    builder.add(payloadOf("data", Buffer.from("alpha")));
    builder.add(payloadOf("data", Buffer.from("beta")));
    const [pack] = builder.finish();
    const [alpha, beta] = pack?.entries.map((entry) => ({ ...entry, pack: pack.id })) ?? [];
    if (!pack || !alpha || !beta) throw new Error("there is one");
    pack.bytes[beta.offset + 20] = (pack.bytes[beta.offset + 20] ?? 0) ^ 1;
    const path = join(newFolder(), "file");
    writeFileSync(path, "");
    const [readable, writable] = [openSync(path, "r"), openSync(path, "r+")];
    const places = [readable, writable].map((descriptor) => ({ descriptor, position: 3 }));
    const parts = [alpha, beta].map((location) => ({ location, offset: location.offset, places }));
    const answers = writeParts({ master, bytes: pack.bytes, parts });
    expect(answers).toEqual([[{ code: "EBADF", message: expect.stringContaining("EBADF") }, "Written"], "Damaged"]);
    expect(readFileSync(path, "latin1")).toBe("\0\0\0alpha");
    for (const descriptor of [readable, writable]) closeSync(descriptor);
  });
});
