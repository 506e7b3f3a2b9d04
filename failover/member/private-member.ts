import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AloneOrder, OwnMember } from '../core/alone-order.ts';
import { type Pem, request } from '../promotion/request.ts';

/** etcd with one member, which nobody else knows of. */
export interface PrivateMember {
  own(): Promise<OwnMember>;
  /** How many others there were before it was alone. */
  others(): Promise<number>;
  read(ranges: readonly object[]): Promise<readonly object[]>;
  /** In one transaction: false where any key has changed since it was shown. */
  write(compare: AloneOrder['compare'], put: AloneOrder['put']): Promise<boolean>;
  /** Once all that it was told is on its disk. */
  end(): Promise<void>;
}

const STARTS_WITHIN_MS = 60_000;
const ANSWERS_WITHIN_MS = 10_000;
const ENDS_WITHIN_MS = 20_000;
const AGAIN_AFTER_MS = 100;

interface Place {
  readonly dataDir: string;
  readonly etcd: string;
  readonly pem: Pem | undefined;
}

/** Ports of this machine alone, which are told nobody; with the certificates of the site where it has any. */
export async function startPrivately({ dataDir, etcd, pem }: Place): Promise<PrivateMember> {
  const scheme = pem === undefined ? 'http' : 'https';
  const [client, peer] = [await freePort(), await freePort()].map(
    (port) => `${scheme}://127.0.0.1:${port}`,
  ) as [string, string];
  // Nobody is told that etcd is up.
  const { NOTIFY_SOCKET: _, ...given } = process.env;
  const env = {
    ...given,
    ...{ ETCD_DATA_DIR: dataDir, ETCD_FORCE_NEW_CLUSTER: 'true' },
    ...{ ETCD_LISTEN_CLIENT_URLS: client, ETCD_LISTEN_PEER_URLS: peer },
  };
  const server = spawn(etcd, [], { env, stdio: ['ignore', 'inherit', 'pipe'] });
  server.on('error', () => undefined);
  const forgotten = forgottenBy(server);
  const ask = (path: string, body: object) => answerOf(new URL(path, client), body, pem);
  try {
    await untilAlone(server, ask);
  } catch (error) {
    await ended(server);
    throw error;
  }
  return {
    own: async () => {
      const { header } = await ask('/v3/kv/range', { key: base64('-') });
      return {
        clusterId: header!.cluster_id,
        memberId: header!.member_id,
        revision: Number(header!.revision),
      };
    },
    others: async () => forgotten.size,
    read: async (ranges) => {
      const success = ranges.map((range) => ({ request_range: range }));
      const { responses = [] } = await ask('/v3/kv/txn', { success });
      return responses.flatMap((each) => each.response_range?.kvs ?? []);
    },
    write: async (compare, put) => {
      const { succeeded } = await ask('/v3/kv/txn', {
        compare: compare.map(({ key, revision }) => ({
          ...{ key: base64(key), target: 'MOD', result: 'EQUAL' },
          mod_revision: String(revision),
        })),
        success: put.map(({ key, text }) => ({
          request_put: { key: base64(key), value: base64(text) },
        })),
      });
      return succeeded === true;
    },
    end: async () => {
      if (!(await ended(server))) throw new Error('etcd on the copy did not end in good order');
    },
  };
}

interface Answer {
  readonly header?: { cluster_id: string; member_id: string; revision: string };
  readonly succeeded?: boolean;
  readonly members?: readonly object[];
  readonly responses?: readonly { readonly response_range?: { kvs?: readonly object[] } }[];
}

/**
 * Which members it forgets as it starts alone, by their ids: nothing but its log names them afterwards. 3.4 says `removed member ID from cluster`, 3.5
 * has the id in `removed-remote-peer-id`. All of it is said before it answers anybody.
 */
function forgottenBy(server: ChildProcess): ReadonlySet<string> {
  const forgotten = new Set<string>();
  if (server.stderr === null) return forgotten;
  createInterface({ input: server.stderr }).on('line', (line) => {
    process.stderr.write(`${line}\n`);
    const [, id] =
      /removed member ([0-9a-f]+) from/.exec(line) ??
      /"removed member".*"removed-remote-peer-id":"([0-9a-f]+)"/.exec(line) ??
      [];
    if (id !== undefined) forgotten.add(id);
  });
  return forgotten;
}

async function answerOf(url: URL, body: object, pem: Pem | undefined): Promise<Answer> {
  const signal = AbortSignal.timeout(ANSWERS_WITHIN_MS);
  const { status, json } = await request(url, { pem, body, signal });
  if (status === 200) return json as Answer;
  throw new Error(`${url.pathname} is answered with ${status}, ${JSON.stringify(json)}`);
}

async function untilAlone(
  server: ChildProcess,
  ask: (path: string, body: object) => Promise<Answer>,
): Promise<void> {
  const until = performance.now() + STARTS_WITHIN_MS;
  for (;;) {
    if (server.exitCode !== null || server.signalCode !== null || server.pid === undefined)
      throw new Error('etcd does not start on a copy of its data');
    const { members } = await ask('/v3/cluster/member/list', { linearizable: true }).catch(
      (): Answer => ({}),
    );
    if (members?.length === 1) return;
    if (performance.now() >= until) throw new Error('etcd on a copy of its data does not answer');
    await sleep(AGAIN_AFTER_MS);
  }
}

/** Whether it ended by itself once it was told to. */
async function ended(server: ChildProcess): Promise<boolean> {
  if (server.pid === undefined) return false;
  if (server.exitCode !== null || server.signalCode !== null) return false;
  const end = once(server, 'exit');
  server.kill('SIGTERM');
  const late = setTimeout(() => server.kill('SIGKILL'), ENDS_WITHIN_MS);
  await end;
  clearTimeout(late);
  return server.signalCode !== 'SIGKILL';
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
