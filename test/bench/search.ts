import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Account, BenchClient } from './client.ts';
import { withServer } from './initial-sync.ts';
import { FREQUENCIES, sayMuch } from './search-data.ts';
import type { Target } from './target.ts';

export interface SearchOptions {
  readonly events: number;
  readonly node: readonly string[];
  /** Where the messages stay for another run; else they are made anew. */
  readonly data: string | undefined;
  readonly print: (line: string) => void;
}

const ROOMS = 10;
const SEARCHES = 200;
const WARM = 10;

/** A user in ten rooms looks for words that are in many, in some and in few of their messages: one search behind the other. */
export async function benchSearch(options: SearchOptions): Promise<void> {
  const { node, print, events } = options;
  const folder = options.data ?? mkdtempSync(join(tmpdir(), 'farol-bench-'));
  const file = join(folder, 'searcher.json');
  if (!existsSync(file)) {
    print(`making ${events} messages`);
    await withServer(folder, node, async (client) => {
      const user = await client.register('searcher');
      for (let room = 0; room < ROOMS; room++)
        await client.send(await client.createRoom(user), `${room}`, user);
      writeFileSync(file, JSON.stringify(user));
    });
    await sayMuch(join(folder, 'data'), events);
  }
  const user = JSON.parse(readFileSync(file, 'utf8')) as Account;
  await withServer(folder, node, async (client, target) => {
    for (const [word, every] of Object.entries(FREQUENCIES)) {
      const what = `search of ${events} messages, a word in one of ${every}`;
      print(`${what}: ${await measured({ client, target, user }, word)}`);
    }
  });
  if (options.data === undefined) rmSync(folder, { recursive: true, force: true });
}

async function measured(
  { client, target, user }: { client: BenchClient; target: Target; user: Account },
  search_term: string,
): Promise<string> {
  const body = { search_categories: { room_events: { search_term, order_by: 'recent' } } };
  const search = () => client.ask<Found>('POST', '/_matrix/client/v3/search', body, user);
  for (let warm = 0; warm < WARM; warm++) await search();
  const before = target.cpuMs();
  const took: number[] = [];
  let count = 0;
  for (let turn = 0; turn < SEARCHES; turn++) {
    const begin = performance.now();
    count = (await search()).search_categories.room_events.count;
    took.push(performance.now() - begin);
  }
  took.sort((a, b) => a - b);
  const at = (share: number) => took[Math.floor(share * (took.length - 1))]!.toFixed(1);
  const cpu = Object.entries(target.cpuMs()).map(
    ([part, ms]) => `${((ms - before[part]!) / SEARCHES).toFixed(1)} ms ${part}`,
  );
  return `${count} found, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, CPU ${cpu.join(' + ')}`;
}

interface Found {
  readonly search_categories: { readonly room_events: { readonly count: number } };
}
