import { randomUUID } from 'node:crypto';
import { Agent } from 'undici';
import { deviceKey, deviceKeys } from '../support/cross-signing.ts';
import { type Account, BenchClient } from './client.ts';
import type { Target } from './target.ts';

export interface RequestBenchOptions {
  readonly target: Target;
  readonly print: (line: string) => void;
}

export interface Request {
  readonly name: string;
  /** How many tell what one costs. */
  readonly count: number;
  readonly deed: (n: number) => Promise<unknown>;
}

const AT_ONCE = 8;
const KEYS_EACH = 50;
const PEOPLE = 100;

/** What single requests cost beside messages: CPU of server and database, a hundred or more of each. */
export async function benchRequests({ target, print }: RequestBenchOptions): Promise<void> {
  const agent = new Agent({ pipelining: 1, connections: AT_ONCE });
  for (const { name, count, deed } of await requestsOf(new BenchClient(agent, target.origin))) {
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

/** People with devices, and what they ask; in this order, since claims take what was uploaded. */
export async function requestsOf(client: BenchClient): Promise<Request[]> {
  const people = await inTurn(PEOPLE, (n) =>
    client.register(`keys${n}-${randomUUID().slice(0, 8)}`),
  );
  await inTurn(people.length, (n) => uploadDevice(client, people[n]!));
  const rooms = await inTurn(20, (n) => client.createRoom(people[n]!));
  const who = (n: number) => people[n % people.length]!;
  const device_keys = Object.fromEntries(people.map(({ userId }) => [userId, []]));
  const request = (name: string, count: number, deed: Request['deed']) => ({ name, count, deed });
  return [
    request(`/keys/upload of ${KEYS_EACH}`, 800, (n) => uploadKeys(client, who(n), n)),
    request(`/keys/query of ${PEOPLE} users`, 800, (n) =>
      ask(client, '/keys/query', { device_keys }, who(n)),
    ),
    request('/keys/claim', 1_600, (n) => claim(client, who(n + 1), who(n))),
    request('profile change', 800, (n) => rename(client, people[n % rooms.length]!, n)),
    request('login', 80, (n) => client.logInAgain(who(n))),
  ];
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
export async function inTurn<T>(count: number, work: (n: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  const queue = Array(Math.floor(count)).keys();
  const worker = async () => {
    for (const n of queue) results[n] = await work(n);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}
