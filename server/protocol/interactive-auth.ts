import type { Caller } from './caller.ts';
import type { JsonObject } from './json.ts';

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

/** Resolves when a flow is complete; throws the 401 that names the flows when it is not. */
export type InteractiveAuth = (question: UiaQuestion) => Promise<Proof>;
