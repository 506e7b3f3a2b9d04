import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { openJson, sealJson } from './sealed-json.ts';

const PURPOSE = 'shared-secret nonce';
const LIFE_MS = 60_000;

/** What the code proves that somebody knows the secret for. */
export interface ProvedRegistration {
  readonly nonce: string;
  readonly username: string;
  readonly password: string;
  readonly admin: boolean;
  readonly userType: string | undefined;
  readonly mac: string;
}

/**
 * Registration by whoever knows a secret of the operator's, as Synapse has it: `register_new_matrix_user`,
 * bridges and Complement make accounts so. A nonce is sealed, not kept: who sends a code that was
 * overheard once more asks for the same account, which is taken.
 */
export class SharedSecret {
  readonly #secret: string | undefined;
  readonly #ports: { readonly secret: Buffer; readonly now: () => number };

  constructor(secret: string | undefined, ports: { secret: Buffer; now: () => number }) {
    this.#secret = secret;
    this.#ports = ports;
  }

  get isConfigured(): boolean {
    return this.#secret !== undefined;
  }

  nonce(): string {
    const { now, secret } = this.#ports;
    const id = randomBytes(12).toString('base64url');
    return sealJson(PURPOSE, { id, untilMs: now() + LIFE_MS }, secret);
  }

  isNonce(nonce: string): boolean {
    const sealed = openJson(PURPOSE, nonce, this.#ports.secret);
    return sealed !== undefined && this.#ports.now() < (sealed.untilMs as number);
  }

  proves({ nonce, username, password, admin, userType, mac }: ProvedRegistration): boolean {
    if (this.#secret === undefined) return false;
    const parts = [nonce, username, password, admin ? 'admin' : 'notadmin'];
    if (userType !== undefined) parts.push(userType);
    const right = createHmac('sha1', this.#secret).update(parts.join('\0')).digest();
    const given = Buffer.from(mac, 'hex');
    return given.length === right.length && timingSafeEqual(given, right);
  }
}
