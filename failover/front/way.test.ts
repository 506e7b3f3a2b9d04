import { expect, onTestFinished, test, vi } from 'vitest';
import { Routing } from './routing.ts';
import { type Probed, type Target, Way } from './way.ts';

const a = { site: 'a', epoch: 1, url: 'https://a' };
const peers = { a: 'https://front-a', c: 'https://front-c' };

test('a site that says it has no writer is not asked through others', async () => {
  const { way, asked } = kept(() => 'refused');
  await vi.waitFor(() => expect(asked.length).toBeGreaterThan(2));
  expect(new Set(asked)).toEqual(new Set(['https://a']));
  expect(way.shown()).toMatchObject({ kind: 'none' });
});

test("the front of the writer's own site is no other way to it", async () => {
  const { asked, until } = kept(({ origin }) =>
    origin === 'https://front-c' ? 'answered' : 'unreachable',
  );
  await until({ kind: 'through', site: 'c' });
  expect(asked).not.toContain('https://front-a');
});

test('a link that is silent for a moment is not taken for cut', async () => {
  let silent = false;
  let silentAt = 0;
  const { way, until } = kept(({ through }) => {
    if (through !== null || !silent) return 'answered';
    silentAt ||= performance.now();
    return 'never';
  });
  let movedAt = 0;
  way.changes.on(() => {
    if (way.open?.through === 'c') movedAt ||= performance.now();
  });
  await until({ kind: 'direct' });
  silent = true;
  await until({ kind: 'through', site: 'c' });
  // A busy machine is late, and never early.
  expect(movedAt - silentAt).toBeGreaterThan(1_000);
});

test('what a probe found before a request was refused is not believed', async () => {
  const probes: PromiseWithResolvers<Probed>[] = [];
  const { way, until } = kept(() => {
    probes.push(Promise.withResolvers<Probed>());
    return probes.at(-1)!.promise;
  });
  const next = async (count: number) => vi.waitFor(() => expect(probes).toHaveLength(count));
  await next(1);
  probes[0]!.resolve('answered');
  await until({ kind: 'direct' });
  await next(2);
  way.refused(way.open!);
  expect(way.open).toBeNull();
  probes[1]!.resolve('answered');
  await next(3);
  expect(way.open).toBeNull();
  probes[2]!.resolve('answered');
  await until({ kind: 'direct' });
});

test('a refusal of a writer before this one closes nothing', async () => {
  const { way, routing, until } = kept(() => 'answered');
  await until({ kind: 'direct' });
  const before = way.open!;
  routing.set({ ...a, epoch: 2 });
  expect(way.open).toMatchObject({ writer: { epoch: 2 }, origin: a.url });
  way.refused(before);
  expect(way.open).not.toBeNull();
  routing.set({ site: 'b', epoch: 3, url: 'https://b' });
  expect(way.open).toBeNull();
});

type Answers = (target: Target) => Probed | 'never' | Promise<Probed>;

/** A way that is kept while the test lasts, with every question written down. */
function kept(answers: Answers) {
  const routing = new Routing();
  const asked: string[] = [];
  const way = new Way({
    routing,
    peers,
    now: () => performance.now(),
    probe: async (target, signal) => {
      asked.push(target.origin);
      const answer = answers(target);
      if (answer !== 'never') return answer;
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve('silent')));
    },
  });
  const stop = new AbortController();
  void way.keep(stop.signal);
  onTestFinished(() => stop.abort());
  routing.set(a);
  const until = (shown: object) => vi.waitFor(() => expect(way.shown()).toEqual(shown));
  return { way, routing, asked, until };
}
