import type { Seal } from '../log/outcome-store.ts';
import type { UserId } from '../protocol/identifiers.ts';
import type { UpstreamIdentity } from '../storage/accounts/upstream-identities.ts';

/** Somebody is at a provider. All that there is of it is in a cookie of their browser, which cannot read it. */
export interface Journey {
  readonly kind: 'journey';
  /** The `state`, by which the way back is known. It lets somebody in once. */
  readonly id: string;
  readonly providerId: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly goal: Goal;
  readonly untilMs: number;
}

/** What they went there for. */
export type Goal =
  /** A login token for the client at this address. */
  | { readonly kind: 'login'; readonly redirectUrl: string }
  /** A stage of interactive auth, which is the user's own. */
  | {
      readonly kind: 'stage';
      readonly session: { readonly id: string; readonly untilMs: number };
      readonly userId: UserId;
    };

/** Somebody came back who has no account yet, and is asked for a name. */
export interface Naming {
  readonly kind: 'naming';
  readonly id: string;
  readonly identity: UpstreamIdentity;
  /** The provider's name of their login there. */
  readonly sid: string | null;
  /** Until when the provider had not said that it has ended. */
  readonly vouchedMs: number;
  readonly displayName: string | undefined;
  /** In the form, too: no other page can have it sent. */
  readonly formToken: string;
  readonly redirectUrl: string;
  readonly untilMs: number;
}

export const JOURNEY_MS = 15 * 60_000;

export const sealTravel = (travel: Journey | Naming, seal: Seal): string =>
  seal.seal(Buffer.from(JSON.stringify(travel))).toString('base64url');

/** Undefined for what is not of this cluster's making, of the other kind, or over. */
export function openTravel<K extends 'journey' | 'naming'>(
  sealed: string | undefined,
  { kind, nowMs, seal }: { kind: K; nowMs: number; seal: Seal },
): Extract<Journey | Naming, { kind: K }> | undefined {
  if (sealed === undefined) return undefined;
  let travel: Journey | Naming;
  try {
    travel = JSON.parse(seal.open(Buffer.from(sealed, 'base64url')).toString());
  } catch {
    return undefined;
  }
  if (travel.kind !== kind || travel.untilMs <= nowMs) return undefined;
  return travel as Extract<Journey | Naming, { kind: K }>;
}
