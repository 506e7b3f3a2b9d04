import { expect, test } from 'vitest';
import { emptyView } from '../../../test/support/empty-view.ts';
import { selfAt } from '../../../test/support/self.ts';
import { type State, start } from '../state.ts';
import { TIMINGS } from '../timings.ts';
import { StoryEtcd } from '../told/story-etcd.ts';
import type { Turn } from '../turn.ts';
import type { PostgresReport, ServerRole } from '../view.ts';
import { countUnwell } from './unwell.ts';

test('a takeover that is refused because PostgreSQL is not promoted yet is no fall, however often it is tried', () => {
  const turn = leading({ role: 'standby', state: 'running' });
  for (let at = 0; at < 20; at++) {
    say(turn, at % 2 === 0 ? 'taking-over' : 'follower', 100 + 50 * at);
    countUnwell(turn);
  }
  expect(turn.state.unwell).toMatchObject({ debtMs: 0, falls: 0 });
});

test('one that is refused beside a primary is, and so is the end of a writer whose PostgreSQL ended with it', () => {
  const taking = leading({ role: 'primary', state: 'running' });
  say(taking, 'taking-over', 100);
  countUnwell(taking);
  say(taking, 'follower', 150);
  countUnwell(taking);
  expect(taking.state.unwell.falls).toBe(1);
  const writing = leading({ role: 'primary', state: 'running' });
  say(writing, 'writer', 100);
  countUnwell(writing);
  writing.state = {
    ...writing.state,
    postgres: { ...writing.state.postgres!, report: { ...STANDBY, state: 'crashed' } },
  };
  say(writing, 'follower', 150);
  countUnwell(writing);
  expect(writing.state.unwell.falls).toBe(1);
});

test('what was amiss is forgotten where the primary is no longer here', () => {
  const state = start(selfAt('a'), 0);
  const unwell = { debtMs: 9_000, at: 100, why: 'it fell', obeys: true, falls: 3 };
  const turn: Turn = {
    state: { ...state, unwell, view: emptyView(5, {}) },
    effects: [],
    now: 200,
    timings: TIMINGS,
  };
  countUnwell(turn);
  expect(turn.state.unwell).toMatchObject({ debtMs: 0, falls: 0 });
});

const STANDBY = { role: 'standby', state: 'running', timeline: 1, lsn: '1' } as const;

/** At a site that leads and has told its server so, beside Patroni's key. */
function leading(postgres: Pick<PostgresReport, 'role' | 'state'>): Turn {
  const etcd = new StoryEtcd({});
  const told = {
    role: 'writer',
    leaderRevision: 5,
    deadline: 9_000,
    at: 0,
    answered: true,
  } as const;
  const state = {
    ...start(selfAt('a'), 0),
    view: etcd.change('patroni a, leader a 5'),
    readAt: 100,
    leader: { revision: 5, until: 9_000 },
    told,
    postgres: { report: { ...STANDBY, ...postgres }, at: 100 },
  };
  return { state, effects: [], now: 100, timings: TIMINGS };
}

function say(turn: { state: State; now: number }, role: ServerRole, now: number): void {
  const report = { role, epoch: 5, position: 0, healthy: true, why: null };
  const server = { ...turn.state.server, report, at: now, sickSince: null };
  Object.assign(turn, { now, state: { ...turn.state, server } });
}
