import { describe, expect, it } from "vitest";
import type { StorageClass } from "../kube/types.ts";
import { chooseTemporaryClass } from "./storage-class.ts";

const storageClass = (
  name: string,
  reclaimPolicy: string,
  parameters?: Record<string, string>,
  provisioner = "csi.a",
) => ({ metadata: { name }, reclaimPolicy, parameters, provisioner }) as StorageClass;
const choose = (name: string | undefined, ...classes: StorageClass[]) =>
  chooseTemporaryClass({ pvc: "data", name, classes });

describe("chooseTemporaryClass", () => {
  it("takes the class that is named", () => {
    expect(choose("a", storageClass("b", "Delete"), storageClass("a", "Delete"))).toBe("a");
  });

  it("takes a class that is alike but does not keep volumes", () => {
    const keeping = storageClass("keep", "Retain", { x: "1", y: "2" });
    const other = storageClass("no", "Delete", { x: "2" });
    expect(choose("keep", keeping, other, storageClass("yes", "Delete", { y: "2", x: "1" }))).toBe("yes");
  });

  it("refuses to leave a volume behind at every run", () => {
    const classes = [storageClass("keep", "Retain"), storageClass("b", "Delete", {}, "csi.b")];
    expect(() => choose("keep", ...classes)).toThrow(/keep has reclaimPolicy Retain/);
  });

  it("refuses a volume whose class is gone, or that has none", () => {
    expect(() => choose("gone", storageClass("a", "Delete"))).toThrow(/"gone" does not exist/);
    expect(() => choose(undefined)).toThrow(/has no storage class/);
  });
});
