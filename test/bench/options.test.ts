import { describe, expect, it } from "vitest";
import { parseOptions } from "./options.ts";

describe("Options", () => {
  it("are everything, three times, where none is given", () => {
    expect(parseOptions([], {})).toEqual({
      scale: "full",
      data: ["bin", "src", "rnd", "db", "image"],
      stores: ["folder", "s3"],
      repetitions: 3,
      peers: {},
      output: "test/bench",
    });
  });

  it("of a trial put its results elsewhere", () => {
    expect(parseOptions(["--scale", "small", "--data", "src,rnd"], {})).toMatchObject({
      scale: "small",
      data: ["src", "rnd"],
      output: "build/bench",
    });
  });

  it("take programs from the environment, and rather from flags", () => {
    const environment = { RESTIC: "/a/restic", RUSTIC: "", KOPIA: "/a/kopia" };
    expect(parseOptions(["--kopia", "/b/kopia"], environment).peers).toEqual({
      restic: "/a/restic",
      kopia: "/b/kopia",
    });
  });

  it.each([
    [["--scale", "huge"], "--scale takes full, small"],
    [["--data", "src,music"], '"music"'],
    [["--store", ""], "--store takes"],
    [["--repeat", "0"], "--repeat"],
    [["--speed"], "--speed"],
  ])("such as %j are refused", (words, message) => {
    expect(() => parseOptions(words, {})).toThrow(message);
  });
});
