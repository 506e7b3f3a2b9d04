import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent } from 'undici';
import { type Account, BenchClient } from './client.ts';
import { mapSome } from './load.ts';
import { startOn, type Target } from './target.ts';

export interface InitialSyncOptions {
  readonly rooms: number;
  readonly node: readonly string[];
  /** Where the rooms stay for another run; else they are made anew. */
  readonly data: string | undefined;
  readonly print: (line: string) => void;
}

const MESSAGES = 2;

/**
 * An account in many small rooms begins, at a server that has just started: first with nothing in memory,
 * then once more. Another one in as many other rooms follows: nothing in memory, but all code is compiled.
 */
export async function benchInitialSync(options: InitialSyncOptions): Promise<void> {
  const folder = options.data ?? mkdtempSync(join(tmpdir(), 'farol-bench-'));
  const file = join(folder, 'accounts.json');
  if (!existsSync(file)) await makeRooms(folder, file, options);
  const [first, second] = JSON.parse(readFileSync(file, 'utf8')) as [Account, Account];
  await withServer(folder, options.node, async (client, target) => {
    // The server's own first steps are not what is measured.
    await client.register(`warm-${Date.now()}`);
    const bench = { client, target, options };
    await measure('cold, just started', { ...bench, user: first });
    await measure('once more', { ...bench, user: first });
    await measure('cold, code compiled', { ...bench, user: second });
  });
  if (options.data === undefined) rmSync(folder, { recursive: true, force: true });
}

async function makeRooms(folder: string, file: string, { rooms, print }: InitialSyncOptions) {
  print(`making twice ${rooms} rooms`);
  await withServer(folder, [], async (client) => {
    const users = [await client.register('first'), await client.register('second')];
    for (const user of users)
      await mapSome(16, [...Array(rooms).keys()], async (n) => {
        const roomId = await client.createRoom(user);
        for (let m = 0; m < MESSAGES; m++) await client.send(roomId, `${n}-${m}`, user);
      });
    writeFileSync(file, JSON.stringify(users));
  });
}

async function measure(
  what: string,
  {
    client,
    target,
    user,
    options,
  }: { client: BenchClient; target: Target; user: Account; options: InitialSyncOptions },
) {
  await target.longestTurnMs?.();
  const before = target.cpuMs();
  const begin = performance.now();
  const { text } = await client.sync(user, undefined, 0);
  const took = performance.now() - begin;
  const after = target.cpuMs();
  const turn = (await target.longestTurnMs?.()) ?? Number.NaN;
  const cpu = Object.entries(after).map(([part, ms]) => `${ms - before[part]!} ms ${part}`);
  const megabytes = (Buffer.byteLength(text) / 1e6).toFixed(1);
  options.print(
    `initial sync of ${options.rooms} rooms, ${what}: ${took.toFixed(0)} ms, CPU ${cpu.join(' + ')}, ` +
      `${megabytes} MB, longest turn of the event loop ${turn.toFixed(0)} ms CPU`,
  );
}

/** On what lies in the folder. */
export async function withServer(
  folder: string,
  node: readonly string[],
  use: (client: BenchClient, target: Target) => Promise<void>,
) {
  const agent = new Agent({ connections: 64 });
  {
    await using target = await startOn(join(folder, 'data'), node, { metered: true });
    await use(new BenchClient(agent, target.origin), target);
  }
  await agent.destroy();
}
