import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { reader, slowReader } from './slow-reader.ts';
import type { Target } from './target.ts';

export interface FrontMemoryOptions {
  /** A front before a writer that makes files up. */
  readonly target: Target;
  readonly readers: number;
  readonly print: (line: string) => void;
}

/** Of a file that no buffer of the kernel holds. */
const SLOW_FILE_BYTES = 40_000_000;
const QUICK_FILE_BYTES = 8_000_000;
const QUICK_FILES = 30;
const SETTLES_MS = 3_000;
/** The writer lets in whoever has one. */
const TOKEN = 'benchmark';

/** What a front weighs with so many clients who take the first bytes of a long file and no more; and what files cost it, before. */
export async function benchFrontMemory({ target, readers, print }: FrontMemoryOptions) {
  const cpuBefore = target.cpuMs().front!;
  for (let n = 0; n < QUICK_FILES; n += 1) await readWhole(target.origin);
  const cpu = target.cpuMs().front! - cpuBefore;
  const perMb = cpu / ((QUICK_FILES * QUICK_FILE_BYTES) / 1e6);
  print(`files of 8 MB, one by one   ${perMb.toFixed(2)} ms of the front's CPU a MB`);
  const before = target.resident!();
  const sockets: Socket[] = [];
  for (let n = 0; n < readers; n += 1)
    sockets.push(await slowReader(target.origin, fileOf(SLOW_FILE_BYTES), TOKEN));
  await sleep(SETTLES_MS);
  const { now, most } = target.resident!();
  const more = now - before.now;
  print(
    `${readers} slow downloads   ${more} MiB more of the front (${now} now, at most ${most}, ${before.now} before)`,
  );
  for (const socket of sockets) socket.destroy();
}

async function readWhole(origin: string): Promise<void> {
  const socket = reader(origin, fileOf(QUICK_FILE_BYTES), TOKEN);
  for (let bytes = 0; bytes < QUICK_FILE_BYTES; ) {
    const [piece] = (await once(socket, 'data')) as [Buffer];
    bytes += piece.length;
  }
  socket.destroy();
}

const fileOf = (bytes: number): string => `/file/${bytes}`;
