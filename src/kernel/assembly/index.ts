export { findCut } from "./chunker";
export { poly1305Start, poly1305Blocks, poly1305Finish, poly1305State } from "./poly1305";

/** Where the caller may put its bytes: the first address behind our own data. The caller grows the memory to fit. */
export function inputAddress(): usize {
  return (__heap_base + 63) & ~63;
}
