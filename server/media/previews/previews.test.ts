import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import type { ServerName } from '../../protocol/identifiers.ts';
import { Previews } from './previews.ts';

const MIB = 1024 * 1024;
const SERVER = 'example.org' as ServerName;

test('of a page no more is kept than what is shown of it', async () => {
  const long = `<meta property="og:title" content="${'x'.repeat(MIB)}">`;
  const previews = previewsOf({ page: long });
  const before = heapBytes();
  for (let at = 0; at < 60; at += 1) await previews.of(`http://example.org/${at}`, '@a:x');
  expect(heapBytes() - before).toBeLessThan(20 * MIB);
  const { 'og:title': title } = await previews.of('http://example.org/0', '@a:x');
  expect(title).toHaveLength(1_000);
});

test('a picture that is not measured in time is given up, and waits in no line any more', async () => {
  let asked: AbortSignal | undefined;
  const previews = previewsOf({
    page: '<title>T</title><meta property="og:image" content="/picture">',
    measured: (_picture, _who, signal) => {
      asked = signal;
      return new Promise(() => {});
    },
    withinMs: 50,
  });
  expect(await previews.of('http://example.org/', '@a:x')).toEqual({ 'og:title': 'T' });
  expect(asked?.aborted).toBe(true);
});

test('a preview whose picture could not be had is made anew in five minutes, and others in an hour', async () => {
  const page = '<title>T</title><meta property="og:image" content="/picture">';
  const picture = { kind: 'measured', contentType: 'image/png', width: 1, height: 1 } as const;
  const clock = { now: 0 };
  let isBusy = true;
  const previews = previewsOf({
    ...{ page, clock },
    measured: async () => {
      if (isBusy) throw new Error('too much of this user waits to be drawn');
      return picture;
    },
  });
  const shows = async () => 'og:image' in (await previews.of('http://example.org/', '@a:x'));
  expect(await shows()).toBe(false);
  isBusy = false;
  clock.now = 299_999;
  expect(await shows()).toBe(false);
  clock.now = 300_000;
  expect(await shows()).toBe(true);
  isBusy = true;
  clock.now += 3_599_999;
  expect(await shows()).toBe(true);
});

type Ports = ConstructorParameters<typeof Previews>[0];

interface Given {
  readonly page: string;
  readonly measured?: Ports['measured'];
  readonly withinMs?: number;
  readonly clock?: { readonly now: number };
}

/** Of a web where the same page is everywhere. */
function previewsOf({
  page,
  measured = async () => undefined,
  withinMs = 60_000,
  clock = { now: 0 },
}: Given) {
  const web: Ports['web'] = {
    admit: (text, base) => new URL(text, base),
    get: (url, _signal, take) => take({ url, contentType: 'text/html', body: inOne(page) }),
  };
  return new Previews(
    {
      ...{ web, measured, serverName: SERVER, now: () => clock.now },
      mayShow: async () => true,
      pictures: { keep: async () => 'preview-1', has: async () => true },
    },
    {
      ...{ withinMs, pageWithinMs: withinMs },
      turns: { atOnce: 1, waiting: 1, waitingOfOne: 1 },
    },
  );
}

async function* inOne(text: string) {
  yield Buffer.from(text);
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}
