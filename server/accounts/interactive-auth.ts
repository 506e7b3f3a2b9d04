import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { UserId } from '../protocol/identifiers.ts';
import {
  type InteractiveAuth,
  type Proof,
  UiaChallenge,
  type UiaFlows,
  type UiaQuestion,
  type UiaStage,
} from '../protocol/interactive-auth.ts';
import type { JsonObject } from '../protocol/json.ts';
import { badJson } from '../protocol/matrix-error.ts';

export interface UiaPorts {
  readonly hasPassword: (userId: UserId, password: string) => Promise<boolean>;
  readonly localUserId: (text: string) => UserId | undefined;
  readonly isValidRegistrationToken: (token: string) => Promise<boolean>;
  /** Secret of the cluster, so that a session that one writer began goes on at the next one. */
  readonly secret: Buffer;
  readonly now: () => number;
}

/** What a session has got through. It is in the session id itself, sealed: no server remembers it. */
interface Session {
  readonly operation: string;
  readonly userId: string | null;
  readonly completed: readonly UiaStage[];
  readonly proof: Proof;
  readonly untilMs: number;
}

const SESSION_MS = 15 * 60_000;

/** User-interactive authentication (client-server API), without anything to remember or to lose. */
export function interactiveAuth(ports: UiaPorts): InteractiveAuth {
  return async (question) => {
    const { auth, flows } = question;
    if (!auth) throw challenge(flows, newSession(question, ports), ports);
    const session = openSession(question, ports) ?? newSession(question, ports);
    if (auth.type === undefined) throw challenge(flows, session, ports);
    const stage = flows.flat().find((each) => each === auth.type);
    if (!stage) throw challenge(flows, session, ports, 'This stage is not part of any flow');
    const proved = await STAGES[stage](auth, question, ports);
    if (typeof proved === 'string') throw challenge(flows, session, ports, proved);
    const after = {
      ...session,
      completed: [...new Set([...session.completed, stage])],
      proof: { ...session.proof, ...proved },
    };
    const isThrough = flows.some((flow) => flow.every((each) => after.completed.includes(each)));
    if (!isThrough) throw challenge(flows, after, ports);
    return after.proof;
  };
}

/** What the stage proved, or why it did not. */
type Stage = (auth: JsonObject, question: UiaQuestion, ports: UiaPorts) => Promise<Proof | string>;

const STAGES: Readonly<Record<UiaStage, Stage>> = {
  'm.login.dummy': async () => ({}),

  async 'm.login.registration_token'({ token }, _question, ports) {
    if (typeof token !== 'string') throw badJson('auth.token must be a string');
    if (await ports.isValidRegistrationToken(token)) return { registrationToken: token };
    return 'The registration token is not valid';
  },

  async 'm.login.password'(auth, { caller }, ports) {
    if (typeof auth.password !== 'string') throw badJson('auth.password must be a string');
    const userId = ports.localUserId(nameIn(auth) ?? caller?.userId ?? '');
    if (!caller || userId !== caller.userId) return 'The password must be that of the same user';
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
    session: seal(session, ports.secret),
    completed: session.completed,
  };
  return new UiaChallenge(fields, refusal);
}

const newSession = (question: UiaQuestion, { now }: UiaPorts): Session => ({
  operation: question.operation,
  userId: question.caller?.userId ?? null,
  completed: [],
  proof: {},
  untilMs: now() + SESSION_MS,
});

/** Undefined for one that is too old, of another operation or another user, or not ours. */
function openSession(question: UiaQuestion, ports: UiaPorts): Session | undefined {
  const given = question.auth?.session;
  const session = typeof given === 'string' ? unseal(given, ports.secret) : undefined;
  const isOfThis =
    session?.operation === question.operation &&
    session.userId === (question.caller?.userId ?? null) &&
    ports.now() < session.untilMs;
  return isOfThis ? session : undefined;
}

function seal(session: Session, secret: Buffer): string {
  const text = JSON.stringify({ ...session, chance: randomBytes(6).toString('base64url') });
  const payload = Buffer.from(text).toString('base64url');
  return `${payload}.${signatureOf(payload, secret).toString('base64url')}`;
}

function unseal(sealed: string, secret: Buffer): Session | undefined {
  const [payload = '', signature = ''] = sealed.split('.');
  const given = Buffer.from(signature, 'base64url');
  const right = signatureOf(payload, secret);
  if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Session;
}

const signatureOf = (payload: string, secret: Buffer): Buffer =>
  createHmac('sha256', secret).update('interactive-auth\0').update(payload).digest();
