import type { UserId } from '../../protocol/identifiers.ts';
import type { Presence } from '../ephemeral/presence.ts';
import type { Json } from './answer-text.ts';
import type { Reader } from './reader.ts';

export function presenceEvents(
  presence: Presence,
  about: ReadonlySet<UserId>,
  reader: Reader,
): Json[] {
  const { presence: filter } = reader.filter;
  if (filter.admitsNothing) return [];
  return [...about].flatMap((sender) =>
    filter.admits({ type: 'm.presence', sender }) ? (presence.eventOf(sender) ?? []) : [],
  );
}
