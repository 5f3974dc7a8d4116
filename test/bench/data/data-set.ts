export type Scale = "full" | "small";

export interface DataSet {
  readonly name: string;
  /** For the report. */
  readonly what: string;
  /** Fills the empty `folder`; `scratch` is for what it needs meanwhile. */
  make(options: { readonly folder: string; readonly scratch: string; readonly scale: Scale }): Promise<void>;
  /** Changes about 1 % of it, in the same way for the same `round`. */
  change(options: { readonly folder: string; readonly scratch: string; readonly round: number }): Promise<void>;
  /** A file that is restored alone, relative to the folder; none where there is only one. */
  oneFile(folder: string): string | undefined;
}
