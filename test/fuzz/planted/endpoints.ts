import { z } from 'zod';
import type { AccountData } from '../../../server/accounts/account-data.ts';
import { endpoint, type Route } from '../../../server/http/endpoint.ts';
import { byName, byUser, jsonObject } from '../../../server/http/fields.ts';
import { badJson, notFound } from '../../../server/http/matrix-error.ts';
import type { JsonValue } from '../../../server/protocol/json.ts';

/**
 * Endpoints as somebody could write them tomorrow, each with one of the faults that the fuzzer is
 * there to find.
 */
interface Ports {
  readonly accountData: Pick<AccountData, 'get'>;
}

export const PREFIX = '/_matrix/client/unstable/org.example';

const COMMON = { auth: 'user', rateLimit: 'write', idempotency: 'natural' } as const;
const routes = (method: 'POST' | 'GET', path: string): Route[] => [`${method} ${PREFIX}${path}`];

const queryPerWish = endpoint({
  ...COMMON,
  operation: 'queryPerWish',
  routes: routes('POST', '/claim'),
  body: { json: z.object({ one_time_keys: byUser(byName(z.string())) }) },
  async handle({ body }, { accountData }: Ports) {
    for (const [userId, devices] of body.one_time_keys)
      for (const type of Object.keys(devices))
        await accountData.get({ userId, roomId: null, type });
    return {};
  },
});

const boundedQueryPerWish = endpoint({
  ...COMMON,
  operation: 'boundedQueryPerWish',
  routes: routes('POST', '/bounded-claim'),
  body: { json: z.object({ wishes: z.array(z.string()).max(2_000) }) },
  async handle({ caller: { userId }, body }, { accountData }: Ports) {
    for (const type of body.wishes) await accountData.get({ userId, roomId: null, type });
    return {};
  },
});

const walksDeep = endpoint({
  ...COMMON,
  operation: 'walksDeep',
  routes: routes('POST', '/deep'),
  body: { json: jsonObject },
  handle: async ({ body }) => ({ depth: depthOf(body) }),
});

function depthOf(value: JsonValue): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map((inner) => depthOf(inner!)));
}

const looksTwiceALevel = endpoint({
  ...COMMON,
  operation: 'looksTwiceALevel',
  routes: routes('POST', '/twice'),
  body: { json: z.object({ a: jsonObject.optional() }) },
  async handle({ body }) {
    compute(2 ** Math.min(levels(body.a ?? {}) - 10, 20));
    return {};
  },
});

function levels(value: JsonValue): number {
  let [depth, left] = [0, value];
  for (; typeof left === 'object' && left !== null; depth += 1)
    left = Object.values(left)[0] ?? null;
  return depth;
}

const slowOnLongTexts = endpoint({
  ...COMMON,
  operation: 'slowOnLongTexts',
  routes: routes('POST', '/long'),
  body: { json: z.object({ display_name: z.string() }) },
  async handle({ body }) {
    compute(body.display_name.length / 600);
    return {};
  },
});

const slowOnMany = endpoint({
  ...COMMON,
  operation: 'slowOnMany',
  routes: routes('POST', '/many'),
  body: { json: z.object({ invite: z.array(z.string()).max(1_500) }) },
  async handle({ body }) {
    compute(body.invite.length ** 2 / 3_000);
    return {};
  },
});

/** As much as the arithmetic says that it would cost, on any machine. */
function compute(ms: number) {
  const spent = () => process.threadCpuUsage().user / 1_000;
  const end = spent() + Math.min(ms, 250);
  while (spent() < end);
}

const refused = new Map<string, unknown>();

const keepsRefusedBodies = endpoint({
  ...COMMON,
  operation: 'keepsRefusedBodies',
  routes: routes('POST', '/refused'),
  body: { json: z.object({ reason: z.string() }) },
  async handle({ body: { reason } }) {
    refused.set(reason, reason);
    if (reason.length > 1_000) throw badJson('Too long');
    return {};
  },
});

const keepsRefusedKeys = endpoint({
  ...COMMON,
  operation: 'keepsRefusedKeys',
  routes: routes('POST', '/refused-keys'),
  body: { json: z.object({ tags: byName(z.string()) }) },
  async handle({ body: { tags } }) {
    for (const tag of Object.keys(tags)) {
      refused.set(tag, tag);
      if (tag.length > 100) throw badJson('Too long');
    }
    return {};
  },
});

const keepsWhatIsNotThere = endpoint({
  ...COMMON,
  operation: 'keepsWhatIsNotThere',
  routes: routes('GET', '/absent/{name}'),
  path: z.object({ name: z.string() }),
  async handle({ path }) {
    refused.set(path.name, true);
    throw notFound('There is none');
  },
});

const KINDS: Readonly<Record<string, { readonly names: readonly string[] }>> = {
  x: { names: [] },
};

const trustsNames = endpoint({
  ...COMMON,
  operation: 'trustsNames',
  routes: routes('GET', '/kinds/{kind}'),
  path: z.object({ kind: z.string() }),
  async handle({ path }) {
    const kind = KINDS[path.kind];
    if (!kind) throw notFound('There is no such kind');
    return { count: kind.names.length };
  },
});

const countsByAnyNumber = endpoint({
  ...COMMON,
  operation: 'countsByAnyNumber',
  routes: routes('GET', '/page'),
  query: z.object({ limit: z.string() }),
  handle: async ({ query }) => ({ page: 'x'.repeat(Number(query.limit) % 1_000) }),
});

/** By the fault, what the fuzzer says of it. */
export const PLANTED = [
  { endpoint: queryPerWish, complaint: /one_time_keys.* asks the database \d+ times/ },
  { endpoint: boundedQueryPerWish, complaint: /1,000 entries asks the database \d+ times/ },
  { endpoint: walksDeep, complaint: /deep objects is answered 500/ },
  { endpoint: looksTwiceALevel, complaint: /as deep as may be takes a turn of \d+ ms/ },
  { endpoint: slowOnLongTexts, complaint: /display_name is 200 kB takes a turn of \d+ ms/ },
  { endpoint: slowOnMany, complaint: /1,000 entries takes a turn of \d+ ms/ },
  { endpoint: keepsRefusedBodies, complaint: /reason: of \d+ kB that it refused, \d+ kB stay/ },
  { endpoint: keepsRefusedKeys, complaint: /the key tags\.x: of \d+ kB .* stay in memory/ },
  { endpoint: keepsWhatIsNotThere, complaint: /path name: of \d+ kB .* stay in memory/ },
  { endpoint: trustsNames, complaint: /path kind is prototype is answered 500/ },
  { endpoint: countsByAnyNumber, complaint: /query limit is minus is answered 500/ },
];
