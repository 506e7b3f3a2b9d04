import type { Letter, ToDevice } from '../../encryption/to-device.ts';
import { deliver, isTooMuch } from '../../encryption/to-device.ts';
import { parseUserId, type ServerName, type UserId } from '../../protocol/identifiers.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/json.ts';
import type { Database } from '../../storage/database.ts';
import {
  MESSAGE_ID_LENGTH_MAX,
  messagesKeptRow,
  messagesTaken,
  messageTakenRow,
} from '../../storage/federation/taken-messages.ts';
import type { Complaints } from '../complaints.ts';
import { type Effect, NO_EFFECT, objectOf, stringOf, userOf } from './edu.ts';

export interface ToDeviceEduPorts {
  readonly database: Database;
  readonly toDevice: Pick<ToDevice, 'lettersFor'>;
  readonly complaints: Pick<Complaints, 'about'>;
  readonly now: () => number;
}

interface Message {
  readonly messageId: string;
  readonly sender: UserId;
  readonly type: string;
  readonly mail: ReadonlyMap<UserId, Readonly<Record<string, JsonObject>>>;
}

const TYPE_BYTES_MAX = 255;

/** `m.direct_to_device`, each once by its `message_id`: it is noted in the commit that leaves the message for its device. */
export async function takeToDevice(
  ports: ToDeviceEduPorts,
  origin: ServerName,
  contents: readonly JsonObject[],
): Promise<readonly Effect[]> {
  const messages = new Map(
    contents.flatMap((content) => {
      const message = messageIn(origin, content);
      return message ? [[message.messageId, message] as const] : [];
    }),
  );
  const taken = await messagesTaken(ports.database, origin, [...messages.keys()]);
  const letters: Letter[] = [];
  const delivered: Effect[] = [];
  for (const [messageId, { sender, type, mail }] of messages) {
    if (taken.has(messageId)) continue;
    const own = await ports.toDevice.lettersFor(sender, type, mail);
    if (own.length === 0) continue;
    letters.push(...own);
    if (isTooMuch(letters)) {
      ports.complaints.about(origin, 'messages to too many devices', `${letters.length} at once`);
      break;
    }
    delivered.push(effectOf(origin, { messageId, letters: own, nowMs: ports.now() }));
  }
  return delivered.length === 0 ? NO_EFFECT : [...delivered, keptOf(origin)];
}

const effectOf =
  (
    origin: ServerName,
    { messageId, letters, nowMs }: { messageId: string; letters: readonly Letter[]; nowMs: number },
  ): Effect =>
  (change) => {
    deliver(letters, change);
    change.rows.push(messageTakenRow({ server: origin, messageId, takenMs: nowMs }));
  };

const keptOf =
  (origin: ServerName): Effect =>
  ({ rows }) =>
    void rows.push(messagesKeptRow(origin));

function messageIn(origin: ServerName, content: JsonObject): Message | undefined {
  const sender = userOf(origin, content.sender);
  const [messageId, type] = [stringOf(content.message_id), stringOf(content.type)];
  if (sender === undefined || messageId === undefined || type === undefined) return undefined;
  if (messageId.length > MESSAGE_ID_LENGTH_MAX || Buffer.byteLength(type) > TYPE_BYTES_MAX)
    return undefined;
  const mail = new Map(Object.entries(objectOf(content.messages)).flatMap(mailOf));
  return { messageId, sender, type, mail };
}

function mailOf([user, devices]: [string, JsonValue]): [UserId, Record<string, JsonObject>][] {
  const userId = parseUserId(user);
  if (!userId.ok || !isObject(devices)) return [];
  const messages = Object.entries(devices).filter(([, message]) => isObject(message));
  return [[userId.value, Object.fromEntries(messages) as Record<string, JsonObject>]];
}
