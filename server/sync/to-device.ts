import type { PlacedRecord } from '../log/change.ts';
import { commitRows } from '../log/commit-rows.ts';
import type { Log } from '../log/log.ts';
import type { UserId } from '../protocol/identifiers.ts';
import type { Database } from '../storage/database.ts';
import { toDeviceGoneRow, toDeviceMessages } from '../storage/encryption/to-device.ts';
import type { ActiveUser } from './active/active-user.ts';
import type { Span } from './span.ts';

/** The specification's recommendation. */
const MESSAGES_MAX = 100;

interface Mailbox {
  readonly userId: UserId;
  readonly deviceId: string;
}

export interface Mail {
  /** JSON, in order of arrival. */
  readonly messages: readonly string[];
  /** Where this answer is cut: a token with this position acknowledges what lies up to it. */
  readonly upTo: number;
}

export interface ToDevicePorts {
  readonly log: Pick<Log, 'commit'>;
  readonly database: Database;
  readonly onError: (error: unknown) => void;
}

/** Messages between devices: shown until a token says that they have arrived, then deleted. */
export class ToDevice {
  readonly #ports: ToDevicePorts;

  constructor(ports: ToDevicePorts) {
    this.#ports = ports;
  }

  async mail(user: ActiveUser, deviceId: string, span: Span): Promise<Mail> {
    if (!mayHaveMail(user.changesAfter(span.after), deviceId))
      return { messages: [], upTo: span.upTo };
    const found = await toDeviceMessages(
      this.#ports.database,
      { userId: user.userId, deviceId },
      { ...span, limit: MESSAGES_MAX },
    );
    const last = found.at(-1);
    if (last !== undefined) user.device(deviceId).mailShown = true;
    const upTo = found.length < MESSAGES_MAX ? span.upTo : last!.position;
    return { messages: found.map((message) => message.json), upTo };
  }

  /**
   * The client has come back with a token that holds, so what was shown up to it has arrived. Nobody
   * waits for the deletion: what lies before the token's position is not shown again anyway.
   */
  arrived(user: ActiveUser, deviceId: string, upTo: number): void {
    const device = user.device(deviceId);
    if (!device.mailShown) return;
    device.mailShown = false;
    this.#delete({ userId: user.userId, deviceId }, upTo).catch((error) => {
      device.mailShown = true;
      this.#ports.onError(error);
    });
  }

  async #delete({ userId, deviceId }: Mailbox, upTo: number): Promise<void> {
    const { database, log } = this.#ports;
    const range = { after: 0, upTo, limit: 1 };
    const [first] = await toDeviceMessages(database, { userId, deviceId }, range);
    if (first === undefined) return;
    await commitRows(log, [toDeviceGoneRow(userId, deviceId, upTo)]);
  }
}

const mayHaveMail = (changes: readonly PlacedRecord[] | undefined, deviceId: string): boolean =>
  changes === undefined ||
  changes.some(({ record }) => record.kind === 'to-device' && record.deviceId === deviceId);
