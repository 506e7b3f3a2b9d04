import type { Letter, ToDevice } from '../../encryption/to-device.ts';
import { deliver, isTooMuch } from '../../encryption/to-device.ts';
import type { PlacedRecord, Row } from '../../log/change.ts';
import type { Stored } from '../../log/stored.ts';
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
  readonly log: Pick<Stored['log'], 'commit'>;
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

interface Delivery {
  readonly messageId: string;
  readonly letters: readonly Letter[];
}

const TYPE_BYTES_MAX = 255;

/**
 * `m.direct_to_device`, each once by its `message_id`: it is noted in the commit that leaves the message for its device.
 * What does not fit into one batch of the log is committed piece by piece: what is answered is there, and may be a room key.
 */
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
  let piece: Delivery[] = [];
  for (const message of messages.values()) {
    if (taken.has(message.messageId)) continue;
    const own = await deliveryOf(ports, origin, message);
    if (!own) continue;
    if (isTooMuch(lettersOf([...piece, own]))) {
      await commitPiece(ports, origin, piece);
      piece = [];
    }
    piece.push(own);
  }
  return effectsOf(ports, origin, piece);
}

/** What one message leaves for devices that are here; undefined where there are none, or more than one batch may have. */
async function deliveryOf(
  { toDevice, complaints }: ToDeviceEduPorts,
  origin: ServerName,
  { messageId, sender, type, mail }: Message,
): Promise<Delivery | undefined> {
  const letters = await toDevice.lettersFor(sender, type, mail);
  if (letters.length === 0) return undefined;
  if (!isTooMuch(letters)) return { messageId, letters };
  complaints.about(origin, 'a message to too many devices', `${letters.length} at once`);
  return undefined;
}

/** Before the outcome of its transaction: whatever is repeated then is known by its id. */
async function commitPiece(
  ports: ToDeviceEduPorts,
  origin: ServerName,
  piece: readonly Delivery[],
): Promise<void> {
  await ports.log.commit((position) => {
    const rows: Row[] = [];
    const records: PlacedRecord[] = [];
    for (const effect of effectsOf(ports, origin, piece)) effect({ position, rows, records });
    return { change: { rows, records, touches: [] }, value: undefined };
  });
}

function effectsOf(
  { now }: ToDeviceEduPorts,
  server: ServerName,
  piece: readonly Delivery[],
): readonly Effect[] {
  if (piece.length === 0) return NO_EFFECT;
  const takenMs = now();
  return [
    (change) => {
      deliver(lettersOf(piece), change);
      for (const { messageId } of piece)
        change.rows.push(messageTakenRow({ server, messageId, takenMs }));
      change.rows.push(messagesKeptRow(server));
    },
  ];
}

const lettersOf = (deliveries: readonly Delivery[]) => deliveries.flatMap(({ letters }) => letters);

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
