import type { Admin, Person } from './caller.ts';
import type { JsonObject } from './json.ts';
import { MatrixError } from './matrix-error.ts';

/** The words of user-interactive authentication (client-server API). Its stages are in accounts/. */
export type UiaStage =
  | 'm.login.password'
  | 'm.login.sso'
  | 'm.login.dummy'
  | 'm.login.registration_token'
  | 'm.login.email.identity'
  | 'm.login.terms';

/** Any one flow will do; of a flow, every stage. */
export type UiaFlows = readonly (readonly UiaStage[])[];

/** What completed stages proved. */
export interface Proof {
  readonly registrationToken?: string;
  /** The session in which an address was validated for what is asked for. */
  readonly emailSid?: string;
}
export const nothingProved: Proof = {};

/** A request for which its caller must authenticate, and what it says of that. */
export interface UiaRequest {
  readonly operation: string;
  /** With its query, as it was asked for: a device that is named in the path is one of the parameters. */
  readonly path: string;
  /** The body but for `auth`. */
  readonly parameters: JsonObject;
  readonly caller: Person | Admin | undefined;
  /** The `auth` of the body, if there is one. */
  readonly auth: JsonObject | undefined;
  /** Of whoever asks, as far as limits tell one from another. */
  readonly address: string;
}

/** Why a stage is not done. One that waits for its user is refused with M_UNAUTHORIZED: Element shows its user any other as an error. */
export interface StageRefusal {
  readonly message: string;
  readonly errcode: 'M_FORBIDDEN' | 'M_UNAUTHORIZED';
}

/** The 401 that names the flows. It has an errcode only if a stage was tried and refused. */
export class UiaChallenge extends MatrixError {
  readonly #refused: boolean;

  constructor(fields: JsonObject, refusal: StageRefusal | undefined) {
    const { errcode = 'M_FORBIDDEN', message = 'More authentication is needed' } = refusal ?? {};
    super(401, errcode, message, { fields });
    this.#refused = refusal !== undefined;
  }

  override get body(): JsonObject {
    return this.#refused ? super.body : this.fields;
  }
}

/** A request that goes on with a session, of which it may not be the only one. */
export interface SessionRequest {
  readonly sessionId: string;
  /** A hash of all that is asked for and of who asks. Nobody can make it up who does not know all of that. */
  readonly request: string;
}

export interface InteractiveAuth {
  /** Undefined if the request names no session that is of this request. */
  sessionOf(request: UiaRequest): SessionRequest | undefined;
  /** Resolves when a flow is complete; throws `UiaChallenge` when it is not. */
  prove(request: UiaRequest, flows: UiaFlows): Promise<Proof>;
  /** Throws the `UiaChallenge` of a request whose session is over. */
  beginAnew(request: UiaRequest, flows: UiaFlows): Promise<never>;
}
