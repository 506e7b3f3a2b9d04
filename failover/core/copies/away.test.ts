import { expect, test } from 'vitest';
import { selfAt } from '../../../test/support/self.ts';
import { readKept } from '../etcd/reading-kept.ts';
import { step } from '../machine.ts';
import { type State, start } from '../state.ts';
import { TIMINGS } from '../timings.ts';
import { StoryEtcd } from '../told/story-etcd.ts';
import type { KeptLog, Report, View } from '../view.ts';
import { awayOf } from './away.ts';

// F13, as the agent of site a sees site c.

const [MB, GB, HOUR] = [2 ** 20, 2 ** 30, 3_600_000];
const KEPT = { bytesMax: 16 * GB, bytesAlways: GB, forMs: 24 * HOUR };

test('what is kept for a site that is away lasts as long as it fills at the pace so far', () => {
  const away = seen({ lacks: 2 * GB, silentMs: 2 * HOUR });
  expect(away).toEqual({ lacksBytes: 2 * GB, forMs: 2 * HOUR, cloneInMs: 14 * HOUR });
});

test('nor longer than Patroni keeps its slot, but for what is kept for anybody', () => {
  expect(seen({ lacks: 2 * GB, silentMs: 20 * HOUR })?.cloneInMs).toBe(4 * HOUR);
  // By then it lacks no more than that.
  expect(seen({ lacks: 0.5 * GB, silentMs: 20 * HOUR })?.cloneInMs).toBe(20 * HOUR);
  expect(seen({ lacks: 2 * GB, silentMs: 30 * HOUR })?.cloneInMs).toBe(0);
});

test('where more is lacking than is kept it has to be cloned; and where nothing is written it has all', () => {
  expect(seen({ lacks: 17 * GB, silentMs: HOUR })?.cloneInMs).toBe(0);
  expect(seen({ lacks: 0, silentMs: 30 * HOUR })?.cloneInMs).toBeNull();
  const unbounded = { ...KEPT, bytesMax: null };
  expect(seen({ lacks: 17 * GB, silentMs: HOUR, kept: unbounded })?.cloneInMs).toBe(23 * HOUR);
});

test('of a site that is there, or was just lost, nothing is said; nor where nothing is known of its copy', () => {
  expect(seen({ lacks: 2 * GB, silentMs: 59_000 })).toBeNull();
  expect(seen({ lacks: 2 * GB, silentMs: 2 * HOUR, postgres: null })).toBeNull();
});

test('an agent that began later goes by the two wall clocks, if the site is silent', () => {
  const wallMs = 1_800_000_000_000;
  const at = (silentMs: number) =>
    seen({ lacks: 2 * GB, silentMs, wallMs, wallNow: wallMs + 2 * HOUR });
  expect(at(10_000)).toMatchObject({ forMs: 2 * HOUR, cloneInMs: 14 * HOUR });
  expect(at(1_000)).toBeNull();
});

test.each<[object, Partial<KeptLog>]>([
  [config('16GB', '1GB', '24h'), KEPT],
  [config('1024', 128, 60), { bytesMax: GB, bytesAlways: 128 * MB, forMs: 60_000 }],
  [config(-1, '1.5 GB', '30min'), { bytesMax: null, bytesAlways: 1.5 * GB, forMs: 1_800_000 }],
  [{}, { bytesMax: null, bytesAlways: 0, forMs: 1_800_000 }],
  [
    { postgresql: 7, member_slots_ttl: {} },
    { bytesMax: null, bytesAlways: 0, forMs: 1_800_000 },
  ],
  [config('16 toString', '', ''), { bytesMax: null, bytesAlways: 0, forMs: 1_800_000 }],
])('of Patroni’s configuration %j is read what is kept', (configuration, kept) =>
  expect(readKept(configuration as Record<string, unknown>)).toEqual(kept),
);

function config(max: unknown, always: unknown, ttl: unknown): object {
  const parameters = { max_slot_wal_keep_size: max, wal_keep_size: always };
  return { member_slots_ttl: ttl, postgresql: { parameters } };
}

interface Case {
  readonly lacks: number;
  readonly silentMs: number;
  readonly kept?: KeptLog;
  readonly postgres?: null;
  readonly wallMs?: number;
  readonly wallNow?: number;
}

function seen({ lacks, silentMs, kept = KEPT, postgres, wallMs, wallNow }: Case) {
  const copy = { role: 'standby', state: 'streaming', timeline: 1, lsn: '1000' } as const;
  const primary = { ...copy, role: 'primary', lsn: String(1_000 + lacks) } as const;
  const c: Partial<Report> = { postgres: postgres === null ? null : copy, wallMs: wallMs ?? null };
  const etcd = new StoryEtcd({ b: { postgres: primary }, c });
  const read = (change: string): View => {
    const view = etcd.change(change);
    return { ...view, patroni: { ...view.patroni, kept } };
  };
  let state: State = start(selfAt('a'), 0);
  const see = (view: View, at: number) => {
    state = step(state, { kind: 'read', view }, at).state;
  };
  see(read('patroni b, sync-leader b, sync a c'), 0);
  if (wallNow !== undefined)
    state = step(state, { kind: 'wall-clock', aheadMs: wallNow - silentMs }, 0).state;
  see(read('silent c'), silentMs);
  return awayOf(state, 'c', silentMs, TIMINGS);
}
