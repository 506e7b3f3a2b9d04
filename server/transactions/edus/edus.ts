import type { ServerName } from '../../protocol/identifiers.ts';
import { isObject, type JsonObject } from '../../protocol/json.ts';
import { whyUnstorable } from '../../protocol/storable.ts';
import { type DevicePorts, takeDeviceChanges } from './device-changes.ts';
import type { Effect, TakeEdus } from './edu.ts';
import { type PresenceEduPorts, takePresence } from './presence.ts';
import { type ReceiptEduPorts, takeReceipts } from './receipts.ts';
import { type ToDeviceEduPorts, takeToDevice } from './to-device.ts';
import { type TypingEduPorts, takeTyping } from './typing.ts';

export interface EduPorts
  extends DevicePorts,
    PresenceEduPorts,
    ReceiptEduPorts,
    ToDeviceEduPorts,
    TypingEduPorts {}

/** What passes, and what concerns no room. Of types that we do not know nothing is made. */
export class Edus {
  readonly #kinds: ReadonlyMap<string, TakeEdus>;
  readonly #complaints: EduPorts['complaints'];

  constructor(ports: EduPorts) {
    this.#complaints = ports.complaints;
    const devices: TakeEdus = (...edus) => takeDeviceChanges(ports, ...edus);
    this.#kinds = new Map<string, TakeEdus>([
      ['m.typing', (...edus) => takeTyping(ports, ...edus)],
      ['m.receipt', (...edus) => takeReceipts(ports, ...edus)],
      ['m.presence', (...edus) => takePresence(ports, ...edus)],
      ['m.direct_to_device', (...edus) => takeToDevice(ports, ...edus)],
      ['m.device_list_update', devices],
      ['m.signing_key_update', devices],
    ]);
  }

  /** Answers what is to be committed; what is not durable has taken effect. */
  async take(origin: ServerName, edus: readonly JsonObject[]): Promise<readonly Effect[]> {
    const effects: Effect[] = [];
    for (const [type, ofType] of Map.groupBy(this.#fit(origin, edus), ({ edu_type }) => edu_type)) {
      const take = typeof type === 'string' ? this.#kinds.get(type) : undefined;
      const contents = ofType.flatMap(({ content }) => (isObject(content) ? [content] : []));
      if (take) effects.push(...(await take(origin, contents)));
    }
    return effects;
  }

  /** One that cannot be held is left out, and those beside it are not: whoever is in a room with us may have made it. */
  #fit(origin: ServerName, edus: readonly JsonObject[]): readonly JsonObject[] {
    const fit: JsonObject[] = [];
    for (const edu of edus) {
      const complaint = 'edu_type' in edu ? whyUnstorable(edu) : 'it is none, or too deep or large';
      if (complaint === undefined) fit.push(edu);
      else this.#complaints.about(origin, 'EDUs that cannot be held', complaint);
    }
    return fit;
  }
}
