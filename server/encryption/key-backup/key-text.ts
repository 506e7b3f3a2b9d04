import type { RoomId } from '../../protocol/identifiers.ts';
import type { BackedUpKey } from '../../storage/encryption/key-backup-keys.ts';

/** JSON, as the specification has it; `session_data` is the text that came in. */
export const keyText = (key: BackedUpKey): string =>
  `{"first_message_index":${key.firstMessageIndex},"forwarded_count":${key.forwardedCount}` +
  `,"is_verified":${key.isVerified},"session_data":${key.sessionData}}`;

/** The pages in one another as `sessions` of a room, or as `rooms`; `next` reads the page behind a key. */
export async function* keysText(
  roomId: RoomId | undefined,
  next: (last: BackedUpKey | undefined) => Promise<readonly BackedUpKey[]>,
): AsyncGenerator<string> {
  yield roomId === undefined ? '{"rooms":{' : '{"sessions":{';
  let last: BackedUpKey | undefined;
  for (let page = await next(last); page.length > 0; page = await next(last)) {
    const texts: string[] = [];
    for (const key of page) {
      texts.push(separator(last, key, roomId !== undefined));
      texts.push(`${JSON.stringify(key.sessionId)}:${keyText(key)}`);
      last = key;
    }
    yield texts.join('');
  }
  yield roomId === undefined && last ? '}}}}' : '}}';
}

function separator(last: BackedUpKey | undefined, key: BackedUpKey, isOfOneRoom: boolean): string {
  if (last && (isOfOneRoom || last.roomId === key.roomId)) return ',';
  if (isOfOneRoom) return '';
  return `${last ? '}},' : ''}${JSON.stringify(key.roomId)}:{"sessions":{`;
}
