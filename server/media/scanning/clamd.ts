import { once } from 'node:events';
import { Socket } from 'node:net';
import { addAbortSignal } from 'node:stream';
import { found, type Opinion, type Scanner, ScannerAway, Unscannable } from './scanner.ts';

/** A socket in the file system, or HOST and port. */
export type ClamdAddress =
  | { readonly path: string }
  | { readonly host: string; readonly port: number };

const COMMAND = Buffer.from('zINSTREAM\0');
const END = Buffer.alloc(4);
const CONNECT_MS_MAX = 5_000;
const REPLY_LENGTH_MAX = 4_096;

/** ClamAV's daemon, to which a file is told in pieces, each behind its length (clamd(8), INSTREAM). */
export class Clamd implements Scanner {
  readonly #address: ClamdAddress;

  constructor(address: ClamdAddress) {
    this.#address = address;
  }

  async scan(file: AsyncIterable<Buffer>, signal: AbortSignal): Promise<Opinion> {
    const socket = await connected(this.#address, signal);
    try {
      const reply = replyOf(socket);
      // It may say no before it has the whole.
      await Promise.race([told(socket, file), reply]);
      return opinionIn(await reply);
    } finally {
      socket.destroy();
    }
  }
}

async function connected(address: ClamdAddress, signal: AbortSignal): Promise<Socket> {
  const socket = new Socket();
  try {
    socket.connect(address);
    const soon = AbortSignal.timeout(CONNECT_MS_MAX);
    await once(socket, 'connect', { signal: AbortSignal.any([signal, soon]) });
    return addAbortSignal(signal, socket);
  } catch (cause) {
    socket.destroy();
    throw new ScannerAway(`clamd does not answer (${(cause as Error).message})`, { cause });
  }
}

async function told(socket: Socket, file: AsyncIterable<Buffer>): Promise<void> {
  if (!(await isTaken(socket, [COMMAND]))) return;
  for await (const bytes of file)
    if (bytes.length > 0 && !(await isTaken(socket, [lengthOf(bytes), bytes]))) return;
  await isTaken(socket, [END]);
}

function lengthOf({ length }: Buffer): Buffer {
  const four = Buffer.alloc(4);
  four.writeUInt32BE(length);
  return four;
}

/** False where it listens no longer: then its reply says why, or there is none. */
const isTaken = (socket: Socket, parts: readonly Buffer[]): Promise<boolean> =>
  new Promise((resolve) => {
    socket.cork();
    const done = (error?: Error | null) => resolve(!error);
    for (const [at, part] of parts.entries())
      if (at === parts.length - 1) socket.write(part, done);
      else socket.write(part);
    socket.uncork();
  });

/** All that it says until it closes, or until its end of a reply. */
function replyOf(socket: Socket): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let said = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    said += text;
    if (said.includes('\0') || said.length > REPLY_LENGTH_MAX) resolve(said.split('\0')[0]!);
  });
  const over = (cause?: Error) =>
    said === '' ? reject(new Unscannable('clamd has broken off', { cause })) : resolve(said);
  socket.on('error', over).on('close', () => over());
  promise.catch(() => {});
  return promise;
}

/** `stream: OK`, `stream: NAME FOUND`, or a sentence that ends in ERROR. */
function opinionIn(reply: string): Opinion {
  if (/^stream: OK\s*$/.test(reply)) return { kind: 'clean' };
  const named = /^stream: (.+) FOUND\s*$/.exec(reply);
  if (named) return found(named[1]!);
  throw new Unscannable(`clamd says: ${reply.slice(0, 200)}`);
}
