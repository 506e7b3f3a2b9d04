import { expect, test } from 'vitest';
import { keyOf } from '../../../test/support/foreign-server.ts';
import type { ServerName } from '../../protocol/identifiers.ts';
import { publishedKeys } from '../../protocol/server-keys.ts';
import { Admission } from '../admission.ts';
import { Discovery } from '../discovery/discovery.ts';
import type { DiscoveryPorts, Way } from '../discovery/find-server.ts';
import { WellKnown } from '../discovery/well-known.ts';
import { FederationClient } from '../federation-client.ts';
import type { Asked, Told } from '../reach.ts';
import { Examination, type ExaminationPorts } from './examination.ts';

const NOW = 1_700_000_000_000;
const them = 'other.org' as ServerName;

const told = (status: number, body: unknown): Told => ({
  ...{ status, headers: {} },
  body: Buffer.from(JSON.stringify(body)),
});
const keys = (validUntilTs = NOW + 1) =>
  told(200, publishedKeys(them, { current: keyOf(them), old: [] }, validUntilTs));
const failing = (code: string) => Object.assign(new Error('no'), { code });

/** What a connection to `host:port` gives, and what a signed request. */
async function examined({
  at = {},
  asked = told(200, { pdus: {} }),
  client = { askForBytes: async () => asked },
  ...special
}: Partial<Omit<ExaminationPorts, 'reach'>> & {
  at?: Record<string, Told | Error>;
  asked?: Told;
}) {
  const { findings, failed } = await new Examination({
    ...{ own: 'example.org' as ServerName, isOpen: true, peers: new Map() },
    ...{ admission: { admits: () => true }, now: () => NOW },
    discovery: { forget() {} },
    wellKnown: { look: async (host) => ({ said: `${host} says nothing` }) },
    srv: async () => [],
    ...special,
    reach: {
      async ask({ targets: [target] }) {
        const answer = at[`${target!.host}:${target!.port}`] ?? failing('ENOTFOUND');
        if (answer instanceof Error) throw answer;
        return answer;
      },
    },
    client,
  }).of(them);
  return { steps: findings.map(({ step, result }) => `${step} ${result}`), failed };
}

const record: DiscoveryPorts['srv'] = async (name) =>
  name.startsWith('_matrix-fed.')
    ? [1, 2].map((priority) => ({ name: `m${priority}.org`, port: 443, priority, weight: 1 }))
    : [];

test('each step of the discovery is told, as far as it went, and the next target where one is not there', async () => {
  const at = { 'm1.org:443': failing('ECONNREFUSED'), 'm2.org:443': keys() };
  expect(await examined({ at, srv: record })).toEqual({
    steps: [
      ...['admission well', 'well_known none', 'srv well'],
      ...['connection failed', 'connection well', 'keys well', 'request well'],
    ],
    failed: undefined,
  });
});

test('what the operator has in the table is gone by, and nothing is looked up', async () => {
  const peers = new Map([[them, { host: '192.0.2.7', port: 8448 }]]);
  const { steps } = await examined({ peers, at: { '192.0.2.7:8448': keys() } });
  expect(steps.slice(0, 3)).toEqual(['admission well', 'table well', 'connection well']);
});

test('a server that well-known names is asked where its name leads', async () => {
  const look = async () => ({ delegated: 'm.org:99' as ServerName, keptMs: 1, said: 'm.org:99' });
  const { failed, steps } = await examined({ wellKnown: { look }, at: { 'm.org:99': keys() } });
  expect([failed, steps[1], steps[2]]).toEqual([undefined, 'well_known well', 'connection well']);
});

test.each<[string, RegExp, string, RegExp]>([
  ['ENOTFOUND', /know no address/, 'other_server', /in their DNS/],
  ['EAI_AGAIN', /no name server/, 'this_server', /at this site/],
  ['ECONNREFUSED', /nobody listens/, 'other_server', /start what listens/],
  ['UND_ERR_CONNECT_TIMEOUT', /no connection/, 'other_server', /open that port/],
  ['CERT_HAS_EXPIRED', /has ended/, 'other_server', /renew/],
  ['ERR_TLS_CERT_ALTNAME_INVALID', /another name/, 'other_server', /of that name/],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', /no authority/, 'other_server', /federation\.ca/],
  ['HPE_INVALID_CONSTANT', /no/, 'other_server', /no HTTPS server/],
])(
  'where the connection fails with %s it is said why, and who must act',
  async (code, said, who, what) => {
    const { failed } = await examined({ at: { 'other.org:8448': failing(code) } });
    expect(failed).toMatchObject({ step: 'connection', said: expect.stringMatching(said) });
    expect(failed?.must).toEqual({ who, what: expect.stringMatching(what) });
  },
);

test('who says nothing is told apart from who is not there', async () => {
  const late = new DOMException('late', 'TimeoutError');
  const { failed } = await examined({ at: { 'other.org:8448': late } });
  expect(failed?.said).toBe('other.org:8448 says nothing in its time');
});

test.each<[string, Told, RegExp]>([
  ['a page of something else', told(404, {}), /status 404/],
  [
    'the keys of another server',
    told(200, { ...JSON.parse(keys().body.toString()), server_name: 'x' }),
    /of another server/,
  ],
  ['keys that are over', keys(NOW - 1), /valid until/],
  ['what is no JSON', { status: 200, headers: {}, body: Buffer.from('<html>') }, /no JSON/],
])('%s ends it at the keys', async (_what, answer, said) => {
  const { failed } = await examined({ at: { 'other.org:8448': answer } });
  expect(failed).toMatchObject({ step: 'keys', said: expect.stringMatching(said) });
  expect(failed?.must?.who).toBe('other_server');
});

test.each<[number, string]>([
  [401, 'this_server'],
  [403, 'other_server'],
  [502, 'other_server'],
])(
  'a signed request that is answered with %i is for the operator of %s to see to',
  async (status, who) => {
    const asked = told(status, { errcode: 'M_X', error: 'I know no key of yours' });
    const { failed } = await examined({ asked, at: { 'other.org:8448': keys() } });
    expect(failed).toMatchObject({ step: 'request', must: { who } });
    expect(failed?.said).toContain(`status ${status}: I know no key of yours`);
  },
);

test.each([200, 403, 404])(
  'what passes on the keys, but answers a signed request itself with %i and a page, is no homeserver that takes our signature',
  async (status) => {
    const asked: Told = { status, headers: {}, body: Buffer.from('<html>') };
    const { failed } = await examined({ asked, at: { 'other.org:8448': keys() } });
    expect(failed).toMatchObject({ step: 'request', must: { who: 'other_server' } });
    expect(failed?.must?.what).toMatch(/pass \/_matrix\/federation on/);
  },
);

test('a server that lets nobody look up its profiles takes our signature', async () => {
  const askForBytes: ExaminationPorts['client']['askForBytes'] = async (_server, { path }) =>
    path.includes('/query/profile')
      ? told(403, { errcode: 'M_FORBIDDEN', error: 'Profile lookup over federation is disabled' })
      : told(200, { pdus: {} });
  const { failed } = await examined({ client: { askForBytes }, at: { 'other.org:8448': keys() } });
  expect(failed).toBeUndefined();
});

test('where well-known leads elsewhere since the last request the signed one goes there, too, and all behind it', async () => {
  let port = 1;
  const ask = async ({ targets: [target] }: Way, { path }: Asked): Promise<Told> => {
    if (path.startsWith('/.well-known'))
      return { ...told(200, { 'm.server': `m.org:${port}` }), headers: {} };
    if (target!.port !== port) throw failing('ECONNREFUSED');
    return path.startsWith('/_matrix/key') ? keys() : told(200, { pdus: {} });
  };
  const own = 'example.org' as ServerName;
  const [reach, now] = [{ ask } as never, () => NOW];
  const wellKnown = new WellKnown(reach, now);
  const looked = { wellKnown, srv: async () => [], now };
  const discovery = new Discovery(new Map(), { ...looked, random: () => 0 });
  const admission = new Admission({ allow: undefined, deny: [] });
  const self = { serverName: own, ownKeys: { current: keyOf(own) } };
  const client = new FederationClient(self, { admission, discovery, reach });
  const question = { method: 'GET', path: '/_matrix/federation/v1/version' } as const;
  await client.askForBytes(them, question);
  port = 2;
  const ports = { ...looked, own, isOpen: true, peers: new Map(), admission, reach, client };
  const { failed } = await new Examination({ ...ports, discovery }).of(them);
  expect(failed).toBeUndefined();
  expect((await client.askForBytes(them, question)).status).toBe(200);
});

test('SRV records of which no name server says whether they are there are told as such, and the way goes on', async () => {
  const srv = () => Promise.reject(failing('ESERVFAIL'));
  const reached = await examined({ srv, at: { 'other.org:8448': keys() } });
  expect(reached.failed).toBeUndefined();
  expect(reached.steps).toContain('srv failed');
  const { failed } = await examined({ srv, at: { 'other.org:8448': failing('ECONNREFUSED') } });
  expect(failed).toMatchObject({ step: 'srv', must: { who: 'this_server' } });
  expect(failed?.said).toMatch(/no name server.*ESERVFAIL/);
});

test('nobody is asked where federation is off, or the server is not let in', async () => {
  const off = await examined({ isOpen: false });
  const denied = await examined({ admission: { admits: () => false } });
  expect([off.steps, denied.steps]).toEqual([['admission failed'], ['admission failed']]);
  expect([off.failed?.must?.what, denied.failed?.must?.what].join()).toMatch(
    /federation\.enabled.*federation\.allow/,
  );
});
