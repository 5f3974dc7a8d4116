import { execFileSync } from "node:child_process";
import { checkout } from "./holdfast.ts";

/** Before the first test: those that start the program start what ships, made from the source as it is now. */
export default function build(): void {
  execFileSync("make", ["--silent", "build"], { cwd: checkout, stdio: ["ignore", "inherit", "inherit"] });
}
