import * as wasm from '@matrix-org/matrix-sdk-crypto-wasm';

/**
 * In the place of `@matrix-org/matrix-sdk-crypto-nodejs`, whose install fetches a binary from where npm is not: the same
 * Rust library as matrix-js-sdk has it, under the names by which matrix-bot-sdk asks. Nothing is kept on a disk.
 */

export const {
  Attachment,
  DeviceId,
  DeviceLists,
  EncryptedAttachment,
  EncryptionAlgorithm,
  EncryptionSettings,
  HistoryVisibility,
  RequestType,
  RoomId,
  UserId,
} = wasm;

export const StoreType = { Sled: 0, Sqlite: 1 };

export class OlmMachine {
  readonly #machine: wasm.OlmMachine;

  static async initialize(userId: wasm.UserId, deviceId: wasm.DeviceId): Promise<OlmMachine> {
    await wasm.initAsync();
    return new OlmMachine(await wasm.OlmMachine.initialize(userId, deviceId));
  }

  private constructor(machine: wasm.OlmMachine) {
    this.#machine = machine;
  }

  get identityKeys() {
    return this.#machine.identityKeys;
  }

  async outgoingRequests() {
    return (await this.#machine.outgoingRequests()).map(named);
  }

  updateTrackedUsers(users: readonly wasm.UserId[]) {
    return this.#machine.updateTrackedUsers(copied(users));
  }

  getMissingSessions(users: readonly wasm.UserId[]) {
    return this.#machine.getMissingSessions(copied(users));
  }

  async shareRoomKey(
    room: wasm.RoomId,
    users: readonly wasm.UserId[],
    settings: wasm.EncryptionSettings,
  ) {
    return (await this.#machine.shareRoomKey(room, copied(users), settings)).map(named);
  }

  markRequestAsSent(id: string, type: wasm.RequestType, answer: string) {
    return this.#machine.markRequestAsSent(id, type, answer);
  }

  /** Told as nothing: what the messages were is asked for by key backups alone. */
  async receiveSyncChanges(
    messages: string,
    lists: wasm.DeviceLists,
    counts: Readonly<Record<string, number>>,
    fallback: readonly string[] = [],
  ): Promise<string> {
    const keys = new Map(Object.entries(counts));
    const unused = new Set(fallback);
    await this.#machine.receiveSyncChanges(messages, lists, keys, unused, fromAnybody());
    return '[[],[]]';
  }

  encryptRoomEvent(room: wasm.RoomId, type: string, content: string) {
    return this.#machine.encryptRoomEvent(room, type, content);
  }

  decryptRoomEvent(event: string, room: wasm.RoomId) {
    return this.#machine.decryptRoomEvent(event, room, fromAnybody());
  }
}

/** A bot trusts nobody more than others. What is given away is gone, so each call has its own. */
const fromAnybody = () => new wasm.DecryptionSettings(wasm.TrustRequirement.Untrusted);

type Request = Awaited<ReturnType<wasm.OlmMachine['outgoingRequests']>>[number];

const named = (request: Request) =>
  request instanceof wasm.ToDeviceRequest
    ? {
        ...{ id: request.id, type: request.type, body: request.body },
        ...{ eventType: request.event_type, txnId: request.txn_id },
      }
    : request;

/** What is given away in a list is gone, and matrix-bot-sdk gives the same one several times. */
const copied = (users: readonly wasm.UserId[]) =>
  users.map((user) => new wasm.UserId(user.toString()));
