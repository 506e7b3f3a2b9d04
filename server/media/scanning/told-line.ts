import { once } from 'node:events';
import { Socket } from 'node:net';
import { addAbortSignal } from 'node:stream';
import { ScannerAway, Unscannable } from './scanner.ts';

/** A socket in the file system, or HOST and port. */
export type ScannerAddress =
  | { readonly path: string }
  | { readonly host: string; readonly port: number };

const CONNECT_MS_MAX = 5_000;

/** A connection to a scanner of this name, which ends at the signal. */
export async function connected(
  name: string,
  address: ScannerAddress,
  signal: AbortSignal,
): Promise<Socket> {
  const socket = new Socket();
  try {
    socket.connect(address);
    const soon = AbortSignal.timeout(CONNECT_MS_MAX);
    await once(socket, 'connect', { signal: AbortSignal.any([signal, soon]) });
    return addAbortSignal(signal, socket);
  } catch (cause) {
    socket.destroy();
    throw new ScannerAway(`${name} does not answer (${(cause as Error).message})`, { cause });
  }
}

/** False where it listens no longer: then its reply says why, or there is none. */
export const isTaken = (socket: Socket, parts: readonly Uint8Array[]): Promise<boolean> =>
  new Promise((resolve) => {
    socket.cork();
    const done = (error?: Error | null) => resolve(!error);
    for (const [at, part] of parts.entries())
      if (at === parts.length - 1) socket.write(part, done);
      else socket.write(part);
    socket.uncork();
  });

/** All that it says until it closes, until that is whole, or until it is too long. */
export function replyOf(
  name: string,
  socket: Socket,
  { isWhole, lengthMax }: { isWhole: (said: string) => boolean; lengthMax: number },
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let said = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    said += text;
    if (isWhole(said) || said.length > lengthMax) resolve(said);
  });
  const over = (cause?: Error) =>
    said === '' ? reject(new Unscannable(`${name} has broken off`, { cause })) : resolve(said);
  socket.on('error', over).on('close', () => over());
  promise.catch(() => {});
  return promise;
}
