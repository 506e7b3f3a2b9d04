/** What passes: a MB, in strokes as the server and the fronts write them. */
export const MB = 1_000_000;
const STROKE = Buffer.alloc(64 * 1024, 7);

/** Over which two programs speak. */
export type Wire = 'tcp' | 'unix' | 'tls';
/** `give`: the listening end sends each MB. `take`: it gets each. `http-`: by Node's own HTTP server. */
export type Way = 'give' | 'take' | 'http-give' | 'http-take';

interface Writable {
  write(bytes: Buffer, done: () => void): boolean;
}

/** A MB, each stroke when the kernel has the one before. */
export async function giveMegabyte(to: Writable): Promise<void> {
  for (let left = MB; left > 0; left -= STROKE.length) {
    const stroke = STROKE.subarray(0, left);
    await new Promise<void>((resolve) => to.write(stroke, resolve));
  }
}

export interface Place {
  readonly wire: Wire;
  readonly way: Way;
  /** For the socket of `unix`, and the certificate of `tls`: `site.crt`, `site.key`, `ca.crt`. */
  readonly folder: string;
}

/** What the parent says to either end: `run` to the one that connects, alone. */
export type Told =
  | { readonly kind: 'listen'; readonly place: Place }
  | { readonly kind: 'connect'; readonly place: Place; readonly port: number }
  | { readonly kind: 'run'; readonly megabytes: number };
export type Said = { readonly kind: 'ready'; readonly port: number } | { readonly kind: 'done' };
