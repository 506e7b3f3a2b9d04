import { randomBytes } from 'node:crypto';
import { canonicalJson } from '../protocol/canonical-json.ts';
import type { UserId } from '../protocol/identifiers.ts';
import type { Proof, UiaFlows, UiaRequest, UiaStage } from '../protocol/interactive-auth.ts';
import { badJson } from '../protocol/matrix-error.ts';
import { macOf, openJson, sealJson } from './sealed-json.ts';

/** What a session has got through. It is in the session id itself, sealed: no server remembers it. */
export interface UiaSession {
  readonly id: string;
  readonly operation: string;
  readonly path: string;
  readonly userId: UserId | null;
  readonly deviceId: string | null;
  /** Of the flows that were offered when it began: for no others may a page be asked. */
  readonly stages: readonly UiaStage[];
  /** The parameters that were given, by name, as hashes. Others may be added, as clients begin with `{}`. */
  readonly given: Readonly<Record<string, string>>;
  readonly completed: readonly UiaStage[];
  readonly proof: Proof;
  readonly untilMs: number;
}

export interface SessionPorts {
  /** Secret of the cluster, so that a session that one writer began goes on at the next one. */
  readonly secret: Buffer;
  readonly now: () => number;
}

const PURPOSE = 'interactive-auth session';
const SESSION_MS = 15 * 60_000;
/** As the link in an e-mail, which may be read later. */
const SESSION_WITH_EMAIL_MS = 60 * 60_000;
const PARAMETERS_MAX = 50;

export const newSession = (
  request: UiaRequest,
  flows: UiaFlows,
  ports: SessionPorts,
): UiaSession => ({
  id: randomBytes(12).toString('base64url'),
  operation: request.operation,
  path: request.path,
  userId: request.caller?.userId ?? null,
  deviceId: request.caller?.deviceId ?? null,
  stages: [...new Set(flows.flat())],
  given: givenBy(request, ports.secret),
  completed: [],
  proof: {},
  untilMs: ports.now() + lifeOf(flows),
});

const lifeOf = (flows: UiaFlows) =>
  flows.flat().includes('m.login.email.identity') ? SESSION_WITH_EMAIL_MS : SESSION_MS;

export const sealSession = (session: UiaSession, { secret }: SessionPorts): string =>
  sealJson(PURPOSE, session, secret);

/** Undefined for one that is too old, or not ours. */
export function openSession(sealed: string, { secret, now }: SessionPorts): UiaSession | undefined {
  const session = openJson(PURPOSE, sealed, secret) as UiaSession | undefined;
  return session && now() < session.untilMs ? session : undefined;
}

/** Undefined also for one of another request, another user or another device of theirs. */
export function sessionOfRequest(request: UiaRequest, ports: SessionPorts): UiaSession | undefined {
  const named = request.auth?.session;
  const session = typeof named === 'string' ? openSession(named, ports) : undefined;
  if (!session) return undefined;
  const given = givenBy(request, ports.secret);
  const isOfThis =
    session.operation === request.operation &&
    session.path === request.path &&
    session.userId === (request.caller?.userId ?? null) &&
    session.deviceId === (request.caller?.deviceId ?? null) &&
    Object.entries(session.given).every(([name, hash]) => given[name] === hash);
  return isOfThis ? { ...session, given } : undefined;
}

/** Of all parameters, also of those that were added since the session began, and of who asks. */
export function hashOf(request: UiaRequest, { secret }: SessionPorts): string {
  const { operation, path, parameters, caller } = request;
  const { userId = null, deviceId = null } = caller ?? {};
  const text = canonicalJson({ operation, path, parameters, userId, deviceId }, 'as-found');
  return shortMac('interactive-auth request', text, secret);
}

/** The session behind one more stage. */
export const completing = (session: UiaSession, stage: UiaStage, proof: Proof): UiaSession => ({
  ...session,
  completed: [...new Set([...session.completed, stage])],
  proof: { ...session.proof, ...proof },
});

/** Hashes with a key, since a session id is readable, and a password may be among them. */
function givenBy({ parameters }: UiaRequest, secret: Buffer): Record<string, string> {
  const all = Object.entries(parameters);
  if (all.length > PARAMETERS_MAX) throw badJson(`There are more than ${PARAMETERS_MAX} fields`);
  const hashed = all.map(([name, value]) => {
    const text = canonicalJson({ [name]: value }, 'as-found');
    return [name, shortMac('interactive-auth parameter', text, secret)] as const;
  });
  return Object.fromEntries(hashed);
}

const shortMac = (purpose: string, text: string, secret: Buffer): string =>
  macOf(purpose, text, secret).subarray(0, 12).toString('base64url');
