import type { PlacedRecord } from '../log/change.ts';
import type { Once } from '../log/outcomes.ts';
import type { Stored } from '../log/stored.ts';
import type { Person } from '../protocol/caller.ts';
import { serverNameOf, type UserId } from '../protocol/identifiers.ts';
import { tooLarge } from '../protocol/matrix-error.ts';
import { deviceIdsOf } from '../storage/accounts/devices.ts';
import { toDeviceRow } from '../storage/encryption/to-device.ts';
import { postRow } from '../storage/federation/outbox.ts';
import type { Row } from '../storage/write.ts';
import { lettersAbroad } from './letters-abroad.ts';
import type { Mail, Reaches } from './mail.ts';
import { Strangers, strangersAmong } from './strangers.ts';

/**
 * Messages from device to device, kept until they are fetched. Unknown devices' are dropped. Those for other servers lie
 * in the outbox until these have taken them, who know themselves which devices there are.
 */
export class ToDevice {
  readonly #stored: Stored;
  readonly #reaches: Reaches;
  readonly #strangers: Strangers;

  constructor(stored: Stored, reaches: Reaches) {
    this.#stored = stored;
    this.#reaches = reaches;
    this.#strangers = new Strangers(stored.now);
  }

  async send({ userId: sender }: Person, type: string, mail: Mail, once: Once): Promise<void> {
    const letters = await this.lettersFor(sender, type, mail);
    const abroad = lettersAbroad({ sender, type, mail }, this.#reaches);
    refuseTooMuch([...letters, ...abroad]);
    const reached = [...mail.keys()].filter((userId) => this.#reaches(serverNameOf(userId)));
    this.#strangers.name(sender, await strangersAmong(this.#stored.database, reached));
    await this.#stored.log.commit((next) => {
      const rows: Row[] = [];
      const records: PlacedRecord[] = [];
      deliver(letters, { position: next, rows, records });
      for (const { server, userId, messageId, json } of abroad) {
        const position = next();
        rows.push(postRow(server, { key: messageId, position, json }));
        records.push({ position, record: { kind: 'to-device', userId, deviceId: '*' } });
      }
      const outcome = once.outcome(200, {});
      return { change: { rows, records, outcome, touches: [] }, value: undefined };
    });
  }

  /** What of it is for devices that are here. */
  async lettersFor(sender: UserId, type: string, mail: Mail): Promise<Letter[]> {
    const devices = await deviceIdsOf(this.#stored.database, [...mail.keys()]);
    return devices.flatMap(({ userId, deviceId }) => {
      const ofUser = mail.get(userId) ?? {};
      const content = Object.hasOwn(ofUser, deviceId) ? ofUser[deviceId] : ofUser['*'];
      return content ? [{ userId, deviceId, json: JSON.stringify({ content, sender, type }) }] : [];
    });
  }
}

/** A message for one device of this server. */
export interface Letter {
  readonly userId: UserId;
  readonly deviceId: string;
  /** As /sync gives it out. */
  readonly json: string;
}

export function deliver(
  letters: readonly Letter[],
  change: { position: () => number; rows: Row[]; records: PlacedRecord[] },
): void {
  for (const letter of letters) {
    const position = change.position();
    change.rows.push(toDeviceRow({ ...letter, position }));
    const { userId, deviceId } = letter;
    change.records.push({ position, record: { kind: 'to-device', userId, deviceId } });
  }
}

/** What `*` makes of a request that is not large: all of it is one batch of the log. */
const LETTERS_MAX = 5_000;
const LETTERS_LENGTH_MAX = 4_194_304;

export const isTooMuch = (letters: readonly { json: string }[]): boolean =>
  letters.length > LETTERS_MAX || lengthOf(letters) > LETTERS_LENGTH_MAX;

const lengthOf = (letters: readonly { json: string }[]): number =>
  letters.reduce((sum, { json }) => sum + json.length, 0);

function refuseTooMuch(letters: readonly { json: string }[]) {
  if (isTooMuch(letters))
    throw tooLarge(
      `The messages would go to ${letters.length} devices and have ${lengthOf(letters)} characters in all: send fewer at once`,
    );
}
