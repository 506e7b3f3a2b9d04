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

/** An account in many small rooms begins: first with nothing in memory, then once more. */
export async function benchInitialSync(options: InitialSyncOptions): Promise<void> {
  const folder = options.data ?? mkdtempSync(join(tmpdir(), 'farol-bench-'));
  const account = join(folder, 'account.json');
  if (!existsSync(account)) await makeRooms(folder, account, options);
  const user = JSON.parse(readFileSync(account, 'utf8')) as Account;
  await withServer(folder, options.node, async (client, target) => {
    // The server's own first steps are not what is measured.
    await client.register(`warm-${Date.now()}`);
    for (const what of ['cold', 'again']) await measure(what, { client, target, user, options });
  });
  if (options.data === undefined) rmSync(folder, { recursive: true, force: true });
}

async function makeRooms(folder: string, account: string, { rooms, print }: InitialSyncOptions) {
  print(`making ${rooms} rooms`);
  await withServer(folder, [], async (client) => {
    const user = await client.register('many');
    await mapSome(16, [...Array(rooms).keys()], async (n) => {
      const roomId = await client.createRoom(user);
      for (let m = 0; m < MESSAGES; m++) await client.send(roomId, `${n}-${m}`, user);
    });
    writeFileSync(account, JSON.stringify(user));
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
  await target.metrics();
  const before = target.cpuMs();
  const begin = performance.now();
  const { text } = await client.sync(user, undefined, 0);
  const took = performance.now() - begin;
  const after = target.cpuMs();
  const turn = Number(
    /^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(await target.metrics())?.[1],
  );
  const cpu = Object.entries(after).map(([part, ms]) => `${ms - before[part]!} ms ${part}`);
  const megabytes = (Buffer.byteLength(text) / 1e6).toFixed(1);
  options.print(
    `initial sync of ${options.rooms} rooms, ${what}: ${took.toFixed(0)} ms, CPU ${cpu.join(' + ')}, ` +
      `${megabytes} MB, longest delay of the event loop ${(turn * 1_000).toFixed(0)} ms`,
  );
}

async function withServer(
  folder: string,
  node: readonly string[],
  use: (client: BenchClient, target: Target) => Promise<void>,
) {
  const agent = new Agent({ connections: 64 });
  {
    await using target = await startOn(join(folder, 'data'), node);
    await use(new BenchClient(agent, target.origin), target);
  }
  await agent.destroy();
}
