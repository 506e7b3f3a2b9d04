import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request as askHttps } from 'node:https';
import { connect as connectTcp, Server } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect } from 'node:tls';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import {
  type Authority,
  certificateAuthority,
  type Issued,
} from '../../../test/support/certificates.ts';
import { freePort } from '../../../test/support/free-port.ts';
import { Identity } from '../../certificates/identity.ts';
import type { PeerWord, Stranger } from '../../core/peers.ts';
import { wellAtSite } from '../../core/told/story-etcd.ts';
import { LeaveNote } from './leave-note.ts';
import { Peers } from './peers.ts';

let authority: Authority;
const issued = new Map<string, Issued>();

beforeAll(async () => {
  authority = await certificateAuthority();
  for (const name of ['a', 'b', 'c', 'front-b'])
    issued.set(name, await authority.issue(name, { ip: ['127.0.0.1'] }));
});

test('an agent hears from another one what that says of its site, and for how long etcd has been silent there', async () => {
  const b = await serving('b');
  const word = await asks('a', { b: b.url }).ask('b');
  expect(word).toEqual({
    etcdSilentMs: 7_000,
    report: expect.objectContaining({ power: 'low' }),
  });
  expect(b.refused).toEqual([]);
});

test('a word with something odd in it ends nobody: what no agent would say is as if it were not known', async () => {
  const odd = { ...wellAtSite('b'), power: 'steam', server: {}, carried: { pause: 'for ever' } };
  const b = await serving('b', () => ({ report: odd as never, etcdSilentMs: null }));
  const { report } = await asks('a', { b: b.url }).ask('b');
  expect([report.power, report.server, report.carried]).toEqual(['unknown', null, undefined]);
});

test('who answers in the place of another site is not taken for it', async () => {
  const b = await serving('b');
  await expect(asks('a', { c: b.url }).ask('c')).rejects.toThrow('the agent of b of farol answers');
});

test('a certificate of another authority is refused, and it is told from where', async () => {
  const b = await serving('b');
  const foreign = await certificateAuthority();
  const stranger = await foreign.issue('a', { ip: ['127.0.0.1'] });
  const mine = await askWith(b.url, stranger);
  expect(mine).toBeInstanceOf(Error);
  await vi.waitFor(() => expect(b.refused).toHaveLength(1));
  expect(b.refused[0]).toMatchObject({ from: '127.0.0.1', count: 1 });
  expect(b.refused[0]!.why).toMatch(/SIGNATURE|CERT|ISSUER/);
});

test('so is who shows none', async () => {
  const b = await serving('b');
  expect(await askWith(b.url, undefined)).toBeInstanceOf(Error);
  await vi.waitFor(() => expect(b.refused).toHaveLength(1));
});

test.each(['front-b', 'b'])(
  'a certificate of the cluster that is of %s, no other site’s, may ask nothing',
  async (name) => {
    const b = await serving('b');
    expect(await askWith(b.url, issued.get(name))).toEqual({
      status: 403,
      said: expect.stringContaining('only the agents of other sites'),
    });
    expect(b.refused).toEqual([
      {
        from: '127.0.0.1',
        count: 1,
        why: `its certificate is of "${name}", which is no other site`,
      },
    ]);
  },
);

test('a leader is told whether it may go on, and why not', async () => {
  const b = await serving('b');
  const a = asks('a', { b: b.url });
  expect(await a.askLeave('b', 7)).toBeNull();
  expect(await a.askLeave('b', 8)).toBe('a leads another term');
  await expect(a.askLeave('c', 7)).rejects.toThrow('does not name it');
});

test('it is told whether its server may answer for a while more, by a question of its own', async () => {
  const b = await serving('b');
  const a = asks('a', { b: b.url });
  expect(await a.askCover('b', 9)).toBeNull();
  expect(await a.askCover('b', 7)).toBe('it has promised');
});

test('there are no other questions', async () => {
  const b = await serving('b');
  expect(await askWith(b.url, issued.get('a'), { path: '/v1/other' })).toMatchObject({
    status: 404,
  });
});

test('who asks without an end is answered so often a second, and no more', async () => {
  const b = await serving('b');
  const few = new Agent({ keepAlive: true, maxSockets: 2 });
  onTestFinished(() => few.destroy());
  const ask = () => askWith(b.url, issued.get('a'), { agent: few });
  const begun = performance.now();
  const answers = await Promise.all(Array.from({ length: 100 }, ask));
  const seconds = Math.ceil((performance.now() - begun) / 1_000) + 1;
  const count = (wanted: number) =>
    answers.filter((answer) => !(answer instanceof Error) && answer.status === wanted).length;
  expect(count(200)).toBeGreaterThanOrEqual(20);
  expect(count(200)).toBeLessThanOrEqual(20 * seconds);
  expect(count(200) + count(429)).toBe(100);
});

test('who says nothing, or hangs up, is no stranger: a busy site of ours does that, too', async () => {
  const b = await serving('b');
  const silent = connectTcp(Number(new URL(b.url).port), '127.0.0.1');
  onTestFinished(() => void silent.destroy());
  silent.on('error', () => undefined).resume();
  await once(silent, 'close');
  await answers(b.url);
  expect(await askWith(b.url, undefined)).toBeInstanceOf(Error);
  await vi.waitFor(() => expect(b.refused).toHaveLength(1));
  expect(b.refused[0]?.why).toMatch(/certificate/);
});

test('who keeps connections open from one address has a few of them, and the others are cut', async () => {
  const b = await serving('b');
  const port = Number(new URL(b.url).port);
  const sockets = Array.from({ length: 20 }, () => connectTcp(port, '127.0.0.1'));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  const cut = new Set<unknown>();
  for (const socket of sockets)
    socket.on('error', () => undefined).once('close', () => cut.add(socket));
  await vi.waitFor(() => expect(cut.size).toBe(12));
});

test.each([
  ['nothing', ''],
  ['half a question', 'GET /v1/word HTTP/1.1\r\nx: '],
])(
  'whoever says %s after the handshake is cut',
  async (_what, half) => {
    const b = await serving('b');
    const { certificate, key } = issued.get('a')!;
    const socket = connect({
      port: Number(new URL(b.url).port),
      host: '127.0.0.1',
      ca: readFileSync(authority.ca),
      cert: readFileSync(certificate),
      key: readFileSync(key),
    });
    onTestFinished(() => void socket.destroy());
    await once(socket, 'secureConnect');
    if (half !== '') socket.write(half);
    socket.resume();
    await once(socket, 'close');
  },
  60_000,
);

test('a word that is too long is not taken', async () => {
  const long = { ...wellAtSite('b'), notCandidate: 'x'.repeat(100_000) };
  const b = await serving('b', () => ({ report: long, etcdSilentMs: null }));
  await expect(asks('a', { b: b.url }).ask('b')).rejects.toThrow();
});

test('a port that somebody else has is taken once that one has ended', async () => {
  const first = await serving('b');
  const trouble = vi.fn();
  const second = await serving('b', undefined, { url: first.url, trouble });
  await vi.waitFor(() => expect(trouble).toHaveBeenCalled());
  await first.stop();
  await vi.waitFor(async () => expect(await asks('a', { b: second.url }).ask('b')).toBeTruthy(), {
    timeout: 20_000,
  });
}, 60_000);

test('that somebody else has the port is told once, not at each try', async () => {
  const first = await serving('b');
  const tries = vi.spyOn(Server.prototype, 'listen');
  onTestFinished(() => tries.mockRestore());
  const trouble = vi.fn();
  await serving('b', undefined, { url: first.url, trouble, openAgainMs: 5 });
  await vi.waitFor(() => expect(tries.mock.calls.length).toBeGreaterThan(3));
  expect(trouble).toHaveBeenCalledTimes(1);
});

const saysB = (): PeerWord => ({
  report: { ...wellAtSite('b'), power: 'low' },
  etcdSilentMs: 7_000,
});

interface Special {
  readonly url?: string;
  readonly trouble?: () => void;
  readonly openAgainMs?: number;
}

/** The agent of a site, as others find it. */
async function serving(site: string, word = saysB, special: Special = {}) {
  const { url: given, trouble: onTrouble, ...rest } = special;
  const url = given ?? `https://127.0.0.1:${await freePort()}`;
  const urls = { a: 'https://127.0.0.1:1', c: 'https://127.0.0.1:2' };
  const peers = peersAt(site, { urls, listen: new URL(url).host, onTrouble, ...rest });
  const refused: Stranger[] = [];
  const stop = new AbortController();
  const leave = async (from: string, term: number) =>
    term === 7 ? null : `${from} leads another term`;
  const cover = async (_: string, term: number) => (term === 9 ? null : 'it has promised');
  const told = (stranger: Stranger) => refused.push(stranger);
  const served = peers.serve({ word, leave, cover, refused: told }, stop.signal);
  const end = async () => {
    stop.abort();
    await served;
  };
  onTestFinished(end);
  if (given === undefined) await vi.waitFor(() => answers(url));
  return { url, refused, stop: end };
}

async function answers(url: string): Promise<void> {
  const socket = connectTcp(Number(new URL(url).port), '127.0.0.1');
  await once(socket, 'connect');
  socket.destroy();
  await once(socket, 'close');
}

const asks = (site: string, urls: Record<string, string>) =>
  peersAt(site, { urls, listen: '127.0.0.1:0' });

interface Told {
  readonly urls: Record<string, string>;
  readonly listen: string;
  readonly onTrouble?: (() => void) | undefined;
  readonly openAgainMs?: number;
}

function peersAt(site: string, { onTrouble = () => undefined, ...told }: Told): Peers {
  const { certificate, key } = issued.get(site)!;
  const files = { ca: authority.ca, certificate, key };
  const identity = new Identity({ files, onTrouble: () => undefined });
  const note = new LeaveNote(authority.folder, () => performance.now());
  const peers = new Peers({ cluster: 'farol', site, identity, note, onTrouble, ...told });
  onTestFinished(async () => {
    identity.close();
    await peers.close();
  });
  return peers;
}

/** By whatever certificate; an error where no answer came. */
async function askWith(
  url: string,
  shown: Issued | undefined,
  { path = '/v1/word', agent = false }: { path?: string; agent?: Agent | false } = {},
): Promise<{ status: number; said: string } | Error> {
  const own = shown && {
    cert: readFileSync(shown.certificate),
    key: readFileSync(shown.key),
  };
  const question = askHttps(`${url}${path}`, { ca: readFileSync(authority.ca), agent, ...own });
  question.end();
  try {
    const [answer] = await once(question, 'response');
    return { status: answer.statusCode, said: await text(answer) };
  } catch (error) {
    return error as Error;
  }
}
