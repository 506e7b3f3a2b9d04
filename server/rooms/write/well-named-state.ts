import { type Parsed, parseRoomId, parseUserId } from '../../protocol/identifiers.ts';
import { FIELD_BYTES_MAX } from '../../protocol/limits.ts';
import { badJson, invalidParam } from '../../protocol/matrix-error.ts';

type Name = { readonly type: string; readonly stateKey?: string | undefined };

/**
 * Refuses names that no event of ours may have, before they are looked up or remembered anywhere:
 * what is refused leaves nothing behind. Asked wherever a client names state, by whatever endpoint.
 */
export function refuseIllNamed({ type, stateKey }: Name): void {
  if (Buffer.byteLength(type) > FIELD_BYTES_MAX)
    throw badJson(`The type of an event has at most ${FIELD_BYTES_MAX} bytes`);
  if (stateKey === undefined) return;
  if (Buffer.byteLength(stateKey) > FIELD_BYTES_MAX)
    throw badJson(`A state key has at most ${FIELD_BYTES_MAX} bytes`);
  // PostgreSQL has no text with it, and state keys are looked up there.
  if (type.includes('\0') || stateKey.includes('\0'))
    throw invalidParam('The type and the state key of state are without U+0000');
  const parsed = STATE_KEY_GRAMMAR.get(type)?.(stateKey);
  if (parsed && !parsed.ok) throw invalidParam(`The state key of ${type}: ${parsed.reason}`);
}

/** State whose key says whom or what it is about (Client-server API, the events' schemas). */
const STATE_KEY_GRAMMAR: ReadonlyMap<string, (text: string) => Parsed<string>> = new Map<
  string,
  (text: string) => Parsed<string>
>([
  ['m.room.member', parseUserId],
  ['m.space.child', parseRoomId],
  ['m.space.parent', parseRoomId],
]);
