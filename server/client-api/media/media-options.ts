/** What the operator says of files. */
export interface MediaOptions {
  readonly uploadBytesMax: number;
  /** Whether the paths from before v1.11 give anything, which ask for no token. */
  readonly withoutToken: boolean;
}

export const toldOf = ({ uploadBytesMax }: MediaOptions) => ({ 'm.upload.size': uploadBytesMax });
