import { randomBytes } from 'node:crypto';
import { canonicalJson } from '../protocol/canonical-json.ts';
import type { UserId } from '../protocol/identifiers.ts';
import {
  type InteractiveAuth,
  type Proof,
  UiaChallenge,
  type UiaFlows,
  type UiaRequest,
  type UiaStage,
} from '../protocol/interactive-auth.ts';
import type { JsonObject } from '../protocol/json.ts';
import { badJson, limitExceeded } from '../protocol/matrix-error.ts';
import { macOf, openJson, sealJson } from './sealed-json.ts';

export interface UiaPorts {
  readonly hasPassword: (userId: UserId, password: string) => Promise<boolean>;
  readonly localUserId: (text: string) => UserId | undefined;
  readonly isValidRegistrationToken: (token: string) => Promise<boolean>;
  /** Draws on how often a password may be tried; the milliseconds to wait, 0 for none. */
  readonly takePasswordTry: (who: string) => number;
  /** Secret of the cluster, so that a session that one writer began goes on at the next one. */
  readonly secret: Buffer;
  readonly now: () => number;
}

/** What a session has got through. It is in the session id itself, sealed: no server remembers it. */
interface Session {
  readonly id: string;
  readonly operation: string;
  readonly path: string;
  readonly userId: string | null;
  /** The parameters that were given, by name, as hashes. Others may be added, as clients begin with `{}`. */
  readonly given: Readonly<Record<string, string>>;
  readonly completed: readonly UiaStage[];
  readonly proof: Proof;
  readonly untilMs: number;
}

const PURPOSE = 'interactive-auth session';
const SESSION_MS = 15 * 60_000;
const PARAMETERS_MAX = 50;

/** User-interactive authentication (client-server API), without anything to remember or to lose. */
export function interactiveAuth(ports: UiaPorts): InteractiveAuth {
  return {
    sessionOf: (request) => openSession(request, ports)?.id,
    async prove(request, flows) {
      const { auth } = request;
      if (!auth) throw challenge(flows, newSession(request, ports), ports);
      const session = openSession(request, ports);
      if (!session && auth.session !== undefined)
        throw challenge(flows, newSession(request, ports), ports, OTHER_SESSION);
      return goOn(request, flows, session ?? newSession(request, ports), ports);
    },
  };
}

const OTHER_SESSION = 'The session is over, or is that of another request';

async function goOn(
  request: UiaRequest,
  flows: UiaFlows,
  session: Session,
  ports: UiaPorts,
): Promise<Proof> {
  const { auth } = request;
  if (auth?.type === undefined) throw challenge(flows, session, ports);
  const stage = flows.flat().find((each) => each === auth.type);
  if (!stage) throw challenge(flows, session, ports, 'This stage is not part of any flow');
  const proved = await STAGES[stage](auth, request, ports);
  if (typeof proved === 'string') throw challenge(flows, session, ports, proved);
  const after = {
    ...session,
    completed: [...new Set([...session.completed, stage])],
    proof: { ...session.proof, ...proved },
  };
  const isThrough = flows.some((flow) => flow.every((each) => after.completed.includes(each)));
  if (!isThrough) throw challenge(flows, after, ports);
  return after.proof;
}

/** What the stage proved, or why it did not. */
type Stage = (auth: JsonObject, request: UiaRequest, ports: UiaPorts) => Promise<Proof | string>;

const STAGES: Readonly<Record<UiaStage, Stage>> = {
  'm.login.dummy': async () => ({}),

  async 'm.login.registration_token'({ token }, _request, ports) {
    if (typeof token !== 'string') throw badJson('auth.token must be a string');
    if (await ports.isValidRegistrationToken(token)) return { registrationToken: token };
    return 'The registration token is not valid';
  },

  async 'm.login.password'(auth, { caller, address }, ports) {
    if (typeof auth.password !== 'string') throw badJson('auth.password must be a string');
    const userId = ports.localUserId(nameIn(auth) ?? caller?.userId ?? '');
    if (!caller || userId !== caller.userId) return 'The password must be that of the same user';
    // By user, who may have many addresses, and by address, which may have many users' tokens.
    const waitMs = Math.max(ports.takePasswordTry(userId), ports.takePasswordTry(address));
    if (waitMs > 0) throw limitExceeded(waitMs);
    return (await ports.hasPassword(userId, auth.password)) ? {} : 'Wrong password';
  },
};

/** `user` is what clients of before `identifier` send. */
function nameIn({ identifier, user }: JsonObject): string | undefined {
  const named = identifier as JsonObject | undefined;
  const name = named?.type === 'm.id.user' ? named.user : user;
  return typeof name === 'string' ? name : undefined;
}

function challenge(flows: UiaFlows, session: Session, ports: UiaPorts, refusal?: string) {
  const fields: JsonObject = {
    flows: flows.map((stages) => ({ stages })),
    params: {},
    session: sealJson(PURPOSE, session, ports.secret),
    completed: session.completed,
  };
  return new UiaChallenge(fields, refusal);
}

const newSession = (request: UiaRequest, ports: UiaPorts): Session => ({
  id: randomBytes(12).toString('base64url'),
  operation: request.operation,
  path: request.path,
  userId: request.caller?.userId ?? null,
  given: givenBy(request, ports.secret),
  completed: [],
  proof: {},
  untilMs: ports.now() + SESSION_MS,
});

/** Undefined for one that is too old, of another request or another user, or not ours. */
function openSession(request: UiaRequest, ports: UiaPorts): Session | undefined {
  const named = request.auth?.session;
  const sealed = typeof named === 'string' ? openJson(PURPOSE, named, ports.secret) : undefined;
  const session = sealed as Session | undefined;
  if (!session) return undefined;
  const given = givenBy(request, ports.secret);
  const isOfThis =
    session.operation === request.operation &&
    session.path === request.path &&
    session.userId === (request.caller?.userId ?? null) &&
    Object.entries(session.given).every(([name, hash]) => given[name] === hash) &&
    ports.now() < session.untilMs;
  return isOfThis ? { ...session, given } : undefined;
}

/** Hashes with a key, since a session id is readable, and a password may be among them. */
function givenBy({ parameters }: UiaRequest, secret: Buffer): Record<string, string> {
  const all = Object.entries(parameters);
  if (all.length > PARAMETERS_MAX) throw badJson(`There are more than ${PARAMETERS_MAX} fields`);
  const hashed = all.map(([name, value]) => {
    const text = canonicalJson({ [name]: value }, 'as-found');
    return [
      name,
      macOf('interactive-auth parameter', text, secret).subarray(0, 12).toString('base64url'),
    ] as const;
  });
  return Object.fromEntries(hashed);
}
