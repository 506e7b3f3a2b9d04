import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AloneOrder, OwnMember } from '../core/alone-order.ts';
import { type Pem, request } from '../promotion/request.ts';

/** etcd with one member, which nobody else knows of. */
export interface PrivateMember {
  own(): Promise<Omit<OwnMember, 'voters'>>;
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

/**
 * It answers at a port of this machine alone, which nobody is told, with the certificates of the site where it has any. It reaches nobody: until it has
 * forgotten the other member it would greet that, in the name of the one whose data these are. So its own way to others ends in
 * front of a door that is shut (Go's HTTP goes through a proxy, except to this machine), it has no certificate that they would take, and they
 * reach it by a socket in the folder of the copy.
 */
export async function startPrivately({ dataDir, etcd, pem }: Place): Promise<PrivateMember> {
  const shut = await shutDoor();
  const client = `${pem === undefined ? 'http' : 'https'}://127.0.0.1:${await freePort()}`;
  const env = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !NOT_TOLD.test(name))),
    ...{ HTTP_PROXY: shut.url, HTTPS_PROXY: shut.url },
    ...{ ETCD_DATA_DIR: dataDir, ETCD_FORCE_NEW_CLUSTER: 'true' },
    ...{ ETCD_LISTEN_CLIENT_URLS: client, ETCD_LISTEN_PEER_URLS: 'unix://peer:1' },
    // It would ask the other whether its data are the same.
    ETCD_EXPERIMENTAL_INITIAL_CORRUPT_CHECK: 'false',
  };
  const server = spawn(etcd, [], { env, cwd: dataDir, stdio: ['ignore', 'inherit', 'inherit'] });
  server.on('error', () => undefined);
  const ask = (path: string, body: object) => answerOf(new URL(path, client), body, pem);
  const ended = async (): Promise<boolean> => {
    const isInOrder = await isEnded(server);
    shut.close();
    return isInOrder;
  };
  try {
    await untilAlone(server, ask);
  } catch (error) {
    await ended();
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
      if (!(await ended())) throw new Error('etcd on the copy did not end in good order');
    },
  };
}

interface Answer {
  readonly header?: { cluster_id: string; member_id: string; revision: string };
  readonly succeeded?: boolean;
  readonly members?: readonly object[];
  readonly responses?: readonly { readonly response_range?: { kvs?: readonly object[] } }[];
}

/** Nobody is told that etcd is up, and it knows no way to other members. */
const NOT_TOLD = /^(NOTIFY_SOCKET|ETCD_PEER_.*|(HTTPS?|NO|ALL)_PROXY)$/i;

/** Who comes is sent away. It stays taken for as long as the member lives, so nobody else opens it. */
async function shutDoor(): Promise<{ readonly url: string; close(): void }> {
  const server = createServer((socket) => socket.on('error', () => undefined).destroy());
  const url = `http://127.0.0.1:${await portOf(server)}`;
  return { url, close: () => void server.close() };
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
async function isEnded(server: ChildProcess): Promise<boolean> {
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
  const server = createServer();
  const port = await portOf(server);
  server.close();
  await once(server, 'close');
  return port;
}

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as { port: number }).port;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
