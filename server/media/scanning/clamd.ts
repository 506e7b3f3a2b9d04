import type { Socket } from 'node:net';
import { found, type Opinion, type Scanner, Unscannable } from './scanner.ts';
import { connected, isTaken, replyOf, type ScannerAddress } from './told-line.ts';

const COMMAND = Buffer.from('zINSTREAM\0');
const END = Buffer.alloc(4);
const REPLY_LENGTH_MAX = 4_096;

/** ClamAV's daemon, to which a file is told in pieces, each behind its length (clamd(8), INSTREAM). */
export class Clamd implements Scanner {
  readonly #address: ScannerAddress;

  constructor(address: ScannerAddress) {
    this.#address = address;
  }

  async scan(file: AsyncIterable<Buffer>, signal: AbortSignal): Promise<Opinion> {
    const socket = await connected('clamd', this.#address, signal);
    try {
      const isWhole = (said: string) => said.includes('\0');
      const reply = replyOf('clamd', socket, { isWhole, lengthMax: REPLY_LENGTH_MAX });
      // It may say no before it has the whole.
      await Promise.race([told(socket, file), reply]);
      return opinionIn((await reply).split('\0')[0]!);
    } finally {
      socket.destroy();
    }
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

/** `stream: OK`, `stream: NAME FOUND`, or a sentence that ends in ERROR. */
function opinionIn(reply: string): Opinion {
  if (/^stream: OK\s*$/.test(reply)) return { kind: 'clean' };
  const named = /^stream: (.+) FOUND\s*$/.exec(reply);
  if (named) return found(named[1]!);
  throw new Unscannable(`clamd says: ${reply.slice(0, 200)}`);
}
