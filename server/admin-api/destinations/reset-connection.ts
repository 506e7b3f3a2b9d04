import { z } from 'zod';
import type { Audit } from '../../accounts/audit.ts';
import { endpoint } from '../../http/endpoint.ts';
import { MatrixError } from '../../http/matrix-error.ts';
import { type DestinationPorts, knownDestination, ofDestination } from './known-destination.ts';

type Ports = DestinationPorts & { readonly audit: Pick<Audit, 'note'> };

/** A server that was away is tried at once, and not when its pause is over. */
export const resetConnection = endpoint({
  operation: 'adminResetConnection',
  routes: ['POST /_synapse/admin/v1/federation/destinations/{destination}/reset_connection'],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'natural',
  path: ofDestination,
  body: { json: z.object({}), mayBeEmpty: true },
  async handle({ caller, path }, ports: Ports) {
    const { destinationList } = ports;
    await knownDestination(ports, path.destination);
    if (!destinationList.isPaused(path.destination)) throw notPaused();
    const order = { by: caller.userId, action: 'adminResetConnection', target: path.destination };
    await ports.audit.note({ ...order, detail: {} });
    if (!destinationList.tryNow(path.destination)) throw notPaused();
    return {};
  },
});

const notPaused = () => new MatrixError(400, 'M_UNKNOWN', 'No pause is made for this destination');
