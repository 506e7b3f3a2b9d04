import type { OnReadOpts, Socket } from 'node:net';

/** As much as is read at a stroke; what comes by TLS comes by 16 KiB at most. */
const PLACE_BYTES = 64 * 1024;

type Take = (bytes: Buffer) => void;

const takers = new WeakMap<Socket, Take>();

/**
 * For the options of a connection: all that are made with it read into one place, one after the other. A buffer for each
 * read was garbage outside of V8's heap, which is collected late and leaves holes between what lives.
 */
export const IN_PLACE: OnReadOpts = {
  buffer: Buffer.allocUnsafeSlow(PLACE_BYTES),
  callback(this: Socket, bytes: number, place: Uint8Array): boolean {
    takers.get(this)?.((place as Buffer).subarray(0, bytes));
    return true;
  },
};

/** What a connection made with `IN_PLACE` reads from now on; the bytes are there until `take` returns, and must be copied. */
export function readInPlace(socket: Socket, take: Take): void {
  takers.set(socket, take);
}
