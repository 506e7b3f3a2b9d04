import { expect, test } from 'vitest';
import { selfAt } from '../test/support/self.ts';
import { start } from './core/state.ts';
import { wellAtSite } from './core/told/story-etcd.ts';
import { Narrator } from './narrate.ts';

test('what is done all the time is not told, what moves something is, without its report', () => {
  const { narrator, told } = listen();
  const [report, name] = [wellAtSite('a'), { revision: 0, put: null, over: null }];
  narrator.does({ kind: 'pulse', sentAt: 0, holds: {}, name, report });
  narrator.does({ kind: 'hold-address', until: 1, term: { clusterId: '1', revision: 1 } });
  narrator.does({ kind: 'tell-server', role: 'writer', leaderRevision: 7, deadline: 1 });
  expect(told).toEqual([]);
  const claim = { sentAt: 0, revision: 3, over: null, name: 4 };
  narrator.does({ kind: 'claim', lease: 'leader', ...claim, report });
  narrator.does({ kind: 'tell-server', role: 'follower' });
  expect(told).toEqual([
    ['claim', { lease: 'leader', ...claim }],
    ['tell-server', { role: 'follower' }],
  ]);
});

test('a failure is told once for each reason, and again once it had succeeded', () => {
  const { narrator, told } = listen();
  const fails = (reason: string) => narrator.failed('read', new Error(reason), reason);
  for (const reason of ['no route', 'no route', 'refused']) fails(reason);
  narrator.succeeded('read');
  fails('refused');
  expect(told.map(([, { err }]) => (err as Error).message)).toEqual([
    'no route',
    'refused',
    'refused',
  ]);
});

test('a lease that is won or lost is told with its term', () => {
  const { narrator, told } = listen();
  const before = start(selfAt('a'), 0);
  const after = { ...before, leader: { revision: 7, until: 100 } };
  narrator.changed(before, after, 0);
  narrator.changed(after, after, 0);
  narrator.changed(after, before, 0);
  expect(told).toEqual([
    ['holds a lease', { lease: 'leader', term: 7 }],
    ['lost a lease', { lease: 'leader', term: null }],
  ]);
});

function listen() {
  const told: [message: string, fields: Record<string, unknown>][] = [];
  const say = (fields: object, message: string) => void told.push([message, { ...fields }]);
  return { narrator: new Narrator({ info: say, warn: say }), told };
}
