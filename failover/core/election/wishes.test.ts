import { expect, test } from 'vitest';
import { selfAt } from '../../../test/support/self.ts';
import type { Effect } from '../effects.ts';
import type { Input } from '../inputs.ts';
import { step } from '../machine.ts';
import { type State, start } from '../state.ts';
import { acknowledge, NO_TIMELINES } from '../timelines.ts';
import { wellAtSite } from '../told/story-etcd.ts';
import type { PostgresReport, Site, View } from '../view.ts';

/** Site a leads and its agent is dead; an operator asked Patroni to move to b. */
const AT = 100_000;

test('the candidate itself takes back what it is wished for if it lacks what another has', () => {
  const behind = at('b', 0, copy('10'), { c: copy('20') });
  const soon = take(behind.state, 300, postgres('10'));
  expect(cancels(soon)).toEqual([]);
  const later = take(soon.state, 450, postgres('10'));
  expect(cancels(later)).toEqual([{ kind: 'cancel-switchover', lease: '7', failover: 70 }]);
});

test('a candidate that receives what it is sent lacks nothing for long', () => {
  const behind = at('b', 0, copy('10'), { c: copy('20') });
  const reached = take(behind.state, 300, postgres('20'));
  expect(cancels(take(reached.state, 450, postgres('20')))).toEqual([]);
  // What others have by then is news, and has its time.
  const more = take(reached.state, 460, read(view({ b: copy('20'), c: copy('30') }, 5)));
  expect(cancels(take(more.state, 500, postgres('20')))).toEqual([]);
});

test('a position on another timeline says nothing of this one', () => {
  const behind = at('b', 0, copy('10'), { c: { ...copy('20'), timeline: 2 } });
  expect(cancels(take(behind.state, 2_000, postgres('10')))).toEqual([]);
});

test('another site judges by what the candidate said, and gives its news more time', () => {
  const said = { b: copy('10'), c: copy('20') };
  const first = at('c', 0, copy('20'), said);
  const early = take(first.state, 1_400, read(view(said, 5)));
  expect(cancels(early)).toEqual([]);
  const late = take(early.state, 1_700, read(view(said, 6)));
  expect(cancels(late)).toHaveLength(1);
});

test('another site takes back a wish for a site whose agent is silent, or that may not be promoted', () => {
  const said = { b: copy('20'), c: copy('20') };
  const first = at('c', 0, copy('20'), said);
  expect(cancels(take(first.state, 2_400, read(view(said))))).toEqual([]);
  expect(cancels(take(first.state, 2_600, read(view(said))))).toHaveLength(1);
  const unnamed = { ...view(said, 5), patroni: { ...view(said).patroni, sync: sync(['c']) } };
  expect(cancels(take(first.state, 100, read(unnamed)))).toHaveLength(1);
});

test('a wish for a site that would be refused to be promoted is taken back', () => {
  const said = { b: copy('20'), c: copy('20') };
  const first = at('c', 0, copy('20'), said);
  const noted = (timeline: number): View => ({
    ...view(said, 5),
    timelines: {
      ...acknowledge({ ...NO_TIMELINES, given: 2 }, 'a', { led: timeline, key: 1 }),
      revision: 3,
    },
  });
  expect(cancels(take(first.state, 100, read(noted(1))))).toEqual([]);
  expect(cancels(take(first.state, 100, read(noted(2))))).toHaveLength(1);
});

test('a wish for a later leader is taken back on condition that there is still none', () => {
  const first = at('c', 0, copy('20'), { c: copy('20') });
  const leaderless = view({ c: copy('20') }, 5);
  const none = { ...leaderless, patroni: { ...leaderless.patroni, leader: null } };
  const waiting = take(first.state, 9_900, read(none));
  expect(cancels(waiting).filter((effect) => effect.lease !== null)).toEqual([]);
  const [cancel] = cancels(take(waiting.state, 10_000, read({ ...none, revision: 90 })));
  expect(cancel).toMatchObject({ lease: null, failover: 70 });
});

test('what is wished for where nobody leads is not judged by positions', () => {
  const named = view({ b: copy('10'), c: copy('20') });
  const wish = { from: null, to: 'b', revision: 70 };
  const failover = { ...named, patroni: { ...named.patroni, leader: null, failover: wish } };
  const first = take(begin('b', copy('10')), 0, read(failover));
  expect(cancels(take(first.state, 2_000, postgres('10')))).toEqual([]);
});

function at(site: Site, ms: number, own: PostgresReport, said: Record<Site, PostgresReport>) {
  return take(begin(site, own), ms, read(view(said)));
}

function begin(site: Site, own: PostgresReport): State {
  const self = selfAt(site, { mayHoldAddress: false });
  return step(start(self, AT), { kind: 'postgres', postgres: own }, AT).state;
}

const take = (state: State, ms: number, input: Input) => step(state, input, AT + ms);

const cancels = ({ effects }: { effects: readonly Effect[] }) =>
  effects.flatMap((effect) => (effect.kind === 'cancel-switchover' ? [effect] : []));

const read = (seen: View): Input => ({ kind: 'read', view: seen });
const copy = (lsn: string): PostgresReport => ({
  role: 'standby',
  state: 'streaming',
  timeline: 1,
  lsn,
});
const postgres = (lsn: string): Input => ({ kind: 'postgres', postgres: copy(lsn) });
const machine = { machine: 'm', boot: '1', losses: 0, revision: 1 };
const sync = (standbys: Site[]) => ({ leader: 'a', standbys, revision: 2 });

/** `pulse`: the revision of every site's last sign of life. */
function view(said: Record<Site, PostgresReport>, pulse = 4): View {
  const site = (name: Site) => {
    const report = { ...wellAtSite(name), postgres: said[name] ?? null };
    return [name, { revision: pulse, report }] as const;
  };
  return {
    clusterId: '1',
    revision: 80 + pulse,
    leader: { site: 'a', revision: 3 },
    address: { site: 'a', revision: 3 },
    timelines: { given: 0, promotions: [], acknowledging: null, revision: 0 },
    machines: { a: machine, b: machine, c: machine },
    sites: Object.fromEntries(['a', 'b', 'c'].map(site)),
    patroni: {
      leader: { site: 'a', lease: '7', revision: 5 },
      sync: sync(['b', 'c']),
      failover: { from: 'a', to: 'b', revision: 70 },
      history: [],
      historyRevision: 0,
      failoverRevision: 70,
      timeline: 1,
      paused: false,
      configRevision: 1,
    },
    unreadable: [],
  };
}
