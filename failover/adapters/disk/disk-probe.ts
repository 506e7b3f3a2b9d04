import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Millis } from '../../core/timings.ts';
import type { DiskReport } from '../../core/view.ts';
import { ROOM_FORMAT, type Room, roomIn, scarcest } from './room.ts';

export interface DiskProbeOptions {
  /** PostgreSQL's data; its log may be on another disk. */
  readonly dataDir: string;
  /** A folder of the agent's own on the same disk; without one it cannot see whether that answers. */
  readonly probeDir?: string | undefined;
  readonly now: () => Millis;
}

/** How often it is looked, and asked again. */
export const LOOK_EVERY_MS = 1_000;
/** An agent that stood still for longer has not seen the disk silent for so long. */
const SEEN_AT_ONCE_MS = 2 * LOOK_EVERY_MS;
const BEGIN_AGAIN_MS = 10_000;

/**
 * Writes and fsyncs on PostgreSQL's disk, and looks how much of it is free (F11, F12). A shell does it, beside this
 * process: who waits for a disk cannot even be killed; and were that a thread of the agent's, an agent that falls could
 * not be started again before the disk answers. It is started once, since to start a program may read the disk.
 */
export class DiskProbe {
  readonly #options: DiskProbeOptions;
  #shell: Shell | null = null;
  #begunAt = Number.NEGATIVE_INFINITY;
  #lookedAt: Millis;
  #silentMs = 0;
  #asking = false;
  #said: string[] = [];
  #last: Round = { written: 'not yet', rooms: [], why: null };
  #hasWritten = false;

  constructor(options: DiskProbeOptions) {
    this.#options = options;
    this.#lookedAt = options.now();
  }

  /** What is known by now; and asks again where the last question was answered. Never waits for the disk. */
  look(): DiskReport {
    const isSilent = this.#countSilence();
    if (!this.#asking) this.#ask();
    const { free, scarce } = scarcest(this.#last.rooms) ?? { free: null, scarce: 'space' };
    const known = isSilent || this.#last.written === 'yes';
    const silentMs = known ? this.#silentMs : null;
    return { silentMs, free, scarce, trouble: this.#trouble() };
  }

  close(): void {
    this.#shell?.stdin.end();
    this.#begunAt = Number.POSITIVE_INFINITY;
  }

  /** Also while it refuses what it took before: after an error file systems are often made read-only. */
  #countSilence(): boolean {
    const now = this.#options.now();
    const passedMs = Math.min(now - this.#lookedAt, SEEN_AT_ONCE_MS);
    const isSilent = this.#asking || (this.#last.written === 'refused' && this.#hasWritten);
    this.#silentMs = isSilent ? this.#silentMs + passedMs : 0;
    this.#lookedAt = now;
    return isSilent;
  }

  #ask(): void {
    this.#shell ??= this.#begin();
    if (this.#shell === null) return;
    this.#asking = true;
    this.#shell.stdin.write('\n');
  }

  #begin(): Shell | null {
    const { dataDir, probeDir, now } = this.#options;
    if (now() - this.#begunAt < BEGIN_AGAIN_MS) return null;
    this.#begunAt = now();
    const folders = [
      ...(probeDir === undefined ? [] : [probeDir]),
      dataDir,
      join(dataDir, 'pg_wal'),
    ];
    const file = probeDir === undefined ? '' : join(probeDir, 'probe');
    const shell = spawn('sh', ['-c', PROBE, 'sh', file, ...folders], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { PATH: process.env.PATH, LC_ALL: 'C' },
    });
    shell.on('error', () => this.#end(shell)).on('exit', () => this.#end(shell));
    shell.stdin.on('error', () => this.#end(shell));
    createInterface({ input: shell.stdout }).on('line', (line) => this.#take(line));
    letEnd(shell);
    return shell;
  }

  #take(line: string): void {
    if (line !== END) {
      this.#said.push(line);
      return;
    }
    this.#last = roundIn(this.#said);
    this.#hasWritten ||= this.#last.written === 'yes';
    this.#said = [];
    this.#asking = false;
  }

  #end(shell: Shell): void {
    if (this.#shell !== shell) return;
    [this.#shell, this.#asking, this.#said] = [null, false, []];
    this.#last = {
      ...this.#last,
      written: 'cannot',
      why: 'the program that writes there has ended',
    };
  }

  #trouble(): string | null {
    const { probeDir, dataDir } = this.#options;
    if (probeDir === undefined) return 'failover.yml has no patroni.postgres.probeDir';
    const { written, why, rooms } = this.#last;
    if (written === 'cannot' || (written === 'refused' && !this.#hasWritten)) return why;
    const [probed, data] = [probeDir, dataDir].map((path) =>
      rooms.find((room) => room.folder === path),
    );
    const isElsewhere = probed && data && probed.fileSystem !== data.fileSystem;
    return isElsewhere ? `${probeDir} is on another file system than ${dataDir}` : null;
  }
}

type Shell = ChildProcessByStdio<Writable, Readable, null>;

const END = 'end';

/** One round for each line that it is given. With `notrunc` it needs no room, so that a full disk is not taken for a silent one. */
const PROBE = `
  file=$1; shift
  while read -r _; do
    stat -f -L -c '${ROOM_FORMAT}' "$@" 2>/dev/null
    [ -n "$file" ] && dd if=/dev/zero of="$file" bs=512 count=1 conv=fsync,notrunc oflag=nofollow status=none 2>&1 && echo written
    echo ${END}
  done`;

interface Round {
  /** `refused`: by the disk, or by a file system that is read-only. `cannot`: for reasons that are not the disk's. */
  readonly written: 'yes' | 'refused' | 'cannot' | 'not yet';
  readonly rooms: readonly Room[];
  readonly why: string | null;
}

function roundIn(said: readonly string[]): Round {
  const rooms = said.flatMap((line) => roomIn(line) ?? []);
  const why = said.find((line) => line.startsWith('dd: ')) ?? null;
  if (why === null) return { written: said.includes('written') ? 'yes' : 'cannot', rooms, why };
  // What is full has answered; and that it is, is told.
  if (/No space left|quota exceeded/i.test(why)) return { written: 'yes', rooms, why: null };
  const isDisks = /Input\/output error|Read-only file system/.test(why);
  return { written: isDisks ? 'refused' : 'cannot', rooms, why };
}

/** It keeps nobody from ending, however long the disk is silent, and ends itself when its input does. */
function letEnd(shell: Shell): void {
  shell.unref();
  for (const end of [shell.stdin, shell.stdout]) (end as Partial<{ unref(): void }>).unref?.();
}
