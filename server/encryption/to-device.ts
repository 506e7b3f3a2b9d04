import type { PlacedRecord } from '../log/change.ts';
import type { Once } from '../log/outcomes.ts';
import type { Stored } from '../log/stored.ts';
import type { Person } from '../protocol/caller.ts';
import { tooLarge } from '../protocol/matrix-error.ts';
import { deviceIdsOf } from '../storage/accounts/devices.ts';
import { toDeviceRow } from '../storage/encryption/to-device.ts';
import { postRow } from '../storage/federation/outbox.ts';
import type { Row } from '../storage/write.ts';
import { lettersAbroad } from './letters-abroad.ts';
import type { Mail, Reaches } from './mail.ts';

/**
 * Messages from device to device, kept until they are fetched. Unknown devices' are dropped. Those for other servers lie
 * in the outbox until these have taken them, who know themselves which devices there are.
 */
export class ToDevice {
  readonly #stored: Stored;
  readonly #reaches: Reaches;

  constructor(stored: Stored, reaches: Reaches) {
    this.#stored = stored;
    this.#reaches = reaches;
  }

  async send({ userId: sender }: Person, type: string, mail: Mail, once: Once): Promise<void> {
    const devices = await deviceIdsOf(this.#stored.database, [...mail.keys()]);
    const letters = devices.flatMap(({ userId, deviceId }) => {
      const ofUser = mail.get(userId) ?? {};
      const content = Object.hasOwn(ofUser, deviceId) ? ofUser[deviceId] : ofUser['*'];
      return content ? [{ userId, deviceId, json: JSON.stringify({ content, sender, type }) }] : [];
    });
    const abroad = lettersAbroad({ sender, type, mail }, this.#reaches);
    refuseTooMuch([...letters, ...abroad]);
    await this.#stored.log.commit((next) => {
      const rows: Row[] = [];
      const records: PlacedRecord[] = [];
      for (const letter of letters) {
        const position = next();
        rows.push(toDeviceRow({ ...letter, position }));
        const { userId, deviceId } = letter;
        records.push({ position, record: { kind: 'to-device', userId, deviceId } });
      }
      for (const { server, userId, messageId, json } of abroad) {
        const position = next();
        rows.push(postRow(server, { key: messageId, position, json }));
        records.push({ position, record: { kind: 'to-device', userId, deviceId: '*' } });
      }
      const outcome = once.outcome(200, {});
      return { change: { rows, records, outcome, touches: [] }, value: undefined };
    });
  }
}

/** What `*` makes of a request that is not large: all of it is one batch of the log. */
const LETTERS_MAX = 5_000;
const LETTERS_LENGTH_MAX = 4_194_304;

function refuseTooMuch(letters: readonly { json: string }[]) {
  const length = letters.reduce((sum, { json }) => sum + json.length, 0);
  if (letters.length > LETTERS_MAX || length > LETTERS_LENGTH_MAX)
    throw tooLarge(
      `The messages would go to ${letters.length} devices and have ${length} characters in all: send fewer at once`,
    );
}
