import pino from 'pino';
import { Admission } from '../../server/federation/admission.ts';
import { ServerRequests } from '../../server/federation/server-requests.ts';
import type { Gate } from '../../server/http/gate.ts';
import { RateLimits, type Rates } from '../../server/http/rate-limits.ts';
import { notKept, type Once } from '../../server/log/outcomes.ts';
import type { Person } from '../../server/protocol/caller.ts';
import type { ServerName, UserId } from '../../server/protocol/identifiers.ts';
import { type InteractiveAuth, nothingProved } from '../../server/protocol/interactive-auth.ts';

/** Two callers, by their tokens `alice-token` and `bob-token`. */
export const callers: Readonly<Record<string, Person>> = {
  'alice-token': caller('@alice:example.org', 'PHONE'),
  'bob-token': caller('@bob:example.org', 'LAPTOP'),
};

export const UNLIMITED: Rates = {
  read: 'unlimited',
  write: 'unlimited',
  login: 'unlimited',
  sync: 'unlimited',
  wholeSync: 'unlimited',
  preview: 'unlimited',
  mail: 'unlimited',
  registration: 'unlimited',
};

export const unlimited = new RateLimits(UNLIMITED);

/** Nobody is asked for more than their token. */
export const provesAll: InteractiveAuth = {
  sessionOf: () => undefined,
  prove: async () => nothingProved,
  beginAnew: () => Promise.reject(new Error('there are no sessions')),
};

/** Nobody has let any in. */
export const noServices: Gate<unknown>['appServices'] = {
  behind: () => undefined,
  actFor: () => Promise.reject(new Error('there are no application services')),
};

/** None has keys that can be had. */
export const noServers = new ServerRequests({
  serverName: 'example.org' as ServerName,
  keys: { forRequest: async () => undefined },
  admission: new Admission({ allow: undefined, deny: [] }),
  heardFrom: () => {},
});

/** A gate that limits nothing and keeps nothing, for tests of endpoints over real HTTP. */
export function openGate<Ports>(ports: Ports, instead: Partial<Gate<Ports>> = {}): Gate<Ports> {
  return {
    ports,
    authenticate: (token) => callers[token],
    appServices: noServices,
    servers: noServers,
    interact: provesAll,
    rateLimits: unlimited,
    outcomes: { run: ranAtOnce, runInSession: ranAtOnce },
    mayAnswer: () => true,
    logger: pino({ level: 'silent' }),
    behindFront: false,
    ...instead,
  };
}

async function ranAtOnce<T extends object>(_key: object, attempt: (once: Once) => Promise<T>) {
  return { kind: 'ran' as const, answer: await attempt(notKept) };
}

function caller(userId: string, deviceId: string): Person {
  return { kind: 'user', userId: userId as UserId, deviceId };
}
