import { z } from 'zod';
import type { Accounts } from '../../accounts/accounts.ts';
import { whyNotActive } from '../../accounts/why-not-active.ts';
import {
  type ClaimingPorts,
  claimToldInvite,
  thirdPartySigned,
} from '../../client-api/membership/claim-invite.ts';
import { endpoint } from '../../http/endpoint.ts';
import { listOf, roomId, userId } from '../../http/fields.ts';
import { refuseOthers } from '../refuse-others.ts';

interface Ports extends Omit<ClaimingPorts, 'thirdPartyInvites'> {
  readonly accounts: Pick<Accounts, 'get' | 'serverName'>;
  /** Whoever tells of invites takes no place from those who join by them. */
  readonly toldInvites: ClaimingPorts['thirdPartyInvites'];
}

/** Each is a question of another server, and whoever says that they are an identity server may have it asked. */
const INVITES_MAX = 20;

const invite = z.object({
  ...{ room_id: roomId, sender: userId, mxid: userId },
  signed: thirdPartySigned.omit({ sender: true }),
});

/**
 * An identity server tells that an address is now that of a user here, and of the invites that wait for it. It proves nothing
 * by that: each room asks who signed, and who does not exist is dealt with as who does.
 */
export const onBindThirdPartyIdentifier = endpoint({
  operation: 'onBindThirdPartyIdentifier',
  routes: ['PUT /_matrix/federation/v1/3pid/onbind'],
  auth: 'nobody',
  rateLimit: 'write',
  idempotency: 'natural',
  body: {
    json: z.object({
      ...{ medium: z.string(), address: z.string(), mxid: userId },
      invites: listOf(invite, INVITES_MAX),
    }),
  },

  async handle({ body: { mxid, invites } }, ports: Ports) {
    refuseOthers(mxid, ports.accounts);
    const isActive = whyNotActive(await ports.accounts.get(mxid)) === undefined;
    const claiming = { ...ports, thirdPartyInvites: ports.toldInvites };
    const claimed = await Promise.allSettled(
      invites.map(({ room_id, sender, signed }) =>
        claimToldInvite(claiming, room_id, { userId: mxid, isActive }, { sender, ...signed }),
      ),
    );
    // Those that worked are there; who tells of them again tells of the others, too.
    for (const each of claimed) if (each.status === 'rejected') throw each.reason;
    return {};
  },
});
