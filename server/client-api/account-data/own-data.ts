import { forbidden, MatrixError } from '../../http/matrix-error.ts';
import type { UserId } from '../../protocol/identifiers.ts';

/** Written by the server when other requests say so. */
const SERVED = ['m.push_rules', 'm.fully_read'];

export function refuseOthersData(caller: UserId, userId: UserId) {
  if (caller !== userId) throw forbidden('Only your own account data are yours to see');
}

export function refuseServedType(type: string) {
  if (SERVED.includes(type))
    throw new MatrixError(405, 'M_BAD_JSON', `${type} cannot be set through this request`);
}
