import type { EpochHistory } from '../../log/epochs.ts';
import { decodeSyncToken, encodeSyncToken, holds } from '../../log/token.ts';
import type { Told } from '../engine/occasion.ts';

/** What the client has been told before. */
export type Since =
  /** Nothing. */
  | { readonly kind: 'initial' }
  /** Something, but of a timeline that is not ours (D2): whatever it knows may be wrong. */
  | { readonly kind: 'gappy' }
  | SinceToken;

export interface SinceToken extends Told {
  readonly kind: 'token';
  /** Messages up to here have arrived. */
  readonly toDevice: number;
}

export function readSince(text: string | undefined, epochs: EpochHistory, epoch: number): Since {
  if (text === undefined || text === '') return { kind: 'initial' };
  const token = decodeSyncToken(text);
  if (token === undefined || !holds(token, epochs)) return { kind: 'gappy' };
  const { position, toDevice, ephemeral } = token;
  return {
    kind: 'token',
    position,
    toDevice,
    ephemeral: token.epoch === epoch ? Math.floor(ephemeral / 2) : undefined,
    typingShown: ephemeral % 2 === 1,
  };
}

export const writeSince = (since: SinceToken, epoch: number): string =>
  encodeSyncToken({
    epoch,
    position: since.position,
    toDevice: since.toDevice,
    ephemeral: (since.ephemeral ?? 0) * 2 + (since.typingShown ? 1 : 0),
  });

/** Everything up to this position has been told. */
export const positionOf = (since: Since): number => (since.kind === 'token' ? since.position : 0);
