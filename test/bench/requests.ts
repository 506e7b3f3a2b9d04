import { randomUUID } from 'node:crypto';
import { Agent } from 'undici';
import { deviceKey, deviceKeys } from '../support/cross-signing.ts';
import { type Account, BenchClient } from './client.ts';
import type { Target } from './target.ts';

export interface RequestBenchOptions {
  readonly target: Target;
  readonly print: (line: string) => void;
}

const AT_ONCE = 8;
const KEYS_EACH = 50;

/** What single requests cost beside messages: CPU of server and database, a hundred or more of each. */
export async function benchRequests({ target, print }: RequestBenchOptions): Promise<void> {
  const agent = new Agent({ pipelining: 1, connections: AT_ONCE });
  const client = new BenchClient(agent, target.origin);
  const people = await inTurn(100, (n) => client.register(`keys${n}-${randomUUID().slice(0, 8)}`));
  await inTurn(people.length, (n) => uploadDevice(client, people[n]!));
  const rooms = await inTurn(20, (n) => client.createRoom(people[n]!));
  const who = (n: number) => people[n % people.length]!;
  const device_keys = Object.fromEntries(people.map(({ userId }) => [userId, []]));
  const rows: [name: string, count: number, deed: (n: number) => Promise<unknown>][] = [
    [`/keys/upload of ${KEYS_EACH}`, 800, (n) => uploadKeys(client, who(n), n)],
    ['/keys/query of 100 users', 800, (n) => ask(client, '/keys/query', { device_keys }, who(n))],
    ['/keys/claim', 1_600, (n) => claim(client, who(n + 1), who(n))],
    ['profile change', 800, (n) => rename(client, people[n % rooms.length]!, n)],
    ['login', 80, (n) => client.logInAgain(who(n))],
  ];
  for (const [name, count, deed] of rows) {
    await inTurn(count / 8, (n) => deed(n));
    const before = target.cpuMs();
    await inTurn(count, (n) => deed(n + count / 8));
    const after = target.cpuMs();
    const each = Object.entries(after).map(
      ([part, ms]) => `${((ms - (before[part] ?? 0)) / count).toFixed(2)} ${part}`,
    );
    print(`${name.padEnd(26)} CPU ms/request: ${each.join(', ') || 'unknown'}`);
  }
  await agent.destroy();
}

const ask = (client: BenchClient, path: string, body: object, caller: Account) =>
  client.ask<Record<string, never>>('POST', `/_matrix/client/v3${path}`, body, caller);

function uploadDevice(client: BenchClient, account: Account) {
  const { userId, deviceId } = account;
  const keys = deviceKeys(userId, deviceId, deviceKey(deviceId, 1));
  return ask(client, '/keys/upload', { device_keys: keys }, account);
}

/** As large as a client's: two keys and a signature in Base64. */
function uploadKeys(client: BenchClient, account: Account, round: number) {
  const key = { key: 'k'.repeat(43), signatures: { [account.userId]: { x: 's'.repeat(86) } } };
  const keys = Array.from({ length: KEYS_EACH }, (_, n) => [
    `signed_curve25519:AAA${round}_${n}`,
    key,
  ]);
  return ask(client, '/keys/upload', { one_time_keys: Object.fromEntries(keys) }, account);
}

const claim = (client: BenchClient, of: Account, by: Account) => {
  const one_time_keys = { [of.userId]: { [of.deviceId]: 'signed_curve25519' } };
  return ask(client, '/keys/claim', { one_time_keys }, by);
};

const rename = (client: BenchClient, account: Account, n: number) =>
  client.ask(
    'PUT',
    `/_matrix/client/v3/profile/${account.userId}/displayname`,
    { displayname: `name ${n}` },
    account,
  );

/** So many, a few at once. */
async function inTurn<T>(count: number, work: (n: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  const queue = Array(Math.floor(count)).keys();
  const worker = async () => {
    for (const n of queue) results[n] = await work(n);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}
