import type { Caller } from './caller.ts';
import type { JsonObject } from './json.ts';
import { MatrixError } from './matrix-error.ts';

/** The words of user-interactive authentication (client-server API). Its stages are in accounts/. */
export type UiaStage = 'm.login.password' | 'm.login.dummy' | 'm.login.registration_token';

/** Any one flow will do; of a flow, every stage. */
export type UiaFlows = readonly (readonly UiaStage[])[];

/** What completed stages proved. */
export interface Proof {
  readonly registrationToken?: string;
}
export const nothingProved: Proof = {};

export interface UiaQuestion {
  readonly operation: string;
  readonly caller: Caller | undefined;
  readonly flows: UiaFlows;
  /** The `auth` of the body, if there is one. */
  readonly auth: JsonObject | undefined;
}

/** The 401 that names the flows. It has an errcode only if a stage was tried and refused. */
export class UiaChallenge extends MatrixError {
  readonly #refused: boolean;

  constructor(fields: JsonObject, refusal: string | undefined) {
    super(401, 'M_FORBIDDEN', refusal ?? 'More authentication is needed', { fields });
    this.#refused = refusal !== undefined;
  }

  override get body(): JsonObject {
    return this.#refused ? super.body : this.fields;
  }
}

/** Resolves when a flow is complete; throws `UiaChallenge` when it is not. */
export type InteractiveAuth = (question: UiaQuestion) => Promise<Proof>;
