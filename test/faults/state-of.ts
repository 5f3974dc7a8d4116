import { folderState } from "../support/folder-state.ts";

/** What a folder holds. No source here has extended attributes, and to ask for them starts a process for each folder. */
export const stateOf = (folder: string): Record<string, string> => folderState(folder, { attributes: false });
