import { AtOnce } from '../../log/at-once.ts';
import {
  type RoomId,
  type ServerName,
  serverNameOf,
  type UserId,
} from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { badGateway, limitExceeded, MatrixError } from '../../protocol/matrix-error.ts';
import { type FederationClient, ServerUnreachable } from '../federation-client.ts';

export interface ClaimElsewhere {
  readonly roomId: RoomId;
  /** Who asked the address in. */
  readonly sender: UserId;
  readonly target: UserId;
  /** By which the identity server vouches that the address is the target's. */
  readonly signed: JsonObject;
}

const WITHIN_MS = 20_000;
const BYTES_MAX = 65_536;
/** Who names the servers may have made them up: what each of us makes them be asked for is so much at once. */
const AT_ONCE = { all: 32, ofOne: 4 };
const RETRY_MS = 5_000;

/** Invites of addresses into rooms in which nobody of this server is (server-server API, "Third-party invites"). */
export class ThirdPartyInvites {
  readonly #client: Pick<FederationClient, 'ask'>;
  readonly #places = new AtOnce<ServerName>(AT_ONCE);

  constructor(client: Pick<FederationClient, 'ask'>) {
    this.#client = client;
  }

  /** The server of who asked the address in makes of that an invite of the user, which it sends here before it answers. */
  async exchange(claim: ClaimElsewhere): Promise<void> {
    const server = serverNameOf(claim.sender);
    const giveBack = this.#places.take(server);
    if (!giveBack) throw limitExceeded(RETRY_MS);
    try {
      await this.#client.ask(server, {
        ...{ method: 'PUT', path: pathOf(claim.roomId), content: partialInvite(claim) },
        ...{ answersWithinMs: WITHIN_MS, bytesMax: BYTES_MAX },
      });
    } catch (error) {
      throw refusalOf(server, error);
    } finally {
      giveBack();
    }
  }
}

const pathOf = (roomId: RoomId): string =>
  `/_matrix/federation/v1/exchange_third_party_invite/${encodeURIComponent(roomId)}`;

/** The room knows the name by which the address is shown, and the server that makes the event takes that. */
const partialInvite = ({ roomId, sender, target, signed }: ClaimElsewhere): JsonObject => ({
  ...{ type: 'm.room.member', room_id: roomId, sender, state_key: target },
  content: { membership: 'invite', third_party_invite: { display_name: '', signed } },
});

function refusalOf(server: ServerName, error: unknown): unknown {
  const isRefusal = error instanceof MatrixError && error.status >= 400 && error.status < 500;
  if (isRefusal && error.status !== 401 && error.status !== 429)
    return new MatrixError(403, 'M_FORBIDDEN', `${server}: ${error.message}`, { cause: error });
  if (error instanceof MatrixError || error instanceof ServerUnreachable)
    return badGateway(`${server}: ${error.message}`, error);
  return error;
}
