import type { Millis } from '../../core/timings.ts';

/** What the kernel has counted of one TCP connection since it began. */
export interface Connection {
  readonly id: string;
  /** Who is at the other end. */
  readonly host: string;
  /** Packets with content, those sent again among them. */
  readonly sent: number;
  readonly again: number;
  /** How long an answer took lately; null before the first. */
  readonly rttMs: Millis | null;
}

/** Of one line of `ss -tinHO`: the state, two queues, the two ends, and what is known in between. */
export function connectionIn(line: string): Connection | null {
  const [, , , local, peer, ...known] = line.trim().split(/\s+/);
  const host = hostOf(peer);
  const sent = numberAfter(known, 'data_segs_out:');
  if (local === undefined || host === null || sent === null) return null;
  const again = numberAfter(known, 'retrans:', /^\d+\/(\d+)$/) ?? 0;
  const rttMs = numberAfter(known, 'rtt:', /^([\d.]+)\//);
  return { id: `${local} ${peer}`, host, sent, again, rttMs };
}

/** `10.0.0.1:2380`, `[fd00::1]:2380`, `[::ffff:10.0.0.1]:2380`. */
function hostOf(end: string | undefined): string | null {
  const found = /^(.+):\d+$/.exec(end ?? '')?.[1];
  return found?.replace(/^\[(?:::ffff:)?(.*)\]$/, '$1') ?? null;
}

function numberAfter(words: readonly string[], name: string, part = /^(\d+)$/): number | null {
  const found = words.find((word) => word.startsWith(name))?.slice(name.length);
  const number = part.exec(found ?? '')?.[1];
  return number === undefined ? null : Number(number);
}
