import pino from 'pino';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { frontDoor, pages } from '../server/client-api/pages/endpoints.ts';
import { delegation, federationApi, keyApi } from '../server/federation-api/endpoints.ts';
import type { Endpoint, Route } from '../server/http/endpoint.ts';
import { serve } from '../server/http/serve.ts';
import { mountsOf } from '../server/mounts.ts';
import { specOperations } from './spec/operations.ts';
import { endpointsIn, mounted } from './support/mounted.ts';
import { noServers, noServices, provesAll, unlimited } from './support/open-gate.ts';

/**
 * The list of endpoints against the specification, both ways: whatever we serve is in it as we
 * serve it, and whatever it has is either served or answered as the specification says for what is
 * not. Where we differ on purpose it is named here, with the reason.
 */

/** Two operations of the specification share a route; one file serves both. */
const SHARED: Readonly<Record<string, string>> = {
  inviteBy3PID: 'inviteUser',
  peekEvents: 'getEvents',
};

/** For whom a token changes nothing, none is asked for: an expired one must not be refused. */
const WITHOUT_TOKEN = ['getVersions'];

/** Not in the specification yet, and served under the prefix that the proposal gives: by operation. */
const PROPOSED: Readonly<Record<string, string>> = {
  getDehydratedDevice: 'msc3814',
  putDehydratedDevice: 'msc3814',
  deleteDehydratedDevice: 'msc3814',
  getDehydratedDeviceEvents: 'msc3814',
  postDehydratedDeviceEvents: 'msc3814',
  getRtcTransports: 'msc4143',
  scheduleDelayedEvent: 'msc4140',
  getDelayedEvents: 'msc4140',
  getDelayedEvent: 'msc4140',
  restartDelayedEvent: 'msc4140',
  cancelDelayedEvent: 'msc4140',
  sendDelayedEvent: 'msc4140',
  updateDelayedEvent: 'msc4140',
};

/** Proposals that were merged, and are in no version of the specification yet: what is served beside. */
const MERGED: readonly Route[] = [
  'PUT /_matrix/client/v3/rooms/{roomId}/delayed_event/{eventType}/{txnId}',
  'GET /_matrix/client/v1/delayed_events/{delayId}',
  'POST /_matrix/client/v1/delayed_events/{delayId}/restart',
  'POST /_matrix/client/v1/delayed_events/{delayId}/cancel',
  'POST /_matrix/client/v1/delayed_events/{delayId}/send',
];

/** Of the server-server API, and asked by services that are no servers. */
const FOR_SERVICES = ['exchangeOpenIdToken'];

/** Once in the specification, and still called by old clients. */
const OLD = ['sendMessageWithoutTxn'];

/** What is the same for all, although only the writer says it. */
const WITHOUT_LIMIT = ['getVersions'];

/** Besides, where clients still ask for what came into the specification since. */
const UNSTABLE: readonly Route[] = [
  'GET /_matrix/client/unstable/im.nheko.summary/rooms/{roomIdOrAlias}/summary',
  'GET /_matrix/client/unstable/im.nheko.summary/summary/{roomIdOrAlias}',
  'GET /_matrix/client/unstable/org.matrix.msc2946/rooms/{roomId}/hierarchy',
  'GET /_matrix/client/unstable/org.matrix.msc3030/rooms/{roomId}/timestamp_to_event',
  'GET /_matrix/client/unstable/org.matrix.msc3856/rooms/{roomId}/threads',
  'GET /_matrix/client/unstable/uk.half-shot.msc2666/user/mutual_rooms',
];

/** Those that are only in the text of the specification, and what is around them. */
const isPage = (each: Endpoint<never>) =>
  [...pages, ...frontDoor].some((page) => page === each) || each.routes.every(isOurOwn);
const isOurOwn = (route: Route) => route.includes(' /_farol/');

const endpoints = endpointsIn(mountsOf({ adminApi: false })).filter((each) => !isPage(each));
/** With those of which no specification speaks. */
const all = endpointsIn(mountsOf({ adminApi: true, federation: { enabled: true } }));
const forServers = [...federationApi, ...keyApi, ...delegation];
const endpointsOfToday = endpoints.filter(
  ({ operation }) => !OLD.includes(operation) && !Object.hasOwn(PROPOSED, operation),
);
const routeOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`;
const operationAt = new Map(
  [...endpoints, ...forServers].flatMap((each) => each.routes.map((at) => [at, each])),
);

describe('against the specification', () => {
  const operations = [
    ...specOperations('client-server'),
    ...specOperations('server-server').filter((each) => FOR_SERVICES.includes(each.operation)),
  ];
  const limited = new Set(operations.filter((each) => each.limited).map(routeOf));
  const named = new Map(operations.map((each) => [each.operation, each]));
  const isServed = ({ operation }: { operation: string }) =>
    endpoints.some((each) => each.operation === (SHARED[operation] ?? operation));

  test('every operation that we serve is one of the specification, at its route', () => {
    const wrong = endpointsOfToday.filter((each) => {
      const spec = named.get(each.operation);
      return !spec || !each.routes.includes(routeOf(spec) as Route);
    });
    expect(wrong.map((each) => each.operation)).toEqual([]);
  });

  test('every operation of a proposal is served where that says, and nowhere else', () => {
    const all = endpoints.filter(({ operation }) => Object.hasOwn(PROPOSED, operation));
    expect(all.map(({ operation }) => operation).sort()).toEqual(Object.keys(PROPOSED).sort());
    const wrong = all.flatMap(({ operation, routes }) =>
      routes
        .filter((route) => !MERGED.includes(route))
        .filter((route) => !route.includes(`/unstable/org.matrix.${PROPOSED[operation]}`)),
    );
    expect(wrong).toEqual([]);
  });

  test('every further route of an operation has the form of its first', () => {
    const wrong = endpointsOfToday.flatMap(({ operation, routes }) => {
      const [method, path] = routeOf(named.get(operation)!).split(' ') as [string, string];
      const known = [path, path.replace(/\/$/, ''), path.replace(/\{\w+\}$/, '')];
      const all = [...known, ...known.map((each) => each.replace(/\/$/, ''))];
      const old = all.map((each) => each.replace('/v3/', '/r0/'));
      return routes
        .filter((route) => !UNSTABLE.includes(route))
        .filter((route) => ![...all, ...old].some((each) => `${method} ${each}` === route));
    });
    expect(wrong).toEqual([]);
  });

  test('every operation that is served asks for a token exactly where the specification does', () => {
    const wrong = operations.filter(isServed).filter(({ operation, auth, ...at }) => {
      const ours = looksAtToken(operationAt.get(routeOf(at) as Route)!);
      return ours !== (auth !== 'none') && !WITHOUT_TOKEN.includes(operation);
    });
    expect(wrong).toEqual([]);
  });

  test('every operation that the specification limits is limited', () => {
    const wrong = operations
      .filter(isServed)
      .filter((each) => limited.has(routeOf(each)))
      .filter((each) => operationAt.get(routeOf(each) as Route)!.rateLimit === 'none');
    expect(wrong.map((each) => each.operation)).toEqual([]);
  });

  test('every route that is not served is unrecognized, and every served one is recognized', async () => {
    await using server = await closed();
    const wrong: string[] = [];
    for (const each of [...operations, ...specOperations('server-server')]) {
      const path = each.path.replaceAll(/\{\w+\}/g, 'x');
      const reply = await fetch(server.origin + path, { method: each.method });
      const { errcode } = (await reply.json()) as { errcode?: string };
      const seen = errcode === 'M_UNRECOGNIZED' ? reply.status : 'recognized';
      const sharesItsPath = [...operationAt.keys()].some((at) => at.endsWith(` ${each.path}`));
      const expected = operationAt.has(routeOf(each) as Route)
        ? 'recognized'
        : sharesItsPath
          ? 405
          : 404;
      if (seen !== expected) wrong.push(`${routeOf(each)}: ${seen}, not ${expected}`);
    }
    expect(wrong).toEqual([]);
  });
});

/** Of the server-server API, what policy servers serve. */
const OF_POLICY_SERVERS = ['askPolicyServerToSign'];

/** The specification says `accessToken`, which no server has: it means the signature of the others. */
const SIGNED_ALL_THE_SAME = ['getEventByTimestamp'];

/** Stands for the queries that there may be besides those that have a name. */
const ANY_QUERY = ['queryInfo'];

describe('against the server-server API, where the operator lets other servers in', () => {
  const operations = specOperations('server-server');
  const at = (operation: string) => operations.find((each) => each.operation === operation);

  test('every operation that we serve to servers is one of the specification, at its route', () => {
    const wrong = forServers.filter(({ operation, routes }) => {
      const spec = at(operation);
      return !spec || !routes.includes(routeOf(spec) as Route);
    });
    expect(wrong.map((each) => each.operation)).toEqual([]);
  });

  test('every operation is served, but for what is for servers of another kind', () => {
    const served = new Set([...forServers, ...endpoints].map(({ operation }) => operation));
    const missing = operations.filter((each) => !operationAt.has(routeOf(each) as Route));
    expect(missing.map(({ operation }) => operation).sort()).toEqual(
      [...OF_POLICY_SERVERS, ...ANY_QUERY].sort(),
    );
    expect(FOR_SERVICES.every((operation) => served.has(operation))).toBe(true);
  });

  test('every operation asks for a signature exactly where the specification does', () => {
    const wrong = forServers.filter(
      ({ operation, auth }) =>
        (auth === 'server') !== (at(operation)?.auth === 'signedRequest') &&
        !SIGNED_ALL_THE_SAME.includes(operation),
    );
    expect(wrong.map((each) => each.operation)).toEqual([]);
  });

  test('nothing of it is served where the operator does not', () => {
    const routes = endpointsIn(mountsOf({ adminApi: true })).flatMap((each) => each.routes);
    const served = forServers.flatMap((each) => each.routes).filter((at) => routes.includes(at));
    expect(served).toEqual([]);
  });
});

const looksAtToken = ({ auth }: Endpoint<never>) => auth !== 'nobody' && auth !== 'anybody';

/** Who may come without one is told by a test of their own. */
const asksForToken = (each: Endpoint<never>) => looksAtToken(each) && each.auth !== 'optional';

test.each(all.filter(asksForToken).map((each) => [each.operation, each]))(
  '%s is not for those without a token, or with one that nobody knows',
  async (_operation, endpoint) => {
    await using server = await closed();
    for (const route of endpoint.routes) {
      const [method, path] = route.split(' ') as [string, string];
      const url = server.origin + path.replaceAll(/\{\w+\}/g, 'x');
      const replies = [
        await fetch(url, { method }),
        await fetch(url, { method, headers: { authorization: 'Bearer nobodys' } }),
      ];
      const seen = await Promise.all(
        replies.map(async (reply) => [reply.status, ((await reply.json()) as Errors).errcode]),
      );
      const unproved = [401, 'M_UNAUTHORIZED'];
      expect(seen).toEqual(
        endpoint.auth === 'server'
          ? [unproved, unproved]
          : [
              [401, 'M_MISSING_TOKEN'],
              [401, 'M_UNKNOWN_TOKEN'],
            ],
      );
    }
  },
);

test('what is served by any server asks for no account, and changes nothing', () => {
  const any = all.filter((endpoint) => endpoint.servedBy === 'any');
  expect(any.length).toBeGreaterThan(0);
  for (const { operation, auth, idempotency, routes } of any) {
    const methods = new Set(routes.map((route) => route.split(' ')[0]));
    expect([operation, auth, idempotency, ...methods]).toEqual([
      ...[operation, 'nobody', 'natural', 'GET'],
    ]);
  }
});

test('every endpoint parses all parameters of its routes, and no others', () => {
  const wrong = all.flatMap((endpoint) =>
    endpoint.routes
      .filter((route) => {
        const inRoute = [...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
        const schema = endpoint.path;
        const parsed = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
        const mayBeAbsent = (name: string) =>
          schema instanceof z.ZodObject && schema.shape[name].safeParse(undefined).success;
        const isMissing = inRoute.some((name) => !parsed.includes(name));
        return isMissing || parsed.some((name) => !inRoute.includes(name) && !mayBeAbsent(name));
      })
      .map((route) => `${endpoint.operation}: ${route}`),
  );
  expect(wrong).toEqual([]);
});

test('nothing is without a limit that looks at anything but the configuration', () => {
  const unlimited = all.filter((each) => each.rateLimit === 'none');
  const isConstant = ({ operation, servedBy }: Endpoint<never>) =>
    servedBy === 'any' || WITHOUT_LIMIT.includes(operation);
  const wrong = unlimited.filter((each) => !isConstant(each));
  expect(wrong.map((each) => each.operation)).toEqual([]);
});

test('whatever stands in a path is bounded, for it may be a key of the database', async () => {
  await using server = await closed();
  const wrong: string[] = [];
  for (const { operation, routes } of all)
    for (const route of routes.filter((each) => each.includes('{'))) {
      const [method, path] = route.split(' ') as [string, string];
      const url = server.origin + path.replaceAll(/\{\w+\}/g, 'x'.repeat(1_100));
      const { errcode } = (await (await fetch(url, { method })).json()) as Errors;
      if (errcode !== 'M_INVALID_PARAM') wrong.push(`${operation}: ${route}: ${errcode}`);
    }
  expect(wrong).toEqual([]);
});

test('an endpoint that names its repeats by a transaction id has one in every route', () => {
  const wrong = all
    .filter((each) => each.idempotency === 'txnId')
    .filter((each) => each.auth === 'nobody' || !each.routes.every((at) => at.includes('{txnId}')));
  expect(wrong.map((each) => each.operation)).toEqual([]);
});

interface Errors {
  readonly errcode?: string;
}

const notToBeAsked = () => Promise.reject(new Error('not to be asked'));

/** All endpoints behind a gate that knows nobody, so that no handler can be reached with a token. */
function closed() {
  return serve(mounted(all), {
    ports: new Proxy({} as never, {
      get(_nothing, port) {
        throw new Error(`A handler was reached, and asked for ${String(port)}`);
      },
    }),
    authenticate: () => undefined,
    appServices: noServices,
    servers: noServers,
    interact: provesAll,
    rateLimits: unlimited,
    outcomes: { run: notToBeAsked, runInSession: notToBeAsked },
    mayAnswer: () => true,
    logger: pino({ level: 'silent' }),
    behindFront: false,
  });
}
