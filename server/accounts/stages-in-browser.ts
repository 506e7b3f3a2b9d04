import type { OutcomeRow } from '../log/outcomes.ts';
import type { UserId } from '../protocol/identifiers.ts';
import type { UiaStage } from '../protocol/interactive-auth.ts';
import type { JsonObject } from '../protocol/json.ts';
import { invalidParam, notFound } from '../protocol/matrix-error.ts';
import type { Terms } from '../protocol/terms.ts';
import type { FinishedStages } from './finished-stages.ts';
import { openSession, type SessionPorts, type UiaSession } from './uia-session.ts';
import { STAGES, type StagePorts } from './uia-stages.ts';

export interface BrowserPorts extends StagePorts, SessionPorts {
  readonly finished: Pick<FinishedStages, 'add'>;
  /** Throws what a user is to be told who is locked out: their session may be older than that. */
  readonly refuseLocked: (userId: UserId) => Promise<void>;
  readonly terms?: Terms | undefined;
}

export interface StageAsked {
  /** As the client was given it. */
  readonly session: string;
  /** As the address of the page names it. */
  readonly stage: string;
}

/** A stage that somebody is to go through on a page of this server (client-server API, fallback). */
export interface StageInBrowser {
  readonly stage: UiaStage;
  /** Whose request it is; undefined before they have an account. */
  readonly userId: UserId | undefined;
  readonly terms: Terms | undefined;
  readonly session: Pick<UiaSession, 'id' | 'untilMs'>;
}

export class StagesInBrowser {
  readonly #ports: BrowserPorts;

  constructor(ports: BrowserPorts) {
    this.#ports = ports;
  }

  /** Throws what whoever opened the page is to be told. */
  open(asked: StageAsked): StageInBrowser {
    const { stage, session } = this.#opened(asked);
    const { id, untilMs, userId } = session;
    return {
      ...{ stage, userId: userId ?? undefined, terms: this.#ports.terms },
      session: { id, untilMs },
    };
  }

  /** Resolves when it is kept that the stage is finished, or to why it is not. */
  async finish(
    asked: StageAsked,
    answers: JsonObject,
    { address, outcome }: { address: string; outcome: () => OutcomeRow | undefined },
  ): Promise<string | undefined> {
    const { stage, session } = this.#opened(asked);
    if (session.userId) await this.#ports.refuseLocked(session.userId);
    const { operation } = session;
    const tried = { userId: session.userId ?? undefined, address, operation };
    const proved = await STAGES[stage](answers, tried, this.#ports);
    if (typeof proved === 'string') return proved;
    const { untilMs } = session;
    await this.#ports.finished.add(session.id, { stage, proof: proved }, { untilMs, outcome });
    return undefined;
  }

  #opened({ session: sealed, stage: asked }: StageAsked): { stage: UiaStage; session: UiaSession } {
    if (!Object.hasOwn(STAGES, asked)) throw notFound('This server has no such stage');
    const session = openSession(sealed, this.#ports);
    if (!session) throw invalidParam(OVER);
    const stage = session.stages.find((each) => each === asked);
    if (!stage) throw invalidParam('Your app did not ask for this. Go back to it, and begin again');
    return { stage, session };
  }
}

const OVER = 'What you were asked for is over. Go back to your app, and begin again';
