import type { UserId } from '../protocol/identifiers.ts';
import {
  type InteractiveAuth,
  type Proof,
  type StageRefusal,
  UiaChallenge,
  type UiaFlows,
  type UiaRequest,
  type UiaStage,
} from '../protocol/interactive-auth.ts';
import type { JsonObject } from '../protocol/json.ts';
import { policiesOf, type Terms } from '../protocol/terms.ts';
import type { FinishedStage } from './finished-stages.ts';
import {
  completing,
  hashOf,
  newSession,
  type SessionPorts,
  sealSession,
  sessionOfRequest,
  type UiaSession,
} from './uia-session.ts';
import { STAGES, type StagePorts } from './uia-stages.ts';

export interface UiaPorts extends StagePorts, SessionPorts {
  /** The stages of a session that were finished in a browser. */
  readonly finishedIn: (sessionId: string) => Promise<readonly FinishedStage[]>;
  readonly terms?: Terms | undefined;
  /** How somebody may prove what the flows ask of them. */
  readonly waysOf: (flows: UiaFlows, userId: UserId) => Promise<UiaFlows>;
}

/** User-interactive authentication (client-server API), with nothing in memory to lose. */
export function interactiveAuth(ports: UiaPorts): InteractiveAuth {
  return {
    sessionOf(request) {
      const session = sessionOfRequest(request, ports);
      return session && { sessionId: session.id, request: hashOf(request, ports) };
    },
    async prove(request, asked) {
      const { auth } = request;
      const flows = await offered(request, asked, ports);
      if (!auth) throw challenge(flows, newSession(request, flows, ports), ports);
      const session = sessionOfRequest(request, ports);
      if (session) return goOn(request, flows, await withFinished(session, ports), ports);
      if (auth.session !== undefined) throw begunAnew(request, flows, ports);
      return goOn(request, flows, newSession(request, flows, ports), ports);
    },
    async beginAnew(request, asked) {
      throw begunAnew(request, await offered(request, asked, ports), ports);
    },
  };
}

const offered = async ({ caller }: UiaRequest, flows: UiaFlows, { waysOf }: UiaPorts) =>
  caller ? waysOf(flows, caller.userId) : flows;

const begunAnew = (request: UiaRequest, flows: UiaFlows, ports: UiaPorts) =>
  challenge(flows, newSession(request, flows, ports), ports, OTHER_SESSION);

const OTHER_SESSION = 'The session is over, or is that of another request';

/** Whoever was told that a stage ended in the browser goes on with the session alone. */
async function withFinished(session: UiaSession, ports: UiaPorts): Promise<UiaSession> {
  const finished = await ports.finishedIn(session.id);
  return finished.reduce((all, { stage, proof }) => completing(all, stage, proof), session);
}

async function goOn(
  request: UiaRequest,
  flows: UiaFlows,
  session: UiaSession,
  ports: UiaPorts,
): Promise<Proof> {
  const after = await tryStage(request, flows, session, ports);
  const isThrough = flows.some((flow) => flow.every((each) => after.completed.includes(each)));
  if (!isThrough) throw challenge(flows, after, ports);
  return after.proof;
}

async function tryStage(
  { auth, caller, address, operation }: UiaRequest,
  flows: UiaFlows,
  session: UiaSession,
  ports: UiaPorts,
): Promise<UiaSession> {
  if (auth?.type === undefined) return session;
  const stage = flows.flat().find((each) => each === auth.type);
  if (!stage) throw challenge(flows, session, ports, 'This stage is not part of any flow');
  const tried = { userId: caller?.userId, address, operation };
  const proved = await STAGES[stage](auth, tried, ports);
  if (typeof proved === 'string') throw challenge(flows, session, ports, proved, REFUSALS[stage]);
  return completing(session, stage, proved);
}

function challenge(
  flows: UiaFlows,
  session: UiaSession,
  ports: UiaPorts,
  message?: string,
  errcode: StageRefusal['errcode'] = 'M_FORBIDDEN',
) {
  const fields: JsonObject = {
    flows: flows.map((stages) => ({ stages })),
    params: paramsOf(flows, ports),
    session: sealSession(session, ports),
    completed: session.completed,
  };
  return new UiaChallenge(fields, message === undefined ? undefined : { message, errcode });
}

/** Of a stage for which clients ask again and again until its user is done elsewhere. */
const REFUSALS: { readonly [K in UiaStage]?: StageRefusal['errcode'] } = {
  'm.login.email.identity': 'M_UNAUTHORIZED',
};

const paramsOf = (flows: UiaFlows, { terms }: UiaPorts): JsonObject =>
  terms && flows.flat().includes('m.login.terms') ? { 'm.login.terms': policiesOf(terms) } : {};
