import { userInfo } from "node:os";

export interface User {
  readonly username: string;
  readonly uid: number;
  readonly gid: number;
}

/** Who runs this process. A container's user may have no name. */
export function currentUser(): User {
  try {
    const { username, uid, gid } = userInfo();
    return { username, uid, gid };
  } catch {
    return { username: "", uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  }
}
